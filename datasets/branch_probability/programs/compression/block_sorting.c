// The Burrows-Wheeler transform of short blocks, and back.
#include <stdlib.h>
#include <string.h>
#include "../../inputs.h"

enum { SIZE = 512 };

static const uint8_t *block;

static int by_rotation(const void *left, const void *right) {
  int i = *(const int *)left, j = *(const int *)right;
  for (int k = 0; k < SIZE; k++) {
    const int a = block[i], b = block[j];
    if (a != b) return a < b ? -1 : 1;
    if (++i == SIZE) i = 0;
    if (++j == SIZE) j = 0;
  }
  return 0;
}

static int forward(const uint8_t *in, uint8_t *out) {
  int order[SIZE], first = 0;
  block = in;
  for (int i = 0; i < SIZE; i++) order[i] = i;
  qsort(order, SIZE, sizeof *order, by_rotation);
  for (int i = 0; i < SIZE; i++) {
    if (order[i] == 0) first = i;
    out[i] = in[order[i] ? order[i] - 1 : SIZE - 1];
  }
  return first;
}

static void backward(const uint8_t *in, int first, uint8_t *out) {
  int starts[257] = {0}, next[SIZE];
  for (int i = 0; i < SIZE; i++) starts[in[i] + 1]++;
  for (int c = 0; c < 256; c++) starts[c + 1] += starts[c];
  for (int i = 0; i < SIZE; i++) next[starts[in[i]]++] = i;
  for (int i = 0, at = next[first]; i < SIZE; i++, at = next[at])
    out[i] = in[at];
}

static int count_runs(const uint8_t *data) {
  int runs = 1;
  for (int i = 1; i < SIZE; i++)
    if (data[i] != data[i - 1]) runs++;
  return runs;
}

int main(void) {
  static const char *const words[] = {"the ", "branch ", "of ", "loop ", "a "};
  uint8_t in[SIZE + 10], out[SIZE], back[SIZE];
  long total = 0;
  for (int round = 0; round < 20; round++) {
    for (int n = 0; n < SIZE;) {
      const char *word = words[in_skewed(5)];
      while (*word && n < SIZE) in[n++] = in_below(60) ? *word++ : 'x';
    }
    const int first = forward(in, out);
    backward(out, first, back);
    total += count_runs(in) - count_runs(out) + 1000 * !!memcmp(in, back, SIZE);
  }
  printf("%ld\n", total);
  return 0;
}
