#include "../../../starter_ir/programs/openmp_loops/tasks.c"
#include "../../inputs.h"

int main(void) {
  static double values[5000];
  static int keys[5000];
  static float stages[8 * 100];
  static struct tree nodes[511];
  FILL(values, 5000, in_unit());
  FILL(keys, 5000, in_below(9000));
  FILL(stages, 800, in_unit());
  for (int i = 0; i < 255; i++) {
    nodes[i].left = in_below(8) ? &nodes[2 * i + 1] : 0;
    nodes[i].right = in_below(8) ? &nodes[2 * i + 2] : 0;
  }
  double total = fibonacci(15) + tree_sum(values, 5000);
  total += sort_parallel(keys, 5000) + keys[7];
  weigh(nodes, 0);
  pipeline(stages, 8, 100);
  scale_chunks(values, 5000, 0.5);
  printf("%g %d\n", total + stages[700], nodes[0].weight);
  return 0;
}
