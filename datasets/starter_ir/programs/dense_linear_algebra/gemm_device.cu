// Matrix kernels for a device: plain, tiled, register blocked, transposed.
#include "device.h"

constexpr int kTile = 16;

__global__ void gemm_plain(int m, int n, int k, const float *a, const float *b,
                           float *c) {
  const int row = blockIdx.y * blockDim.y + threadIdx.y;
  const int column = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= m || column >= n) return;
  float sum = 0.0f;
  for (int p = 0; p < k; p++) sum += a[row * k + p] * b[p * n + column];
  c[row * n + column] = sum;
}

template <typename T>
__global__ void gemm_tiled(int m, int n, int k, const T *a, const T *b, T *c) {
  __shared__ T tile_a[kTile][kTile];
  __shared__ T tile_b[kTile][kTile];
  const int x = threadIdx.x, y = threadIdx.y;
  const int row = blockIdx.y * kTile + y, column = blockIdx.x * kTile + x;
  T sum = T(0);
  for (int start = 0; start < k; start += kTile) {
    tile_a[y][x] = row < m && start + x < k ? a[row * k + start + x] : T(0);
    tile_b[y][x] =
        start + y < k && column < n ? b[(start + y) * n + column] : T(0);
    __syncthreads();
#pragma unroll
    for (int p = 0; p < kTile; p++) sum += tile_a[y][p] * tile_b[p][x];
    __syncthreads();
  }
  if (row < m && column < n) c[row * n + column] = sum;
}

template __global__ void gemm_tiled<float>(int, int, int, const float *,
                                           const float *, float *);
template __global__ void gemm_tiled<double>(int, int, int, const double *,
                                            const double *, double *);
template __global__ void gemm_tiled<int>(int, int, int, const int *,
                                         const int *, int *);

// Each thread makes a 4 by 4 corner of a 64 by 64 block.
__global__ void __launch_bounds__(256)
    gemm_registers(int n, const float *a, const float *b, float *c) {
  __shared__ float part_a[8][64], part_b[8][64];
  const int thread = threadIdx.x, tx = thread % 16, ty = thread / 16;
  const float *block_a = a + blockIdx.y * 64 * n;
  const float *block_b = b + blockIdx.x * 64;
  float sums[4][4] = {};
  for (int start = 0; start < n; start += 8) {
    for (int i = thread; i < 512; i += 256) {
      part_a[i % 8][i / 8] = block_a[i / 8 * n + start + i % 8];
      part_b[i / 64][i % 64] = block_b[(start + i / 64) * n + i % 64];
    }
    __syncthreads();
    for (int p = 0; p < 8; p++) {
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
          sums[i][j] += part_a[p][4 * ty + i] * part_b[p][4 * tx + j];
        }
      }
    }
    __syncthreads();
  }
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 4; j++) {
      c[(blockIdx.y * 64 + 4 * ty + i) * n + blockIdx.x * 64 + 4 * tx + j] =
          sums[i][j];
    }
  }
}

__global__ void transpose(int width, int height, const float *in, float *out) {
  __shared__ float tile[32][33];
  int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 32 + threadIdx.y;
  for (int j = 0; j < 32; j += 8) {
    if (x < width && y + j < height) {
      tile[threadIdx.y + j][threadIdx.x] = in[(y + j) * width + x];
    }
  }
  __syncthreads();
  x = blockIdx.y * 32 + threadIdx.x;
  y = blockIdx.x * 32 + threadIdx.y;
  for (int j = 0; j < 32; j += 8) {
    if (x < height && y + j < width) {
      out[(y + j) * height + x] = tile[threadIdx.x][threadIdx.y + j];
    }
  }
}

__device__ float row_maximum(const float *row, int n) {
  float largest = row[0];
  for (int j = 1; j < n; j++) largest = __nv_fmaxf(largest, row[j]);
  return largest;
}

__global__ void softmax_rows(int rows, int columns, float *matrix) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= rows) return;
  float *row = matrix + i * columns;
  const float largest = row_maximum(row, columns);
  float sum = 0.0f;
  for (int j = 0; j < columns; j++) {
    row[j] = __nv_expf(row[j] - largest);
    sum += row[j];
  }
  for (int j = 0; j < columns; j++) row[j] /= sum;
}
