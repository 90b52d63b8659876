// Breadth and depth first search, components and orderings on CSR graphs.
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct graph {
  uint32_t num_nodes;
  const uint32_t *starts;
  const uint32_t *targets;
};

uint32_t degree(const struct graph *g, uint32_t node) {
  return g->starts[node + 1] - g->starts[node];
}

uint32_t breadth_first(const struct graph *g, uint32_t source, int32_t *depth,
                       uint32_t *queue) {
  for (uint32_t i = 0; i < g->num_nodes; i++) depth[i] = -1;
  uint32_t head = 0, tail = 0;
  queue[tail++] = source;
  depth[source] = 0;
  while (head < tail) {
    const uint32_t node = queue[head++];
    for (uint32_t e = g->starts[node]; e < g->starts[node + 1]; e++) {
      const uint32_t target = g->targets[e];
      if (depth[target] >= 0) continue;
      depth[target] = depth[node] + 1;
      queue[tail++] = target;
    }
  }
  return tail;
}

void depth_first(const struct graph *g, uint32_t node, bool *seen,
                 uint32_t *order, uint32_t *count) {
  seen[node] = true;
  for (uint32_t e = g->starts[node]; e < g->starts[node + 1]; e++) {
    if (!seen[g->targets[e]]) depth_first(g, g->targets[e], seen, order, count);
  }
  order[(*count)++] = node;
}

int topological_order(const struct graph *g, uint32_t *order) {
  bool *seen = calloc(g->num_nodes, sizeof *seen);
  if (!seen) return -1;
  uint32_t count = 0;
  for (uint32_t i = 0; i < g->num_nodes; i++) {
    if (!seen[i]) depth_first(g, i, seen, order, &count);
  }
  for (uint32_t i = 0; i < count / 2; i++) {
    const uint32_t kept = order[i];
    order[i] = order[count - 1 - i];
    order[count - 1 - i] = kept;
  }
  free(seen);
  return 0;
}

bool is_bipartite(const struct graph *g, int8_t *side, uint32_t *stack) {
  memset(side, -1, g->num_nodes);
  for (uint32_t root = 0; root < g->num_nodes; root++) {
    if (side[root] >= 0) continue;
    uint32_t top = 0;
    stack[top++] = root;
    side[root] = 0;
    while (top) {
      const uint32_t node = stack[--top];
      for (uint32_t e = g->starts[node]; e < g->starts[node + 1]; e++) {
        const uint32_t target = g->targets[e];
        if (side[target] == side[node]) return false;
        if (side[target] < 0) {
          side[target] = (int8_t)(1 - side[node]);
          stack[top++] = target;
        }
      }
    }
  }
  return true;
}

uint64_t count_triangles(const struct graph *g) {
  uint64_t triangles = 0;
  for (uint32_t u = 0; u < g->num_nodes; u++) {
    for (uint32_t e = g->starts[u]; e < g->starts[u + 1]; e++) {
      const uint32_t v = g->targets[e];
      if (v <= u) continue;
      uint32_t i = g->starts[u], j = g->starts[v];
      while (i < g->starts[u + 1] && j < g->starts[v + 1]) {
        if (g->targets[i] < g->targets[j]) {
          i++;
        } else if (g->targets[i] > g->targets[j]) {
          j++;
        } else {
          triangles += g->targets[i] > v;
          i++;
          j++;
        }
      }
    }
  }
  return triangles;
}

void page_rank(const struct graph *g, float *rank, float *next, int steps) {
  const uint32_t n = g->num_nodes;
  for (uint32_t i = 0; i < n; i++) rank[i] = 1.0f / (float)n;
  for (int step = 0; step < steps; step++) {
    float dangling = 0.0f;
    for (uint32_t i = 0; i < n; i++) next[i] = 0.0f;
    for (uint32_t i = 0; i < n; i++) {
      const uint32_t out = degree(g, i);
      if (!out) {
        dangling += rank[i];
        continue;
      }
      const float share = rank[i] / (float)out;
      for (uint32_t e = g->starts[i]; e < g->starts[i + 1]; e++) {
        next[g->targets[e]] += share;
      }
    }
    for (uint32_t i = 0; i < n; i++) {
      rank[i] = (0.15f + 0.85f * dangling) / (float)n + 0.85f * next[i];
    }
  }
}
