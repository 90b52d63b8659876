// Scans: sums, maxima, segmented, blocked, by operator, and their uses.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void scan_inclusive(const int *in, int *out, size_t n) {
  int sum = 0;
  for (size_t i = 0; i < n; i++) {
    sum += in[i];
    out[i] = sum;
  }
}

int64_t scan_exclusive(int64_t *values, size_t n) {
  int64_t sum = 0;
  for (size_t i = 0; i < n; i++) {
    const int64_t value = values[i];
    values[i] = sum;
    sum += value;
  }
  return sum;
}

// The work-efficient tree: up sweep, clear, down sweep; n a power of two.
void scan_tree(float *values, size_t n) {
  for (size_t stride = 1; stride < n; stride *= 2) {
    for (size_t i = 2 * stride - 1; i < n; i += 2 * stride) {
      values[i] += values[i - stride];
    }
  }
  values[n - 1] = 0.0f;
  for (size_t stride = n / 2; stride > 0; stride /= 2) {
    for (size_t i = 2 * stride - 1; i < n; i += 2 * stride) {
      const float left = values[i - stride];
      values[i - stride] = values[i];
      values[i] += left;
    }
  }
}

void scan_blocks(const double *in, double *out, size_t n, size_t block,
                 double *sums) {
  size_t num_blocks = 0;
  for (size_t start = 0; start < n; start += block) {
    double sum = 0.0;
    for (size_t i = start; i < start + block && i < n; i++) sum += in[i];
    sums[num_blocks++] = sum;
  }
  double before = 0.0;
  for (size_t b = 0; b < num_blocks; b++) {
    double running = before;
    for (size_t i = b * block; i < (b + 1) * block && i < n; i++) {
      running += in[i];
      out[i] = running;
    }
    before += sums[b];
  }
}

void scan_segmented(const float *in, const uint8_t *heads, float *out,
                    size_t n) {
  float sum = 0.0f;
  for (size_t i = 0; i < n; i++) {
    sum = heads[i] ? in[i] : sum + in[i];
    out[i] = sum;
  }
}

typedef long (*combine)(long, long);

long add(long a, long b) { return a + b; }
long maximum(long a, long b) { return a > b ? a : b; }
long minimum(long a, long b) { return a < b ? a : b; }
long both_bits(long a, long b) { return a | b; }

bool scan_by_name(char name, long *values, size_t n) {
  combine operation;
  switch (name) {
    case '+': operation = add; break;
    case 'M': operation = maximum; break;
    case 'm': operation = minimum; break;
    case '|': operation = both_bits; break;
    default: return false;
  }
  for (size_t i = 1; i < n; i++) {
    values[i] = operation(values[i - 1], values[i]);
  }
  return true;
}

size_t compact(const int *in, int *out, size_t n, int threshold) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    out[kept] = in[i];
    kept += in[i] >= threshold;
  }
  return kept;
}

void summed_area(const uint8_t *image, uint32_t *table, int width,
                 int height) {
  for (int y = 0; y < height; y++) {
    uint32_t row = 0;
    for (int x = 0; x < width; x++) {
      row += image[y * width + x];
      table[y * width + x] = row + (y ? table[(y - 1) * width + x] : 0u);
    }
  }
}

uint32_t box_sum(const uint32_t *table, int width, int x0, int y0, int x1,
                 int y1) {
  uint32_t sum = table[y1 * width + x1];
  if (x0) sum -= table[y1 * width + x0 - 1];
  if (y0) sum -= table[(y0 - 1) * width + x1];
  if (x0 && y0) sum += table[(y0 - 1) * width + x0 - 1];
  return sum;
}

double best_segment(const double *values, int n, int *start, int *end) {
  double best = values[0], here = 0.0;
  int from = 0;
  *start = *end = 0;
  for (int i = 0; i < n; i++) {
    if (here < 0.0) {
      here = 0.0;
      from = i;
    }
    here += values[i];
    if (here > best) {
      best = here;
      *start = from;
      *end = i;
    }
  }
  return best;
}

void linear_recurrence(const float *a, const float *b, float *x, int n) {
  for (int i = 1; i < n; i++) x[i] = a[i] * x[i - 1] + b[i];
}
