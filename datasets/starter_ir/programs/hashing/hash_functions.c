// Non-cryptographic hashes and checksums over bytes.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

uint32_t fnv1a(const void *data, size_t size) {
  const uint8_t *bytes = data;
  uint32_t hash = 2166136261u;
  while (size--) {
    hash ^= *bytes++;
    hash *= 16777619u;
  }
  return hash;
}

uint64_t string_hash(const char *text) {
  uint64_t hash = 5381;
  for (int c; (c = (unsigned char)*text++) != 0;) {
    hash = (hash << 5) + hash + (uint64_t)c;
  }
  return hash;
}

static uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

uint32_t mix_words(const uint8_t *data, size_t size, uint32_t seed) {
  uint32_t hash = seed ^ (uint32_t)size;
  size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    uint32_t word;
    memcpy(&word, data + i, 4);
    hash ^= rotate(word * 0xcc9e2d51u, 15) * 0x1b873593u;
    hash = rotate(hash, 13) * 5u + 0xe6546b64u;
  }
  uint32_t tail = 0;
  switch (size & 3) {
    case 3:
      tail ^= (uint32_t)data[i + 2] << 16;
      __attribute__((fallthrough));
    case 2:
      tail ^= (uint32_t)data[i + 1] << 8;
      __attribute__((fallthrough));
    case 1:
      tail ^= data[i];
      hash ^= rotate(tail * 0xcc9e2d51u, 15) * 0x1b873593u;
      break;
    default:
      break;
  }
  hash ^= hash >> 16;
  hash *= 0x85ebca6bu;
  hash ^= hash >> 13;
  return hash;
}

void make_crc_table(uint32_t table[256], uint32_t polynomial) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) {
      value = value & 1u ? value >> 1 ^ polynomial : value >> 1;
    }
    table[i] = value;
  }
}

uint32_t crc32_update(const uint32_t table[256], uint32_t crc,
                      const uint8_t *data, size_t size) {
  crc = ~crc;
  for (size_t i = 0; i < size; i++) {
    crc = table[(crc ^ data[i]) & 255u] ^ crc >> 8;
  }
  return ~crc;
}

uint16_t crc16_bitwise(const uint8_t *data, size_t size) {
  uint16_t crc = 0xffff;
  for (size_t i = 0; i < size; i++) {
    crc ^= (uint16_t)(data[i] << 8);
    for (int bit = 0; bit < 8; bit++) {
      crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    }
  }
  return crc;
}

uint32_t adler32(const uint8_t *data, size_t size) {
  uint32_t low = 1, high = 0;
  while (size) {
    size_t block = size > 5552 ? 5552 : size;
    size -= block;
    while (block--) {
      low += *data++;
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return high << 16 | low;
}

uint64_t hash_pair(uint64_t a, uint64_t b) {
  const unsigned __int128 product =
      (unsigned __int128)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xbf58476d1ce4e5b9u);
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// Positions where a rolling sum over a window hits a boundary.
int content_chunks(const uint8_t *data, int size, int window, uint32_t mask,
                   int *cuts, int max_cuts) {
  uint32_t hash = 0, power = 1;
  for (int i = 0; i < window; i++) power *= 31u;
  int count = 0;
  for (int i = 0; i < size; i++) {
    hash = hash * 31u + data[i];
    if (i >= window) hash -= power * data[i - window];
    if (i >= window && (hash & mask) == mask) {
      if (count == max_cuts) return -1;
      cuts[count++] = i;
    }
  }
  return count;
}
