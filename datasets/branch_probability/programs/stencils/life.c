#include "../../../starter_ir/programs/stencils/life.c"
#include "../../inputs.h"

int main(void) {
  static uint8_t a[64 * 48], b[64 * 48], history[300 * 24];
  static uint64_t rows[64], after[64];
  long total = 0;
  FILL(a, 64 * 48, in_below(3) == 0);
  place_pattern(a, 64, 48, ".#.\n..#\n###\n", 5, 5);
  for (int i = 0; i < 15; i++) {
    total += life_step(a, b, 64, 48);
    total += life_step(b, a, 64, 48);
  }
  FILL(rows, 64, (uint64_t)in_bits() << 20);
  for (int i = 0; i < 20; i++) {
    life_rows(rows, after, 64);
    memcpy(rows, after, sizeof rows);
  }
  total += population(rows, 64);
  for (int rule = 0; rule < 256; rule += 5) {
    FILL(history, 24, in_below(2));
    total += find_period(rule, history, 24, 200);
  }
  printf("%ld\n", total);
  return 0;
}
