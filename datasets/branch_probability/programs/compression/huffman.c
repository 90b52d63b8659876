#include "../../../starter_ir/programs/compression/huffman.c"
#include "../../inputs.h"

int main(void) {
  static uint8_t in[30000], out[60000], back[30000];
  uint64_t total = 0;
  for (int round = 0; round < 3; round++) {
    uint32_t counts[256] = {0}, codes[256];
    uint8_t lengths[256];
    for (size_t i = 0; i < sizeof in; i++)
      counts[in[i] = round == 2 ? in_below(256) : in_skewed(90)]++;
    total += code_lengths(counts, lengths);
    canonical_codes(lengths, codes);
    const size_t size = encode(in, sizeof in, lengths, codes, out, sizeof out);
    total += size + decode(out, size, lengths, back, sizeof back);
    total += encoded_bits(counts, lengths) + !memcmp(in, back, sizeof in);
  }
  printf("%llu\n", (unsigned long long)total);
  return 0;
}
