#include "../../../starter_ir/programs/compression/dictionary.c"
#include "../../inputs.h"

int main(void) {
  static uint8_t in[20000], out[60000], back[20000];
  static int64_t values[3000];
  size_t total = 0;
  for (int round = 0; round < 4; round++) {
    const uint32_t letters = round < 2 ? 3 : 40;
    for (size_t i = 0; i < sizeof in;) {
      const uint32_t run = 1 + in_skewed(round % 2 ? 30 : 4);
      const uint8_t letter = in_skewed(letters);
      for (uint32_t k = 0; k < run && i < sizeof in; k++) in[i++] = letter;
    }
    size_t size = encode_runs(in, sizeof in, out);
    total += size + decode_runs(out, size, back, sizeof back);
    size = encode_window(in, sizeof in, out);
    total += size + decode_window(out, size, back, sizeof back);
    move_to_front(in, sizeof in);
    total += in[77];
    values[0] = 5;
    for (int i = 1; i < 3000; i++)
      values[i] = values[i - 1] + in_skewed(1 << 20) - 3000;
    const int bytes = encode_deltas(values, 3000, out);
    for (int at = 0; at < bytes;) {
      uint64_t value;
      const int used = get_varint(out + at, bytes - at, &value);
      if (used <= 0) break;
      at += used;
      total += value & 7;
    }
  }
  printf("%zu\n", total);
  return 0;
}
