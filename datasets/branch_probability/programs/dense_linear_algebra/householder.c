#include "../../../starter_ir/programs/dense_linear_algebra/householder.c"
#include "../../inputs.h"

int main(void) {
  static double a[40 * 20], b[40], x[20];
  static float s[24 * 24], values[24];
  double total = 0;
  for (int round = 0; round < 6; round++) {
    FILL(a, 800, in_unit() - 0.5);
    FILL(b, 40, in_unit());
    if (round == 5) FILL(a, 800, 0);
    total += least_squares(40, 20, a, b, x) + x[3];
    for (int i = 0; i < 24; i++)
      for (int j = 0; j <= i; j++)
        s[i * 24 + j] = s[j * 24 + i] = in_below(3) ? in_unit() : 0;
    total += jacobi_eigenvalues(s, 24, values, 30) + values[2];
  }
  printf("%g\n", total);
  return 0;
}
