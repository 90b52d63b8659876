// First fit with splitting and joining of neighbours.
#include "../../inputs.h"

enum { ARENA = 1 << 16, HEADER = 8 };

struct block {
  uint32_t size;  // with the header
  uint32_t used;
};

static _Alignas(8) unsigned char arena[ARENA];

static struct block *at(uint32_t place) {
  return (struct block *)(arena + place);
}

static int32_t allocate(uint32_t size) {
  size = (size + HEADER + 7) & ~7u;
  for (uint32_t place = 0; place < ARENA; place += at(place)->size) {
    struct block *b = at(place);
    if (b->used) continue;
    for (;;) {  // joins what was freed behind it
      const uint32_t next = place + b->size;
      if (next >= ARENA || at(next)->used) break;
      b->size += at(next)->size;
    }
    if (b->size < size) continue;
    if (b->size - size >= 2 * HEADER) {
      *at(place + size) = (struct block){b->size - size, 0};
      b->size = size;
    }
    b->used = 1;
    return place + HEADER;
  }
  return -1;
}

static void release(int32_t place) {
  if (place >= 0) at(place - HEADER)->used = 0;
}

int main(void) {
  int32_t held[300];
  long failed = 0, total = 0;
  *at(0) = (struct block){ARENA, 0};
  FILL(held, 300, -1);
  for (int i = 0; i < 12000; i++) {
    const uint32_t k = in_below(300);
    if (held[k] >= 0) {
      release(held[k]);
      held[k] = -1;
    } else {
      held[k] = allocate(in_skewed(1500));
      if (held[k] < 0) failed++;
      else total += held[k] & 63;
    }
  }
  printf("%ld %ld\n", failed, total);
  return 0;
}
