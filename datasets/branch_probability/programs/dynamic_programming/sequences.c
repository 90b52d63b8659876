#include "../../../starter_ir/programs/dynamic_programming/sequences.c"
#include "../../inputs.h"

int main(void) {
  static char a[300], b[300];
  static uint16_t p[120], q[120], common[128];
  static int16_t table[128][128];
  static double values[2000], tails[2000], now[200], last[200];
  static uint8_t x[200], y[200];
  static int row[301], gap[301];
  static float f[150], g[150];
  static const int8_t scores[4][4] = {
      {5, -4, -4, -2}, {-4, 5, -2, -4}, {-4, -2, 5, -4}, {-2, -4, -4, 5}};
  double total = 0;
  for (int round = 0; round < 4; round++) {
    int start;
    FILL(a, 299, 'a' + in_below(4));
    for (int i = 0; i < 299; i++) b[i] = in_below(5) ? a[i] : 'z';
    FILL(p, 120, in_below(9));
    FILL(q, 120, in_below(9));
    FILL(values, 2000, in_unit());
    FILL(x, 200, in_below(4));
    for (int i = 0; i < 200; i++) y[i] = in_below(4) ? x[i] : in_below(4);
    FILL(f, 150, in_unit());
    FILL(g, 150, in_unit());
    total += edit_distance(a, 299, b, 299, row);
    total += common_subsequence(p, 120, q, 120, table, common);
    total += increasing_subsequence(values, 2000, tails);
    total += local_alignment(x, 200, y, 200, scores, 6, 1, row, gap);
    total += time_warp(f, 150, g, 150, 20, now, last);
    total += longest_palindrome(a, 299, &start);
  }
  printf("%g\n", total);
  return 0;
}
