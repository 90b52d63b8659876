// Sorts more than fits: replacement selection into runs, then a merge.
#include "../../inputs.h"

enum { HELD = 64, TOTAL = 6000, RUNS = 200 };

struct item {
  int run, key;
};

static struct item heap[HELD];
static int count;

static int before(struct item a, struct item b) {
  if (a.run != b.run) return a.run < b.run;
  return a.key < b.key;
}

static void sift(int i) {
  const struct item item = heap[i];
  for (;;) {
    int child = 2 * i + 1;
    if (child >= count) break;
    if (child + 1 < count && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], item)) break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = item;
}

int main(void) {
  static int in[TOTAL], runs[TOTAL], starts[RUNS + 1];
  long checked = 0, wrong = 0;
  int most = 0;
  for (int round = 0; round < 6; round++) {
    for (int i = 0; i < TOTAL; i++)
      in[i] = round < 3 ? (int)in_below(1 << 20)
                        : (round == 3 ? i : TOTAL - i) * 9 + (int)in_below(300);
    int next = 0, written = 0, num_runs = 0, run = -1;
    for (count = 0; count < HELD; count++)
      heap[count] = (struct item){0, in[next++]};
    for (int i = HELD / 2 - 1; i >= 0; i--) sift(i);
    while (count) {
      const struct item least = heap[0];
      if (least.run != run) {
        if (num_runs == RUNS) break;
        starts[num_runs++] = written;
        run = least.run;
      }
      runs[written++] = least.key;
      if (next < TOTAL) {
        const int key = in[next++];
        heap[0] = (struct item){key < least.key ? run + 1 : run, key};
      } else {
        heap[0] = heap[--count];
      }
      if (count) sift(0);
    }
    starts[num_runs] = written;
    if (num_runs > most) most = num_runs;
    int at[RUNS], last = -1;
    for (int i = 0; i < num_runs; i++) at[i] = starts[i];
    for (int n = 0; n < written; n++) {
      int best = -1;
      for (int i = 0; i < num_runs; i++)
        if (at[i] < starts[i + 1] &&
            (best < 0 || runs[at[i]] < runs[at[best]]))
          best = i;
      const int key = runs[at[best]++];
      if (key < last) wrong++;
      last = key;
      checked++;
    }
  }
  printf("%ld %ld %d\n", checked, wrong, most);
  return 0;
}
