// Matrix products in several loop orders and element types, row major.
#include <stddef.h>
#include <stdint.h>

void gemm_naive(int m, int n, int k, double alpha, const double *a,
                const double *b, double beta, double *c) {
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      double sum = 0.0;
      for (int p = 0; p < k; p++) sum += a[i * k + p] * b[p * n + j];
      c[i * n + j] = alpha * sum + beta * c[i * n + j];
    }
  }
}

void gemm_ikj(int m, int n, int k, const float *restrict a,
              const float *restrict b, float *restrict c) {
  for (int i = 0; i < m; i++) {
    for (int p = 0; p < k; p++) {
      const float scale = a[i * k + p];
      for (int j = 0; j < n; j++) c[i * n + j] += scale * b[p * n + j];
    }
  }
}

static int smaller(int x, int y) { return x < y ? x : y; }

void gemm_blocked(int n, const double *restrict a, const double *restrict b,
                  double *restrict c, int block) {
  for (int ii = 0; ii < n; ii += block) {
    for (int kk = 0; kk < n; kk += block) {
      for (int jj = 0; jj < n; jj += block) {
        const int i_end = smaller(ii + block, n);
        const int k_end = smaller(kk + block, n);
        const int j_end = smaller(jj + block, n);
        for (int i = ii; i < i_end; i++) {
          for (int k = kk; k < k_end; k++) {
            const double scale = a[(size_t)i * n + k];
            for (int j = jj; j < j_end; j++) {
              c[(size_t)i * n + j] += scale * b[(size_t)k * n + j];
            }
          }
        }
      }
    }
  }
}

void gemm_fixed(float c[32][48], float a[32][16], float b[16][48]) {
  for (int i = 0; i < 32; i++) {
    for (int j = 0; j < 48; j++) {
      float sum = 0.0f;
      for (int k = 0; k < 16; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
  }
}

// Eight bit inputs with 32 bit sums and a requantisation, as in inference.
void gemm_int8(int m, int n, int k, const int8_t *a, const int8_t *b,
               int shift, int8_t *c) {
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      int32_t sum = 0;
      for (int p = 0; p < k; p++) {
        sum += (int32_t)a[i * k + p] * (int32_t)b[j * k + p];
      }
      sum >>= shift;
      if (sum > 127) sum = 127;
      if (sum < -128) sum = -128;
      c[i * n + j] = (int8_t)sum;
    }
  }
}

void gemv_transposed(int m, int n, const double *a, const double *x,
                     double *y) {
  for (int j = 0; j < n; j++) y[j] = 0.0;
  for (int i = 0; i < m; i++) {
    if (x[i] == 0.0) continue;
    for (int j = 0; j < n; j++) y[j] += a[i * n + j] * x[i];
  }
}

void rank_one_update(int m, int n, float alpha, const float *x, int stride_x,
                     const float *y, int stride_y, float *a) {
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      a[i * n + j] += alpha * x[i * stride_x] * y[j * stride_y];
    }
  }
}
