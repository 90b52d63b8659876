#include "../../../starter_ir/programs/openmp_loops/relaxation.c"
#include "../../inputs.h"

enum { N = 32 };

int main(void) {
  static double u[(N + 2) * (N + 2)], other[(N + 2) * (N + 2)];
  static double f[(N + 2) * (N + 2)];
  static float w[3][(N + 2) * (N + 2)];
  FILL(f, (N + 2) * (N + 2), in_unit());
  double total = jacobi(N, u, other, f, 1e-3, 60);
  FILL(w[0], (N + 2) * (N + 2), in_unit());
  for (int i = 0; i < 20; i++) {
    red_black(N, w[1], w[0], 1.2f);
    wave_step(N, w[0], w[1], w[2], 0.3f);
    absorb(N, w[2], w[1]);
  }
  printf("%g\n", total + residual(N, u, f, 1.0 / N) + w[2][77]);
  return 0;
}
