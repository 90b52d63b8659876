// Codes that mend one flipped bit and notice two.
#include "../../inputs.h"

static int parity(uint32_t x) {
  int odd = 0;
  while (x) {
    x &= x - 1;
    odd ^= 1;
  }
  return odd;
}

static uint16_t protect(uint8_t data) {
  uint16_t word = 0;
  for (int place = 3, bit = 0; bit < 8; place++) {
    if ((place & (place - 1)) == 0) continue;  // a power of two checks
    if (data >> bit++ & 1) word |= 1u << place;
  }
  for (int check = 1; check <= 8; check <<= 1) {
    int odd = 0;
    for (int place = 1; place <= 12; place++)
      if ((place & check) && (word >> place & 1)) odd ^= 1;
    if (odd) word |= 1u << check;
  }
  return word | parity(word);
}

static int mend(uint16_t word, uint8_t *data) {
  int place = 0, result = 0;
  for (int i = 1; i <= 12; i++)
    if (word >> i & 1) place ^= i;
  if (parity(word)) {
    result = 1;
    if (place > 12) return 2;
    word ^= 1u << place;
  } else if (place) {
    return 2;
  }
  *data = 0;
  for (int i = 3, bit = 0; bit < 8; i++) {
    if ((i & (i - 1)) == 0) continue;
    *data |= (word >> i & 1) << bit++;
  }
  return result;
}

int main(void) {
  int counts[3] = {0}, wrong = 0;
  for (int i = 0; i < 6000; i++) {
    const uint8_t data = in_below(256);
    uint16_t word = protect(data);
    for (uint32_t flips = in_skewed(4); flips--;) word ^= 1u << in_below(13);
    uint8_t back;
    const int result = mend(word, &back);
    counts[result]++;
    if (result < 2 && back != data) wrong++;
  }
  printf("%d %d %d %d\n", counts[0], counts[1], counts[2], wrong);
  return 0;
}
