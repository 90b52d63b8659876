#include "../../../starter_ir/programs/graphs/traversal.c"
#include "../../inputs.h"

enum { NODES = 500, DEGREE = 4 };

int main(void) {
  static uint32_t starts[NODES + 1], targets[NODES * DEGREE];
  static uint32_t queue[NODES * (DEGREE + 1)], order[NODES];
  static int32_t depth[NODES];
  static int8_t side[NODES];
  static bool seen[NODES];
  static float rank[NODES], next[NODES];
  double total = 0;
  for (int round = 0; round < 6; round++) {
    const struct graph g = {NODES, starts, targets};
    for (int i = 0; i <= NODES; i++) starts[i] = i * DEGREE;
    for (int i = 0; i < NODES * DEGREE; i++) {
      const uint32_t from = i / DEGREE, left = NODES - 1 - from;
      targets[i] = round < 3 || !left ? in_below(NODES)
                                      : from + 1 + in_below(left);
      if (round == 5) targets[i] = (from + 1 + 2 * in_below(40)) % NODES;
    }
    total += breadth_first(&g, 0, depth, queue);
    uint32_t count = 0;
    memset(seen, 0, sizeof seen);
    for (uint32_t i = 0; i < NODES; i++)
      if (!seen[i]) depth_first(&g, i, seen, order, &count);
    total += topological_order(&g, order) + count;
    total += is_bipartite(&g, side, queue) + count_triangles(&g);
    page_rank(&g, rank, next, 10);
    total += rank[3];
  }
  printf("%g\n", total);
  return 0;
}
