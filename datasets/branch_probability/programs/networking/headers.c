// Reads requests with headers, lengths and chunks, and says what is wrong.
#include <string.h>
#include "../../inputs.h"

enum result { OK, BAD_LINE, BAD_METHOD, BAD_HEADER, BAD_LENGTH, BAD_CHUNK,
              RESULTS };

static const char *end_of_line(const char *at) {
  while (*at && !(at[0] == '\r' && at[1] == '\n')) at++;
  return *at ? at : 0;
}

static int same_name(const char *a, const char *name) {
  for (; *name; a++, name++) {
    const char c = *a >= 'A' && *a <= 'Z' ? *a + 32 : *a;
    if (c != *name) return 0;
  }
  return *a == ':';
}

static int read_hex(const char **at) {
  int value = -1;
  for (;; ++*at) {
    const char c = **at;
    int digit;
    if (c >= '0' && c <= '9') digit = c - '0';
    else if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    else return value;
    value = (value < 0 ? 0 : value << 4) | digit;
    if (value > 9999) return -1;
  }
}

static enum result read_request(const char *at, int *body) {
  static const char *const methods[] = {"GET ", "PUT ", "POST ", "HEAD "};
  int method = 0, length = 0, chunked = 0;
  while (method < 4 && strncmp(at, methods[method], strlen(methods[method])))
    method++;
  if (method == 4) return BAD_METHOD;
  const char *end = end_of_line(at);
  if (!end) return BAD_LINE;
  for (at = end + 2;; at = end + 2) {
    if (!(end = end_of_line(at))) return BAD_HEADER;
    if (end == at) break;
    const char *colon = memchr(at, ':', end - at);
    if (!colon) return BAD_HEADER;
    if (same_name(at, "content-length")) {
      for (colon += 2; colon < end; colon++) {
        if (*colon < '0' || *colon > '9') return BAD_LENGTH;
        length = 10 * length + *colon - '0';
      }
    } else if (same_name(at, "transfer-encoding")) {
      chunked = 1;
    }
  }
  *body = length;
  if (!chunked) return OK;
  at += 2;
  for (*body = 0;;) {
    const int size = read_hex(&at);
    if (size < 0 || at[0] != '\r') return BAD_CHUNK;
    if (size == 0) return OK;
    *body += size;
    at += 2;
    for (int k = 0; k < size; k++)
      if (!*at++) return BAD_CHUNK;
    at += 2;
  }
}

int main(void) {
  int counts[RESULTS] = {0};
  long total = 0;
  for (int i = 0; i < 2500; i++) {
    char text[900];
    int n = sprintf(text, "%s /page%u HTTP/1.1\r\n",
                    in_below(60) ? "GET" : "FETCH", in_below(99)), body = 0;
    for (int k = in_below(6); k > 0; k--)
      n += sprintf(text + n, in_below(80) ? "X-%c: %u\r\n" : "odd%c %u\r\n",
                   'a' + k, in_bits());
    const uint32_t kind = in_below(4);
    if (kind == 1) n += sprintf(text + n, "Content-Length: %u%s\r\n", n,
                                in_below(20) ? "" : "k");
    if (kind == 2) n += sprintf(text + n, "Transfer-Encoding: chunked\r\n");
    n += sprintf(text + n, "\r\n");
    for (int k = in_below(4); kind == 2 && k > 0; k--)
      n += sprintf(text + n, "%x\r\n%.*s\r\n", 5 + k, 5 + k, "0123456789");
    if (kind == 2) sprintf(text + n, in_below(30) ? "0\r\n" : "g\r\n");
    counts[read_request(text, &body)]++;
    total += body;
  }
  printf("%d %d %d %ld\n", counts[OK], counts[BAD_HEADER], counts[BAD_CHUNK],
         total);
  return 0;
}
