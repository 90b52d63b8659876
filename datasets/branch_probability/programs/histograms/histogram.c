#include "../../../starter_ir/programs/histograms/histogram.c"
#include "../../inputs.h"

int main(void) {
  static uint8_t data[10000];
  static double values[5000];
  static float samples[5000], weights[5000], edges[21], bins[20];
  static int16_t x[5000], y[5000];
  static uint16_t grid[32][32];
  static uint32_t counts[256];
  long ranges[16];
  double total = 0;
  for (int i = 0; i < 21; i++) edges[i] = i * i;
  for (int round = 0; round < 3; round++) {
    FILL(data, sizeof data, in_skewed(256));
    FILL(values, 5000, in_unit() * 3 - 1);
    FILL(samples, 5000, in_unit() * 450 - 20);
    FILL(weights, 5000, in_unit());
    FILL(x, 5000, in_bits());
    FILL(y, 5000, in_bits());
    memset(counts, 0, sizeof counts);
    histogram_bytes(data, sizeof data, counts);
    histogram_bytes_split(data, sizeof data, counts);
    total += histogram_range(values, 5000, 0, 1, 16, ranges);
    histogram_weighted(samples, weights, 5000, edges, 21, bins);
    histogram_2d(x, y, 5000, grid);
    total += entropy(counts, 256) + otsu_threshold(counts) + bins[3];
    for (unsigned p = 1; p < 100; p += 7) total += percentile(counts, 256, p);
    equalize(data, sizeof data);
  }
  printf("%g\n", total);
  return 0;
}
