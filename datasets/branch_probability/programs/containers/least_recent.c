// A cache that drops what was used least recently: hash chains and a list.
#include "../../inputs.h"

enum { SIZE = 128, BUCKETS = 64, NONE = -1 };

static int keys[SIZE], chain[SIZE], newer[SIZE], older[SIZE], heads[BUCKETS];
static int newest = NONE, oldest = NONE, count;

static void unlink_entry(int i) {
  if (newer[i] != NONE) older[newer[i]] = older[i];
  else newest = older[i];
  if (older[i] != NONE) newer[older[i]] = newer[i];
  else oldest = newer[i];
}

static void make_newest(int i) {
  newer[i] = NONE;
  older[i] = newest;
  if (newest != NONE) newer[newest] = i;
  newest = i;
  if (oldest == NONE) oldest = i;
}

static int look_up(int key) {
  for (int i = heads[key % BUCKETS]; i != NONE; i = chain[i]) {
    if (keys[i] != key) continue;
    if (i != newest) {
      unlink_entry(i);
      make_newest(i);
    }
    return 1;
  }
  return 0;
}

static void put(int key) {
  int i = count;
  if (count == SIZE) {
    i = oldest;
    unlink_entry(i);
    int *link = &heads[keys[i] % BUCKETS];
    while (*link != i) link = &chain[*link];
    *link = chain[i];
  } else {
    count++;
  }
  keys[i] = key;
  chain[i] = heads[key % BUCKETS];
  heads[key % BUCKETS] = i;
  make_newest(i);
}

int main(void) {
  int hits = 0, scans = 0;
  FILL(heads, BUCKETS, NONE);
  for (int i = 0; i < 30000; i++) {
    int key = in_skewed(700);
    if (i % 1000 > 900) key = 5000 + i % 1000, scans++;
    if (look_up(key)) hits++;
    else put(key);
  }
  printf("%d %d\n", hits, scans);
  return 0;
}
