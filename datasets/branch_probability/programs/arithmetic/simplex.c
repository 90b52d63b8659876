// Linear programmes by the simplex method, some without an end.
#include "../../inputs.h"

enum { ROWS = 8, COLUMNS = 15 };

static double t[ROWS + 1][COLUMNS + 1];

static int enter(void) {
  int best = -1;
  double least = -1e-9;
  for (int j = 0; j < COLUMNS; j++)
    if (t[ROWS][j] < least) least = t[ROWS][j], best = j;
  return best;
}

static int leave(int column) {
  int best = -1;
  double least = 0;
  for (int i = 0; i < ROWS; i++) {
    if (t[i][column] <= 1e-9) continue;
    const double ratio = t[i][COLUMNS] / t[i][column];
    if (best < 0 || ratio < least) least = ratio, best = i;
  }
  return best;
}

static void pivot(int row, int column) {
  const double scale = 1 / t[row][column];
  for (int j = 0; j <= COLUMNS; j++) t[row][j] *= scale;
  for (int i = 0; i <= ROWS; i++) {
    if (i == row || t[i][column] == 0) continue;
    const double factor = t[i][column];
    for (int j = 0; j <= COLUMNS; j++) t[i][j] -= factor * t[row][j];
  }
}

int main(void) {
  int solved = 0, unbounded = 0, given_up = 0, pivots = 0;
  double total = 0;
  for (int round = 0; round < 120; round++) {
    for (int i = 0; i <= ROWS; i++)
      for (int j = 0; j <= COLUMNS; j++) {
        t[i][j] = in_below(3) ? (int)in_below(12) - (round % 3 ? 1 : 5) : 0;
        if (j >= COLUMNS - ROWS) t[i][j] = j - (COLUMNS - ROWS) == i;
        if (j == COLUMNS) t[i][j] = 5 + in_below(90);
        if (i == ROWS) t[i][j] = j < COLUMNS - ROWS ? -in_unit() * 9 : 0;
      }
    int steps = 0, column;
    while ((column = enter()) >= 0 && steps < 60) {
      const int row = leave(column);
      if (row < 0) break;
      pivot(row, column);
      steps++;
    }
    pivots += steps;
    if (column < 0) solved++, total += t[ROWS][COLUMNS];
    else if (steps == 60) given_up++;
    else unbounded++;
  }
  printf("%d %d %d %d %g\n", solved, unbounded, given_up, pivots, total);
  return 0;
}
