#include "../../../starter_ir/programs/geometry/planar.c"
#include "../../inputs.h"

static point random_point(void) {
  return (point){in_unit() * 100, in_unit() * 100};
}

int main(void) {
  static point points[800], hull[1602], out[1602];
  static uint8_t keep[800], pixels[128 * 128];
  double total = 0;
  for (int round = 0; round < 5; round++) {
    point at;
    FILL(points, 800, random_point());
    const int n = convex_hull(points, 800, hull);
    total += n + polygon_area(hull, n) + centroid(hull, n).x;
    for (int i = 0; i < 2000; i++) {
      const point p = {in_unit() * 140 - 20, in_unit() * 140 - 20};
      total += is_inside(hull, n, p.x, p.y);
      total += segments_meet(p, random_point(), random_point(), hull[0], &at);
      total += segment_distance(p, hull[0], hull[1]);
      total += morton_code(p.x + 20, p.y + 20) & 3;
    }
    total += clip_left_of(hull, n, random_point(), random_point(), out);
    total += closest_pair(points, 800, out);
    for (int i = 0; i < 800; i++)
      points[i] = (point){i, points[i].y * (i % 50 == 0)};
    simplify(points, 0, 799, 3.0, keep);
    for (int i = 0; i < 60; i++)
      total += draw_line(in_below(128), in_below(128), in_below(128),
                         in_below(128), 128, pixels);
  }
  printf("%g %d\n", total, keep[50]);
  return 0;
}
