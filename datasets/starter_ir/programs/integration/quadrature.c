// Areas under curves and zeros of functions given by pointer.
#include <complex.h>
#include <math.h>

typedef double (*function)(double);

double bell(double x) { return exp(-x * x); }
double wiggle(double x) { return x > 0.0 ? sin(1.0 / x) : 0.0; }
double rational(double x) { return 4.0 / (1.0 + x * x); }

double trapezoid(function f, double a, double b, int steps) {
  const double h = (b - a) / steps;
  double sum = 0.5 * (f(a) + f(b));
  for (int i = 1; i < steps; i++) sum += f(a + i * h);
  return sum * h;
}

double simpson(function f, double a, double b, int steps) {
  const double h = (b - a) / steps;
  double sum = f(a) + f(b);
  for (int i = 1; i < steps; i++) sum += (i & 1 ? 4.0 : 2.0) * f(a + i * h);
  return sum * h / 3.0;
}

static double refine(function f, double a, double fa, double b, double fb,
                     double fm, double whole, double tolerance, int depth) {
  const double m = 0.5 * (a + b);
  const double fl = f(0.5 * (a + m)), fr = f(0.5 * (m + b));
  const double left = (m - a) / 6.0 * (fa + 4.0 * fl + fm);
  const double right = (b - m) / 6.0 * (fm + 4.0 * fr + fb);
  const double gap = left + right - whole;
  if (depth <= 0 || fabs(gap) <= 15.0 * tolerance) {
    return left + right + gap / 15.0;
  }
  return refine(f, a, fa, m, fm, fl, left, tolerance / 2, depth - 1) +
         refine(f, m, fm, b, fb, fr, right, tolerance / 2, depth - 1);
}

double adaptive(function f, double a, double b, double tolerance) {
  const double fa = f(a), fb = f(b), fm = f(0.5 * (a + b));
  const double whole = (b - a) / 6.0 * (fa + 4.0 * fm + fb);
  return refine(f, a, fa, b, fb, fm, whole, tolerance, 40);
}

double romberg(function f, double a, double b, int levels) {
  double rows[2][16];
  if (levels > 16) levels = 16;
  rows[0][0] = 0.5 * (b - a) * (f(a) + f(b));
  for (int k = 1; k < levels; k++) {
    double *row = rows[k & 1], *above = rows[~k & 1];
    const long points = 1L << (k - 1);
    const double h = (b - a) / (double)(2 * points);
    double sum = 0.0;
    for (long i = 0; i < points; i++) sum += f(a + (double)(2 * i + 1) * h);
    row[0] = 0.5 * above[0] + h * sum;
    double power = 1.0;
    for (int j = 1; j <= k; j++) {
      power *= 4.0;
      row[j] = (power * row[j - 1] - above[j - 1]) / (power - 1.0);
    }
  }
  return rows[(levels - 1) & 1][levels - 1];
}

void legendre_rule(int n, double *nodes, double *weights) {
  for (int i = 0; i < n; i++) {
    double x = cos(3.141592653589793 * (i + 0.75) / (n + 0.5)), slope = 1.0;
    for (int step = 0; step < 20; step++) {
      double now = 1.0, before = 0.0;
      for (int k = 1; k <= n; k++) {
        const double next = ((2 * k - 1) * x * now - (k - 1) * before) / k;
        before = now;
        now = next;
      }
      slope = n * (x * now - before) / (x * x - 1.0);
      const double change = now / slope;
      x -= change;
      if (fabs(change) < 1e-15) break;
    }
    nodes[i] = x;
    weights[i] = 2.0 / ((1.0 - x * x) * slope * slope);
  }
}

double bisect(function f, double low, double high, double tolerance) {
  const int rising = f(low) < 0.0;
  while (high - low > tolerance) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    if ((f(middle) < 0.0) == rising) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return 0.5 * (low + high);
}

double secant(function f, double a, double b, int max_steps) {
  double fa = f(a), fb = f(b);
  for (int i = 0; i < max_steps && fa != fb; i++) {
    const double next = b - fb * (b - a) / (fb - fa);
    a = b;
    fa = fb;
    b = next;
    fb = f(b);
    if (fabs(b - a) < 1e-14 * fabs(b)) break;
  }
  return b;
}

// All roots at once, for a monic polynomial of degree n.
int polynomial_roots(const double *coefficients, int n, double complex *roots,
                     int max_steps) {
  for (int i = 0; i < n; i++) {
    const double angle = 6.283185307179586 * i / n + 0.4;
    roots[i] = cos(angle) + I * sin(angle);
  }
  for (int step = 1; step <= max_steps; step++) {
    double moved = 0.0;
    for (int i = 0; i < n; i++) {
      double complex value = 1.0, below = 1.0;
      for (int k = n - 1; k >= 0; k--) value = value * roots[i] + coefficients[k];
      for (int j = 0; j < n; j++) {
        if (j != i) below *= roots[i] - roots[j];
      }
      const double complex change = value / below;
      roots[i] -= change;
      moved = fmax(moved, fabs(creal(change)) + fabs(cimag(change)));
    }
    if (moved < 1e-13) return step;
  }
  return -1;
}
