// Tables over sequences: alignment, common and increasing subsequences.
#include <limits.h>
#include <stdint.h>
#include <string.h>

static int min3(int a, int b, int c) {
  const int low = a < b ? a : b;
  return low < c ? low : c;
}

int edit_distance(const char *a, int na, const char *b, int nb, int *row) {
  for (int j = 0; j <= nb; j++) row[j] = j;
  for (int i = 1; i <= na; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= nb; j++) {
      const int above = row[j];
      const int change = diagonal + (a[i - 1] != b[j - 1]);
      row[j] = min3(above + 1, row[j - 1] + 1, change);
      diagonal = above;
    }
  }
  return row[nb];
}

int common_subsequence(const uint16_t *a, int na, const uint16_t *b, int nb,
                       int16_t table[][128], uint16_t *out) {
  for (int i = 0; i <= na; i++) {
    for (int j = 0; j <= nb; j++) {
      if (i == 0 || j == 0) {
        table[i][j] = 0;
      } else if (a[i - 1] == b[j - 1]) {
        table[i][j] = (int16_t)(table[i - 1][j - 1] + 1);
      } else {
        table[i][j] = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j]
                                                        : table[i][j - 1];
      }
    }
  }
  int length = table[na][nb];
  for (int i = na, j = nb, k = length; i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) {
      out[--k] = a[i - 1];
      i--;
      j--;
    } else if (table[i - 1][j] >= table[i][j - 1]) {
      i--;
    } else {
      j--;
    }
  }
  return length;
}

int increasing_subsequence(const double *values, int n, double *tails) {
  int length = 0;
  for (int i = 0; i < n; i++) {
    int low = 0, high = length;
    while (low < high) {
      const int middle = (low + high) / 2;
      if (tails[middle] < values[i]) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    tails[low] = values[i];
    if (low == length) length++;
  }
  return length;
}

// Local alignment with affine gaps; score matrix by 2-bit letters.
int local_alignment(const uint8_t *a, int na, const uint8_t *b, int nb,
                    const int8_t scores[4][4], int gap_open, int gap_extend,
                    int *best_row, int *gap_row) {
  int best = 0;
  memset(best_row, 0, sizeof(int) * (size_t)(nb + 1));
  for (int j = 0; j <= nb; j++) gap_row[j] = -gap_open;
  for (int i = 1; i <= na; i++) {
    int diagonal = 0, gap = -gap_open;
    for (int j = 1; j <= nb; j++) {
      const int above = best_row[j];
      const int up = above - gap_open, longer_up = gap_row[j] - gap_extend;
      gap_row[j] = up > longer_up ? up : longer_up;
      const int left = best_row[j - 1] - gap_open, longer = gap - gap_extend;
      gap = left > longer ? left : longer;
      int score = diagonal + scores[a[i - 1] & 3][b[j - 1] & 3];
      if (score < gap_row[j]) score = gap_row[j];
      if (score < gap) score = gap;
      if (score < 0) score = 0;
      diagonal = above;
      best_row[j] = score;
      if (score > best) best = score;
    }
  }
  return best;
}

double time_warp(const float *a, int na, const float *b, int nb, int window,
                 double *now, double *last) {
  for (int j = 0; j <= nb; j++) last[j] = 1e30;
  last[0] = 0.0;
  for (int i = 1; i <= na; i++) {
    for (int j = 0; j <= nb; j++) now[j] = 1e30;
    const int from = i - window > 1 ? i - window : 1;
    const int to = i + window < nb ? i + window : nb;
    for (int j = from; j <= to; j++) {
      const double gap = a[i - 1] - b[j - 1];
      double best = last[j - 1];
      if (last[j] < best) best = last[j];
      if (now[j - 1] < best) best = now[j - 1];
      now[j] = gap * gap + best;
    }
    double *kept = last;
    last = now;
    now = kept;
  }
  return last[nb];
}

int longest_palindrome(const char *text, int n, int *start) {
  int best = 0;
  for (int centre = 0; centre < 2 * n - 1; centre++) {
    int low = centre / 2, high = low + centre % 2;
    while (low >= 0 && high < n && text[low] == text[high]) {
      low--;
      high++;
    }
    if (high - low - 1 > best) {
      best = high - low - 1;
      *start = low + 1;
    }
  }
  return best;
}
