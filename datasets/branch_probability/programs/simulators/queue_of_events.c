// Customers at counters: a heap of events, queues that people leave.
#include "../../inputs.h"

enum { COUNTERS = 3, EVENTS = 2000 };

struct event {
  int time, what;  // -1: someone comes, else the counter that is done
};

static struct event heap[EVENTS];
static int count;

static void push(struct event e) {
  int i = count++;
  while (i > 0 && heap[(i - 1) / 2].time > e.time) {
    heap[i] = heap[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  heap[i] = e;
}

static struct event pop(void) {
  const struct event top = heap[0], last = heap[--count];
  int i = 0;
  for (;;) {
    int child = 2 * i + 1;
    if (child >= count) break;
    if (child + 1 < count && heap[child + 1].time < heap[child].time) child++;
    if (heap[child].time >= last.time) break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = last;
  return top;
}

int main(void) {
  int busy[COUNTERS] = {0}, waiting = 0, left = 0, served = 0, longest = 0;
  push((struct event){0, -1});
  while (count) {
    const struct event e = pop();
    if (e.what < 0) {
      if (e.time < 50000) push((struct event){e.time + in_below(20), -1});
      int k = 0;
      while (k < COUNTERS && busy[k]) k++;
      if (k < COUNTERS) {
        busy[k] = 1;
        push((struct event){e.time + 5 + in_skewed(80), k});
      } else if (waiting > 8 && in_below(3)) {
        left++;
      } else if (++waiting > longest) {
        longest = waiting;
      }
    } else {
      served++;
      busy[e.what] = 0;
      if (waiting > 0) {
        waiting--;
        busy[e.what] = 1;
        push((struct event){e.time + 5 + in_skewed(80), e.what});
      }
    }
  }
  printf("%d %d %d\n", served, left, longest);
  return 0;
}
