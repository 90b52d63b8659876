// Conjugate gradients and BiCGStab over an operator given as a function.
#include <math.h>
#include <stddef.h>

typedef void (*linear_operator)(const void *context, const double *x,
                                double *y, size_t n);

double dot(const double *x, const double *y, size_t n) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

void axpy(double alpha, const double *x, double *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += alpha * x[i];
}

void xpby(const double *x, double beta, double *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = x[i] + beta * y[i];
}

void poisson_1d(const void *context, const double *x, double *y, size_t n) {
  const double shift = *(const double *)context;
  for (size_t i = 0; i < n; i++) {
    double value = (2.0 + shift) * x[i];
    if (i > 0) value -= x[i - 1];
    if (i + 1 < n) value -= x[i + 1];
    y[i] = value;
  }
}

struct band {
  int width;
  const double *diagonals;
};

void banded(const void *context, const double *x, double *y, size_t n) {
  const struct band *band = context;
  for (size_t i = 0; i < n; i++) {
    double sum = 0.0;
    for (int d = -band->width; d <= band->width; d++) {
      const ptrdiff_t j = (ptrdiff_t)i + d;
      if (j < 0 || j >= (ptrdiff_t)n) continue;
      sum += band->diagonals[(size_t)(d + band->width) * n + i] * x[j];
    }
    y[i] = sum;
  }
}

// work holds 3 * n numbers. Returns the steps taken, -1 on breakdown.
int conjugate_gradient(linear_operator apply, const void *context,
                       const double *b, double *x, double *work, size_t n,
                       double tolerance, int max_steps) {
  double *r = work, *p = work + n, *q = work + 2 * n;
  apply(context, x, q, n);
  for (size_t i = 0; i < n; i++) p[i] = r[i] = b[i] - q[i];
  double rho = dot(r, r, n);
  const double stop = tolerance * tolerance * dot(b, b, n);
  int step = 0;
  while (rho > stop && step < max_steps) {
    apply(context, p, q, n);
    const double curvature = dot(p, q, n);
    if (curvature <= 0.0) return -1;
    const double alpha = rho / curvature;
    axpy(alpha, p, x, n);
    axpy(-alpha, q, r, n);
    const double next = dot(r, r, n);
    xpby(r, next / rho, p, n);
    rho = next;
    step++;
  }
  return step;
}

// work holds 5 * n numbers.
int bicgstab(linear_operator apply, const void *context, const double *b,
             double *x, double *work, size_t n, double tolerance,
             int max_steps) {
  double *r = work, *shadow = r + n, *p = shadow + n, *v = p + n, *t = v + n;
  apply(context, x, v, n);
  for (size_t i = 0; i < n; i++) {
    shadow[i] = p[i] = r[i] = b[i] - v[i];
  }
  double rho = dot(shadow, r, n);
  const double stop = tolerance * sqrt(dot(b, b, n));
  for (int step = 1; step <= max_steps; step++) {
    apply(context, p, v, n);
    const double below = dot(shadow, v, n);
    if (below == 0.0) return -1;
    const double alpha = rho / below;
    axpy(-alpha, v, r, n);
    apply(context, r, t, n);
    const double tt = dot(t, t, n);
    const double omega = tt > 0.0 ? dot(t, r, n) / tt : 0.0;
    axpy(alpha, p, x, n);
    axpy(omega, r, x, n);
    axpy(-omega, t, r, n);
    if (sqrt(dot(r, r, n)) < stop) return step;
    if (omega == 0.0) return -2;
    const double next = dot(shadow, r, n);
    const double beta = next / rho * (alpha / omega);
    for (size_t i = 0; i < n; i++) p[i] = r[i] + beta * (p[i] - omega * v[i]);
    rho = next;
  }
  return max_steps;
}
