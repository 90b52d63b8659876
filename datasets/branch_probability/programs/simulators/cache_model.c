// Set-associative caches of two levels under four patterns of access.
#include "../../inputs.h"

struct cache {
  int sets, ways;
  uint32_t tags[64][4];
  uint8_t valid[64][4], dirty[64][4], age[64][4];
  long hits, misses, written_back;
};

static int access_line(struct cache *c, uint32_t line, int is_write) {
  const int set = line % c->sets;
  int victim = 0;
  for (int way = 0; way < c->ways; way++) {
    if (c->valid[set][way] && c->tags[set][way] == line) {
      for (int k = 0; k < c->ways; k++)
        if (c->age[set][k] < c->age[set][way]) c->age[set][k]++;
      c->age[set][way] = 0;
      if (is_write) c->dirty[set][way] = 1;
      c->hits++;
      return 1;
    }
    if (!c->valid[set][way]) victim = way;
    else if (c->valid[set][victim] && c->age[set][way] > c->age[set][victim])
      victim = way;
  }
  if (c->valid[set][victim] && c->dirty[set][victim]) c->written_back++;
  for (int k = 0; k < c->ways; k++)
    if (c->age[set][k] < 255) c->age[set][k]++;
  c->tags[set][victim] = line;
  c->valid[set][victim] = 1;
  c->dirty[set][victim] = is_write;
  c->age[set][victim] = 0;
  c->misses++;
  return 0;
}

int main(void) {
  static struct cache small = {.sets = 16, .ways = 2};
  static struct cache large = {.sets = 64, .ways = 4};
  uint32_t address = 0;
  long stalls = 0;
  for (int i = 0; i < 40000; i++) {
    switch (i / 2000 % 4) {
      case 0: address += 8; break;
      case 1: address += 256; break;
      case 2: address = in_below(1 << 14); break;
      default: address = in_skewed(1 << 16);
    }
    const int is_write = in_below(4) == 0;
    if (!access_line(&small, address / 32, is_write))
      stalls += access_line(&large, address / 32, is_write) ? 10 : 100;
  }
  printf("%ld %ld %ld %ld\n", small.hits, large.misses, large.written_back,
         stalls);
  return 0;
}
