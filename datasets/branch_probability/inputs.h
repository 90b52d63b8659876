// Inputs of the programs: seeded, so that a program does the same everywhere,
// and without branches, so that programs have none in common.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

static uint64_t in_state = 88172645463325252u;

static uint32_t in_bits(void) {
  in_state ^= in_state >> 12;
  in_state ^= in_state << 25;
  in_state ^= in_state >> 27;
  return (in_state * 0x2545f4914f6cdd1du) >> 32;
}

// 0 .. bound - 1.
static uint32_t in_below(uint32_t bound) {
  return ((uint64_t)in_bits() * bound) >> 32;
}

// 0 .. 1.
static double in_unit(void) { return in_bits() / 4294967296.0; }

// Small numbers are frequent, large ones rare: 0 .. bound - 1.
static uint32_t in_skewed(uint32_t bound) {
  const double u = in_unit();
  return (uint32_t)(u * u * u * bound);
}

#define FILL(array, count, value)                              \
  for (size_t fill_ = 0; fill_ < (size_t)(count); fill_++)     \
    (array)[fill_] = (value)
