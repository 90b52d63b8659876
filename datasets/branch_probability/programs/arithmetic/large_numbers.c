// Natural numbers of many digits: sums, products, quotients, powers.
#include <string.h>
#include "../../inputs.h"

enum { DIGITS = 64 };

struct number {
  int size;
  uint32_t digits[DIGITS];
};

static void trim(struct number *n) {
  while (n->size > 0 && n->digits[n->size - 1] == 0) n->size--;
}

static int compare(const struct number *a, const struct number *b) {
  if (a->size != b->size) return a->size < b->size ? -1 : 1;
  for (int i = a->size - 1; i >= 0; i--)
    if (a->digits[i] != b->digits[i])
      return a->digits[i] < b->digits[i] ? -1 : 1;
  return 0;
}

static void subtract(struct number *a, const struct number *b) {
  uint32_t borrow = 0;
  for (int i = 0; i < a->size; i++) {
    const uint64_t take = (uint64_t)(i < b->size ? b->digits[i] : 0) + borrow;
    borrow = a->digits[i] < take;
    a->digits[i] -= take;
  }
  trim(a);
}

static void multiply(const struct number *a, const struct number *b,
                     struct number *out) {
  memset(out, 0, sizeof *out);
  for (int i = 0; i < a->size; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < b->size || carry; j++) {
      if (i + j >= DIGITS) break;
      carry += out->digits[i + j];
      if (j < b->size) carry += (uint64_t)a->digits[i] * b->digits[j];
      out->digits[i + j] = carry;
      carry >>= 32;
    }
  }
  out->size = a->size + b->size > DIGITS ? DIGITS : a->size + b->size;
  trim(out);
}

static void shift_in(struct number *n, int bit) {
  uint32_t carry = bit;
  for (int i = 0; i < n->size; i++) {
    const uint32_t next = n->digits[i] >> 31;
    n->digits[i] = n->digits[i] << 1 | carry;
    carry = next;
  }
  if (carry && n->size < DIGITS) n->digits[n->size++] = carry;
}

static void remainder_of(const struct number *a, const struct number *b,
                         struct number *out) {
  out->size = 0;
  for (int i = 32 * a->size - 1; i >= 0; i--) {
    shift_in(out, a->digits[i / 32] >> i % 32 & 1);
    if (compare(out, b) >= 0) subtract(out, b);
  }
}

int main(void) {
  static struct number a, b, product, rest, power;
  uint64_t total = 0;
  for (int round = 0; round < 60; round++) {
    a.size = 1 + in_below(20);
    b.size = 1 + in_below(10);
    FILL(a.digits, a.size, in_below(9) ? in_bits() : 0);
    FILL(b.digits, b.size, in_bits());
    trim(&a);
    multiply(&a, &b, &product);
    remainder_of(&product, &b, &rest);
    total += rest.size;
    remainder_of(&a, &b, &power);
    for (int k = 0; k < 4; k++) {
      multiply(&power, &power, &product);
      remainder_of(&product, &b, &power);
    }
    total += power.digits[0] & 255;
  }
  printf("%llu\n", (unsigned long long)total);
  return 0;
}
