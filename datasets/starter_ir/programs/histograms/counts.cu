// Histograms and clustering on a device, with shared and global atomics.
#include "device.h"

__global__ void histogram_global(const unsigned char *data, int size,
                                 unsigned *bins) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < size;
       i += gridDim.x * blockDim.x) {
    atomicAdd(&bins[data[i]], 1u);
  }
}

__global__ void histogram_shared(const unsigned char *data, int size,
                                 unsigned *bins) {
  __shared__ unsigned mine[256];
  for (int b = threadIdx.x; b < 256; b += blockDim.x) mine[b] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < size;
       i += gridDim.x * blockDim.x) {
    atomicAdd(&mine[data[i]], 1u);
  }
  __syncthreads();
  for (int b = threadIdx.x; b < 256; b += blockDim.x) {
    if (mine[b]) atomicAdd(&bins[b], mine[b]);
  }
}

template <int kBins>
__global__ void histogram_range(const float *values, int count, float low,
                                float high, int *bins) {
  __shared__ int mine[kBins];
  for (int b = threadIdx.x; b < kBins; b += blockDim.x) mine[b] = 0;
  __syncthreads();
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count && values[i] >= low && values[i] < high) {
    int bin = (int)((values[i] - low) / (high - low) * kBins);
    atomicAdd(&mine[bin < kBins ? bin : kBins - 1], 1);
  }
  __syncthreads();
  for (int b = threadIdx.x; b < kBins; b += blockDim.x) {
    atomicAdd(&bins[b], mine[b]);
  }
}

template __global__ void histogram_range<32>(const float *, int, float, float,
                                             int *);
template __global__ void histogram_range<100>(const float *, int, float, float,
                                              int *);

__constant__ float centres[64][4];

__device__ float square_distance(const float4 &p, const float *centre) {
  const float dx = p.x - centre[0], dy = p.y - centre[1];
  const float dz = p.z - centre[2], dw = p.w - centre[3];
  return dx * dx + dy * dy + dz * dz + dw * dw;
}

__global__ void assign(const float4 *points, int count, int num_centres,
                       int *labels, float *sums, int *sizes) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const float4 p = points[i];
  float best = square_distance(p, centres[0]);
  int label = 0;
  for (int c = 1; c < num_centres; c++) {
    const float distance = square_distance(p, centres[c]);
    if (distance < best) {
      best = distance;
      label = c;
    }
  }
  labels[i] = label;
  atomicAdd(&sums[4 * label], p.x);
  atomicAdd(&sums[4 * label + 1], p.y);
  atomicAdd(&sums[4 * label + 2], p.z);
  atomicAdd(&sums[4 * label + 3], p.w);
  atomicAdd(&sizes[label], 1);
}

__global__ void mean_centres(const float *sums, const int *sizes,
                             float *means, int num_centres) {
  const int c = threadIdx.x;
  if (c >= num_centres || sizes[c] == 0) return;
  for (int d = 0; d < 4; d++) means[4 * c + d] = sums[4 * c + d] / sizes[c];
}

__global__ void claim_slots(const int *keys, int count, int *table,
                            int capacity, int *failures) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  unsigned at = (unsigned)keys[i] * 2654435761u % (unsigned)capacity;
  for (int tries = 0; tries < capacity; tries++) {
    const int seen = atomicCAS(&table[at], -1, keys[i]);
    if (seen == -1 || seen == keys[i]) return;
    at = at + 1 == (unsigned)capacity ? 0 : at + 1;
  }
  atomicAdd(failures, 1);
}
