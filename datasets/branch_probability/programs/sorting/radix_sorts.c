#include "../../../starter_ir/programs/sorting/radix_sorts.c"
#include "../../inputs.h"

int main(void) {
  static uint8_t bytes[4000];
  static uint32_t words[3000], scratch[3000], keys[3000];
  static float floats[3000];
  static char names[500][16];
  static int64_t wide[2000];
  int64_t total = 0;
  for (int round = 0; round < 3; round++) {
    FILL(bytes, 4000, in_skewed(256));
    counting_sort(bytes, 4000);
    FILL(words, 3000, round ? in_bits() : in_below(200));
    radix_sort_u32(words, scratch, 3000);
    FILL(floats, 3000, in_unit() - 0.5);
    radix_sort_floats(floats, keys, scratch, 3000);
    for (int i = 0; i < 500; i++) sprintf(names[i], "%x", in_skewed(1 << 20));
    sort_words(names, 500, 0);
    FILL(wide, 2000, in_bits());
    for (int i = 0; i < 20; i++) total += quick_select(wide, 2000, i * 99) & 7;
    for (int i = 0; i < 500; i++) {
      int six[6];
      FILL(six, 6, in_below(100));
      sort_network_6(six);
      total += six[2];
    }
  }
  printf("%lld %s %g\n", (long long)total, names[3], floats[9]);
  return 0;
}
