#include "../../../starter_ir/programs/dense_linear_algebra/lu.c"
#include "../../inputs.h"

int main(void) {
  static double a[40 * 40], x[40];
  int pivots[40];
  double total = 0;
  for (int round = 0; round < 12; round++) {
    const int n = 5 + 3 * round;
    FILL(a, n * n, in_unit() - 0.5);
    FILL(x, n, in_unit());
    if (round % 4 == 3)
      for (int i = 0; i < n; i++) a[i * n + 2] = 0;
    if (!lu_factor(a, pivots, n)) lu_solve(a, pivots, x, n);
    total += x[1];
    FILL(a, n * n, in_unit());
    total += determinant(a, pivots, n);
  }
  for (int round = 0; round < 500; round++) {
    float m[9], inverse[9];
    FILL(m, 9, in_below(3) - 1.0f);
    total += invert3(m, inverse);
  }
  printf("%g\n", total);
  return 0;
}
