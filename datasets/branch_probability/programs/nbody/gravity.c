#include "../../../starter_ir/programs/nbody/gravity.c"
#include "../../inputs.h"

enum { N = 300 };

int main(void) {
  static struct body bodies[40];
  static float x[N], y[N], z[N], m[N], fx[N], fy[N], fz[N];
  int heads[100], next[N];
  for (int i = 0; i < 40; i++) {
    FILL(bodies[i].position, 3, in_unit());
    FILL(bodies[i].velocity, 3, in_unit() - 0.5);
    bodies[i].mass = 0.1 + in_unit();
  }
  double total = leapfrog(bodies, 40, 0.001, 20);
  FILL(x, N, in_unit() * 10);
  FILL(y, N, in_unit() * 10);
  FILL(z, N, in_unit());
  FILL(m, N, in_unit());
  forces(N, x, y, z, m, fx, fy, fz);
  build_cells(N, x, y, 1, 10, heads, next);
  total += lennard_jones(N, x, y, 1, 10, heads, next);
  printf("%g %g\n", total, fx[3]);
  return 0;
}
