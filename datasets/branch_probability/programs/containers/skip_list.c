// A skip list with finding, inserting, removing and ranges.
#include "../../inputs.h"

enum { LEVELS = 10, NODES = 4000 };

struct node {
  int key, next[LEVELS], levels;
};

static struct node nodes[NODES];
static int used = 1, spare = 0;

static int find(int key, int *before) {
  int at = 0;
  for (int level = LEVELS - 1; level >= 0; level--) {
    while (nodes[at].next[level] && nodes[nodes[at].next[level]].key < key)
      at = nodes[at].next[level];
    before[level] = at;
  }
  const int next = nodes[at].next[0];
  return next && nodes[next].key == key ? next : 0;
}

static int insert(int key) {
  int before[LEVELS];
  if (find(key, before)) return 0;
  const int i = spare ? spare : used < NODES ? used++ : 0;
  if (!i) return -1;
  if (i == spare) spare = nodes[i].next[0];
  int levels = 1;
  while (levels < LEVELS && in_below(2)) levels++;
  nodes[i].key = key;
  nodes[i].levels = levels;
  for (int k = 0; k < levels; k++) {
    nodes[i].next[k] = nodes[before[k]].next[k];
    nodes[before[k]].next[k] = i;
  }
  return 1;
}

static int erase(int key) {
  int before[LEVELS];
  const int i = find(key, before);
  if (!i) return 0;
  for (int k = 0; k < nodes[i].levels; k++)
    nodes[before[k]].next[k] = nodes[i].next[k];
  nodes[i].next[0] = spare;
  spare = i;
  return 1;
}

int main(void) {
  int before[LEVELS];
  long total = 0;
  for (int i = 0; i < 15000; i++) {
    const int key = in_skewed(6000);
    const uint32_t what = in_below(10);
    if (what < 3) total += insert(key);
    else if (what < 5) total -= erase(key);
    else if (what < 9) total += find(key, before) != 0;
    else {
      find(key, before);
      for (int at = nodes[before[0]].next[0]; at && nodes[at].key < key + 50;
           at = nodes[at].next[0])
        total++;
    }
  }
  printf("%ld %d\n", total, used);
  return 0;
}
