// Conway's life on bytes and on bit rows, and an elementary automaton.
#include <stdint.h>
#include <string.h>

int count_neighbours(const uint8_t *cells, int width, int height, int x,
                     int y) {
  int count = 0;
  for (int dy = -1; dy <= 1; dy++) {
    for (int dx = -1; dx <= 1; dx++) {
      if (dx == 0 && dy == 0) continue;
      const int nx = (x + dx + width) % width;
      const int ny = (y + dy + height) % height;
      count += cells[ny * width + nx];
    }
  }
  return count;
}

int life_step(const uint8_t *now, uint8_t *next, int width, int height) {
  int alive = 0;
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++) {
      const int count = count_neighbours(now, width, height, x, y);
      const int cell = now[y * width + x];
      const int stays = count == 3 || (count == 2 && cell);
      next[y * width + x] = (uint8_t)stays;
      alive += stays;
    }
  }
  return alive;
}

// One 64 cell row at a time with carry-save adders.
void life_rows(const uint64_t *now, uint64_t *next, int rows) {
  for (int i = 0; i < rows; i++) {
    const uint64_t above = i ? now[i - 1] : 0, row = now[i];
    const uint64_t below = i + 1 < rows ? now[i + 1] : 0;
    const uint64_t inputs[8] = {above << 1, above, above >> 1, row << 1,
                                row >> 1, below << 1, below, below >> 1};
    uint64_t ones = 0, twos = 0, fours = 0;
    for (int k = 0; k < 8; k++) {
      const uint64_t carry = ones & inputs[k];
      ones ^= inputs[k];
      const uint64_t carry2 = twos & carry;
      twos ^= carry;
      fours |= carry2;
    }
    next[i] = twos & ~fours & (ones | row);
  }
}

int population(const uint64_t *rows, int count) {
  int total = 0;
  for (int i = 0; i < count; i++) total += __builtin_popcountll(rows[i]);
  return total;
}

void elementary_rule(uint8_t rule, const uint8_t *now, uint8_t *next, int n) {
  for (int i = 0; i < n; i++) {
    const unsigned left = i ? now[i - 1] : now[n - 1];
    const unsigned right = i + 1 < n ? now[i + 1] : now[0];
    const unsigned pattern = left << 2 | (unsigned)now[i] << 1 | right;
    next[i] = (rule >> pattern) & 1u;
  }
}

// Returns the period up to limit, or 0 when none was seen. history has room
// for limit rows.
int find_period(uint8_t rule, uint8_t *history, int n, int limit) {
  for (int step = 1; step < limit; step++) {
    uint8_t *next = history + (size_t)step * (size_t)n;
    elementary_rule(rule, next - n, next, n);
    for (int back = step - 1; back >= 0; back--) {
      if (memcmp(history + (size_t)back * (size_t)n, next, (size_t)n) == 0) {
        return step - back;
      }
    }
  }
  return 0;
}

void place_pattern(uint8_t *cells, int width, int height, const char *text,
                   int x, int y) {
  int column = x;
  for (; *text; text++) {
    switch (*text) {
      case 'O':
        if (column < width && y < height) cells[y * width + column] = 1;
        column++;
        break;
      case '.':
        column++;
        break;
      case '\n':
        y++;
        column = x;
        break;
      default:
        break;
    }
  }
}
