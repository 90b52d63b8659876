#include "../../../starter_ir/programs/sparse_linear_algebra/krylov.c"
#include "../../inputs.h"

enum { N = 200 };

int main(void) {
  static double b[N], x[N], work[10 * N], diagonals[7 * N];
  const struct band band = {3, diagonals};
  const double shift = 0.01;
  double total = 0;
  for (int round = 0; round < 4; round++) {
    FILL(b, N, in_unit());
    FILL(x, N, 0);
    total += conjugate_gradient(poisson_1d, &shift, b, x, work, N, 1e-8, 400);
    for (int i = 0; i < 7 * N; i++)
      diagonals[i] = (i % 7 == 3 || i / N == 3) ? 9 : in_unit() - 0.5;
    FILL(x, N, 0);
    total += bicgstab(banded, &band, b, x, work, N, 1e-8, 200) + x[5];
  }
  printf("%g\n", total);
  return 0;
}
