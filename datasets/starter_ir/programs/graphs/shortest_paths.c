// Shortest paths and spanning trees: heap, relaxation, union-find.
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#define FAR (INT_MAX / 2)

struct edge {
  int from, to, weight;
};

struct entry {
  int key, node;
};

void heap_push(struct entry *heap, int *size, int key, int node) {
  int at = (*size)++;
  while (at > 0 && heap[(at - 1) / 2].key > key) {
    heap[at] = heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  heap[at] = (struct entry){key, node};
}

struct entry heap_pop(struct entry *heap, int *size) {
  const struct entry top = heap[0], last = heap[--(*size)];
  int at = 0;
  for (;;) {
    int child = 2 * at + 1;
    if (child >= *size) break;
    if (child + 1 < *size && heap[child + 1].key < heap[child].key) child++;
    if (heap[child].key >= last.key) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return top;
}

// heap has room for one entry per edge and one more.
void dijkstra(int num_nodes, const int *starts, const int *targets,
              const int *weights, int source, int *distance,
              struct entry *heap) {
  for (int i = 0; i < num_nodes; i++) distance[i] = FAR;
  distance[source] = 0;
  int size = 0;
  heap_push(heap, &size, 0, source);
  while (size) {
    const struct entry top = heap_pop(heap, &size);
    if (top.key > distance[top.node]) continue;
    for (int e = starts[top.node]; e < starts[top.node + 1]; e++) {
      const int candidate = top.key + weights[e];
      if (candidate < distance[targets[e]]) {
        distance[targets[e]] = candidate;
        heap_push(heap, &size, candidate, targets[e]);
      }
    }
  }
}

// Returns 1 when a negative cycle can be reached.
int bellman_ford(int num_nodes, const struct edge *edges, int num_edges,
                 int source, int *distance, int *parent) {
  for (int i = 0; i < num_nodes; i++) {
    distance[i] = FAR;
    parent[i] = -1;
  }
  distance[source] = 0;
  for (int round = 0; round < num_nodes; round++) {
    int changed = 0;
    for (int e = 0; e < num_edges; e++) {
      const struct edge *edge = &edges[e];
      if (distance[edge->from] == FAR) continue;
      const int candidate = distance[edge->from] + edge->weight;
      if (candidate < distance[edge->to]) {
        distance[edge->to] = candidate;
        parent[edge->to] = edge->from;
        changed = 1;
      }
    }
    if (!changed) return 0;
  }
  return 1;
}

void floyd_warshall(int n, float *distance, int16_t *next) {
  for (int k = 0; k < n; k++) {
    for (int i = 0; i < n; i++) {
      const float through = distance[i * n + k];
      for (int j = 0; j < n; j++) {
        const float candidate = through + distance[k * n + j];
        if (candidate < distance[i * n + j]) {
          distance[i * n + j] = candidate;
          next[i * n + j] = next[i * n + k];
        }
      }
    }
  }
}

int find_root(int *parents, int node) {
  while (parents[node] != node) {
    parents[node] = parents[parents[node]];
    node = parents[node];
  }
  return node;
}

int join(int *parents, unsigned char *ranks, int a, int b) {
  a = find_root(parents, a);
  b = find_root(parents, b);
  if (a == b) return 0;
  if (ranks[a] < ranks[b]) {
    const int kept = a;
    a = b;
    b = kept;
  }
  parents[b] = a;
  ranks[a] += ranks[a] == ranks[b];
  return 1;
}

static int by_weight(const void *left, const void *right) {
  const struct edge *a = left, *b = right;
  return (a->weight > b->weight) - (a->weight < b->weight);
}

long long minimum_spanning_tree(struct edge *edges, int num_edges,
                                int *parents, unsigned char *ranks,
                                int num_nodes) {
  qsort(edges, (size_t)num_edges, sizeof *edges, by_weight);
  for (int i = 0; i < num_nodes; i++) {
    parents[i] = i;
    ranks[i] = 0;
  }
  long long total = 0;
  int joined = 0;
  for (int e = 0; e < num_edges && joined < num_nodes - 1; e++) {
    if (join(parents, ranks, edges[e].from, edges[e].to)) {
      total += edges[e].weight;
      joined++;
    }
  }
  return joined == num_nodes - 1 ? total : -1;
}
