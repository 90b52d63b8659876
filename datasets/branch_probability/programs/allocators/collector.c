// Mark and sweep over pairs, with a stack for the marks.
#include "../../inputs.h"

enum { CELLS = 3000, ROOTS = 40, NIL = -1 };

struct cell {
  int left, right;
  uint8_t marked, used;
};

static struct cell cells[CELLS];
static int roots[ROOTS], free_list = NIL, collections, freed;

static int mark(int root) {
  static int stack[2 * CELLS];
  int depth = 0, count = 0;
  stack[depth++] = root;
  while (depth) {
    const int i = stack[--depth];
    if (i == NIL || cells[i].marked) continue;
    cells[i].marked = 1;
    count++;
    stack[depth++] = cells[i].left;
    stack[depth++] = cells[i].right;
  }
  return count;
}

static void collect(void) {
  int live = 0;
  for (int i = 0; i < ROOTS; i++) live += mark(roots[i]);
  free_list = NIL;
  for (int i = 0; i < CELLS; i++) {
    if (cells[i].marked) {
      cells[i].marked = 0;
      continue;
    }
    if (cells[i].used) freed++;
    cells[i].used = 0;
    cells[i].left = free_list;
    free_list = i;
  }
  collections++;
  if (live == CELLS)  // everything is reachable: let half of it go
    for (int i = 0; i < ROOTS; i++)
      if (in_below(2)) roots[i] = NIL;
}

static int make(int left, int right) {
  while (free_list == NIL) collect();
  const int i = free_list;
  free_list = cells[i].left;
  cells[i] = (struct cell){left, right, 0, 1};
  return i;
}

int main(void) {
  long total = 0;
  FILL(roots, ROOTS, NIL);
  for (int i = 0; i < 30000; i++) {
    const uint32_t k = in_below(ROOTS);
    if (in_below(60) == 0) roots[k] = NIL;
    else roots[k] = make(roots[k], in_below(3) ? NIL : roots[in_below(ROOTS)]);
    int length = 0;
    for (int c = roots[k]; c != NIL && length < 20; c = cells[c].left) length++;
    total += length;
  }
  printf("%ld %d %d\n", total, collections, freed);
  return 0;
}
