// Slabs of equal objects with a bitmap each; empty slabs go back.
#include "../../inputs.h"

enum { SLABS = 32, OBJECTS = 64, CLASSES = 4 };

struct slab {
  uint64_t free_bits;
  int kind;  // -1: not in use
};

static struct slab slabs[SLABS];
static int hint[CLASSES], opened, closed;

static int first_bit(uint64_t bits) {
  int n = 0;
  while (!(bits & 1)) {
    bits >>= 1;
    n++;
  }
  return n;
}

static int open_slab(int kind) {
  for (int i = 0; i < SLABS; i++) {
    if (slabs[i].kind >= 0) continue;
    slabs[i] = (struct slab){~0ull >> (kind * 8), kind};
    opened++;
    return i;
  }
  return -1;
}

static int allocate(int kind) {
  int i = hint[kind];
  if (slabs[i].kind != kind || !slabs[i].free_bits) {
    for (i = 0; i < SLABS; i++)
      if (slabs[i].kind == kind && slabs[i].free_bits) break;
    if (i == SLABS && (i = open_slab(kind)) < 0) return -1;
    hint[kind] = i;
  }
  const int bit = first_bit(slabs[i].free_bits);
  slabs[i].free_bits &= slabs[i].free_bits - 1;
  return i * OBJECTS + bit;
}

static void release(int object) {
  struct slab *s = &slabs[object / OBJECTS];
  s->free_bits |= 1ull << object % OBJECTS;
  if (s->free_bits == ~0ull >> (s->kind * 8)) {
    s->kind = -1;
    closed++;
  }
}

int main(void) {
  int held[1500];
  long failed = 0;
  FILL(held, 1500, -1);
  for (int i = 0; i < SLABS; i++) slabs[i].kind = -1;
  for (int i = 0; i < 40000; i++) {
    const uint32_t k = in_below(1500);
    if (held[k] >= 0 && in_below(5)) {
      release(held[k]);
      held[k] = -1;
    } else if (held[k] < 0) {
      held[k] = allocate(in_skewed(CLASSES));
      if (held[k] < 0) failed++;
    }
  }
  printf("%ld %d %d\n", failed, opened, closed);
  return 0;
}
