#include "../../../starter_ir/programs/scans/prefix_sums.c"
#include "../../inputs.h"

enum { N = 2048 };

int main(void) {
  static int in[N], out[N];
  static int64_t wide[N];
  static float f[N], g[N], h[N];
  static double d[N], e[N], sums[64];
  static uint8_t heads[N], image[N];
  static uint32_t table[N + 200];
  static long values[N];
  double total = 0;
  FILL(in, N, in_below(1000));
  FILL(wide, N, in_below(1000));
  FILL(f, N, in_unit());
  FILL(g, N, in_unit());
  FILL(d, N, in_unit() - 0.5);
  FILL(heads, N, in_below(12) == 0);
  FILL(image, N, in_below(256));
  FILL(values, N, in_below(100));
  scan_inclusive(in, out, N);
  total += scan_exclusive(wide, N);
  scan_tree(f, N);
  scan_blocks(d, e, N, 64, sums);
  scan_segmented(f, heads, g, N);
  for (const char *c = "+<>&x|"; *c; c++) total += scan_by_name(*c, values, N);
  total += compact(in, out, N, 700);
  summed_area(image, table, 64, 32);
  for (int i = 0; i < 500; i++) {
    const int x = in_below(60), y = in_below(28);
    total += box_sum(table, 64, x, y, x + 1 + in_below(3), y + 2);
  }
  int start, end;
  total += best_segment(d, N, &start, &end);
  linear_recurrence(f, g, h, N);
  printf("%g %d\n", total, start + end);
  return 0;
}
