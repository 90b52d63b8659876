// Base64 and quoted-printable, with what people put between.
#include <string.h>
#include "../../inputs.h"

static int value_of(int c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

static int decode64(const char *in, uint8_t *out) {
  uint32_t bits = 0;
  int have = 0, n = 0;
  for (; *in && *in != '='; in++) {
    if (*in == ' ' || *in == '\n' || *in == '\r') continue;
    const int value = value_of(*in);
    if (value < 0) return -1;
    bits = bits << 6 | value;
    have += 6;
    if (have >= 8) {
      have -= 8;
      out[n++] = bits >> have;
    }
  }
  return n;
}

static int hex(int c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int decode_quoted(const char *in, uint8_t *out) {
  int n = 0;
  while (*in) {
    if (*in != '=') {
      out[n++] = *in++ == '_' ? ' ' : in[-1];
    } else if (in[1] == '\n') {
      in += 2;
    } else if (in[1] && hex(in[1]) >= 0 && hex(in[2]) >= 0) {
      out[n++] = hex(in[1]) << 4 | hex(in[2]);
      in += 3;
    } else {
      out[n++] = *in++;
    }
  }
  return n;
}

int main(void) {
  static const char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char text[700];
  uint8_t out[700];
  long total = 0, bad = 0;
  for (int round = 0; round < 400; round++) {
    int n = 0;
    const int length = in_below(600);
    while (n < length)
      text[n++] = n % 77 == 76            ? '\n'
                  : in_below(4000) == 0 ? '*'
                                          : letters[in_below(64)];
    text[n] = 0;
    const int found = decode64(text, out);
    if (found < 0) bad++;
    else total += found;
    for (int i = 0; i < n; i++)
      if (in_below(12) == 0) text[i] = "=_\n"[in_below(3)];
    total += decode_quoted(text, out);
  }
  printf("%ld %ld\n", total, bad);
  return 0;
}
