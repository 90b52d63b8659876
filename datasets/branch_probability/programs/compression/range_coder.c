// Adaptive binary models and a carry-less range coder of bits.
#include <string.h>
#include "../../inputs.h"

struct coder {
  uint32_t low, high, code;
  uint8_t *out;
  const uint8_t *in;
};

static void encode_bit(struct coder *c, uint16_t *model, int bit) {
  const uint32_t middle =
      c->low + (uint64_t)(c->high - c->low) * *model / 65536;
  if (bit) {
    c->high = middle;
    *model += (65535 - *model) >> 5;
  } else {
    c->low = middle + 1;
    *model -= *model >> 5;
  }
  while (!((c->low ^ c->high) >> 24)) {
    *c->out++ = c->high >> 24;
    c->low <<= 8;
    c->high = c->high << 8 | 255;
  }
}

static int decode_bit(struct coder *c, uint16_t *model) {
  const uint32_t middle =
      c->low + (uint64_t)(c->high - c->low) * *model / 65536;
  const int bit = c->code <= middle;
  if (bit) {
    c->high = middle;
    *model += (65535 - *model) >> 5;
  } else {
    c->low = middle + 1;
    *model -= *model >> 5;
  }
  while (!((c->low ^ c->high) >> 24)) {
    c->low <<= 8;
    c->high = c->high << 8 | 255;
    c->code = c->code << 8 | *c->in++;
  }
  return bit;
}

int main(void) {
  static uint8_t in[6000], out[16000];
  uint16_t models[256];
  long total = 0;
  for (int round = 0; round < 3; round++) {
    FILL(in, sizeof in, in_skewed(round == 2 ? 256 : 20));
    struct coder c = {.low = 0, .high = ~0u, .out = out};
    FILL(models, 256, 32768);
    for (size_t i = 0; i < sizeof in; i++)
      for (int context = 1, k = 7; k >= 0; k--) {
        const int bit = in[i] >> k & 1;
        encode_bit(&c, &models[context], bit);
        context = context << 1 | bit;
      }
    for (int k = 24; k >= 0; k -= 8) *c.out++ = c.low >> k;
    total += c.out - out;
    c = (struct coder){.low = 0, .high = ~0u, .in = out + 4};
    c.code = (uint32_t)out[0] << 24 | out[1] << 16 | out[2] << 8 | out[3];
    FILL(models, 256, 32768);
    for (size_t i = 0; i < sizeof in; i++) {
      int context = 1;
      while (context < 256)
        context = context << 1 | decode_bit(&c, &models[context]);
      if ((context & 255) != in[i]) return 1;
    }
  }
  printf("%ld\n", total);
  return 0;
}
