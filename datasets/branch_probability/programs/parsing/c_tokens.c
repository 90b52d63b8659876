// Splits C-like text into tokens and checks its brackets.
#include <string.h>
#include "../../inputs.h"

enum kind { NAME, KEYWORD, NUMBER, STRING, OPERATOR, COMMENT, BAD, KINDS };

static int is_letter(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int is_digit(int c) { return c >= '0' && c <= '9'; }

static int is_keyword(const char *text, int n) {
  static const char *const words[] = {"if", "else", "while", "for", "return",
                                      "int", "char", "break"};
  for (int i = 0; i < 8; i++)
    if ((int)strlen(words[i]) == n && !strncmp(words[i], text, n)) return 1;
  return 0;
}

static int next_token(const char *at, enum kind *kind) {
  int n = 1;
  if (is_letter(*at)) {
    while (is_letter(at[n]) || is_digit(at[n])) n++;
    *kind = is_keyword(at, n) ? KEYWORD : NAME;
  } else if (is_digit(*at)) {
    while (is_digit(at[n]) || at[n] == '.' || at[n] == 'x') n++;
    *kind = NUMBER;
  } else if (*at == '"') {
    while (at[n] && at[n] != '"') n += at[n] == '\\' && at[n + 1] ? 2 : 1;
    *kind = at[n] ? STRING : BAD;
    if (at[n]) n++;
  } else if (*at == '/' && at[1] == '/') {
    while (at[n] && at[n] != '\n') n++;
    *kind = COMMENT;
  } else {
    *kind = strchr("+-*/%=<>!&|^~?:;,.(){}[]", *at) ? OPERATOR : BAD;
    if (strchr("+-&|=<>", *at) && at[1] == *at) n = 2;
    else if (at[1] == '=' && strchr("+-*/!<>", *at)) n = 2;
  }
  return n;
}

int main(void) {
  static char text[40000];
  static const char *const bits[] = {
      "if (", ") {\n", "x1 += ", "0x1f", "12.5", "while (", "}\n", "a->b",
      "\"s\\\"t\"", " // note\n", "return ", ";\n", "i++ ", "table[i] ", "@"};
  int counts[KINDS] = {0}, depth = 0, deepest = 0, lines = 0, n = 0;
  while (n < 39000) n += sprintf(text + n, "%s ", bits[in_below(15)]);
  for (const char *at = text; *at;) {
    if (*at == ' ' || *at == '\n' || *at == '\t') {
      if (*at == '\n') lines++;
      at++;
      continue;
    }
    enum kind kind;
    const int length = next_token(at, &kind);
    counts[kind]++;
    if (*at == '{' || *at == '(') {
      if (++depth > deepest) deepest = depth;
    } else if ((*at == '}' || *at == ')') && depth > 0) {
      depth--;
    }
    at += length;
  }
  printf("%d %d %d %d\n", counts[NAME], counts[BAD], deepest, lines);
  return 0;
}
