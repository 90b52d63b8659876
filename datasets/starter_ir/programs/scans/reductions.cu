// Reductions and scans with shared memory, shuffles and atomics.
#include "device.h"

__device__ float warp_sum(float value) {
  for (int by = 16; by > 0; by /= 2) value += shuffle_down(value, by);
  return value;
}

__device__ int warp_scan(int value) {
  const int lane = threadIdx.x & 31;
  for (int by = 1; by < 32; by *= 2) {
    const int from = shuffle_up(value, by);
    if (lane >= by) value += from;
  }
  return value;
}

__global__ void sum_shared(const float *in, float *out, int n) {
  __shared__ float part[256];
  const int thread = threadIdx.x;
  float sum = 0.0f;
  for (int i = blockIdx.x * blockDim.x + thread; i < n;
       i += gridDim.x * blockDim.x) {
    sum += in[i];
  }
  part[thread] = sum;
  __syncthreads();
  for (int width = 128; width > 0; width >>= 1) {
    if (thread < width) part[thread] += part[thread + width];
    __syncthreads();
  }
  if (thread == 0) atomicAdd(out, part[0]);
}

__global__ void sum_shuffles(const float *in, float *out, int n) {
  __shared__ float warps[32];
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  float sum = warp_sum(i < n ? in[i] : 0.0f);
  if (lane == 0) warps[warp] = sum;
  __syncthreads();
  if (warp == 0) {
    sum = warp_sum(lane < (int)(blockDim.x >> 5) ? warps[lane] : 0.0f);
    if (lane == 0) out[blockIdx.x] = sum;
  }
}

__global__ void scan_block(const int *in, int *out, int *totals, int n) {
  __shared__ int warps[32];
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  int value = warp_scan(i < n ? in[i] : 0);
  if (lane == 31) warps[warp] = value;
  __syncthreads();
  if (warp == 0) warps[lane] = warp_scan(warps[lane]);
  __syncthreads();
  if (warp > 0) value += warps[warp - 1];
  if (i < n) out[i] = value;
  if (threadIdx.x == blockDim.x - 1) totals[blockIdx.x] = value;
}

__global__ void bounds(const int *values, int n, int *low, int *high) {
  __shared__ int block_low, block_high;
  if (threadIdx.x == 0) {
    block_low = 0x7fffffff;
    block_high = -0x7fffffff;
  }
  __syncthreads();
  int least = 0x7fffffff, most = -0x7fffffff;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n;
       i += blockDim.x * gridDim.x) {
    least = values[i] < least ? values[i] : least;
    most = values[i] > most ? values[i] : most;
  }
  atomicMin(&block_low, least);
  atomicMax(&block_high, most);
  __syncthreads();
  if (threadIdx.x == 0) {
    atomicMin(low, block_low);
    atomicMax(high, block_high);
  }
}

struct Moments {
  float count, mean, squares;
};

__device__ Moments merge(Moments a, Moments b) {
  Moments result = a;
  const float count = a.count + b.count;
  if (count == 0.0f) return result;
  const float gap = b.mean - a.mean;
  result.mean = a.mean + gap * b.count / count;
  result.squares = a.squares + b.squares + gap * gap * a.count * b.count / count;
  result.count = count;
  return result;
}

__global__ void moments(const float *values, int n, Moments *out) {
  __shared__ Moments part[128];
  Moments mine = {0.0f, 0.0f, 0.0f};
  for (int i = threadIdx.x; i < n; i += 128) {
    const Moments one = {1.0f, values[i], 0.0f};
    mine = merge(mine, one);
  }
  part[threadIdx.x] = mine;
  for (int width = 64; width > 0; width /= 2) {
    __syncthreads();
    if (threadIdx.x < width) {
      part[threadIdx.x] = merge(part[threadIdx.x], part[threadIdx.x + width]);
    }
  }
  if (threadIdx.x == 0) *out = part[0];
}
