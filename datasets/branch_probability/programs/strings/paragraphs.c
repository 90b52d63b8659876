// Fills lines of a width with words, breaks long ones, justifies.
#include <string.h>
#include "../../inputs.h"

static int is_vowel(char c) { return c && strchr("aeiou", c) != 0; }

static int break_point(const char *word, int length, int room) {
  for (int i = room - 1; i >= 2; i--)
    if (i + 2 < length && is_vowel(word[i - 1]) && !is_vowel(word[i])) return i;
  return 0;
}

struct page {
  char line[100];
  int used, words, width, lines, blanks, hyphens;
};

static void end_line(struct page *p, int justify) {
  if (p->words == 0) return;
  int missing = p->width - p->used;
  if (justify && p->words > 1)
    for (int i = 0; missing > 0; i = (i + 1) % p->used)
      if (p->line[i] == ' ') {
        p->blanks++;
        missing--;
      }
  p->lines++;
  p->used = p->words = 0;
}

static void add_word(struct page *p, const char *word) {
  int length = strlen(word);
  for (;;) {
    const int gap = p->words > 0;
    if (p->used + gap + length <= p->width) {
      if (gap) p->line[p->used++] = ' ';
      memcpy(p->line + p->used, word, length);
      p->used += length;
      p->words++;
      return;
    }
    const int room = p->width - p->used - gap - 1;
    const int at = length > 6 ? break_point(word, length, room) : 0;
    if (at > 0) {
      if (gap) p->line[p->used++] = ' ';
      memcpy(p->line + p->used, word, at);
      p->used += at;
      p->line[p->used++] = '-';
      p->words++;
      p->hyphens++;
      word += at;
      length -= at;
    } else if (p->words == 0) {
      return;  // fits nowhere
    }
    end_line(p, 1);
  }
}

int main(void) {
  struct page p = {.used = 0};
  for (int width = 20; width <= 70; width += 10) {
    p.width = width;
    for (int i = 0; i < 800; i++) {
      char word[16] = {0};
      const int length = 1 + in_skewed(14);
      for (int k = 0; k < length; k++)
        word[k] = k % 2 ? "aeiou"[in_below(5)] : 'b' + in_below(20);
      add_word(&p, word);
      if (in_below(40) == 0) end_line(&p, 0);
    }
    end_line(&p, 0);
  }
  printf("%d %d %d\n", p.lines, p.blanks, p.hyphens);
  return 0;
}
