#include "../../../starter_ir/programs/parsing/expression.c"
#include "../../inputs.h"

static int write_sum(char *out, int depth) {
  int n = 0;
  for (uint32_t terms = 1 + in_below(3); terms--;) {
    if (depth < 4 && in_below(3) == 0) {
      out[n++] = '(';
      n += write_sum(out + n, depth + 1);
      out[n++] = ')';
    } else if (in_below(4) == 0) {
      out[n++] = 'a' + in_below(26);
    } else {
      n += sprintf(out + n, in_below(5) ? "%u" : "%u.5", in_below(1000));
    }
    if (in_below(30) == 0) out[n++] = '?';
    if (in_below(4) == 0) out[n++] = ' ';
    if (terms) out[n++] = "+-*/^"[in_below(5)];
  }
  out[n] = 0;
  return n;
}

int main(void) {
  static char text[20000], postfix[40000];
  double variables[26], result, total = 0;
  FILL(variables, 26, in_below(5));
  for (int i = 0; i < 1500; i++) {
    write_sum(text, 0);
    total += evaluate(text, variables, &result);
    total += to_postfix(text, postfix, sizeof postfix);
  }
  printf("%g\n", total);
  return 0;
}
