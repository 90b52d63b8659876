// Two-level predictors over made-up branches: which one is right how often?
#include "../../inputs.h"

enum { TABLE = 256 };

static void train(uint8_t *counter, int taken) {
  if (taken) {
    if (*counter < 3) ++*counter;
  } else if (*counter > 0) {
    --*counter;
  }
}

static int outcome(int branch, int time, unsigned history) {
  switch (branch) {
    case 0: return 1;
    case 1: return time % 5 != 4;
    case 2: return history & 1;
    case 3: return in_below(10) == 0;
    case 4: return (history >> 2 ^ history) & 1;
    default: return in_below(2);
  }
}

int main(void) {
  uint8_t local[TABLE] = {0}, global[TABLE] = {0}, choice[TABLE] = {0};
  unsigned history = 0;
  int right[3] = {0}, streak = 0, longest = 0;
  for (int time = 0; time < 40000; time++) {
    const int branch = in_skewed(8);
    const int taken = outcome(branch, time, history);
    const unsigned place = (history ^ branch * 37) % TABLE;
    const int first = local[branch] >= 2, second = global[place] >= 2;
    const int chosen = choice[branch] >= 2 ? second : first;
    if (first == taken) right[0]++;
    if (second == taken) right[1]++;
    if (chosen == taken) {
      right[2]++;
      if (++streak > longest) longest = streak;
    } else {
      streak = 0;
    }
    if (first != second) train(&choice[branch], second == taken);
    train(&local[branch], taken);
    train(&global[place], taken);
    history = history << 1 | taken;
  }
  printf("%d %d %d %d\n", right[0], right[1], right[2], longest);
  return 0;
}
