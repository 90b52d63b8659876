#include "../../../starter_ir/programs/stencils/heat.c"
#include "../../inputs.h"

int main(void) {
  static float a[500], b[500], now[8][64][64], next[8][64][64];
  static double grid[40 * 40], other[40 * 40], u[33 * 33], f[33 * 33];
  static double coarse[17 * 17];
  double total = 0;
  FILL(a, 500, in_unit());
  for (int i = 0; i < 30; i++) {
    heat_step_1d(a, b, 500, 0.2f, i % 3);
    heat_step_1d(b, a, 500, 0.2f, i % 3);
  }
  FILL(grid, 1600, in_unit());
  total += heat_step_2d(grid, other, 40, 40, 0.1);
  FILL(&now[0][0][0], 8 * 64 * 64, in_unit());
  heat_step_3d(next, now, 8, 0.1f);
  total += heat_until_steady(grid, other, 40, 40, 1e-3, 200);
  FILL(f, 33 * 33, in_unit());
  for (int i = 0; i < 20; i++) relax_colour(u, f, 33, i % 2, 0.001);
  restrict_grid(u, coarse, 17);
  printf("%g %g\n", total + coarse[40], next[3][5][7] + a[9]);
  return 0;
}
