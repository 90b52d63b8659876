// The whole tree of the small game, cut where it is decided.
#include "../../inputs.h"

static long visited, cut;

static int has_won(int bits) {
  static const int lines[] = {7, 56, 448, 73, 146, 292, 273, 84};
  for (int i = 0; i < 8; i++)
    if ((bits & lines[i]) == lines[i]) return 1;
  return 0;
}

static int search(int mine, int theirs, int low, int high) {
  visited++;
  if (has_won(theirs)) return -1;
  if ((mine | theirs) == 511) return 0;
  for (int square = 0; square < 9; square++) {
    const int bit = 1 << square;
    if ((mine | theirs) & bit) continue;
    const int value = -search(theirs, mine | bit, -high, -low);
    if (value > low) low = value;
    if (low >= high) {
      cut++;
      break;
    }
  }
  return low;
}

int main(void) {
  int results[3] = {0};
  for (int game = 0; game < 60; game++) {
    int mine = 0, theirs = 0;
    for (int move = in_below(4); move > 0; move--) {
      const int bit = 1 << in_below(9);
      if ((mine | theirs) & bit) continue;
      const int other = mine | bit;
      mine = theirs;
      theirs = other;
    }
    results[1 + search(mine, theirs, -1, 1)]++;
  }
  printf("%d %d %d %ld %ld\n", results[0], results[1], results[2], visited,
         cut);
  return 0;
}
