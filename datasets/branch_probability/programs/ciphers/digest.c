// A digest of blocks, fed in pieces of any size, and a tree of digests.
#include <string.h>
#include "../../inputs.h"

struct digest {
  uint32_t h[4];
  uint8_t block[32];
  int held;
  uint64_t size;
};

static uint32_t turn(uint32_t x, int by) { return x << by | x >> (32 - by); }

static void mix(struct digest *d) {
  for (int i = 0; i < 8; i++) {
    uint32_t word;
    memcpy(&word, d->block + 4 * i, 4);
    d->h[i & 3] = turn(d->h[i & 3] ^ word * 0x9e3779b1u, 13) + d->h[(i + 1) & 3];
    if (d->h[0] & 1) d->h[2] ^= word;
  }
}

static void feed(struct digest *d, const uint8_t *data, size_t size) {
  d->size += size;
  if (d->held) {
    while (size && d->held < 32) d->block[d->held++] = *data++, size--;
    if (d->held < 32) return;
    mix(d);
    d->held = 0;
  }
  for (; size >= 32; data += 32, size -= 32) {
    memcpy(d->block, data, 32);
    mix(d);
  }
  if (size) memcpy(d->block, data, size);
  d->held = size;
}

static uint64_t finish(struct digest *d) {
  d->block[d->held++] = 0x80;
  if (d->held > 24) {
    while (d->held < 32) d->block[d->held++] = 0;
    mix(d);
    d->held = 0;
  }
  while (d->held < 24) d->block[d->held++] = 0;
  memcpy(d->block + 24, &d->size, 8);
  mix(d);
  return (uint64_t)d->h[0] << 32 | d->h[3];
}

static uint64_t tree(const uint8_t *data, size_t size) {
  struct digest d = {{1, 2, 3, 4}, {0}, 0, 0};
  if (size <= 100) {
    feed(&d, data, size);
    return finish(&d);
  }
  const uint64_t parts[2] = {tree(data, size / 2),
                             tree(data + size / 2, size - size / 2)};
  feed(&d, (const uint8_t *)parts, 16);
  return finish(&d);
}

int main(void) {
  static uint8_t data[5000];
  uint64_t total = 0;
  FILL(data, sizeof data, in_below(256));
  for (int round = 0; round < 200; round++) {
    struct digest d = {{1, 2, 3, 4}, {0}, 0, 0};
    for (size_t at = 0; at < sizeof data;) {
      size_t size = in_skewed(200);
      if (at + size > sizeof data) size = sizeof data - at;
      feed(&d, data + at, size);
      at += size ? size : 1;
    }
    total ^= finish(&d) ^ tree(data, in_below(5000));
  }
  printf("%llu\n", (unsigned long long)total);
  return 0;
}
