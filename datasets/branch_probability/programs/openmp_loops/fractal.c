#include "../../../starter_ir/programs/openmp_loops/fractal.c"
#include "../../inputs.h"

int main(void) {
  static uint16_t out[60 * 40];
  static uint8_t rows[60 * 40];
  static float depth[24 * 24];
  mandelbrot(60, 40, -0.5, 0, 0.05, out);
  julia_rows(60, 40, -0.7f, 0.27f, rows);
  const int hits = render(24, depth);
  printf("%d %d %d %d\n", out[1234], rows[99], hits, twin_primes(1000, 3000));
  return 0;
}
