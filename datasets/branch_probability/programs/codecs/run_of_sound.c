// Adaptive differential coding of samples to four bits each.
#include <stdlib.h>
#include "../../inputs.h"

static const int8_t moves[8] = {-1, -1, -1, -1, 2, 4, 6, 8};

struct state {
  int value, index;
};

static int step_of(int index) {
  int step = 7;
  for (int i = 0; i < index; i++) step += step / 10 + 1;
  return step;
}

static int clamp(int value, int low, int high) {
  if (value < low) return low;
  if (value > high) return high;
  return value;
}

static void advance(struct state *s, int code, int step) {
  int difference = step >> 3;
  if (code & 4) difference += step;
  if (code & 2) difference += step >> 1;
  if (code & 1) difference += step >> 2;
  s->value = clamp(s->value + (code & 8 ? -difference : difference), -32768,
                   32767);
  s->index = clamp(s->index + moves[code & 7], 0, 60);
}

static int encode(struct state *s, int sample, const int *steps) {
  const int step = steps[s->index];
  int difference = sample - s->value, code = 0;
  if (difference < 0) {
    code = 8;
    difference = -difference;
  }
  if (difference >= step) code |= 4, difference -= step;
  if (difference >= step >> 1) code |= 2, difference -= step >> 1;
  if (difference >= step >> 2) code |= 1;
  advance(s, code, step);
  return code;
}

int main(void) {
  int steps[61], quiet = 0;
  long error = 0;
  for (int i = 0; i < 61; i++) steps[i] = step_of(i);
  for (int round = 0; round < 4; round++) {
    struct state out = {0, 0}, in = {0, 0};
    int sample = 0, slope = 0;
    for (int i = 0; i < 8000; i++) {
      slope = clamp(slope + (int)in_below(401) - 200, -900, 900);
      sample = clamp(sample + slope, -20000, 20000);
      if (abs(sample) == 20000) slope = -slope / 2;
      const int code = encode(&out, sample, steps);
      advance(&in, code, steps[in.index]);
      if ((code & 7) == 0) quiet++;
      error += abs(in.value - sample);
    }
  }
  printf("%ld %d\n", error, quiet);
  return 0;
}
