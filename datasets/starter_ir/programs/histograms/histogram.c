// Histograms of several types, and statistics that are read from them.
#include <math.h>
#include <stdint.h>
#include <string.h>

void histogram_bytes(const uint8_t *data, size_t size, uint32_t bins[256]) {
  memset(bins, 0, 256 * sizeof *bins);
  for (size_t i = 0; i < size; i++) bins[data[i]]++;
}

// Four tables hide the latency of repeated values.
void histogram_bytes_split(const uint8_t *data, size_t size,
                           uint32_t bins[256]) {
  uint32_t part[4][256];
  memset(part, 0, sizeof part);
  size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    part[0][data[i]]++;
    part[1][data[i + 1]]++;
    part[2][data[i + 2]]++;
    part[3][data[i + 3]]++;
  }
  for (; i < size; i++) part[0][data[i]]++;
  for (int b = 0; b < 256; b++) {
    bins[b] = part[0][b] + part[1][b] + part[2][b] + part[3][b];
  }
}

long histogram_range(const double *values, long count, double low, double high,
                     int num_bins, long *bins) {
  long outside = 0;
  const double scale = num_bins / (high - low);
  for (int b = 0; b < num_bins; b++) bins[b] = 0;
  for (long i = 0; i < count; i++) {
    if (!(values[i] >= low && values[i] < high)) {
      outside++;
      continue;
    }
    int bin = (int)((values[i] - low) * scale);
    if (bin == num_bins) bin--;
    bins[bin]++;
  }
  return outside;
}

int find_bin(const float *edges, int num_edges, float value) {
  int low = 0, high = num_edges;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (edges[middle] <= value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}

void histogram_weighted(const float *values, const float *weights, int count,
                        const float *edges, int num_edges, float *bins) {
  for (int b = 0; b + 1 < num_edges; b++) bins[b] = 0.0f;
  for (int i = 0; i < count; i++) {
    const int bin = find_bin(edges, num_edges, values[i]);
    if (bin >= 0 && bin + 1 < num_edges) bins[bin] += weights[i];
  }
}

void histogram_2d(const int16_t *x, const int16_t *y, int count,
                  uint16_t bins[32][32]) {
  memset(bins, 0, 32 * 32 * sizeof(uint16_t));
  for (int i = 0; i < count; i++) {
    const int bx = (x[i] + 32768) >> 11, by = (y[i] + 32768) >> 11;
    if (bins[bx][by] != UINT16_MAX) bins[bx][by]++;
  }
}

double entropy(const uint32_t *bins, int num_bins) {
  double total = 0.0, sum = 0.0;
  for (int b = 0; b < num_bins; b++) total += bins[b];
  for (int b = 0; b < num_bins; b++) {
    if (bins[b]) sum -= bins[b] / total * log2(bins[b] / total);
  }
  return sum;
}

int percentile(const uint32_t *bins, int num_bins, unsigned percent) {
  uint64_t total = 0, seen = 0;
  for (int b = 0; b < num_bins; b++) total += bins[b];
  const uint64_t wanted = total * percent / 100;
  for (int b = 0; b < num_bins; b++) {
    seen += bins[b];
    if (seen > wanted) return b;
  }
  return num_bins - 1;
}

int otsu_threshold(const uint32_t bins[256]) {
  double total = 0.0, moment = 0.0;
  for (int b = 0; b < 256; b++) {
    total += bins[b];
    moment += (double)b * bins[b];
  }
  double weight = 0.0, sum = 0.0, best = -1.0;
  int threshold = 0;
  for (int b = 0; b < 256; b++) {
    weight += bins[b];
    if (weight == 0.0) continue;
    if (weight == total) break;
    sum += (double)b * bins[b];
    const double gap = sum / weight - (moment - sum) / (total - weight);
    const double between = weight * (total - weight) * gap * gap;
    if (between > best) {
      best = between;
      threshold = b;
    }
  }
  return threshold;
}

void equalize(uint8_t *pixels, size_t size) {
  uint32_t bins[256];
  uint8_t map[256];
  histogram_bytes(pixels, size, bins);
  uint64_t seen = 0;
  for (int b = 0; b < 256; b++) {
    seen += bins[b];
    map[b] = (uint8_t)(size ? seen * 255 / size : 0);
  }
  for (size_t i = 0; i < size; i++) pixels[i] = map[pixels[i]];
}
