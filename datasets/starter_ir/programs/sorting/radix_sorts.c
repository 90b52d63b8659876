// Sorts and selections that do not only compare: counting, radix, select.
#include <stdint.h>
#include <string.h>

void counting_sort(uint8_t *values, size_t count) {
  size_t bins[256] = {0};
  for (size_t i = 0; i < count; i++) bins[values[i]]++;
  size_t out = 0;
  for (int v = 0; v < 256; v++) {
    memset(values + out, v, bins[v]);
    out += bins[v];
  }
}

void radix_sort_u32(uint32_t *values, uint32_t *scratch, size_t count) {
  for (int shift = 0; shift < 32; shift += 8) {
    size_t starts[257] = {0};
    for (size_t i = 0; i < count; i++) {
      starts[(values[i] >> shift & 255u) + 1]++;
    }
    for (int b = 0; b < 256; b++) starts[b + 1] += starts[b];
    for (size_t i = 0; i < count; i++) {
      scratch[starts[values[i] >> shift & 255u]++] = values[i];
    }
    uint32_t *kept = values;
    values = scratch;
    scratch = kept;
  }
}

uint32_t float_key(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

float key_float(uint32_t key) {
  const uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

void radix_sort_floats(float *values, uint32_t *keys, uint32_t *scratch,
                       size_t count) {
  for (size_t i = 0; i < count; i++) keys[i] = float_key(values[i]);
  radix_sort_u32(keys, scratch, count);
  for (size_t i = 0; i < count; i++) values[i] = key_float(keys[i]);
}

// Most significant digit first, in place, for strings of equal width.
void sort_words(char (*words)[16], int count, int position) {
  if (count < 2 || position == 16) return;
  int heads[256] = {0}, tails[256];
  for (int i = 0; i < count; i++) heads[(uint8_t)words[i][position]]++;
  int total = 0;
  for (int b = 0; b < 256; b++) {
    const int size = heads[b];
    heads[b] = total;
    total += size;
    tails[b] = total;
  }
  for (int b = 0; b < 256; b++) {
    while (heads[b] < tails[b]) {
      const uint8_t digit = (uint8_t)words[heads[b]][position];
      if (digit == b) {
        heads[b]++;
        continue;
      }
      char kept[16];
      memcpy(kept, words[heads[digit]], 16);
      memcpy(words[heads[digit]], words[heads[b]], 16);
      memcpy(words[heads[b]], kept, 16);
      heads[digit]++;
    }
  }
  int start = 0;
  for (int b = 0; b < 256; b++) {
    if (b) sort_words(words + start, tails[b] - start, position + 1);
    start = tails[b];
  }
}

int64_t quick_select(int64_t *values, int count, int rank) {
  int low = 0, high = count - 1;
  while (low < high) {
    const int64_t pivot = values[(low + high) / 2];
    int i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        const int64_t kept = values[i];
        values[i++] = values[j];
        values[j--] = kept;
      }
    }
    if (rank <= j) {
      high = j;
    } else if (rank >= i) {
      low = i;
    } else {
      break;
    }
  }
  return values[rank];
}

void compare_exchange(int *a, int *b) {
  const int low = *a < *b ? *a : *b;
  *b = *a < *b ? *b : *a;
  *a = low;
}

void sort_network_6(int v[6]) {
  static const uint8_t pairs[12][2] = {{1, 2}, {4, 5}, {0, 2}, {3, 5},
                                       {0, 1}, {3, 4}, {2, 5}, {0, 3},
                                       {1, 4}, {2, 4}, {1, 3}, {2, 3}};
  for (int i = 0; i < 12; i++) compare_exchange(v + pairs[i][0], v + pairs[i][1]);
}
