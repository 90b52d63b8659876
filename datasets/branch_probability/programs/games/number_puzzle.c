// Fills nine by nine squares by trying, the narrowest square first.
#include <string.h>
#include "../../inputs.h"

struct puzzle {
  uint8_t cells[81];
  uint16_t rows[9], columns[9], boxes[9];
};

static long steps;

static int box_of(int i) { return i / 27 * 3 + i % 9 / 3; }

static int put(struct puzzle *p, int i, int digit) {
  const int bit = 1 << digit;
  if ((p->rows[i / 9] | p->columns[i % 9] | p->boxes[box_of(i)]) & bit)
    return 0;
  p->rows[i / 9] |= bit;
  p->columns[i % 9] |= bit;
  p->boxes[box_of(i)] |= bit;
  p->cells[i] = digit;
  return 1;
}

static void take(struct puzzle *p, int i) {
  const int bit = ~(1 << p->cells[i]);
  p->rows[i / 9] &= bit;
  p->columns[i % 9] &= bit;
  p->boxes[box_of(i)] &= bit;
  p->cells[i] = 0;
}

static int count_bits(int x) {
  int n = 0;
  for (; x; x &= x - 1) n++;
  return n;
}

static int solve(struct puzzle *p) {
  int best = -1, fewest = 10, open = 0;
  if (++steps > 40000) return 0;
  for (int i = 0; i < 81; i++) {
    if (p->cells[i]) continue;
    const int taken = p->rows[i / 9] | p->columns[i % 9] | p->boxes[box_of(i)];
    const int left = 9 - count_bits(taken);
    if (left < fewest) {
      best = i;
      fewest = left;
      open = ~taken & 0x3fe;
      if (left == 0) return 0;
      if (left == 1) break;
    }
  }
  if (best < 0) return 1;
  for (int digit = 1; digit <= 9; digit++) {
    if (!(open >> digit & 1)) continue;
    put(p, best, digit);
    if (solve(p)) return 1;
    take(p, best);
  }
  return 0;
}

int main(void) {
  int solved = 0, clashes = 0;
  for (int round = 0; round < 25; round++) {
    struct puzzle p;
    memset(&p, 0, sizeof p);
    for (int k = 18 + round % 8; k > 0; k--) {
      const int i = in_below(81);
      if (!p.cells[i] && !put(&p, i, 1 + in_below(9))) clashes++;
    }
    steps = 0;
    solved += solve(&p);
  }
  printf("%d %d %ld\n", solved, clashes, steps);
  return 0;
}
