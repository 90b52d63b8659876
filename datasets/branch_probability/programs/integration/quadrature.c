#include "../../../starter_ir/programs/integration/quadrature.c"
#include "../../inputs.h"

static double cubic(double x) { return x * x * x - 2 * x - 5; }

int main(void) {
  double nodes[12], weights[12], total = 0;
  for (int i = 0; i < 5; i++) {
    const double b = 1 + in_unit();
    total += trapezoid(bell, 0, b, 200) + simpson(rational, 0, b, 200);
    total += adaptive(wiggle, 0.05, b, 1e-7) + adaptive(bell, -3, 3, 1e-8);
    total += romberg(bell, 0, b, 8);
    legendre_rule(12, nodes, weights);
    total += nodes[2] + bisect(cubic, 0, 4 + b, 1e-10);
    total += secant(cubic, 1, 3 + b, 50);
    const double coefficients[] = {b, -3, 2, 1, 1};
    double complex roots[4];
    total += polynomial_roots(coefficients, 4, roots, 100);
  }
  printf("%g\n", total);
  return 0;
}
