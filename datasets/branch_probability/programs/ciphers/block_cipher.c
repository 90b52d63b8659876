// A small block cipher in three modes, with padding that is checked.
#include <string.h>
#include "../../inputs.h"

static void encrypt(const uint32_t key[4], uint32_t v[2]) {
  uint32_t sum = 0;
  for (int i = 0; i < 32; i++) {
    v[0] += ((v[1] << 4 ^ v[1] >> 5) + v[1]) ^ (sum + key[sum & 3]);
    sum += 0x9e3779b9;
    v[1] += ((v[0] << 4 ^ v[0] >> 5) + v[0]) ^ (sum + key[sum >> 11 & 3]);
  }
}

static void decrypt(const uint32_t key[4], uint32_t v[2]) {
  uint32_t sum = 0x9e3779b9u * 32;
  for (int i = 0; i < 32; i++) {
    v[1] -= ((v[0] << 4 ^ v[0] >> 5) + v[0]) ^ (sum + key[sum >> 11 & 3]);
    sum -= 0x9e3779b9;
    v[0] -= ((v[1] << 4 ^ v[1] >> 5) + v[1]) ^ (sum + key[sum & 3]);
  }
}

static int seal(const uint32_t *key, uint8_t *data, int size, int chained) {
  uint32_t last[2] = {1, 2}, v[2];
  const int padding = 8 - size % 8;
  for (int i = 0; i < padding; i++) data[size + i] = padding;
  size += padding;
  for (int i = 0; i < size; i += 8) {
    memcpy(v, data + i, 8);
    if (chained) v[0] ^= last[0], v[1] ^= last[1];
    encrypt(key, v);
    memcpy(last, v, 8);
    memcpy(data + i, v, 8);
  }
  return size;
}

static int open_sealed(const uint32_t *key, uint8_t *data, int size,
                       int chained) {
  uint32_t last[2] = {1, 2}, v[2], now[2];
  if (size == 0 || size % 8) return -1;
  for (int i = 0; i < size; i += 8) {
    memcpy(v, data + i, 8);
    memcpy(now, v, 8);
    decrypt(key, v);
    if (chained) v[0] ^= last[0], v[1] ^= last[1];
    memcpy(last, now, 8);
    memcpy(data + i, v, 8);
  }
  const int padding = data[size - 1];
  if (padding < 1 || padding > 8) return -2;
  for (int i = 1; i <= padding; i++)
    if (data[size - i] != padding) return -3;
  return size - padding;
}

int main(void) {
  int results[4] = {0};
  long total = 0;
  for (int round = 0; round < 300; round++) {
    uint8_t data[200];
    uint32_t key[4];
    FILL(key, 4, in_bits());
    const int size = in_below(180);
    FILL(data, size, in_below(256));
    int sealed = seal(key, data, size, round % 2);
    if (in_below(6) == 0) data[sealed - 1 - in_below(sealed)] ^= 4;
    if (in_below(20) == 0) sealed--;
    const int opened = open_sealed(key, data, sealed, round % 2);
    results[opened < 0 ? -opened : 0]++;
    if (opened > 0) total += opened;
  }
  printf("%ld %d %d %d %d\n", total, results[0], results[1], results[2],
         results[3]);
  return 0;
}
