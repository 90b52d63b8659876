// Points in the plane: hulls, intersections, closest pairs, clipping.
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct {
  double x, y;
} point;

static double cross(point o, point a, point b) {
  return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
}

static int by_place(const void *left, const void *right) {
  const point *a = left, *b = right;
  if (a->x != b->x) return a->x < b->x ? -1 : 1;
  return (a->y > b->y) - (a->y < b->y);
}

// hull has room for count + 1 points; returns how many it uses.
int convex_hull(point *points, int count, point *hull) {
  if (count < 3) return 0;
  qsort(points, (size_t)count, sizeof *points, by_place);
  int size = 0;
  for (int i = 0; i < count; i++) {
    while (size >= 2 && cross(hull[size - 2], hull[size - 1], points[i]) <= 0) {
      size--;
    }
    hull[size++] = points[i];
  }
  for (int i = count - 2, lower = size + 1; i >= 0; i--) {
    while (size >= lower &&
           cross(hull[size - 2], hull[size - 1], points[i]) <= 0) {
      size--;
    }
    hull[size++] = points[i];
  }
  return size - 1;
}

double polygon_area(const point *p, int n) {
  double twice = 0.0;
  for (int i = 0; i < n; i++) {
    const point *next = &p[i + 1 < n ? i + 1 : 0];
    twice += p[i].x * next->y - next->x * p[i].y;
  }
  return 0.5 * twice;
}

point centroid(const point *p, int n) {
  point sum = {0.0, 0.0};
  double area = 0.0;
  for (int i = 0, j = n - 1; i < n; j = i++) {
    const double part = p[j].x * p[i].y - p[i].x * p[j].y;
    area += part;
    sum.x += (p[i].x + p[j].x) * part;
    sum.y += (p[i].y + p[j].y) * part;
  }
  return (point){sum.x / (3.0 * area), sum.y / (3.0 * area)};
}

bool is_inside(const point *p, int n, double x, double y) {
  bool inside = false;
  for (int i = 0, j = n - 1; i < n; j = i++) {
    if ((p[i].y > y) != (p[j].y > y) &&
        x < (p[j].x - p[i].x) * (y - p[i].y) / (p[j].y - p[i].y) + p[i].x) {
      inside = !inside;
    }
  }
  return inside;
}

bool segments_meet(point a, point b, point c, point d, point *at) {
  const double rx = b.x - a.x, ry = b.y - a.y;
  const double sx = d.x - c.x, sy = d.y - c.y;
  const double below = rx * sy - ry * sx;
  if (fabs(below) < 1e-12) return false;
  const double t = ((c.x - a.x) * sy - (c.y - a.y) * sx) / below;
  const double u = ((c.x - a.x) * ry - (c.y - a.y) * rx) / below;
  if (t < 0.0 || t > 1.0 || u < 0.0 || u > 1.0) return false;
  at->x = a.x + t * rx;
  at->y = a.y + t * ry;
  return true;
}

double segment_distance(point p, point a, point b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double square = dx * dx + dy * dy;
  double t = 0.0;
  if (square > 0.0) t = ((p.x - a.x) * dx + (p.y - a.y) * dy) / square;
  t = t < 0.0 ? 0.0 : t > 1.0 ? 1.0 : t;
  return hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

// points sorted by x; strip has room for count points.
double closest_pair(const point *points, int count, point *strip) {
  if (count <= 3) {
    double best = INFINITY;
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < i; j++) {
        best = fmin(best, hypot(points[i].x - points[j].x,
                                points[i].y - points[j].y));
      }
    }
    return best;
  }
  const int half = count / 2;
  double best = fmin(closest_pair(points, half, strip),
                     closest_pair(points + half, count - half, strip));
  int width = 0;
  for (int i = 0; i < count; i++) {
    if (fabs(points[i].x - points[half].x) >= best) continue;
    int at = width++;
    for (; at > 0 && strip[at - 1].y > points[i].y; at--) {
      strip[at] = strip[at - 1];
    }
    strip[at] = points[i];
  }
  for (int i = 0; i < width; i++) {
    for (int j = i + 1; j < width && strip[j].y - strip[i].y < best; j++) {
      best = fmin(best, hypot(strip[i].x - strip[j].x, strip[i].y - strip[j].y));
    }
  }
  return best;
}

int clip_left_of(const point *in, int n, point a, point b, point *out) {
  int count = 0;
  for (int i = 0, j = n - 1; i < n; j = i++) {
    const double here = cross(a, b, in[i]), before = cross(a, b, in[j]);
    if ((here >= 0.0) != (before >= 0.0)) {
      const double t = before / (before - here);
      out[count].x = in[j].x + t * (in[i].x - in[j].x);
      out[count++].y = in[j].y + t * (in[i].y - in[j].y);
    }
    if (here >= 0.0) out[count++] = in[i];
  }
  return count;
}

// The tolerance in units; marks the points that stay.
void simplify(const point *p, int first, int last, double tolerance,
              uint8_t *keep) {
  keep[first] = keep[last] = 1;
  double worst = 0.0;
  int at = first;
  for (int i = first + 1; i < last; i++) {
    const double distance = segment_distance(p[i], p[first], p[last]);
    if (distance > worst) {
      worst = distance;
      at = i;
    }
  }
  if (worst <= tolerance) return;
  simplify(p, first, at, tolerance, keep);
  simplify(p, at, last, tolerance, keep);
}

uint32_t morton_code(uint16_t x, uint16_t y) {
  uint32_t code = 0;
  for (int bit = 0; bit < 16; bit++) {
    code |= ((uint32_t)x >> bit & 1u) << (2 * bit);
    code |= ((uint32_t)y >> bit & 1u) << (2 * bit + 1);
  }
  return code;
}

int draw_line(int x0, int y0, int x1, int y1, int width, uint8_t *pixels) {
  const int dx = abs(x1 - x0), dy = -abs(y1 - y0);
  const int sx = x0 < x1 ? 1 : -1, sy = y0 < y1 ? 1 : -1;
  int error = dx + dy, drawn = 0;
  for (;;) {
    pixels[y0 * width + x0] = 255;
    drawn++;
    if (x0 == x1 && y0 == y1) return drawn;
    const int twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x0 += sx;
    }
    if (twice <= dx) {
      error += dx;
      y0 += sy;
    }
  }
}
