// Processes on one processor: priorities, time slices, waiting, ageing.
#include "../../inputs.h"

enum { PROCESSES = 24, SLICE = 6 };
enum state { NEW, READY, RUNNING, WAITING, DONE };

struct process {
  enum state state;
  int priority, left, wakes, waited, slice;
};

static int pick(struct process *p) {
  int best = -1;
  for (int i = 0; i < PROCESSES; i++) {
    if (p[i].state != READY) continue;
    if (best < 0 || p[i].priority + p[i].waited / 8 >
                        p[best].priority + p[best].waited / 8)
      best = i;
  }
  return best;
}

int main(void) {
  struct process p[PROCESSES];
  int running = -1, done = 0, idle = 0, switches = 0, preempted = 0;
  for (int i = 0; i < PROCESSES; i++)
    p[i] = (struct process){NEW, in_below(5), 50 + in_skewed(400), 0, 0, 0};
  for (int time = 0; done < PROCESSES && time < 20000; time++) {
    for (int i = 0; i < PROCESSES; i++) {
      if (p[i].state == NEW && in_below(40) == 0) p[i].state = READY;
      if (p[i].state == WAITING && time >= p[i].wakes) p[i].state = READY;
      if (p[i].state == READY) p[i].waited++;
    }
    if (running < 0) {
      running = pick(p);
      if (running < 0) {
        idle++;
        continue;
      }
      switches++;
      p[running].state = RUNNING;
      p[running].waited = p[running].slice = 0;
    }
    struct process *now = &p[running];
    if (--now->left == 0) {
      now->state = DONE;
      done++;
      running = -1;
    } else if (in_below(12) == 0) {
      now->state = WAITING;
      now->wakes = time + 5 + in_skewed(60);
      running = -1;
    } else if (++now->slice >= SLICE && pick(p) >= 0) {
      now->state = READY;
      preempted++;
      running = -1;
    }
  }
  printf("%d %d %d %d\n", done, idle, switches, preempted);
  return 0;
}
