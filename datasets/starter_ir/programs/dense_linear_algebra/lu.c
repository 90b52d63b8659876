// LU factorisation with partial pivoting, and what one does with it.
#include <math.h>

static void swap_rows(double *a, int n, int row, int other) {
  for (int j = 0; j < n; j++) {
    const double kept = a[row * n + j];
    a[row * n + j] = a[other * n + j];
    a[other * n + j] = kept;
  }
}

int find_pivot(const double *a, int n, int column) {
  int best = column;
  double largest = fabs(a[column * n + column]);
  for (int i = column + 1; i < n; i++) {
    const double size = fabs(a[i * n + column]);
    if (size > largest) {
      largest = size;
      best = i;
    }
  }
  return largest > 0.0 ? best : -1;
}

// Factors a in place; returns the sign of the permutation, 0 when singular.
int lu_factor(double *a, int *pivots, int n) {
  int sign = 1;
  for (int k = 0; k < n; k++) {
    const int row = find_pivot(a, n, k);
    if (row < 0) return 0;
    pivots[k] = row;
    if (row != k) {
      swap_rows(a, n, row, k);
      sign = -sign;
    }
    const double inverse = 1.0 / a[k * n + k];
    for (int i = k + 1; i < n; i++) {
      const double factor = a[i * n + k] * inverse;
      a[i * n + k] = factor;
      for (int j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return sign;
}

void forward_substitute(const double *lu, double *x, int n) {
  for (int i = 1; i < n; i++) {
    double sum = x[i];
    for (int j = 0; j < i; j++) sum -= lu[i * n + j] * x[j];
    x[i] = sum;
  }
}

void backward_substitute(const double *lu, double *x, int n) {
  for (int i = n - 1; i >= 0; i--) {
    double sum = x[i];
    for (int j = i + 1; j < n; j++) sum -= lu[i * n + j] * x[j];
    x[i] = sum / lu[i * n + i];
  }
}

void lu_solve(const double *lu, const int *pivots, double *x, int n) {
  for (int k = 0; k < n; k++) {
    const double kept = x[k];
    x[k] = x[pivots[k]];
    x[pivots[k]] = kept;
  }
  forward_substitute(lu, x, n);
  backward_substitute(lu, x, n);
}

double determinant(double *a, int *pivots, int n) {
  double product = lu_factor(a, pivots, n);
  for (int i = 0; i < n && product != 0.0; i++) product *= a[i * n + i];
  return product;
}

int invert3(const float a[9], float inverse[9]) {
  const float c0 = a[4] * a[8] - a[5] * a[7];
  const float c1 = a[5] * a[6] - a[3] * a[8];
  const float c2 = a[3] * a[7] - a[4] * a[6];
  const float d = a[0] * c0 + a[1] * c1 + a[2] * c2;
  if (fabsf(d) < 1e-12f) return -1;
  inverse[0] = c0 / d;
  inverse[1] = (a[2] * a[7] - a[1] * a[8]) / d;
  inverse[2] = (a[1] * a[5] - a[2] * a[4]) / d;
  inverse[3] = c1 / d;
  inverse[4] = (a[0] * a[8] - a[2] * a[6]) / d;
  inverse[5] = (a[2] * a[3] - a[0] * a[5]) / d;
  inverse[6] = c2 / d;
  inverse[7] = (a[1] * a[6] - a[0] * a[7]) / d;
  inverse[8] = (a[0] * a[4] - a[1] * a[3]) / d;
  return 0;
}
