#include "../../../starter_ir/programs/openmp_loops/matrices.c"
#include "../../inputs.h"

enum { N = 64 };

int main(void) {
  static double a[N * N], b[N * N], c[N * N], wide[N][100];
  static float f[N * N], g[N * N], h[N * N];
  static long symmetric[N * N];
  FILL(a, N * N, in_unit());
  FILL(b, N * N, in_unit());
  FILL(f, N * N, in_unit());
  FILL(&wide[0][0], N * 100, in_unit());
  multiply(N, a, b, c);
  multiply_tiles(N, f, f, h);
  transpose(N, N, f, g);
  multiply_vector(N, N, a, b, c);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i * N + j] = i == j ? N : 1.0 / (1 + i + j);
      symmetric[i * N + j] = (i + 1) * (j + 1);
    }
  int total = cholesky(N, a) + is_symmetric(N, symmetric);
  symmetric[N * N / 2] = 5;
  total += is_symmetric(N, symmetric);
  printf("%g %g %d\n", c[5], frobenius(N, wide) + g[4] + h[1], total);
  return 0;
}
