// Merges the runs that are there; gallops where one side wins often.
#include <string.h>
#include "../../inputs.h"

enum { SIZE = 4000 };

static long compared, moved;

static int less(int a, int b) {
  compared++;
  return a < b;
}

static int find_run(int *v, int from) {
  int to = from + 1;
  if (to == SIZE) return to;
  if (less(v[to], v[from])) {
    while (to < SIZE && less(v[to], v[to - 1])) to++;
    for (int i = from, j = to - 1; i < j; i++, j--) {
      const int kept = v[i];
      v[i] = v[j];
      v[j] = kept;
    }
  } else {
    while (to < SIZE && !less(v[to], v[to - 1])) to++;
  }
  while (to - from < 16 && to < SIZE) {  // too short: insert some more
    const int item = v[to];
    int i = to++;
    for (; i > from && less(item, v[i - 1]); i--) v[i] = v[i - 1];
    v[i] = item;
  }
  return to;
}

static void merge(int *v, int from, int middle, int to) {
  static int left[SIZE];
  const int n = middle - from;
  memcpy(left, v + from, n * sizeof *v);
  int i = 0, j = middle, k = from, streak = 0;
  while (i < n && j < to) {
    if (less(v[j], left[i])) {
      v[k++] = v[j++];
      if (++streak >= 6) {  // how far does it go on?
        int step = 1;
        while (j + step < to && less(v[j + step], left[i])) step *= 2;
        while (j < to && step > 0) {
          if (j + step < to && less(v[j + step], left[i])) {
            memmove(v + k, v + j, step * sizeof *v);
            k += step, j += step;
          }
          step /= 2;
        }
        streak = 0;
      }
    } else {
      v[k++] = left[i++];
      streak = 0;
    }
    moved++;
  }
  while (i < n) v[k++] = left[i++];
}

int main(void) {
  static int v[SIZE];
  int starts[400], wrong = 0;
  for (int round = 0; round < 8; round++) {
    for (int i = 0; i < SIZE; i++)
      v[i] = round < 3 ? (int)in_below(100000)
                       : i % (round * 200) * 3 + (int)in_below(round);
    int runs = 0;
    for (int at = 0; at < SIZE;) {
      starts[runs++] = at;
      at = find_run(v, at);
    }
    starts[runs] = SIZE;
    while (runs > 1) {
      int kept = 0;
      for (int i = 0; i < runs; i += 2) {
        if (i + 1 < runs) merge(v, starts[i], starts[i + 1], starts[i + 2]);
        starts[kept++] = starts[i];
      }
      starts[runs = kept] = SIZE;
    }
    for (int i = 1; i < SIZE; i++)
      if (v[i] < v[i - 1]) wrong++;
  }
  printf("%ld %ld %d\n", compared, moved, wrong);
  return 0;
}
