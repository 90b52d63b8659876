// Steps for ordinary differential equations, explicit and implicit.
#include <math.h>
#include <string.h>

enum { MAX_SIZE = 16 };

typedef void (*slope)(double t, const double *y, double *dy,
                      const void *context);

void oscillator(double t, const double *y, double *dy, const void *context) {
  const double *p = context;
  dy[0] = y[1];
  dy[1] = -p[0] * y[0] - p[1] * y[1] + p[2] * cos(t);
}

void lorenz(double t, const double *y, double *dy, const void *context) {
  (void)t;
  (void)context;
  dy[0] = 10.0 * (y[1] - y[0]);
  dy[1] = y[0] * (28.0 - y[2]) - y[1];
  dy[2] = y[0] * y[1] - 8.0 / 3.0 * y[2];
}

struct food_web {
  int species;
  float growth[8];
  float effect[8][8];
};

void lotka_volterra(double t, const double *y, double *dy,
                    const void *context) {
  const struct food_web *web = context;
  (void)t;
  for (int i = 0; i < web->species; i++) {
    double rate = web->growth[i];
    for (int j = 0; j < web->species; j++) rate += web->effect[i][j] * y[j];
    dy[i] = rate * y[i];
  }
}

void euler(slope f, const void *context, double t, double h, double *y,
           int n) {
  double dy[MAX_SIZE];
  f(t, y, dy, context);
  for (int i = 0; i < n; i++) y[i] += h * dy[i];
}

void runge_kutta(slope f, const void *context, double t, double h, double *y,
                 int n) {
  double k1[MAX_SIZE], k2[MAX_SIZE], k3[MAX_SIZE], k4[MAX_SIZE], z[MAX_SIZE];
  f(t, y, k1, context);
  for (int i = 0; i < n; i++) z[i] = y[i] + 0.5 * h * k1[i];
  f(t + 0.5 * h, z, k2, context);
  for (int i = 0; i < n; i++) z[i] = y[i] + 0.5 * h * k2[i];
  f(t + 0.5 * h, z, k3, context);
  for (int i = 0; i < n; i++) z[i] = y[i] + h * k3[i];
  f(t + h, z, k4, context);
  for (int i = 0; i < n; i++) {
    y[i] += h / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]);
  }
}

// One step of order three with an estimate of order two; the error's norm.
double bogacki_step(slope f, const void *context, double t, double h,
                    const double *y, double *next, int n, double absolute,
                    double relative) {
  double k1[MAX_SIZE], k2[MAX_SIZE], k3[MAX_SIZE], k4[MAX_SIZE];
  f(t, y, k1, context);
  for (int i = 0; i < n; i++) next[i] = y[i] + 0.5 * h * k1[i];
  f(t + 0.5 * h, next, k2, context);
  for (int i = 0; i < n; i++) next[i] = y[i] + 0.75 * h * k2[i];
  f(t + 0.75 * h, next, k3, context);
  for (int i = 0; i < n; i++) {
    next[i] = y[i] + h / 9.0 * (2.0 * k1[i] + 3.0 * k2[i] + 4.0 * k3[i]);
  }
  f(t + h, next, k4, context);
  double sum = 0.0;
  for (int i = 0; i < n; i++) {
    const double error = h * (-5.0 / 72.0 * k1[i] + k2[i] / 12.0 +
                              k3[i] / 9.0 - k4[i] / 8.0);
    const double scale = absolute + relative * fmax(fabs(y[i]), fabs(next[i]));
    sum += error / scale * (error / scale);
  }
  return sqrt(sum / n);
}

long solve(slope f, const void *context, double t, double end, double *y,
           int n, double tolerance, long max_steps) {
  double h = 1e-3 * (end - t), next[MAX_SIZE];
  long taken = 0;
  while (t < end && taken < max_steps) {
    if (t + h > end) h = end - t;
    const double error =
        bogacki_step(f, context, t, h, y, next, n, tolerance, tolerance);
    if (error <= 1.0) {
      t += h;
      memcpy(y, next, sizeof(double) * (size_t)n);
      taken++;
    }
    double factor = error > 0.0 ? 0.9 * pow(error, -1.0 / 3.0) : 5.0;
    factor = factor < 0.2 ? 0.2 : factor > 5.0 ? 5.0 : factor;
    h *= factor;
  }
  return t < end ? -1 : taken;
}

// Backward Euler for y' = -rate * (y - target), by Newton's method.
double stiff_step(double y, double h, double rate, double target) {
  double z = y;
  for (int i = 0; i < 8; i++) {
    const double residual = z - y + h * rate * (z - target) * fabs(z);
    const double slope_z =
        1.0 + h * rate * (fabs(z) + (z - target) * (z < 0.0 ? -1.0 : 1.0));
    const double change = residual / slope_z;
    z -= change;
    if (fabs(change) < 1e-12) break;
  }
  return z;
}

void verlet(float *positions, float *velocities, const float *masses, int n,
            float spring, float step) {
  for (int i = 0; i < n; i++) {
    const float left = i > 0 ? positions[i - 1] : 0.0f;
    const float right = i + 1 < n ? positions[i + 1] : 0.0f;
    const float force = spring * (left + right - 2.0f * positions[i]);
    velocities[i] += step * force / masses[i];
  }
  for (int i = 0; i < n; i++) positions[i] += step * velocities[i];
}
