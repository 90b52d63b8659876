// Number-theoretic transform modulo 998244353 and big-integer products.
#include <stdint.h>
#include <string.h>

#define MODULUS 998244353u

uint32_t power_mod(uint32_t base, uint32_t exponent) {
  uint64_t result = 1, square = base;
  while (exponent) {
    if (exponent & 1) result = result * square % MODULUS;
    square = square * square % MODULUS;
    exponent >>= 1;
  }
  return (uint32_t)result;
}

static uint32_t add_mod(uint32_t a, uint32_t b) {
  const uint32_t sum = a + b;
  return sum >= MODULUS ? sum - MODULUS : sum;
}

void transform(uint32_t *x, int log_n, int inverse) {
  const uint32_t n = 1u << log_n;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t reversed = 0;
    for (int bit = 0; bit < log_n; bit++) {
      if (i >> bit & 1u) reversed |= 1u << (log_n - 1 - bit);
    }
    if (i < reversed) {
      x[i] ^= x[reversed];
      x[reversed] ^= x[i];
      x[i] ^= x[reversed];
    }
  }
  for (int level = 1; level <= log_n; level++) {
    uint32_t root = power_mod(3, (MODULUS - 1) >> level);
    if (inverse) root = power_mod(root, MODULUS - 2);
    const uint32_t half = 1u << (level - 1);
    for (uint32_t start = 0; start < n; start += 2 * half) {
      uint64_t w = 1;
      for (uint32_t k = start; k < start + half; k++) {
        const uint32_t odd = (uint32_t)(w * x[k + half] % MODULUS);
        x[k + half] = add_mod(x[k], MODULUS - odd);
        x[k] = add_mod(x[k], odd);
        w = w * root % MODULUS;
      }
    }
  }
  if (inverse) {
    const uint64_t scale = power_mod(n, MODULUS - 2);
    for (uint32_t i = 0; i < n; i++) x[i] = (uint32_t)(scale * x[i] % MODULUS);
  }
}

void multiply_pointwise(uint32_t *x, const uint32_t *y, int n) {
  for (int i = 0; i < n; i++) {
    x[i] = (uint32_t)((uint64_t)x[i] * y[i] % MODULUS);
  }
}

// Digits of base 10, least significant first; returns the product's length.
int multiply_decimals(uint32_t a[1024], int na, uint32_t b[1024], int nb,
                      uint8_t *digits) {
  memset(a + na, 0, sizeof(uint32_t) * (size_t)(1024 - na));
  memset(b + nb, 0, sizeof(uint32_t) * (size_t)(1024 - nb));
  transform(a, 10, 0);
  transform(b, 10, 0);
  multiply_pointwise(a, b, 1024);
  transform(a, 10, 1);
  uint32_t carry = 0;
  int length = 0;
  for (int i = 0; i < na + nb; i++) {
    carry += a[i];
    digits[i] = (uint8_t)(carry % 10);
    carry /= 10;
    if (digits[i]) length = i + 1;
  }
  return length;
}

uint32_t evaluate_polynomial(const uint32_t *coefficients, int n, uint32_t x) {
  uint64_t value = 0;
  for (int i = n - 1; i >= 0; i--) {
    value = (value * x + coefficients[i]) % MODULUS;
  }
  return (uint32_t)value;
}

int64_t extended_gcd(int64_t a, int64_t b, int64_t *x, int64_t *y) {
  if (b == 0) {
    *x = 1;
    *y = 0;
    return a;
  }
  int64_t inner_x, inner_y;
  const int64_t divisor = extended_gcd(b, a % b, &inner_x, &inner_y);
  *x = inner_y;
  *y = inner_x - a / b * inner_y;
  return divisor;
}
