#include "../../../starter_ir/programs/sorting/comparison_sorts.c"
#include "../../inputs.h"

int main(void) {
  static int values[3000];
  static struct record records[400];
  static float floats[3000];
  static double doubles[3000], scratch[3000];
  static short shorts[3000];
  for (int round = 0; round < 3; round++) {
    FILL(values, 3000, in_below(round == 1 ? 10 : 100000));
    quick_sort(values, 3000, sizeof *values, compare_ints);
    if (round == 2) quick_sort(values, 3000, sizeof *values, compare_ints);
    for (int i = 0; i < 400; i++) {
      records[i].key = in_below(60);
      sprintf(records[i].name, "n%u", in_below(12));
      records[i].weight = in_unit();
    }
    insertion_sort(records, 400, sizeof *records, compare_records);
    FILL(floats, 3000, in_unit());
    heap_sort(floats, 3000);
    FILL(doubles, 3000, in_unit());
    merge_sort(doubles, scratch, 3000);
    FILL(shorts, 3000, in_bits());
    shell_sort(shorts, 3000);
  }
  printf("%d %ld %g\n", values[9], records[7].key, floats[5] + doubles[3]);
  return 0;
}
