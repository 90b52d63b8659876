#include "../../../starter_ir/programs/sparse_linear_algebra/csr.c"
#include "../../inputs.h"

enum { N = 200, COUNT = 1200 };

int main(void) {
  static int row[COUNT], column[COUNT];
  static double value[COUNT], x[N], y[N], b[N];
  static int32_t columns[N * 4];
  static float f[N * 4], g[N], h[N];
  double total = 0;
  for (int round = 0; round < 5; round++) {
    csr_matrix m;
    for (int i = 0; i < COUNT; i++) {
      row[i] = i < N ? i : (int)in_below(N);
      column[i] = i < N && i % 50 ? i : (int)in_below(N);
      value[i] = i < N ? 20 : in_unit();
    }
    FILL(x, N, in_unit());
    FILL(b, N, in_unit());
    total += csr_from_triples(&m, N, N, COUNT, row, column, value);
    csr_multiply(&m, x, y);
    csr_multiply_transposed(&m, x, y);
    for (int i = 0; i < N; i++) total += csr_diagonal(&m, i);
    total += gauss_seidel(&m, b, x, 10, 1.1) + y[4];
    csr_release(&m);
    FILL(columns, N * 4, in_below(3) ? (int)in_below(N) : -1);
    FILL(f, N * 4, in_unit());
    FILL(g, N, in_unit());
    ell_multiply(N, 4, columns, f, g, h);
    total += h[3];
  }
  printf("%g\n", total);
  return 0;
}
