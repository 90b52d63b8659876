// An editor's buffer: typing, deleting, moving by words, undoing.
#include <string.h>
#include "../../inputs.h"

enum { ROOM = 4096 };

static char text[ROOM];
static int before, after;  // the gap is between them

static int size(void) { return before + ROOM - after; }

static char at(int i) { return i < before ? text[i] : text[i - before + after]; }

static void move_to(int place) {
  while (before > place) text[--after] = text[--before];
  while (before < place && after < ROOM) text[before++] = text[after++];
}

static int type(char c) {
  if (before == after) return 0;
  text[before++] = c;
  return 1;
}

static int is_letter(char c) { return c >= 'a' && c <= 'z'; }

static int next_word(int place) {
  const int end = size();
  while (place < end && is_letter(at(place))) place++;
  while (place < end && !is_letter(at(place))) place++;
  return place;
}

static int find_text(const char *pattern, int from) {
  const int n = strlen(pattern);
  for (int i = from; i + n <= size(); i++) {
    int k = 0;
    while (k < n && at(i + k) == pattern[k]) k++;
    if (k == n) return i;
  }
  return -1;
}

int main(void) {
  long refused = 0, total = 0;
  after = ROOM;
  for (int i = 0; i < 6000; i++) {
    const uint32_t what = in_below(20);
    if (what < 12) {
      const char c = in_below(6) ? 'a' + in_skewed(26) : ' ';
      if (!type(c)) refused++;
    } else if (what < 15) {
      if (before > 0) before--;
    } else if (what < 17) {
      move_to(next_word(before));
    } else if (what == 17) {
      move_to(in_below(size() + 1));
    } else if (i % 20 == 0) {
      const int place = find_text("ab", in_below(size() + 1));
      if (place >= 0) move_to(place);
      total += place;
    }
  }
  printf("%d %ld %ld\n", size(), refused, total);
  return 0;
}
