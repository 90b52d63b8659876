// Stencils on a device: tiles with halos, register queues, a lattice gas.
#include "device.h"

constexpr int kSide = 16;
constexpr int kRadius = 4;

__constant__ float coefficients[kRadius + 1];

__global__ void heat_2d(const float *now, float *next, int width, int height,
                        float rate) {
  __shared__ float tile[kSide + 2][kSide + 2];
  const int x = blockIdx.x * kSide + threadIdx.x;
  const int y = blockIdx.y * kSide + threadIdx.y;
  const int tx = threadIdx.x + 1, ty = threadIdx.y + 1;
  const bool inside = x < width && y < height;
  const int at = y * width + x;
  if (inside) {
    tile[ty][tx] = now[at];
    if (tx == 1) tile[ty][0] = x > 0 ? now[at - 1] : now[at];
    if (tx == kSide) tile[ty][tx + 1] = x + 1 < width ? now[at + 1] : now[at];
    if (ty == 1) tile[0][tx] = y > 0 ? now[at - width] : now[at];
    if (ty == kSide) {
      tile[ty + 1][tx] = y + 1 < height ? now[at + width] : now[at];
    }
  }
  __syncthreads();
  if (!inside || x == 0 || y == 0 || x + 1 >= width || y + 1 >= height) return;
  next[at] = tile[ty][tx] +
             rate * (tile[ty][tx - 1] + tile[ty][tx + 1] + tile[ty - 1][tx] +
                     tile[ty + 1][tx] - 4.0f * tile[ty][tx]);
}

// Walks along z and keeps the column of a thread in registers.
__global__ void wave_3d(const float *before, const float *now, float *next,
                        const float *speed, int nx, int ny, int nz) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x < kRadius || y < kRadius || x >= nx - kRadius || y >= ny - kRadius) {
    return;
  }
  const int plane = nx * ny;
  int at = y * nx + x;
  float column[2 * kRadius + 1];
  for (int k = 0; k < 2 * kRadius; k++) column[k + 1] = now[at + k * plane];
  at += kRadius * plane;
  for (int z = kRadius; z < nz - kRadius; z++, at += plane) {
#pragma unroll
    for (int k = 0; k < 2 * kRadius; k++) column[k] = column[k + 1];
    column[2 * kRadius] = now[at + kRadius * plane];
    float sum = 3.0f * coefficients[0] * column[kRadius];
#pragma unroll
    for (int r = 1; r <= kRadius; r++) {
      sum += coefficients[r] *
             (column[kRadius - r] + column[kRadius + r] + now[at - r] +
              now[at + r] + now[at - r * nx] + now[at + r * nx]);
    }
    next[at] = 2.0f * column[kRadius] - before[at] + speed[at] * sum;
  }
}

__global__ void convolve_rows(const float *in, float *out, int width,
                              int height, const float *weights, int radius) {
  extern __shared__ float row[];
  const int y = blockIdx.y, first = blockIdx.x * blockDim.x - radius;
  for (int i = threadIdx.x; i < (int)blockDim.x + 2 * radius; i += blockDim.x) {
    int x = first + i;
    x = x < 0 ? 0 : x >= width ? width - 1 : x;
    row[i] = in[y * width + x];
  }
  __syncthreads();
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  if (x >= width || y >= height) return;
  float sum = 0.0f;
  for (int k = 0; k <= 2 * radius; k++) sum += weights[k] * row[threadIdx.x + k];
  out[y * width + x] = sum;
}

__device__ unsigned char collide(unsigned char cell) {
  const unsigned char pair = cell & 15;
  if (pair == 5) return (cell & ~15) | 10;
  if (pair == 10) return (cell & ~15) | 5;
  return cell;
}

__global__ void lattice_gas(const unsigned char *now, unsigned char *next,
                            int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height) return;
  const int east = (x + 1) % width, west = (x + width - 1) % width;
  const int north = (y + 1) % height, south = (y + height - 1) % height;
  unsigned char cell = 0;
  cell |= now[y * width + west] & 1;
  cell |= now[south * width + x] & 2;
  cell |= now[y * width + east] & 4;
  cell |= now[north * width + x] & 8;
  cell |= now[y * width + x] & 16;
  if (cell & 16) {
    const unsigned char low = cell & 15;
    cell = 16 | ((low << 2 | low >> 2) & 15);
  }
  next[y * width + x] = collide(cell);
}

__global__ void residual(const double *u, const double *f, double *r, int n,
                         double inverse_h2) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n * n) return;
  const int x = i % n, y = i / n;
  if (x == 0 || y == 0 || x == n - 1 || y == n - 1) {
    r[i] = 0.0;
    return;
  }
  const double laplace = u[i - 1] + u[i + 1] + u[i - n] + u[i + n] - 4.0 * u[i];
  r[i] = f[i] - inverse_h2 * laplace;
}
