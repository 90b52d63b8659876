// A B-tree of integers: inserting with splits, finding, counting ranges.
#include "../../inputs.h"

enum { ORDER = 8, NODES = 3000 };

struct node {
  int count, keys[ORDER], children[ORDER + 1];
  uint8_t leaf;
};

static struct node nodes[NODES];
static int used, root;

static int make(int leaf) {
  nodes[used] = (struct node){.leaf = leaf};
  return used++;
}

static int place_of(const struct node *n, int key) {
  int i = 0;
  while (i < n->count && n->keys[i] < key) i++;
  return i;
}

static int find(int at, int key) {
  for (;;) {
    const struct node *n = &nodes[at];
    const int i = place_of(n, key);
    if (i < n->count && n->keys[i] == key) return 1;
    if (n->leaf) return 0;
    at = n->children[i];
  }
}

static void split_child(int parent, int i) {
  struct node *p = &nodes[parent], *full = &nodes[p->children[i]];
  const int right = make(full->leaf), half = ORDER / 2;
  struct node *r = &nodes[right];
  r->count = full->count - half - 1;
  for (int k = 0; k < r->count; k++) r->keys[k] = full->keys[half + 1 + k];
  if (!full->leaf)
    for (int k = 0; k <= r->count; k++)
      r->children[k] = full->children[half + 1 + k];
  full->count = half;
  for (int k = p->count; k > i; k--) {
    p->keys[k] = p->keys[k - 1];
    p->children[k + 1] = p->children[k];
  }
  p->keys[i] = full->keys[half];
  p->children[i + 1] = right;
  p->count++;
}

static void insert(int key) {
  if (nodes[root].count == ORDER) {
    const int old = root;
    root = make(0);
    nodes[root].children[0] = old;
    split_child(root, 0);
  }
  for (int at = root;;) {
    struct node *n = &nodes[at];
    int i = place_of(n, key);
    if (n->leaf) {
      for (int k = n->count; k > i; k--) n->keys[k] = n->keys[k - 1];
      n->keys[i] = key;
      n->count++;
      return;
    }
    if (nodes[n->children[i]].count == ORDER) {
      split_child(at, i);
      if (n->keys[i] < key) i++;
    }
    at = n->children[i];
  }
}

static int count_range(int at, int low, int high) {
  const struct node *n = &nodes[at];
  int total = 0;
  for (int i = 0; i <= n->count; i++) {
    if (!n->leaf && (i == 0 || n->keys[i - 1] <= high))
      total += count_range(n->children[i], low, high);
    if (i < n->count && n->keys[i] >= low && n->keys[i] <= high) total++;
  }
  return total;
}

int main(void) {
  long total = 0;
  root = make(1);
  for (int i = 0; i < 6000; i++) {
    const int key = in_below(50000);
    if (!find(root, key)) insert(key);
    total += find(root, in_below(50000));
    if (i % 100 == 0) total += count_range(root, key, key + 2000);
  }
  printf("%ld %d\n", total, used);
  return 0;
}
