// Decodes UTF-8 strictly and says what is wrong with bytes.
#include "../../inputs.h"

enum { OK, SHORT, STRAY, OVERLONG, SURROGATE, TOO_LARGE, RESULTS };

static int decode(const uint8_t *at, const uint8_t *end, uint32_t *point,
                  int *length) {
  *length = 1;
  if (at[0] < 0x80) {
    *point = at[0];
    return OK;
  }
  int more;
  if ((at[0] & 0xe0) == 0xc0) more = 1, *point = at[0] & 31;
  else if ((at[0] & 0xf0) == 0xe0) more = 2, *point = at[0] & 15;
  else if ((at[0] & 0xf8) == 0xf0) more = 3, *point = at[0] & 7;
  else return STRAY;
  if (end - at <= more) return SHORT;
  for (int i = 1; i <= more; i++) {
    if ((at[i] & 0xc0) != 0x80) return SHORT;
    *point = *point << 6 | (at[i] & 63);
  }
  *length = 1 + more;
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  if (*point < least[more]) return OVERLONG;
  if (*point >= 0xd800 && *point < 0xe000) return SURROGATE;
  if (*point > 0x10ffff) return TOO_LARGE;
  return OK;
}

static int encode(uint32_t point, uint8_t *out) {
  if (point < 0x80) return out[0] = point, 1;
  if (point < 0x800) {
    out[0] = 0xc0 | point >> 6;
    return out[1] = 0x80 | (point & 63), 2;
  }
  if (point < 0x10000) {
    out[0] = 0xe0 | point >> 12;
    out[1] = 0x80 | (point >> 6 & 63);
    return out[2] = 0x80 | (point & 63), 3;
  }
  out[0] = 0xf0 | point >> 18;
  out[1] = 0x80 | (point >> 12 & 63);
  out[2] = 0x80 | (point >> 6 & 63);
  return out[3] = 0x80 | (point & 63), 4;
}

int main(void) {
  static uint8_t text[40000];
  int counts[RESULTS] = {0}, n = 0;
  uint64_t total = 0;
  for (int i = 0; i < 9000; i++) {
    const uint32_t kind = in_below(100);
    if (kind < 80) n += encode(in_below(128), text + n);
    else if (kind < 95) n += encode(in_below(0x3000), text + n);
    else if (kind < 98) n += encode(in_below(0x120000), text + n);
    else text[n++] = in_below(256);
  }
  for (int at = 0; at < n;) {
    uint32_t point;
    int length;
    const int result = decode(text + at, text + n, &point, &length);
    counts[result]++;
    if (result == OK) total += point;
    at += length;
  }
  printf("%llu %d %d\n", (unsigned long long)total, counts[SHORT],
         counts[STRAY]);
  return 0;
}
