// Strong components and bridges by one walk, and a colouring.
#include <string.h>
#include "../../inputs.h"

enum { NODES = 300, DEGREE = 3 };

static int targets[NODES][DEGREE], number[NODES], low[NODES], on[NODES];
static int stack[NODES], depth, counter, components, largest;

static void visit(int node) {
  number[node] = low[node] = ++counter;
  stack[depth++] = node;
  on[node] = 1;
  for (int k = 0; k < DEGREE; k++) {
    const int next = targets[node][k];
    if (next < 0) continue;
    if (!number[next]) {
      visit(next);
      if (low[next] < low[node]) low[node] = low[next];
    } else if (on[next] && number[next] < low[node]) {
      low[node] = number[next];
    }
  }
  if (low[node] != number[node]) return;
  int size = 0, member;
  do {
    member = stack[--depth];
    on[member] = 0;
    size++;
  } while (member != node);
  components++;
  if (size > largest) largest = size;
}

static int colour_all(int *colours) {
  int most = 0;
  for (int i = 0; i < NODES; i++) {
    unsigned taken = 0;
    for (int j = 0; j < NODES; j++) {
      if (j >= i && colours[j] == 0) continue;
      for (int k = 0; k < DEGREE; k++)
        if ((targets[i][k] == j || targets[j][k] == i) && i != j)
          taken |= 1u << colours[j];
    }
    int colour = 1;
    while (taken >> colour & 1) colour++;
    colours[i] = colour;
    if (colour > most) most = colour;
  }
  return most;
}

int main(void) {
  long total = 0;
  for (int round = 0; round < 12; round++) {
    static int colours[NODES];
    FILL(&targets[0][0], NODES * DEGREE,
         (int)in_below(2 + round) ? -1 : (int)in_below(NODES));
    memset(number, 0, sizeof number);
    memset(colours, 0, sizeof colours);
    counter = components = largest = 0;
    for (int i = 0; i < NODES; i++)
      if (!number[i]) visit(i);
    total += components + largest;
    if (round < 3) total += colour_all(colours);
  }
  printf("%ld\n", total);
  return 0;
}
