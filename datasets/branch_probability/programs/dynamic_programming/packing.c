#include "../../../starter_ir/programs/dynamic_programming/packing.c"
#include "../../inputs.h"

int main(void) {
  int weights[40], values[40];
  static int best[501];
  static uint64_t ways[1001], bits[64];
  static double cost[32][32];
  static uint8_t split[32][32], blocked[900];
  static float distance[144], tours[12 << 12];
  static int64_t paths[900];
  const unsigned coins[] = {1, 2, 5, 10, 20, 50, 100};
  uint16_t items[30];
  double sizes[32], total = 0;
  for (int round = 0; round < 5; round++) {
    FILL(weights, 40, 1 + in_below(60));
    FILL(values, 40, in_below(100));
    FILL(items, 30, 1 + in_below(200));
    FILL(sizes, 32, 1 + in_below(90));
    FILL(distance, 144, in_unit());
    FILL(blocked, 900, in_below(5) == 0);
    blocked[0] = 0;
    total += knapsack(weights, values, 40, 500, best);
    total += count_change(coins, 7, 1000, ways) % 1000;
    total += subset_sum(items, 30, 1500 + round, bits, 64);
    total += matrix_chain(sizes, 30, cost, split);
    total += chain_depth(split, 0, 29);
    total += shortest_tour(10, distance, tours);
    total += grid_paths(blocked, 30, 30, paths);
  }
  total += place_queens(8, 0, 0, 0);
  printf("%g\n", total);
  return 0;
}
