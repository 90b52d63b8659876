#include "../../../starter_ir/programs/parsing/json_tokens.c"
#include "../../inputs.h"

static int write_value(char *out, int depth) {
  int n = 0;
  const uint32_t kind = in_below(depth > 4 ? 4 : 8);
  if (kind < 2) return sprintf(out, "%s", kind ? "true" : "null");
  if (kind == 2)
    return sprintf(out, in_below(3) ? "%u" : "-%u.25e3", in_below(100000));
  if (kind == 3) {
    out[n++] = '"';
    for (uint32_t k = in_skewed(20); k--;) {
      if (in_below(20) == 0) out[n++] = '\\';
      out[n++] = in_below(40) ? 'a' + in_below(26) : 'n';
    }
    out[n++] = '"';
    return n;
  }
  out[n++] = kind < 6 ? '{' : '[';
  for (uint32_t k = in_below(5); k--;) {
    if (kind < 6) n += sprintf(out + n, "\"k%u\": ", k);
    n += write_value(out + n, depth + 1);
    if (k) out[n++] = ',';
    if (in_below(3) == 0) out[n++] = in_below(200) ? ' ' : ';';
  }
  out[n++] = kind < 6 ? '}' : ']';
  return n;
}

int main(void) {
  static char text[100000];
  static struct token tokens[4000];
  long total = 0;
  for (int i = 0; i < 1000; i++) {
    const int size = write_value(text, 0);
    total += tokenize(text, size, tokens, 4000);
    char line[] = "a,b,\"c,d\",,e", *fields[8];
    total += split_record(line, fields, 1 + in_below(8));
  }
  printf("%ld\n", total);
  return 0;
}
