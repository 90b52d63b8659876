// The shortest edit script of two texts of lines, greedily.
#include <stdlib.h>
#include <string.h>
#include "../../inputs.h"

enum { LINES = 120, MOST = 2 * LINES + 1 };

static int furthest[MOST][2 * MOST + 1];

static int script(const int *a, int n, const int *b, int m) {
  memset(furthest, 0, sizeof furthest);
  for (int d = 0; d <= n + m && d < MOST; d++) {
    for (int k = -d; k <= d; k += 2) {
      int x = 0;
      if (d > 0) {
        const int *before = furthest[d - 1] + MOST;
        if (k == -d || (k != d && before[k - 1] < before[k + 1]))
          x = before[k + 1];
        else x = before[k - 1] + 1;
      }
      int y = x - k;
      while (x < n && y < m && a[x] == b[y]) x++, y++;
      furthest[d][MOST + k] = x;
      if (x >= n && y >= m) return d;
    }
  }
  return -1;
}

static int count_kept(const int *a, int n, const int *b, int m, int d) {
  int x = n, y = m, kept = 0;
  for (; d > 0; d--) {
    const int *before = furthest[d - 1] + MOST;
    const int k = x - y;
    const int down = k == -d || (k != d && before[k - 1] < before[k + 1]);
    const int start = down ? before[k + 1] : before[k - 1] + 1;
    while (x > start) {
      x--, y--;
      if (a[x] == b[y]) kept++;
    }
    if (down) y--;
    else x--;
  }
  return kept + x;
}

int main(void) {
  int a[LINES], b[LINES];
  long total = 0;
  for (int round = 0; round < 40; round++) {
    int m = 0;
    FILL(a, LINES, in_below(round % 2 ? 500 : 9));
    for (int i = 0; i < LINES && m < LINES; i++) {
      const uint32_t what = in_below(12);
      if (what == 0) continue;
      if (what == 1) b[m++] = in_below(500);
      if (m < LINES) b[m++] = a[i];
    }
    const int d = script(a, LINES, b, m);
    if (d >= 0) total += d + count_kept(a, LINES, b, m, d);
  }
  printf("%ld\n", total);
  return 0;
}
