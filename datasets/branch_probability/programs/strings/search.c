#include "../../../starter_ir/programs/strings/search.c"
#include "../../inputs.h"

int main(void) {
  static char text[5001];
  long total = 0;
  for (int round = 0; round < 60; round++) {
    const uint32_t letters = round % 3 ? 20 : 2;
    char pattern[12] = {0};
    int failure[12];
    FILL(text, 5000, 'a' + in_below(letters));
    const int length = 2 + in_below(8);
    const uint32_t at = in_below(4900);
    if (round % 2) memcpy(pattern, text + at, length);
    else FILL(pattern, length, 'a' + in_below(letters));
    total += find_naive(text, pattern);
    failure_table(pattern, length, failure);
    total += count_occurrences(text, pattern, length, failure);
    total += find_horspool((unsigned char *)text, 5000,
                           (unsigned char *)pattern, length);
    total += find_rolling(text, 5000, pattern, length);
    pattern[1] = '*';
    if (round % 5 == 0) pattern[0] = '?';
    for (int k = 0; k < 20; k++) {
      total += match_wildcards(pattern, text + in_below(5000));
      pattern[0] = k % 2 ? '^' : '.';
      total += match_regular(pattern, text + in_below(5000));
    }
  }
  printf("%ld\n", total);
  return 0;
}
