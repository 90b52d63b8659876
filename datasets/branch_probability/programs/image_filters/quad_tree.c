// Pictures as trees of squares of one colour: made, drawn, compared.
#include <string.h>
#include "../../inputs.h"

enum { SIDE = 64, NODES = 6000 };

struct node {
  int16_t children[4];
  uint8_t colour, leaf;
};

static struct node nodes[NODES];
static int used;

static int build(uint8_t p[SIDE][SIDE], int x, int y, int size, int spread) {
  int low = 255, high = 0;
  for (int j = y; j < y + size; j++)
    for (int i = x; i < x + size; i++) {
      if (p[j][i] < low) low = p[j][i];
      if (p[j][i] > high) high = p[j][i];
    }
  const int me = used++;
  nodes[me].colour = (low + high) / 2;
  nodes[me].leaf = size == 1 || high - low <= spread;
  if (nodes[me].leaf) return me;
  const int half = size / 2;
  for (int k = 0; k < 4; k++)
    nodes[me].children[k] =
        build(p, x + k % 2 * half, y + k / 2 * half, half, spread);
  return me;
}

static int colour_at(int at, int x, int y, int size) {
  while (!nodes[at].leaf) {
    size /= 2;
    int k = 0;
    if (x >= size) k |= 1, x -= size;
    if (y >= size) k |= 2, y -= size;
    at = nodes[at].children[k];
  }
  return nodes[at].colour;
}

static int count_leaves(int at, int *deepest, int depth) {
  if (depth > *deepest) *deepest = depth;
  if (nodes[at].leaf) return 1;
  int leaves = 0;
  for (int k = 0; k < 4; k++)
    leaves += count_leaves(nodes[at].children[k], deepest, depth + 1);
  return leaves;
}

int main(void) {
  static uint8_t p[SIDE][SIDE];
  long total = 0, wrong = 0;
  for (int round = 0; round < 12; round++) {
    for (int k = 0; k < 15; k++) {
      const int x = in_below(50), y = in_below(50), c = in_below(256);
      for (int j = y; j < y + 12; j++) memset(&p[j][x], c, 12);
    }
    if (round > 8) FILL(&p[0][0], 1000, in_below(40));
    used = 0;
    int deepest = 0;
    const int spread = round * 4, root = build(p, 0, 0, SIDE, spread);
    total += count_leaves(root, &deepest, 0) + deepest;
    for (int k = 0; k < 1500; k++) {
      const int x = in_below(SIDE), y = in_below(SIDE);
      const int error = colour_at(root, x, y, SIDE) - p[y][x];
      if (error > spread / 2 + 1 || error < -spread / 2 - 1) wrong++;
    }
  }
  printf("%ld %ld\n", total, wrong);
  return 0;
}
