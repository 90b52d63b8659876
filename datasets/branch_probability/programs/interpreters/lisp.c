// Reads and evaluates prefix expressions with variables and `if`.
#include <stdlib.h>
#include <string.h>
#include "../../inputs.h"

struct cell {
  char kind;  // n: number, s: symbol, l: list
  long number;
  int first, next;
};

static struct cell cells[20000];
static int num_cells;
static const char *at;

static int read(void) {
  while (*at == ' ') at++;
  if (!*at || num_cells >= 19990) return -1;
  const int me = num_cells++;
  struct cell *c = &cells[me];
  *c = (struct cell){.first = -1, .next = -1};
  if (*at == '(') {
    int last = -1;
    at++;
    c->kind = 'l';
    for (;;) {
      while (*at == ' ') at++;
      if (*at == ')' || !*at) break;
      const int item = read();
      if (item < 0) break;
      if (last < 0) c->first = item;
      else cells[last].next = item;
      last = item;
    }
    if (*at) at++;
  } else if (*at >= '0' && *at <= '9') {
    c->kind = 'n';
    c->number = strtol(at, (char **)&at, 10);
  } else {
    c->kind = 's';
    c->number = *at++;
  }
  return me;
}

static long evaluate(int i, const long *variables) {
  if (i < 0) return 0;
  const struct cell *c = &cells[i];
  if (c->kind == 'n') return c->number;
  if (c->kind == 's') return variables[c->number & 31];
  if (c->first < 0) return 0;
  const long name = cells[c->first].number;
  int item = cells[c->first].next;
  if (name == '?') {
    const long test = evaluate(item, variables);
    item = item < 0 ? -1 : cells[item].next;
    if (test <= 0 && item >= 0) item = cells[item].next;
    return evaluate(item, variables);
  }
  long value = name == '*';
  for (int first = 1; item >= 0; item = cells[item].next, first = 0) {
    const long operand = evaluate(item, variables);
    if (name == '+') value += operand;
    else if (name == '*') value = value * operand % 10007;
    else if (name == '-') value = first ? operand : value - operand;
    else if (name == '<') value = first ? operand : value < operand;
    else if (operand > value || first) value = operand;
  }
  return value;
}

static int write(char *out, int depth) {
  if (depth == 5 || in_below(4) == 0)
    return in_below(2) ? sprintf(out, "%u ", in_below(100))
                       : sprintf(out, "%c ", 'a' + in_below(26));
  int n = sprintf(out, "(%c ", "+*-<?M"[in_below(6)]);
  for (uint32_t k = 1 + in_below(3); k--;) n += write(out + n, depth + 1);
  return n + sprintf(out + n, ")");
}

int main(void) {
  static char text[20000];
  long variables[32], total = 0;
  FILL(variables, 32, (long)in_below(50) - 10);
  for (int round = 0; round < 400; round++) {
    num_cells = 0;
    write(at = text, 0);
    total += evaluate(read(), variables) % 1000;
  }
  printf("%ld\n", total);
  return 0;
}
