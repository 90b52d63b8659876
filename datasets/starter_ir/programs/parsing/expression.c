// A recursive-descent calculator, and the same over an explicit stack.
#include <ctype.h>
#include <math.h>
#include <stddef.h>

enum error { ERROR_NONE, ERROR_SYNTAX, ERROR_PAREN, ERROR_DIVIDE };

struct parser {
  const char *at;
  enum error error;
  double variables[26];
};

void skip_blanks(struct parser *p) {
  while (isspace((unsigned char)*p->at)) p->at++;
}

double parse_number(struct parser *p) {
  double value = 0.0;
  while (*p->at >= '0' && *p->at <= '9') value = value * 10 + (*p->at++ - '0');
  if (*p->at == '.') {
    double place = 0.1;
    for (p->at++; *p->at >= '0' && *p->at <= '9'; p->at++, place *= 0.1) {
      value += place * (*p->at - '0');
    }
  }
  return value;
}

double parse_sum(struct parser *p);

double parse_atom(struct parser *p) {
  skip_blanks(p);
  const char c = *p->at;
  if (c == '-') {
    p->at++;
    return -parse_atom(p);
  }
  if (c == '(') {
    p->at++;
    const double inner = parse_sum(p);
    skip_blanks(p);
    if (*p->at != ')') {
      p->error = ERROR_PAREN;
    } else {
      p->at++;
    }
    return inner;
  }
  if (c >= 'a' && c <= 'z') {
    p->at++;
    return p->variables[c - 'a'];
  }
  if ((c >= '0' && c <= '9') || c == '.') return parse_number(p);
  p->error = ERROR_SYNTAX;
  return 0.0;
}

double parse_power(struct parser *p) {
  const double base = parse_atom(p);
  skip_blanks(p);
  if (*p->at != '^') return base;
  p->at++;
  return pow(base, parse_power(p));
}

double parse_product(struct parser *p) {
  double value = parse_power(p);
  while (p->error == ERROR_NONE) {
    skip_blanks(p);
    if (*p->at == '*') {
      p->at++;
      value *= parse_power(p);
    } else if (*p->at == '/' || *p->at == '%') {
      const char operation = *p->at++;
      const double divisor = parse_power(p);
      if (divisor == 0.0) {
        p->error = ERROR_DIVIDE;
        return 0.0;
      }
      value = operation == '/' ? value / divisor : fmod(value, divisor);
    } else {
      break;
    }
  }
  return value;
}

double parse_sum(struct parser *p) {
  double value = parse_product(p);
  while (p->error == ERROR_NONE) {
    skip_blanks(p);
    if (*p->at == '+') {
      p->at++;
      value += parse_product(p);
    } else if (*p->at == '-') {
      p->at++;
      value -= parse_product(p);
    } else {
      break;
    }
  }
  return value;
}

enum error evaluate(const char *text, const double variables[26],
                    double *result) {
  struct parser p = {.at = text, .error = ERROR_NONE};
  for (int i = 0; i < 26; i++) p.variables[i] = variables[i];
  *result = parse_sum(&p);
  skip_blanks(&p);
  if (p.error == ERROR_NONE && *p.at) p.error = ERROR_SYNTAX;
  return p.error;
}

int precedence(char operation) {
  switch (operation) {
    case '+':
    case '-':
      return 1;
    case '*':
    case '/':
      return 2;
    case '^':
      return 3;
    default:
      return 0;
  }
}

// Shunting yard: writes the postfix form, returns its length or -1.
int to_postfix(const char *text, char *out, int room) {
  char stack[64];
  int top = 0, length = 0;
  for (; *text; text++) {
    if (length + top + 1 >= room || top >= 63) return -1;
    if (isalnum((unsigned char)*text)) {
      out[length++] = *text;
    } else if (*text == '(') {
      stack[top++] = '(';
    } else if (*text == ')') {
      while (top && stack[top - 1] != '(') out[length++] = stack[--top];
      if (!top) return -1;
      top--;
    } else if (precedence(*text)) {
      while (top && precedence(stack[top - 1]) >= precedence(*text)) {
        out[length++] = stack[--top];
      }
      stack[top++] = *text;
    }
  }
  while (top) {
    if (stack[--top] == '(') return -1;
    out[length++] = stack[top];
  }
  out[length] = '\0';
  return length;
}
