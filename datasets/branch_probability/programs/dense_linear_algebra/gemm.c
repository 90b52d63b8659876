#include "../../../starter_ir/programs/dense_linear_algebra/gemm.c"
#include "../../inputs.h"

int main(void) {
  static double a[60 * 60], b[60 * 60], c[60 * 60];
  static float f[60 * 60], g[60 * 60], h[60 * 60];
  static float c32[32][48], a32[32][16], b32[16][48];
  static int8_t p[1600], q[1600], r[1600];
  FILL(a, 3600, in_unit());
  FILL(b, 3600, in_unit() - 0.5);
  FILL(f, 3600, in_below(4) ? 0 : in_unit());
  FILL(g, 3600, in_unit());
  FILL(&a32[0][0], 512, in_unit());
  FILL(&b32[0][0], 768, in_unit());
  FILL(p, 1600, in_below(256));
  FILL(q, 1600, in_below(256));
  gemm_naive(40, 50, 60, 1.0, a, b, 0.0, c);
  gemm_naive(20, 9, 7, 0.5, a, b, 0.5, c);
  gemm_ikj(50, 40, 30, f, g, h);
  gemm_blocked(60, a, b, c, 16);
  gemm_fixed(c32, a32, b32);
  gemm_int8(40, 40, 40, p, q, 6, r);
  gemv_transposed(60, 50, a, b, c);
  rank_one_update(50, 50, 0.3f, f, 1, g, 1, h);
  printf("%g %g %g %d\n", c[77], h[99], c32[3][4], r[55]);
  return 0;
}
