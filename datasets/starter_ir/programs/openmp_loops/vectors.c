// Parallel vector operations: reductions, schedules, simd, private copies.
#include <math.h>
#include <omp.h>
#include <stdint.h>

void saxpy(long n, float alpha, const float *x, float *y) {
#pragma omp parallel for simd schedule(static)
  for (long i = 0; i < n; i++) y[i] += alpha * x[i];
}

double dot_product(long n, const double *x, const double *y) {
  double sum = 0.0;
#pragma omp parallel for reduction(+ : sum)
  for (long i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

float largest_size(int n, const float *x) {
  float largest = 0.0f;
#pragma omp parallel for reduction(max : largest)
  for (int i = 0; i < n; i++) {
    const float size = fabsf(x[i]);
    if (size > largest) largest = size;
  }
  return largest;
}

void mean_and_variance(int n, const double *x, double *mean, double *variance) {
  double sum = 0.0, squares = 0.0;
#pragma omp parallel for reduction(+ : sum, squares) schedule(guided, 64)
  for (int i = 0; i < n; i++) {
    sum += x[i];
    squares += x[i] * x[i];
  }
  *mean = sum / n;
  *variance = squares / n - *mean * *mean;
}

int64_t count_divisors(int limit) {
  int64_t total = 0;
#pragma omp parallel for schedule(dynamic, 16) reduction(+ : total)
  for (int i = 1; i <= limit; i++) {
    int divisors = 0;
    for (int d = 1; d * d <= i; d++) {
      if (i % d == 0) divisors += d * d == i ? 1 : 2;
    }
    total += divisors;
  }
  return total;
}

uint32_t all_and_any(int n, const uint32_t *masks, uint32_t *any) {
  uint32_t all = UINT32_MAX, seen = 0;
#pragma omp parallel for reduction(& : all) reduction(| : seen)
  for (int i = 0; i < n; i++) {
    all &= masks[i];
    seen |= masks[i];
  }
  *any = seen;
  return all;
}

void normalise_rows(int rows, int columns, float *matrix) {
#pragma omp parallel for
  for (int i = 0; i < rows; i++) {
    float *row = matrix + (long)i * columns;
    float square = 0.0f;
#pragma omp simd reduction(+ : square)
    for (int j = 0; j < columns; j++) square += row[j] * row[j];
    const float scale = square > 0.0f ? 1.0f / sqrtf(square) : 0.0f;
#pragma omp simd
    for (int j = 0; j < columns; j++) row[j] *= scale;
  }
}

double time_copies(int n, const double *from, double *to, int repeats) {
  const double start = omp_get_wtime();
#pragma omp parallel
  {
    for (int r = 0; r < repeats; r++) {
#pragma omp for nowait
      for (int i = 0; i < n; i++) to[i] = from[i] + r;
#pragma omp barrier
    }
  }
  return omp_get_wtime() - start;
}
