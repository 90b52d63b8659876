// Sparse products and solver steps on a device.
#include "device.h"

template <typename T>
__global__ void csr_scalar(int rows, const int *starts, const int *columns,
                           const T *values, const T *x, T *y) {
  const int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  T sum = 0;
  for (int k = starts[row]; k < starts[row + 1]; k++) {
    sum += values[k] * x[columns[k]];
  }
  y[row] = sum;
}

template __global__ void csr_scalar<float>(int, const int *, const int *,
                                           const float *, const float *,
                                           float *);
template __global__ void csr_scalar<double>(int, const int *, const int *,
                                            const double *, const double *,
                                            double *);

__global__ void csr_warp(int rows, const int *starts, const int *columns,
                         const float *values, const float *x, float *y) {
  const int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  const int lane = threadIdx.x % 32;
  if (row >= rows) return;
  float sum = 0.0f;
  for (int k = starts[row] + lane; k < starts[row + 1]; k += 32) {
    sum = __nv_fmaf(values[k], x[columns[k]], sum);
  }
  for (int by = 16; by > 0; by >>= 1) sum += shuffle_down(sum, by);
  if (lane == 0) y[row] = sum;
}

__global__ void ell(int rows, int width, int pitch, const int *columns,
                    const double *values, const double *x, double *y) {
  const int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  double sum = 0.0;
  for (int k = 0; k < width; k++) {
    const int column = columns[k * pitch + row];
    if (column < 0) break;
    sum += values[k * pitch + row] * x[column];
  }
  y[row] = sum;
}

__global__ void coo(int count, const int *rows, const int *columns,
                    const float *values, const float *x, float *y) {
  for (int k = blockIdx.x * blockDim.x + threadIdx.x; k < count;
       k += gridDim.x * blockDim.x) {
    atomicAdd(&y[rows[k]], values[k] * x[columns[k]]);
  }
}

__global__ void dot(int count, const float *x, const float *y, float *out) {
  __shared__ float warps[8];
  float sum = 0.0f;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count;
       i += gridDim.x * blockDim.x) {
    sum += x[i] * y[i];
  }
  for (int by = 16; by > 0; by >>= 1) sum += shuffle_down(sum, by);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int w = 1; w < (int)blockDim.x / 32; w++) sum += warps[w];
    atomicAdd(out, sum);
  }
}

__global__ void update(int count, const float *rho, const float *curvature,
                       const float *p, const float *q, float *x, float *r) {
  const float alpha = *rho / *curvature;
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  x[i] += alpha * p[i];
  r[i] -= alpha * q[i];
}

__global__ void lower_solve_level(const int *rows, int count,
                                  const int *starts, const int *columns,
                                  const double *values, const double *b,
                                  double *x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const int row = rows[i];
  double sum = b[row], diagonal = 1.0;
  for (int k = starts[row]; k < starts[row + 1]; k++) {
    const int column = columns[k];
    if (column < row) {
      sum -= values[k] * x[column];
    } else if (column == row) {
      diagonal = values[k];
    }
  }
  x[row] = sum / diagonal;
}
