#include "../../../starter_ir/programs/strings/transform.c"
#include "../../inputs.h"

int main(void) {
  char text[400], out[600];
  uint8_t utf[2000];
  long total = 0;
  for (int round = 0; round < 300; round++) {
    const uint32_t size = 1 + in_skewed(390);
    for (uint32_t i = 0; i < size; i++)
      text[i] = in_below(6) ? 'a' + in_skewed(26) : " \n,.AZ9"[in_below(7)];
    text[size] = 0;
    const struct text_counts counts = count_text(text);
    total += counts.words + counts.longest + length_of(text);
    to_upper(text);
    substitute(text, "AEIOU", "aeiou");
    total += is_palindrome(text);
    reverse(text, size);
    total += is_palindrome(round % 3 ? "A man, a plan" : "Never odd or even");
    total += format_integer((int64_t)in_bits() - 2000000000,
                            round % 5 ? 10 : 16, out);
    int bytes = 0;
    for (int i = 0; i < 100; i++)
      bytes += encode_utf8(in_skewed(1 << 18), utf + bytes);
    utf[in_below(bytes)] = 0x80 | in_below(128);
    total += count_utf8(utf, bytes);
    total += encode_base64((uint8_t *)text, size, out);
  }
  printf("%ld\n", total);
  return 0;
}
