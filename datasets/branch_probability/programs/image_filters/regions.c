// Connected regions of a picture, their outlines, and flooding.
#include <string.h>
#include "../../inputs.h"

enum { W = 80, H = 60 };

static uint8_t pixels[H][W];
static int16_t labels[H][W], parents[W * H];

static int find(int i) {
  while (parents[i] != i) {
    parents[i] = parents[parents[i]];
    i = parents[i];
  }
  return i;
}

static int label_all(void) {
  int used = 0, roots = 0;
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      labels[y][x] = -1;
      if (!pixels[y][x]) continue;
      const int left = x > 0 ? labels[y][x - 1] : -1;
      const int above = y > 0 ? labels[y - 1][x] : -1;
      if (left < 0 && above < 0) {
        parents[used] = used;
        labels[y][x] = used++;
      } else if (left >= 0 && above >= 0) {
        const int a = find(left), b = find(above);
        if (a < b) parents[b] = a;
        else if (b < a) parents[a] = b;
        labels[y][x] = a < b ? a : b;
      } else {
        labels[y][x] = left >= 0 ? left : above;
      }
    }
  for (int i = 0; i < used; i++)
    if (parents[i] == i) roots++;
  return roots;
}

static int outline(int label) {
  int length = 0;
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      if (labels[y][x] < 0 || find(labels[y][x]) != label) continue;
      if (x == 0 || !pixels[y][x - 1]) length++;
      if (y == 0 || !pixels[y - 1][x]) length++;
      if (x == W - 1 || !pixels[y][x + 1]) length++;
      if (y == H - 1 || !pixels[y + 1][x]) length++;
    }
  return length;
}

static int flood(int x, int y) {
  static uint16_t stack[4 * W * H];
  int depth = 0, filled = 0;
  stack[depth++] = y * W + x;
  while (depth) {
    const int at = stack[--depth], i = at % W, j = at / W;
    if (pixels[j][i] != 0) continue;
    pixels[j][i] = 2;
    filled++;
    if (i > 0) stack[depth++] = at - 1;
    if (i < W - 1) stack[depth++] = at + 1;
    if (j > 0) stack[depth++] = at - W;
    if (j < H - 1) stack[depth++] = at + W;
  }
  return filled;
}

int main(void) {
  long total = 0;
  for (int round = 0; round < 10; round++) {
    FILL(&pixels[0][0], W * H, in_below(10) < 3 + (uint32_t)round % 4);
    total += label_all();
    for (int k = 0; k < 5; k++) total += outline(find(in_below(20)));
    total += flood(in_below(W), in_below(H));
  }
  printf("%ld\n", total);
  return 0;
}
