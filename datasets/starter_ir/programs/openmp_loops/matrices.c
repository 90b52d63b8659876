// Parallel dense kernels with collapsed, tiled and triangular loops.
#include <math.h>
#include <stddef.h>

void multiply(int n, const double *restrict a, const double *restrict b,
              double *restrict c) {
#pragma omp parallel for collapse(2)
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      double sum = 0.0;
      for (int k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
      c[i * n + j] = sum;
    }
  }
}

void multiply_tiles(int n, const float *a, const float *b, float *c) {
  enum { TILE = 32 };
#pragma omp parallel for collapse(2) schedule(dynamic)
  for (int ii = 0; ii < n; ii += TILE) {
    for (int jj = 0; jj < n; jj += TILE) {
      for (int kk = 0; kk < n; kk += TILE) {
        for (int i = ii; i < ii + TILE && i < n; i++) {
          for (int k = kk; k < kk + TILE && k < n; k++) {
            const float scale = a[(size_t)i * n + k];
#pragma omp simd
            for (int j = jj; j < jj + TILE; j++) {
              if (j < n) c[(size_t)i * n + j] += scale * b[(size_t)k * n + j];
            }
          }
        }
      }
    }
  }
}

void transpose(int rows, int columns, const float *in, float *out) {
#pragma omp parallel for schedule(static, 8)
  for (int j = 0; j < columns; j++) {
    for (int i = 0; i < rows; i++) out[j * rows + i] = in[i * columns + j];
  }
}

void multiply_vector(int rows, int columns, const double *a, const double *x,
                     double *y) {
#pragma omp parallel for
  for (int i = 0; i < rows; i++) {
    double sum = 0.0;
    for (int j = 0; j < columns; j++) sum += a[i * columns + j] * x[j];
    y[i] = sum;
  }
}

int cholesky(int n, double *a) {
  int failed = 0;
  for (int k = 0; k < n; k++) {
    if (a[k * n + k] <= 0.0) return k + 1;
    const double pivot = sqrt(a[k * n + k]);
    a[k * n + k] = pivot;
#pragma omp parallel for
    for (int i = k + 1; i < n; i++) a[i * n + k] /= pivot;
#pragma omp parallel for schedule(dynamic, 4)
    for (int i = k + 1; i < n; i++) {
      for (int j = k + 1; j <= i; j++) {
        a[i * n + j] -= a[i * n + k] * a[j * n + k];
      }
    }
  }
  return failed;
}

double frobenius(int n, double (*a)[100]) {
  double sum = 0.0;
#pragma omp parallel for collapse(2) reduction(+ : sum)
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < 100; j++) sum += a[i][j] * a[i][j];
  }
  return sqrt(sum);
}

int is_symmetric(int n, const long *a) {
  int differences = 0;
#pragma omp parallel for schedule(guided) reduction(+ : differences)
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < i; j++) differences += a[i * n + j] != a[j * n + i];
  }
  return differences == 0;
}
