// Greatest flows by shortest augmenting paths, and matchings from them.
#include <string.h>
#include "../../inputs.h"

enum { NODES = 42, EDGES = 1000 };

static int heads[NODES], next[EDGES], to[EDGES], room[EDGES], num_edges;

static void add_edge(int from, int target, int capacity) {
  to[num_edges] = target;
  room[num_edges] = capacity;
  next[num_edges] = heads[from];
  heads[from] = num_edges++;
  to[num_edges] = from;
  room[num_edges] = 0;
  next[num_edges] = heads[target];
  heads[target] = num_edges++;
}

static int augment(int source, int sink) {
  int queue[NODES], by[NODES], first = 0, last = 0;
  memset(by, -1, sizeof by);
  by[source] = -2;
  queue[last++] = source;
  while (first < last && by[sink] == -1) {
    const int node = queue[first++];
    for (int e = heads[node]; e >= 0; e = next[e]) {
      if (room[e] == 0 || by[to[e]] != -1) continue;
      by[to[e]] = e;
      queue[last++] = to[e];
    }
  }
  if (by[sink] == -1) return 0;
  int flow = 1 << 30;
  for (int node = sink; node != source; node = to[by[node] ^ 1])
    if (room[by[node]] < flow) flow = room[by[node]];
  for (int node = sink; node != source; node = to[by[node] ^ 1]) {
    room[by[node]] -= flow;
    room[by[node] ^ 1] += flow;
  }
  return flow;
}

int main(void) {
  long total = 0;
  for (int round = 0; round < 40; round++) {
    memset(heads, -1, sizeof heads);
    num_edges = 0;
    if (round % 2) {  // a matching of 20 and 20
      for (int i = 0; i < 20; i++) {
        add_edge(40, i, 1);
        add_edge(20 + i, 41, 1);
      }
      for (int k = 0; k < 60; k++)
        add_edge(in_below(20), 20 + in_below(20), 1);
    } else {
      for (int k = 0; k < 200; k++) {
        const int from = in_below(NODES), target = in_below(NODES);
        if (from != target) add_edge(from, target, 1 + in_skewed(50));
      }
    }
    for (int flow; (flow = augment(40, 41)) > 0;) total += flow;
  }
  printf("%ld\n", total);
  return 0;
}
