#include "../../../starter_ir/programs/graphs/shortest_paths.c"
#include "../../inputs.h"

enum { NODES = 300, EDGES = 1500, SMALL = 60 };

int main(void) {
  static int starts[NODES + 1], targets[EDGES], weights[EDGES];
  static int distance[NODES], parent[NODES];
  static struct entry heap[EDGES + NODES];
  static struct edge edges[EDGES];
  static float all[SMALL * SMALL];
  static int16_t next[SMALL * SMALL];
  static unsigned char ranks[NODES];
  double total = 0;
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i <= NODES; i++) starts[i] = i * EDGES / NODES;
    FILL(targets, EDGES, in_below(NODES));
    FILL(weights, EDGES, 1 + in_skewed(100));
    dijkstra(NODES, starts, targets, weights, in_below(NODES), distance, heap);
    total += distance[17];
    for (int i = 0; i < EDGES; i++)
      edges[i] = (struct edge){in_below(NODES), in_below(NODES),
                               (int)in_below(100) - (round == 3 ? 4 : 0)};
    total += bellman_ford(NODES, edges, EDGES, 0, distance, parent);
    for (int i = 0; i < SMALL * SMALL; i++)
      all[i] = in_below(6) ? 1e9f : in_unit();
    floyd_warshall(SMALL, all, next);
    total += all[5];
    total += minimum_spanning_tree(edges, EDGES, parent, ranks, NODES);
  }
  printf("%g\n", total);
  return 0;
}
