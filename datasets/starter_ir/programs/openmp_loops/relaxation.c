// Parallel relaxation on grids: Jacobi, red-black, and a wave.
#include <math.h>

double jacobi_sweep(int n, const double *u, double *next, const double *f,
                    double h) {
  double change = 0.0;
#pragma omp parallel for reduction(max : change)
  for (int i = 1; i < n - 1; i++) {
    for (int j = 1; j < n - 1; j++) {
      const int at = i * n + j;
      next[at] = 0.25 * (u[at - 1] + u[at + 1] + u[at - n] + u[at + n] -
                         h * h * f[at]);
      const double difference = fabs(next[at] - u[at]);
      if (difference > change) change = difference;
    }
  }
  return change;
}

int jacobi(int n, double *u, double *other, const double *f, double tolerance,
           int max_sweeps) {
  const double h = 1.0 / (n - 1);
  for (int sweep = 0; sweep < max_sweeps; sweep++) {
    const double change = jacobi_sweep(n, u, other, f, h);
#pragma omp parallel for
    for (int i = 0; i < n * n; i++) {
      const int row = i / n, column = i % n;
      if (row && column && row < n - 1 && column < n - 1) u[i] = other[i];
    }
    if (change < tolerance) return sweep + 1;
  }
  return -1;
}

void red_black(int n, float *u, const float *f, float omega) {
#pragma omp parallel
  for (int colour = 0; colour < 2; colour++) {
#pragma omp for
    for (int i = 1; i < n - 1; i++) {
      for (int j = 1 + (i + colour) % 2; j < n - 1; j += 2) {
        float *at = &u[i * n + j];
        const float target =
            0.25f * (at[1] + at[-1] + at[n] + at[-n] + f[i * n + j]);
        *at += omega * (target - *at);
      }
    }
  }
}

void wave_step(int n, const float *before, const float *now, float *next,
               float courant) {
  const float square = courant * courant;
#pragma omp parallel for collapse(2)
  for (int i = 1; i < n - 1; i++) {
    for (int j = 1; j < n - 1; j++) {
      const int at = i * n + j;
      const float laplace =
          now[at - 1] + now[at + 1] + now[at - n] + now[at + n] - 4 * now[at];
      next[at] = 2 * now[at] - before[at] + square * laplace;
    }
  }
}

void absorb(int n, float *next, const float *now) {
#pragma omp parallel sections
  {
#pragma omp section
    for (int i = 0; i < n; i++) next[i] = now[n + i];
#pragma omp section
    for (int i = 0; i < n; i++) next[(n - 1) * n + i] = now[(n - 2) * n + i];
#pragma omp section
    for (int i = 0; i < n; i++) next[i * n] = now[i * n + 1];
#pragma omp section
    for (int i = 0; i < n; i++) next[i * n + n - 1] = now[i * n + n - 2];
  }
}

double residual(int n, const double *u, const double *f, double h) {
  double sum = 0.0;
#pragma omp parallel for reduction(+ : sum) schedule(static)
  for (int i = 1; i < n - 1; i++) {
    double row = 0.0;
    for (int j = 1; j < n - 1; j++) {
      const int at = i * n + j;
      const double laplace =
          (u[at - 1] + u[at + 1] + u[at - n] + u[at + n] - 4.0 * u[at]) /
          (h * h);
      row += (laplace - f[at]) * (laplace - f[at]);
    }
    sum += row;
  }
  return sqrt(sum);
}
