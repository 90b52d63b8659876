// Carves mazes and finds ways through them by A*.
#include <stdlib.h>
#include "../../inputs.h"

enum { SIDE = 41 };

static uint8_t open_cell[SIDE][SIDE];
static int cost[SIDE * SIDE], heap[4 * SIDE * SIDE], count;

static void carve(int x, int y) {
  static const int moves[4][2] = {{2, 0}, {-2, 0}, {0, 2}, {0, -2}};
  open_cell[y][x] = 1;
  for (int tries = 0, k = in_below(4); tries < 4; tries++, k = (k + 1) % 4) {
    const int i = x + moves[k][0], j = y + moves[k][1];
    if (i < 1 || j < 1 || i >= SIDE - 1 || j >= SIDE - 1) continue;
    if (open_cell[j][i]) continue;
    open_cell[(y + j) / 2][(x + i) / 2] = 1;
    carve(i, j);
  }
}

static int bound(int cell) {
  return cost[cell] + abs(SIDE - 2 - cell % SIDE) +
         abs(SIDE - 2 - cell / SIDE);
}

static void push(int cell) {
  int i = count++;
  while (i && bound(heap[(i - 1) / 2]) > bound(cell)) {
    heap[i] = heap[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  heap[i] = cell;
}

static int pop(void) {
  const int top = heap[0], last = heap[--count];
  int i = 0;
  while (2 * i + 1 < count) {
    int child = 2 * i + 1;
    if (child + 1 < count && bound(heap[child + 1]) < bound(heap[child]))
      child++;
    if (bound(heap[child]) >= bound(last)) break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = last;
  return top;
}

static int shortest(long *visited) {
  static const int moves[] = {1, -1, SIDE, -SIDE};
  FILL(cost, SIDE * SIDE, 1 << 20);
  count = 0;
  cost[SIDE + 1] = 0;
  push(SIDE + 1);
  while (count) {
    const int cell = pop();
    ++*visited;
    if (cell == (SIDE - 2) * SIDE + SIDE - 2) return cost[cell];
    for (int k = 0; k < 4; k++) {
      const int next = cell + moves[k];
      if (!open_cell[next / SIDE][next % SIDE]) continue;
      if (cost[cell] + 1 >= cost[next]) continue;
      cost[next] = cost[cell] + 1;
      if (count < 4 * SIDE * SIDE) push(next);
    }
  }
  return -1;
}

int main(void) {
  long total = 0, visited = 0;
  for (int round = 0; round < 15; round++) {
    FILL(&open_cell[0][0], SIDE * SIDE, 0);
    carve(1, 1);
    for (int k = 0; k < 12 * round; k++)
      open_cell[1 + in_below(SIDE - 2)][1 + in_below(SIDE - 2)] = 1;
    total += shortest(&visited);
  }
  printf("%ld %ld\n", total, visited);
  return 0;
}
