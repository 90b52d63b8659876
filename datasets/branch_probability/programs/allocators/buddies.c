// A buddy allocator: blocks of powers of two, split and joined.
#include "../../inputs.h"

enum { ORDERS = 11, LEAVES = 1 << (ORDERS - 1), NONE = -1 };

static int16_t heads[ORDERS], next[LEAVES], previous[LEAVES];
static int8_t order_of[LEAVES];  // of a free block's first leaf, else -1

static void push(int leaf, int order) {
  previous[leaf] = NONE;
  next[leaf] = heads[order];
  if (heads[order] != NONE) previous[heads[order]] = leaf;
  heads[order] = leaf;
  order_of[leaf] = order;
}

static void take_out(int leaf) {
  const int order = order_of[leaf];
  if (previous[leaf] == NONE) heads[order] = next[leaf];
  else next[previous[leaf]] = next[leaf];
  if (next[leaf] != NONE) previous[next[leaf]] = previous[leaf];
  order_of[leaf] = NONE;
}

static int allocate(int order) {
  int found = order;
  while (found < ORDERS && heads[found] == NONE) found++;
  if (found == ORDERS) return NONE;
  const int leaf = heads[found];
  take_out(leaf);
  while (found > order) {
    found--;
    push(leaf + (1 << found), found);
  }
  return leaf;
}

static int release(int leaf, int order) {
  int joined = 0;
  while (order < ORDERS - 1) {
    const int buddy = leaf ^ 1 << order;
    if (order_of[buddy] != order) break;
    take_out(buddy);
    if (buddy < leaf) leaf = buddy;
    order++;
    joined++;
  }
  push(leaf, order);
  return joined;
}

int main(void) {
  int leaf[200], order[200];
  long failed = 0, joined = 0;
  FILL(heads, ORDERS, NONE);
  FILL(order_of, LEAVES, NONE);
  FILL(leaf, 200, NONE);
  push(0, ORDERS - 1);
  for (int i = 0; i < 20000; i++) {
    const uint32_t k = in_below(200);
    if (leaf[k] != NONE) {
      joined += release(leaf[k], order[k]);
      leaf[k] = NONE;
    } else {
      leaf[k] = allocate(order[k] = in_skewed(7));
      if (leaf[k] == NONE) failed++;
    }
  }
  printf("%ld %ld\n", failed, joined);
  return 0;
}
