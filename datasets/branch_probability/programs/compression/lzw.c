// Lempel, Ziv and Welch with a table that is emptied when full.
#include <string.h>
#include "../../inputs.h"

enum { CODES = 1024, NONE = 0xffff };

struct node {
  uint16_t child, sibling;
  uint8_t byte;
};

static int encode(const uint8_t *in, int size, uint16_t *out) {
  static struct node nodes[CODES];
  int used = 256, n = 0;
  for (int i = 0; i < CODES; i++) nodes[i].child = NONE;
  int code = in[0];
  for (int i = 1; i < size; i++) {
    uint16_t next = nodes[code].child;
    while (next != NONE && nodes[next].byte != in[i]) next = nodes[next].sibling;
    if (next != NONE) {
      code = next;
      continue;
    }
    out[n++] = code;
    if (used < CODES) {
      nodes[used] = (struct node){NONE, nodes[code].child, in[i]};
      nodes[code].child = used++;
    } else {
      for (int k = 0; k < CODES; k++) nodes[k].child = NONE;
      used = 256;
    }
    code = in[i];
  }
  out[n++] = code;
  return n;
}

static int decode(const uint16_t *in, int size, uint8_t *out, int room) {
  static uint16_t before[CODES];
  static uint8_t last[CODES];
  uint8_t stack[CODES];
  int used = 256, n = 0, first = 0;
  for (int i = 0; i < size; i++) {
    int depth = 0, code = in[i];
    if (code >= used && i > 0) {  // the entry that is being made
      stack[depth++] = first;
      code = in[i - 1];
    }
    while (code >= 256) {
      stack[depth++] = last[code];
      code = before[code];
    }
    first = code;
    stack[depth++] = code;
    if (n + depth > room) return -1;
    while (depth) out[n++] = stack[--depth];
    if (i == 0) continue;
    if (used < CODES) {
      before[used] = in[i - 1];
      last[used++] = first;
    } else {
      used = 256;
    }
  }
  return n;
}

int main(void) {
  static uint8_t in[12000], back[12000];
  static uint16_t out[12000];
  long total = 0;
  for (int round = 0; round < 5; round++) {
    for (int i = 0; i < 12000; i++)
      in[i] = i > 20 && in_below(4) ? in[i - 17] : 'a' + in_skewed(12);
    const int n = encode(in, 12000, out);
    total += n + decode(out, n, back, 12000) + !memcmp(in, back, 12000);
  }
  printf("%ld\n", total);
  return 0;
}
