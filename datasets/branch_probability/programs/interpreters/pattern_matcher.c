// Regular expressions: compiled to states, run on all of them at once.
#include <string.h>
#include "../../inputs.h"

enum { ANY = 256, SPLIT, MATCH, MOST = 100 };

struct state {
  int what, out, other;
};

struct program {
  struct state states[MOST];
  int count;
};

static int add(struct program *p, int what, int out, int other) {
  p->states[p->count] = (struct state){what, out, other};
  return p->count++;
}

// From the right, so that what follows is known.
static int compile(struct program *p, const char *text, int n) {
  int next = add(p, MATCH, -1, -1);
  for (int i = n - 1; i >= 0; i--) {
    const char suffix = text[i];
    const int repeats = suffix == '*' || suffix == '+' || suffix == '?';
    if (repeats && --i < 0) return -1;
    const int what = text[i] == '.' ? ANY : (unsigned char)text[i];
    if (!repeats) {
      next = add(p, what, next, -1);
      continue;
    }
    const int split = add(p, SPLIT, -1, next);
    const int one = add(p, what, suffix == '?' ? next : split, -1);
    p->states[split].out = one;
    next = suffix == '+' ? one : split;
  }
  return next;
}

static void enter(const struct program *p, int i, uint8_t *on) {
  if (i < 0 || on[i]) return;
  on[i] = 1;
  if (p->states[i].what != SPLIT) return;
  enter(p, p->states[i].out, on);
  enter(p, p->states[i].other, on);
}

static int search(const struct program *p, int start, const char *text) {
  uint8_t now[MOST] = {0}, after[MOST];
  enter(p, start, now);
  for (; *text; text++) {
    memset(after, 0, sizeof after);
    for (int i = 0; i < p->count; i++) {
      if (!now[i]) continue;
      const struct state *s = &p->states[i];
      if (s->what == MATCH) return 1;
      if (s->what == ANY || s->what == *text) enter(p, s->out, after);
    }
    enter(p, start, after);  // a match may begin anywhere
    memcpy(now, after, sizeof now);
  }
  for (int i = 0; i < p->count; i++)
    if (now[i] && p->states[i].what == MATCH) return 1;
  return 0;
}

int main(void) {
  static struct program p;
  int found = 0;
  for (int round = 0; round < 300; round++) {
    char pattern[10] = {0}, text[121] = {0};
    FILL(pattern, 4 + in_below(5), "abcde.*+?"[in_below(9)]);
    if (strchr("*+?", pattern[0])) pattern[0] = 'a';
    p.count = 0;
    const int start = compile(&p, pattern, strlen(pattern));
    for (int k = 0; k < 4; k++) {
      FILL(text, 120, 'a' + in_below(k < 2 ? 5 : 9));
      if (start >= 0) found += search(&p, start, text);
    }
  }
  printf("%d\n", found);
  return 0;
}
