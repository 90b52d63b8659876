#include "../../../starter_ir/programs/hashing/hash_functions.c"
#include "../../inputs.h"

int main(void) {
  static uint8_t data[9000];
  static uint32_t table[256];
  int cuts[400];
  uint64_t total = 0;
  make_crc_table(table, 0xedb88320u);
  FILL(data, sizeof data, in_below(256));
  for (int round = 0; round < 300; round++) {
    const size_t size = in_skewed(2000), at = in_below(7000);
    char text[40] = {0};
    FILL(text, in_below(39), 'a' + in_below(26));
    total += fnv1a(data + at, size) ^ mix_words(data + at, size, round);
    total += string_hash(text) + adler32(data + at, size);
    total += crc32_update(table, ~0u, data + at, size);
    total += crc16_bitwise(data + at, size / 8) + hash_pair(at, size);
  }
  total += content_chunks(data, sizeof data, 32, 255, cuts, 400);
  printf("%llu\n", (unsigned long long)total);
  return 0;
}
