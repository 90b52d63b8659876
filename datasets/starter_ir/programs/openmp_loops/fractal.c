// Uneven parallel work: escape times, a ray-marched ball, primes.
#include <math.h>
#include <stdint.h>

int escape_time(double x, double y, int limit) {
  double re = 0.0, im = 0.0;
  int step = 0;
  while (step < limit && re * re + im * im < 4.0) {
    const double next = re * re - im * im + x;
    im = 2.0 * re * im + y;
    re = next;
    step++;
  }
  return step;
}

void mandelbrot(int width, int height, double centre_x, double centre_y,
                double scale, uint16_t *out) {
#pragma omp parallel for collapse(2) schedule(dynamic, 128)
  for (int j = 0; j < height; j++) {
    for (int i = 0; i < width; i++) {
      const double x = centre_x + scale * (i - 0.5 * width);
      const double y = centre_y + scale * (j - 0.5 * height);
      out[j * width + i] = (uint16_t)escape_time(x, y, 1000);
    }
  }
}

void julia_rows(int width, int height, float cx, float cy, uint8_t *out) {
#pragma omp parallel for schedule(guided)
  for (int j = 0; j < height; j++) {
#pragma omp simd
    for (int i = 0; i < width; i++) {
      float x = 3.0f * (float)i / (float)width - 1.5f;
      float y = 3.0f * (float)j / (float)height - 1.5f;
      int count = 0;
      for (int step = 0; step < 64; step++) {
        const float next = x * x - y * y + cx;
        const float other = 2.0f * x * y + cy;
        const int inside = next * next + other * other < 4.0f;
        x = inside ? next : x;
        y = inside ? other : y;
        count += inside;
      }
      out[j * width + i] = (uint8_t)(4 * count - (count == 64));
    }
  }
}

float march(float ox, float oy, float oz, float dx, float dy, float dz) {
  float t = 0.0f;
  for (int step = 0; step < 96; step++) {
    const float x = ox + t * dx, y = oy + t * dy, z = oz + t * dz;
    const float ball = sqrtf(x * x + y * y + z * z) - 1.0f;
    const float ripple = 0.05f * sinf(9.0f * x) * sinf(9.0f * y);
    const float distance = ball + ripple;
    if (distance < 1e-3f) return t;
    t += 0.7f * distance;
    if (t > 10.0f) break;
  }
  return -1.0f;
}

int render(int size, float *depth) {
  int hits = 0;
#pragma omp parallel for reduction(+ : hits) schedule(dynamic)
  for (int j = 0; j < size; j++) {
    for (int i = 0; i < size; i++) {
      const float u = 2.0f * (float)i / (float)size - 1.0f;
      const float v = 2.0f * (float)j / (float)size - 1.0f;
      const float length = sqrtf(u * u + v * v + 4.0f);
      const float t =
          march(0.0f, 0.0f, -3.0f, u / length, v / length, 2.0f / length);
      depth[j * size + i] = t;
      hits += t > 0.0f;
    }
  }
  return hits;
}

int is_prime(uint64_t n) {
  if (n < 4) return n > 1;
  if (n % 2 == 0 || n % 3 == 0) return 0;
  for (uint64_t d = 5; d * d <= n; d += 6) {
    if (n % d == 0 || n % (d + 2) == 0) return 0;
  }
  return 1;
}

int twin_primes(uint64_t from, uint64_t to) {
  int count = 0;
#pragma omp parallel for reduction(+ : count) schedule(dynamic, 32)
  for (uint64_t n = from | 1; n < to; n += 2) {
    count += is_prime(n) && is_prime(n + 2);
  }
  return count;
}
