// Sieves, tests for primes and factors by rho.
#include "../../inputs.h"

enum { LIMIT = 30000 };

static uint64_t power(uint64_t base, uint64_t e, uint64_t modulus) {
  uint64_t result = 1;
  for (base %= modulus; e; e >>= 1) {
    if (e & 1) result = (unsigned __int128)result * base % modulus;
    base = (unsigned __int128)base * base % modulus;
  }
  return result;
}

static int is_prime(uint64_t n) {
  static const int witnesses[] = {2, 3, 5, 7, 11, 13};
  if (n < 2) return 0;
  for (int i = 0; i < 6; i++)
    if (n % witnesses[i] == 0) return n == (uint64_t)witnesses[i];
  uint64_t odd = n - 1;
  int twos = 0;
  while (!(odd & 1)) odd >>= 1, twos++;
  for (int i = 0; i < 6; i++) {
    uint64_t x = power(witnesses[i], odd, n);
    if (x == 1 || x == n - 1) continue;
    int passed = 0;
    for (int k = 1; k < twos && !passed; k++) {
      x = (unsigned __int128)x * x % n;
      if (x == n - 1) passed = 1;
    }
    if (!passed) return 0;
  }
  return 1;
}

static uint64_t divisor(uint64_t n, uint64_t c) {
  uint64_t slow = 2, fast = 2, d = 1;
  for (int steps = 0; d == 1 && steps < 20000; steps++) {
    slow = ((unsigned __int128)slow * slow + c) % n;
    fast = ((unsigned __int128)fast * fast + c) % n;
    fast = ((unsigned __int128)fast * fast + c) % n;
    uint64_t a = slow > fast ? slow - fast : fast - slow, b = n;
    while (a) {
      const uint64_t rest = b % a;
      b = a;
      a = rest;
    }
    d = b;
  }
  return d == n ? 1 : d;
}

int main(void) {
  static uint8_t composite[LIMIT];
  long count = 0, twins = 0, split = 0, prime = 0;
  for (int i = 2, last = 0; i < LIMIT; i++) {
    if (composite[i]) continue;
    count++;
    if (i - last == 2) twins++;
    last = i;
    for (long k = (long)i * i; k < LIMIT; k += i) composite[k] = 1;
  }
  for (int i = 0; i < 400; i++) {
    const uint64_t n = in_bits() | 1;
    if (is_prime(n)) prime++;
    else if (i < 60 && divisor(n, 1 + i % 3) > 1) split++;
  }
  printf("%ld %ld %ld %ld\n", count, twins, prime, split);
  return 0;
}
