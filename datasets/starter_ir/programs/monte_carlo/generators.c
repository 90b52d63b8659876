// Random generators, the distributions made of them, and estimates.
#include <math.h>
#include <stdint.h>

struct xoshiro {
  uint64_t s[4];
};

static uint64_t rotl(uint64_t x, int k) { return x << k | x >> (64 - k); }

uint64_t splitmix(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

void seed(struct xoshiro *rng, uint64_t value) {
  for (int i = 0; i < 4; i++) rng->s[i] = splitmix(&value);
}

uint64_t next_bits(struct xoshiro *rng) {
  uint64_t *s = rng->s;
  const uint64_t result = rotl(s[1] * 5, 7) * 9, shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = rotl(s[3], 45);
  return result;
}

double uniform(struct xoshiro *rng) {
  return (double)(next_bits(rng) >> 11) * 0x1.0p-53;
}

uint32_t below(struct xoshiro *rng, uint32_t bound) {
  uint64_t product = (next_bits(rng) >> 32) * bound;
  if ((uint32_t)product < bound) {
    const uint32_t threshold = (0u - bound) % bound;
    while ((uint32_t)product < threshold) {
      product = (next_bits(rng) >> 32) * bound;
    }
  }
  return (uint32_t)(product >> 32);
}

double gaussian(struct xoshiro *rng) {
  double x, y, square;
  do {
    x = 2.0 * uniform(rng) - 1.0;
    y = 2.0 * uniform(rng) - 1.0;
    square = x * x + y * y;
  } while (square >= 1.0 || square == 0.0);
  return x * sqrt(-2.0 * log(square) / square);
}

int poisson(struct xoshiro *rng, double mean) {
  const double limit = exp(-mean);
  double product = uniform(rng);
  int count = 0;
  while (product > limit) {
    product *= uniform(rng);
    count++;
  }
  return count;
}

double estimate_pi(struct xoshiro *rng, long samples) {
  long inside = 0;
  for (long i = 0; i < samples; i++) {
    const double x = uniform(rng), y = uniform(rng);
    inside += x * x + y * y <= 1.0;
  }
  return 4.0 * (double)inside / (double)samples;
}

double integrate(struct xoshiro *rng, double (*f)(const double *, int),
                 int dimensions, long samples, double *error) {
  double mean = 0.0, squares = 0.0, point[8];
  for (long i = 1; i <= samples; i++) {
    for (int d = 0; d < dimensions && d < 8; d++) point[d] = uniform(rng);
    const double value = f(point, dimensions), delta = value - mean;
    mean += delta / (double)i;
    squares += delta * (value - mean);
  }
  *error = sqrt(squares / ((double)samples * (double)(samples - 1)));
  return mean;
}

void shuffle(struct xoshiro *rng, int *values, uint32_t count) {
  for (uint32_t i = count; i > 1; i--) {
    const uint32_t j = below(rng, i);
    const int kept = values[i - 1];
    values[i - 1] = values[j];
    values[j] = kept;
  }
}
