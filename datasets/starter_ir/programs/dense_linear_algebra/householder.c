// QR by Householder reflections and a Jacobi eigenvalue sweep, single and
// double precision, column major.
#include <math.h>
#include <stdlib.h>

double norm2(int n, const double *x) {
  double scale = 0.0, sum = 1.0;
  for (int i = 0; i < n; i++) {
    const double size = fabs(x[i]);
    if (size == 0.0) continue;
    if (scale < size) {
      sum = 1.0 + sum * (scale / size) * (scale / size);
      scale = size;
    } else {
      sum += (size / scale) * (size / scale);
    }
  }
  return scale * sqrt(sum);
}

double make_reflector(int n, double *x) {
  const double norm = norm2(n, x);
  if (norm == 0.0) return 0.0;
  const double alpha = x[0] > 0 ? -norm : norm;
  const double head = x[0] - alpha;
  for (int i = 1; i < n; i++) x[i] /= head;
  x[0] = alpha;
  return -head / alpha;
}

void apply_reflector(int m, int n, const double *v, double tau, double *c,
                     int leading) {
  for (int j = 0; j < n; j++) {
    double *column = c + (size_t)j * leading;
    double dot = column[0];
    for (int i = 1; i < m; i++) dot += v[i] * column[i];
    dot *= tau;
    column[0] -= dot;
    for (int i = 1; i < m; i++) column[i] -= dot * v[i];
  }
}

void qr_factor(int m, int n, double *a, double *tau) {
  for (int k = 0; k < n && k < m; k++) {
    double *pivot = a + (size_t)k * m + k;
    tau[k] = make_reflector(m - k, pivot);
    apply_reflector(m - k, n - k - 1, pivot, tau[k], pivot + m, m);
  }
}

int least_squares(int m, int n, double *a, double *b, double *x) {
  double *tau = malloc(sizeof(double) * (size_t)n);
  if (!tau) return -1;
  qr_factor(m, n, a, tau);
  for (int k = 0; k < n; k++) {
    apply_reflector(m - k, 1, a + (size_t)k * m + k, tau[k], b + k, m);
  }
  int singular = 0;
  for (int i = n - 1; i >= 0; i--) {
    double sum = b[i];
    for (int j = i + 1; j < n; j++) sum -= a[(size_t)j * m + i] * x[j];
    const double pivot = a[(size_t)i * m + i];
    if (fabs(pivot) < 1e-300) {
      singular++;
      x[i] = 0.0;
    } else {
      x[i] = sum / pivot;
    }
  }
  free(tau);
  return singular;
}

void jacobi_rotate(float *a, int n, int p, int q) {
  const float apq = a[q * n + p];
  if (apq == 0.0f) return;
  const float theta = (a[q * n + q] - a[p * n + p]) / (2.0f * apq);
  const float t = (theta >= 0 ? 1.0f : -1.0f) /
                  (fabsf(theta) + sqrtf(theta * theta + 1.0f));
  const float c = 1.0f / sqrtf(t * t + 1.0f), s = t * c;
  for (int k = 0; k < n; k++) {
    const float left = a[k * n + p], right = a[k * n + q];
    a[k * n + p] = c * left - s * right;
    a[k * n + q] = s * left + c * right;
  }
  for (int k = 0; k < n; k++) {
    const float left = a[p * n + k], right = a[q * n + k];
    a[p * n + k] = c * left - s * right;
    a[q * n + k] = s * left + c * right;
  }
}

int jacobi_eigenvalues(float *a, int n, float *values, int max_sweeps) {
  int sweep = 0;
  for (; sweep < max_sweeps; sweep++) {
    float off = 0.0f;
    for (int p = 0; p < n; p++) {
      for (int q = p + 1; q < n; q++) off += a[p * n + q] * a[p * n + q];
    }
    if (off < 1e-10f) break;
    for (int p = 0; p < n - 1; p++) {
      for (int q = p + 1; q < n; q++) jacobi_rotate(a, n, p, q);
    }
  }
  for (int i = 0; i < n; i++) values[i] = a[i * n + i];
  return sweep;
}
