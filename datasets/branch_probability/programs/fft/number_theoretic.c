#include "../../../starter_ir/programs/fft/number_theoretic.c"
#include "../../inputs.h"

int main(void) {
  static uint32_t x[1024], y[1024], a[1024], b[1024];
  static uint8_t digits[2048];
  uint64_t total = 0;
  for (int round = 0; round < 4; round++) {
    FILL(x, 1024, in_below(MODULUS));
    FILL(y, 1024, in_below(MODULUS));
    transform(x, 10, 0);
    transform(y, 10, 0);
    multiply_pointwise(x, y, 1024);
    transform(x, 10, 1);
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    FILL(a, 300, in_below(10));
    FILL(b, 200, in_below(10));
    total += multiply_decimals(a, 300, b, 200, digits) + digits[9];
    total += evaluate_polynomial(x, 1024, in_below(MODULUS));
    for (int i = 0; i < 300; i++) {
      int64_t p, q;
      total += extended_gcd(1 + in_below(100000), 1 + in_below(99), &p, &q);
      total += power_mod(3, in_below(MODULUS)) & 15;
    }
  }
  printf("%llu\n", (unsigned long long)total);
  return 0;
}
