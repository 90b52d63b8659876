#include "../../../starter_ir/programs/monte_carlo/ising.c"
#include <stdio.h>

int main(void) {
  static int8_t spins[SIDE][SIDE];
  static uint16_t stack[SIDE * SIDE * 4];
  uint32_t state = 12345;
  double total = 0;
  for (int round = 0; round < 4; round++) {
    randomize(spins, &state);
    for (int i = 0; i < 15; i++)
      total += metropolis_sweep(spins, 0.2f + 0.15f * round, &state);
    for (int i = 0; i < 10; i++)
      total += cluster_move(spins, 0.2 + 0.15 * round, &state, stack);
    total += energy(spins) + magnetisation(spins);
  }
  total += mean_square_walk(200, 100, &state);
  printf("%g\n", total);
  return 0;
}
