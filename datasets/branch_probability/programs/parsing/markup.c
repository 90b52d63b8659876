// Nested tags with attributes; mismatches are mended by closing.
#include <string.h>
#include "../../inputs.h"

enum { DEPTH = 32 };

struct state {
  char open[DEPTH][8];
  int depth, elements, attributes, mended, text;
};

static const char *read_name(const char *at, char *out) {
  int n = 0;
  while ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9')) {
    if (n < 7) out[n++] = *at;
    at++;
  }
  out[n] = 0;
  return at;
}

static void close_tag(struct state *s, const char *name) {
  for (int i = s->depth - 1; i >= 0; i--) {
    if (strcmp(s->open[i], name)) continue;
    s->mended += s->depth - 1 - i;
    s->depth = i;
    return;
  }
  s->mended++;
}

static const char *read_tag(struct state *s, const char *at) {
  char name[8];
  if (*at == '/') {
    at = read_name(at + 1, name);
    close_tag(s, name);
    return *at == '>' ? at + 1 : at;
  }
  at = read_name(at, name);
  s->elements++;
  while (*at == ' ') {
    char key[8];
    at = read_name(at + 1, key);
    if (*at != '=' || at[1] != '"') break;
    for (at += 2; *at && *at != '"'; at++) continue;
    if (*at) at++;
    s->attributes++;
  }
  if (*at == '/' && at[1] == '>') return at + 2;
  if (s->depth < DEPTH) strcpy(s->open[s->depth++], name);
  return *at == '>' ? at + 1 : at;
}

int main(void) {
  static char text[60000];
  static const char *const names[] = {"p", "div", "ul", "li", "b", "table"};
  struct state s = {.depth = 0};
  int n = 0;
  while (n < 59000) {
    const char *name = names[in_below(6)];
    switch (in_below(6)) {
      case 0: n += sprintf(text + n, "<%s>", name); break;
      case 1: n += sprintf(text + n, "<%s a=\"%u\">", name, n); break;
      case 2: n += sprintf(text + n, "<br/>"); break;
      case 3: n += sprintf(text + n, "</%s>", name); break;
      default: n += sprintf(text + n, "words & words %u ", n);
    }
  }
  for (const char *at = text; *at;) {
    if (*at == '<') at = read_tag(&s, at + 1);
    else s.text++, at++;
  }
  printf("%d %d %d %d\n", s.elements, s.attributes, s.mended, s.text);
  return 0;
}
