#include "../../../starter_ir/programs/monte_carlo/generators.c"
#include <stdio.h>

static double paraboloid(const double *x, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += x[i] * x[i];
  return sum < 1 ? sum : 0;
}

int main(void) {
  struct xoshiro rng;
  int cards[52];
  double total = 0, error;
  seed(&rng, 7);
  for (int i = 0; i < 3000; i++) {
    total += below(&rng, 1 + i) + gaussian(&rng) + poisson(&rng, 3.5);
  }
  total += estimate_pi(&rng, 20000);
  total += integrate(&rng, paraboloid, 3, 5000, &error);
  for (int i = 0; i < 52; i++) cards[i] = i;
  for (int i = 0; i < 40; i++) shuffle(&rng, cards, 52);
  printf("%g %d\n", total, cards[0]);
  return 0;
}
