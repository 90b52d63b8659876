// Explicit heat flow in one, two and three dimensions with three borders.
#include <math.h>
#include <stddef.h>

enum border { BORDER_FIXED, BORDER_PERIODIC, BORDER_REFLECTING };

static int wrap(int i, int n, enum border border) {
  switch (border) {
    case BORDER_FIXED:
      return i < 0 ? 0 : i >= n ? n - 1 : i;
    case BORDER_PERIODIC:
      return (i + n) % n;
    case BORDER_REFLECTING:
      if (i < 0) return -i - 1;
      return i >= n ? 2 * n - i - 1 : i;
  }
  return 0;
}

void heat_step_1d(const float *now, float *next, int n, float rate,
                  enum border border) {
  for (int i = 0; i < n; i++) {
    const float left = now[wrap(i - 1, n, border)];
    const float right = now[wrap(i + 1, n, border)];
    next[i] = now[i] + rate * (left - 2.0f * now[i] + right);
  }
}

double heat_step_2d(const double *now, double *next, int rows, int columns,
                    double rate) {
  double change = 0.0;
  for (int i = 1; i < rows - 1; i++) {
    for (int j = 1; j < columns - 1; j++) {
      const ptrdiff_t at = (ptrdiff_t)i * columns + j;
      const double laplace = now[at - 1] + now[at + 1] + now[at - columns] +
                             now[at + columns] - 4.0 * now[at];
      next[at] = now[at] + rate * laplace;
      change = fmax(change, fabs(rate * laplace));
    }
  }
  return change;
}

void heat_step_3d(float (*restrict next)[64][64],
                  float (*restrict now)[64][64], int planes, float rate) {
  for (int i = 1; i < planes - 1; i++) {
    for (int j = 1; j < 63; j++) {
      for (int k = 1; k < 63; k++) {
        next[i][j][k] =
            now[i][j][k] +
            rate * (now[i - 1][j][k] + now[i + 1][j][k] + now[i][j - 1][k] +
                    now[i][j + 1][k] + now[i][j][k - 1] + now[i][j][k + 1] -
                    6.0f * now[i][j][k]);
      }
    }
  }
}

int heat_until_steady(double *grid, double *other, int rows, int columns,
                      double tolerance, int max_steps) {
  int step = 0;
  double *now = grid, *next = other;
  while (step < max_steps) {
    const double change = heat_step_2d(now, next, rows, columns, 0.2);
    double *kept = now;
    now = next;
    next = kept;
    step++;
    if (change < tolerance) break;
  }
  if (now != grid) {
    for (int i = 0; i < rows * columns; i++) grid[i] = now[i];
  }
  return step;
}

// Red-black relaxation, one colour per call.
void relax_colour(double *u, const double *f, int n, int colour, double h2) {
  for (int i = 1; i < n - 1; i++) {
    for (int j = 1 + ((i + colour) & 1); j < n - 1; j += 2) {
      const int at = i * n + j;
      u[at] = 0.25 * (u[at - n] + u[at + n] + u[at - 1] + u[at + 1] -
                      h2 * f[at]);
    }
  }
}

void restrict_grid(const double *fine, double *coarse, int n_coarse) {
  const int n = 2 * n_coarse - 1;
  for (int i = 1; i < n_coarse - 1; i++) {
    for (int j = 1; j < n_coarse - 1; j++) {
      const double *at = fine + 2 * i * n + 2 * j;
      const double cross = at[-1] + at[1] + at[-n] + at[n];
      const double corner = at[-n - 1] + at[-n + 1] + at[n - 1] + at[n + 1];
      coarse[i * n_coarse + j] = 0.25 * at[0] + 0.125 * cross + 0.0625 * corner;
    }
  }
}
