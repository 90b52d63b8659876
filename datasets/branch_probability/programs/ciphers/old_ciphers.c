// Shifted letters, found again by counting; rails; a keyword's square.
#include <string.h>
#include "../../inputs.h"

static char shift(char c, int by) {
  if (c >= 'a' && c <= 'z') return 'a' + (c - 'a' + by) % 26;
  if (c >= 'A' && c <= 'Z') return 'A' + (c - 'A' + by) % 26;
  return c;
}

static int guess_shift(const char *text) {
  static const double usual[26] = {8, 2, 3, 4, 13, 2, 2, 6, 7, 0, 1, 4, 2,
                                   7, 8, 2, 0, 6, 6, 9, 3, 1, 2, 0, 2, 0};
  int best = 0;
  double most = -1;
  for (int by = 0; by < 26; by++) {
    double score = 0;
    for (const char *c = text; *c; c++) {
      const char plain = shift(*c, 26 - by);
      if (plain >= 'a' && plain <= 'z') score += usual[plain - 'a'];
      else if (plain >= 'A' && plain <= 'Z') score += usual[plain - 'A'] / 2;
    }
    if (score > most) most = score, best = by;
  }
  return best;
}

static void fence(const char *in, int n, int rails, char *out) {
  int used = 0;
  for (int rail = 0; rail < rails; rail++)
    for (int i = 0, row = 0, down = 1; i < n; i++) {
      if (row == rail) out[used++] = in[i];
      if (row == rails - 1) down = 0;
      else if (row == 0) down = 1;
      row += down ? 1 : -1;
    }
  out[used] = 0;
}

static int make_square(const char *word, char square[26]) {
  int seen = 1 << ('j' - 'a'), n = 0;
  for (; *word; word++) {
    if (*word < 'a' || *word > 'z' || (seen >> (*word - 'a') & 1)) continue;
    seen |= 1 << (*word - 'a');
    square[n++] = *word;
  }
  for (int c = 0; c < 26; c++)
    if (!(seen >> c & 1)) square[n++] = 'a' + c;
  square[n] = 0;
  return n;
}

int main(void) {
  static const char *const words[] = {"the", "quick", "Branch", "goes",
                                      "either", "way", "and", "Loops"};
  int right = 0;
  long total = 0;
  for (int round = 0; round < 150; round++) {
    char text[200], out[200], square[26];
    int n = 0;
    for (int k = 2 + in_below(20); k > 0; k--)
      n += sprintf(text + n, "%s ", words[in_below(8)]);
    const int by = in_below(26);
    fence(text, n, 2 + in_below(5), out);
    total += make_square(text, square) + out[1];
    for (int i = 0; i < n; i++) text[i] = shift(text[i], by);
    if (guess_shift(text) == by) right++;
  }
  printf("%d %ld\n", right, total);
  return 0;
}
