#include "../../../starter_ir/programs/openmp_loops/sparse.c"
#include "../../inputs.h"

enum { N = 400, EACH = 5 };

int main(void) {
  static int starts[N + 1], columns[N * EACH], labels[N];
  static int32_t places[N * EACH];
  static double values[N * EACH], x[N], y[N], share[N];
  static float f[N * EACH], g[N * 8], h[N * 8];
  for (int i = 0; i < N; i++)
    starts[i + 1] = starts[i] + (in_below(4) ? in_below(EACH + 1) : 0);
  FILL(columns, N * EACH, in_below(N));
  FILL(values, N * EACH, in_unit());
  FILL(f, N * EACH, in_unit());
  FILL(g, N * 8, in_unit());
  FILL(x, N, in_unit());
  FILL(share, N, 0.2);
  FILL(places, N * EACH, in_below(N));
  int which = 0;
  spmv(N, starts, columns, values, x, y);
  spmm(N, 8, starts, columns, f, g, h);
  double total = y[3] + h[5];
  for (int i = 0; i < 20; i++) {
    total += diffuse(N, starts, columns, x, share, y, 0.85);
  }
  total += components(N, starts, columns, labels);
  scatter_add(N * EACH, places, values, y);
  total += longest_row(N, starts, &which);
  printf("%g %d\n", total, which);
  return 0;
}
