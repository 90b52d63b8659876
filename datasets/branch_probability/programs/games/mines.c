// Uncovers a field of mines by two rules and, where they end, by luck.
#include "../../inputs.h"

enum { SIDE = 24, COVERED = 9, FLAG = 10 };

static uint8_t mine[SIDE][SIDE], view[SIDE][SIDE];

static int inside(int x, int y) {
  return x >= 0 && y >= 0 && x < SIDE && y < SIDE;
}

static int uncover(int x, int y) {
  if (!inside(x, y) || view[y][x] != COVERED) return 0;
  int around = 0;
  for (int dy = -1; dy <= 1; dy++)
    for (int dx = -1; dx <= 1; dx++)
      if (inside(x + dx, y + dy) && mine[y + dy][x + dx]) around++;
  view[y][x] = around;
  int opened = 1;
  if (around == 0)
    for (int dy = -1; dy <= 1; dy++)
      for (int dx = -1; dx <= 1; dx++) opened += uncover(x + dx, y + dy);
  return opened;
}

static int reason(void) {
  int done = 0;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      if (view[y][x] == 0 || view[y][x] >= COVERED) continue;
      int covered = 0, flags = 0;
      for (int k = 0; k < 9; k++) {
        const int i = x + k % 3 - 1, j = y + k / 3 - 1;
        if (!inside(i, j)) continue;
        if (view[j][i] == COVERED) covered++;
        else if (view[j][i] == FLAG) flags++;
      }
      if (!covered) continue;
      const int safe = flags == view[y][x];
      if (!safe && flags + covered != view[y][x]) continue;
      for (int k = 0; k < 9; k++) {
        const int i = x + k % 3 - 1, j = y + k / 3 - 1;
        if (!inside(i, j) || view[j][i] != COVERED) continue;
        if (safe) done += uncover(i, j);
        else view[j][i] = FLAG, done++;
      }
    }
  return done;
}

int main(void) {
  int won = 0, lost = 0, guesses = 0;
  for (int game = 0; game < 30; game++) {
    FILL(&mine[0][0], SIDE * SIDE, in_below(8) == 0);
    FILL(&view[0][0], SIDE * SIDE, COVERED);
    for (int turn = 0; turn < 60; turn++) {
      if (reason()) continue;
      const int x = in_below(SIDE), y = in_below(SIDE);
      if (view[y][x] != COVERED) continue;
      guesses++;
      if (mine[y][x]) {
        lost++;
        break;
      }
      uncover(x, y);
    }
    int open = 0;
    for (int i = 0; i < SIDE * SIDE; i++) open += view[i / SIDE][i % SIDE] == COVERED;
    won += open == 0;
  }
  printf("%d %d %d\n", won, lost, guesses);
  return 0;
}
