#include "../../../starter_ir/programs/integration/ode.c"
#include "../../inputs.h"

int main(void) {
  struct food_web web = {.species = 4};
  double total = 0;
  FILL(web.growth, 4, in_unit() - 0.4);
  FILL(&web.effect[0][0], 64, in_unit() * 0.1 - 0.05);
  for (int round = 0; round < 4; round++) {
    const double swing[3] = {1 + round, 0.1, 0.5};
    double y[4] = {1, 0.5, 0.2, 0.7};
    for (int i = 0; i < 200; i++) euler(lotka_volterra, &web, 0, 0.01, y, 4);
    for (int i = 0; i < 200; i++)
      runge_kutta(oscillator, swing, 0, 0.01, y, 2);
    total += solve(lorenz, 0, 0, 2, y, 3, 1e-6, 5000) + y[0];
    for (int i = 0; i < 300; i++) total += stiff_step(y[1], 0.1, 50, in_unit());
    float positions[12], velocities[12], masses[12];
    FILL(positions, 12, in_unit());
    FILL(velocities, 12, 0);
    FILL(masses, 12, 1 + in_unit());
    for (int i = 0; i < 50; i++)
      verlet(positions, velocities, masses, 12, 2, 0.01f);
    total += positions[3];
  }
  printf("%g\n", total);
  return 0;
}
