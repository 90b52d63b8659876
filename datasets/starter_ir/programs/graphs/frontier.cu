// Graph steps on a device: levels, relaxation, labels, ranks, triangles.
#include "device.h"

struct Graph {
  int num_nodes;
  const int *starts;
  const int *targets;
};

__global__ void expand_level(Graph graph, int *depth, int level, int *changed) {
  const int node = blockIdx.x * blockDim.x + threadIdx.x;
  if (node >= graph.num_nodes || depth[node] != level) return;
  for (int e = graph.starts[node]; e < graph.starts[node + 1]; e++) {
    if (depth[graph.targets[e]] < 0) {
      depth[graph.targets[e]] = level + 1;
      *changed = 1;
    }
  }
}

__global__ void expand_queue(Graph graph, const int *queue, int size,
                             int *depth, int level, int *next, int *next_size) {
  __shared__ int found[512];
  __shared__ int num_found, base;
  if (threadIdx.x == 0) num_found = 0;
  __syncthreads();
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < size) {
    const int node = queue[i];
    for (int e = graph.starts[node]; e < graph.starts[node + 1]; e++) {
      const int target = graph.targets[e];
      if (atomicCAS(&depth[target], -1, level) != -1) continue;
      const int slot = atomicAdd(&num_found, 1);
      if (slot < 512) {
        found[slot] = target;
      } else {
        next[atomicAdd(next_size, 1)] = target;
      }
    }
  }
  __syncthreads();
  const int kept = num_found < 512 ? num_found : 512;
  if (threadIdx.x == 0) base = atomicAdd(next_size, kept);
  __syncthreads();
  for (int s = threadIdx.x; s < kept; s += blockDim.x) next[base + s] = found[s];
}

__global__ void relax(Graph graph, const int *weights, int *distance,
                      const bool *active, bool *next_active) {
  const int node = blockIdx.x * blockDim.x + threadIdx.x;
  if (node >= graph.num_nodes || !active[node]) return;
  const int here = distance[node];
  for (int e = graph.starts[node]; e < graph.starts[node + 1]; e++) {
    const int target = graph.targets[e], length = here + weights[e];
    if (atomicMin(&distance[target], length) > length) {
      next_active[target] = true;
    }
  }
}

__device__ int find_root(const int *parents, int node) {
  while (parents[node] != node) node = parents[node];
  return node;
}

__global__ void hook(const int *from, const int *to, int num_edges,
                     int *parents, int *changed) {
  const int e = blockIdx.x * blockDim.x + threadIdx.x;
  if (e >= num_edges) return;
  const int a = find_root(parents, from[e]), b = find_root(parents, to[e]);
  if (a == b) return;
  const int low = a < b ? a : b, high = a < b ? b : a;
  atomicMin(&parents[high], low);
  *changed = 1;
}

__global__ void shorten(int num_nodes, int *parents) {
  const int node = blockIdx.x * blockDim.x + threadIdx.x;
  if (node < num_nodes) parents[node] = find_root(parents, node);
}

__global__ void rank_pull(Graph graph, const float *shares, float *ranks,
                          float damping) {
  const int node = blockIdx.x * blockDim.x + threadIdx.x;
  if (node >= graph.num_nodes) return;
  float sum = 0.0f;
  for (int e = graph.starts[node]; e < graph.starts[node + 1]; e++) {
    sum += shares[graph.targets[e]];
  }
  ranks[node] = (1.0f - damping) / graph.num_nodes + damping * sum;
}

__device__ int count_shared(const int *a, int na, const int *b, int nb) {
  int i = 0, j = 0, count = 0;
  while (i < na && j < nb) {
    const int gap = a[i] - b[j];
    count += gap == 0;
    i += gap <= 0;
    j += gap >= 0;
  }
  return count;
}

__global__ void triangles(Graph graph, int *total) {
  const int node = blockIdx.x * blockDim.x + threadIdx.x;
  int count = 0;
  if (node < graph.num_nodes) {
    const int first = graph.starts[node], last = graph.starts[node + 1];
    for (int e = first; e < last; e++) {
      const int other = graph.targets[e];
      if (other <= node) continue;
      count += count_shared(graph.targets + first, last - first,
                            graph.targets + graph.starts[other],
                            graph.starts[other + 1] - graph.starts[other]);
    }
  }
  if (count) atomicAdd(total, count);
}

// One side of a block of the all-pairs tables that the pivot block touches.
__global__ void floyd_block(float *distance, int n, int pivot) {
  __shared__ float row[16][16], column[16][16];
  const int tx = threadIdx.x, ty = threadIdx.y;
  const int i = blockIdx.y * 16 + ty, j = blockIdx.x * 16 + tx;
  row[ty][tx] = distance[(pivot * 16 + ty) * n + j];
  column[ty][tx] = distance[i * n + pivot * 16 + tx];
  __syncthreads();
  float best = distance[i * n + j];
  for (int k = 0; k < 16; k++) {
    best = __nv_fminf(best, column[ty][k] + row[k][tx]);
  }
  distance[i * n + j] = best;
}
