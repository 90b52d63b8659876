// Alpha-beta on bitboards with a table of positions.
#include "../../inputs.h"

enum { WIDTH = 7, HEIGHT = 6, TABLE = 4093 };

struct entry {
  uint64_t key;
  int8_t depth, value;
};

static struct entry table[TABLE];
static long nodes, found;

static int is_won(uint64_t b) {
  static const int shifts[] = {1, 7, 6, 8};
  for (int i = 0; i < 4; i++) {
    const uint64_t two = b & b >> shifts[i];
    if (two & two >> 2 * shifts[i]) return 1;
  }
  return 0;
}

static int search(uint64_t mine, uint64_t theirs, int depth, int low,
                  int high) {
  static const int order[] = {3, 2, 4, 1, 5, 0, 6};
  nodes++;
  if (is_won(theirs)) return -20 - depth;
  if (depth == 0) return 0;
  const uint64_t key = mine * 31 ^ theirs * 1000003;
  struct entry *e = &table[key % TABLE];
  if (e->key == key && e->depth == depth) {
    found++;
    return e->value;
  }
  int best = -100;
  for (int k = 0; k < WIDTH; k++) {
    const int column = order[k];
    int row = 0;
    while (row < HEIGHT && ((mine | theirs) >> (column * 7 + row) & 1)) row++;
    if (row == HEIGHT) continue;
    const int value = -search(theirs, mine | 1ull << (column * 7 + row),
                              depth - 1, -high, -low);
    if (value > best) best = value;
    if (value > low) low = value;
    if (low >= high) return best;
  }
  if (best == -100) return 0;
  *e = (struct entry){key, depth, best};
  return best;
}

int main(void) {
  long total = 0;
  for (int game = 0; game < 8; game++) {
    uint64_t mine = 0, theirs = 0;
    for (int k = 0; k < 8; k++) {
      const int column = in_below(WIDTH);
      int row = 0;
      while (row < HEIGHT && ((mine | theirs) >> (column * 7 + row) & 1)) row++;
      if (row == HEIGHT) continue;
      const uint64_t other = mine | 1ull << (column * 7 + row);
      mine = theirs;
      theirs = other;
    }
    total += search(mine, theirs, 6, -100, 100);
  }
  printf("%ld %ld %ld\n", total, nodes, found);
  return 0;
}
