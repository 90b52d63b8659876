// Open addressing where the poor take from the rich; shifts back on removal.
#include "../../inputs.h"

enum { SLOTS = 1024 };

static uint32_t keys[SLOTS];  // 0: free
static uint8_t distance[SLOTS];

static uint32_t home(uint32_t key) { return key * 2654435761u >> 22; }

static int find(uint32_t key) {
  uint32_t at = home(key);
  for (uint8_t d = 0; keys[at] && distance[at] >= d; d++) {
    if (keys[at] == key) return at;
    at = (at + 1) % SLOTS;
  }
  return -1;
}

static int insert(uint32_t key) {
  if (find(key) >= 0) return 0;
  uint32_t at = home(key);
  for (uint8_t d = 0; d < 255; d++) {
    if (!keys[at]) {
      keys[at] = key;
      distance[at] = d;
      return 1;
    }
    if (distance[at] < d) {
      const uint32_t other = keys[at];
      const uint8_t its = distance[at];
      keys[at] = key;
      distance[at] = d;
      key = other;
      d = its;
    }
    at = (at + 1) % SLOTS;
  }
  return -1;
}

static int erase(uint32_t key) {
  int at = find(key);
  if (at < 0) return 0;
  for (;;) {
    const int next = (at + 1) % SLOTS;
    if (!keys[next] || distance[next] == 0) break;
    keys[at] = keys[next];
    distance[at] = distance[next] - 1;
    at = next;
  }
  keys[at] = 0;
  return 1;
}

int main(void) {
  long live = 0, found = 0;
  for (int i = 0; i < 40000; i++) {
    const uint32_t key = 1 + in_skewed(3000);
    const uint32_t what = in_below(8);
    if (what < 2 && live < 900) live += insert(key);
    else if (what == 2) live -= erase(key);
    else found += find(key) >= 0;
  }
  printf("%ld %ld\n", live, found);
  return 0;
}
