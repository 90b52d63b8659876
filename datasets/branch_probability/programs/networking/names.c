// Names of hosts on the wire: labels, pointers backwards, loops, limits.
#include <string.h>
#include "../../inputs.h"

enum { SIZE = 600 };

static int read_name(const uint8_t *message, int size, int at, char *out) {
  int n = 0, jumps = 0, after = -1;
  for (;;) {
    if (at >= size) return -1;
    const int length = message[at];
    if (length >= 0xc0) {
      if (at + 1 >= size || ++jumps > 8) return -2;
      if (after < 0) after = at + 2;
      at = (length & 63) << 8 | message[at + 1];
      continue;
    }
    if (length > 63) return -3;
    if (length == 0) break;
    if (at + 1 + length > size || n + length + 2 > 255) return -4;
    if (n) out[n++] = '.';
    for (int i = 1; i <= length; i++) {
      const uint8_t c = message[at + i];
      out[n++] = c >= 'A' && c <= 'Z' ? c + 32 : c;
    }
    at += 1 + length;
  }
  out[n] = 0;
  return after < 0 ? at + 1 : after;
}

static int write_name(uint8_t *message, int at, int *starts, int count) {
  for (int labels = in_below(4); labels >= 0; labels--) {
    const int length = 1 + in_skewed(20);
    message[at++] = in_below(400) ? length : 70;
    for (int i = 0; i < length; i++)
      message[at++] = (in_below(4) ? 'a' : 'A') + in_below(26);
  }
  if (count && in_below(2)) {
    const int to = in_below(60) ? starts[in_below(count)] : at;
    message[at++] = 0xc0 | to >> 8;
    message[at++] = to;
  } else {
    message[at++] = 0;
  }
  return at;
}

int main(void) {
  int results[5] = {0};
  long total = 0;
  for (int round = 0; round < 600; round++) {
    uint8_t message[SIZE];
    int starts[8], at = 12, count = 0;
    memset(message, 0, sizeof message);
    while (count < 6 && at < SIZE - 100) {
      starts[count] = at;
      at = write_name(message, at, starts, count);
      count++;
    }
    const int size = in_below(30) ? at : at - 3;
    for (int i = 0, from = 12; i < count; i++) {
      char name[256];
      from = read_name(message, size, starts[i], name);
      results[from < 0 ? -from : 0]++;
      if (from > 0) total += strlen(name);
    }
  }
  printf("%ld %d %d %d %d\n", total, results[0], results[1], results[2],
         results[4]);
  return 0;
}
