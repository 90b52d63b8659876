// Shapes behind a virtual interface, visitors, and boxes around them.
#include <cmath>
#include <memory>
#include <vector>

struct Point {
  double x, y;
};

struct Box {
  Point low, high;

  bool overlaps(const Box &other) const {
    return low.x <= other.high.x && other.low.x <= high.x &&
           low.y <= other.high.y && other.low.y <= high.y;
  }
};

class Circle;
class Rectangle;
class Polygon;

class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void visit(const Circle &circle) = 0;
  virtual void visit(const Rectangle &rectangle) = 0;
  virtual void visit(const Polygon &polygon) = 0;
};

class Shape {
 public:
  virtual ~Shape() = default;
  virtual double area() const = 0;
  virtual double perimeter() const = 0;
  virtual Box bounds() const = 0;
  virtual bool contains(Point p) const = 0;
  virtual void accept(Visitor &visitor) const = 0;
};

class Circle : public Shape {
 public:
  Circle(Point centre, double radius) : centre_(centre), radius_(radius) {}
  double area() const override;
  double perimeter() const override { return 2.0 * M_PI * radius_; }
  Box bounds() const override;
  bool contains(Point p) const override;
  void accept(Visitor &visitor) const override { visitor.visit(*this); }

 private:
  Point centre_;
  double radius_;
};

double Circle::area() const { return M_PI * radius_ * radius_; }

Box Circle::bounds() const {
  return {{centre_.x - radius_, centre_.y - radius_},
          {centre_.x + radius_, centre_.y + radius_}};
}

bool Circle::contains(Point p) const {
  const double dx = p.x - centre_.x, dy = p.y - centre_.y;
  return dx * dx + dy * dy <= radius_ * radius_;
}

class Rectangle : public Shape {
 public:
  explicit Rectangle(Box box) : box_(box) {}
  double area() const override { return width() * height(); }
  double perimeter() const override { return 2.0 * (width() + height()); }
  Box bounds() const override { return box_; }
  bool contains(Point p) const override;
  void accept(Visitor &visitor) const override { visitor.visit(*this); }

 private:
  double width() const { return box_.high.x - box_.low.x; }
  double height() const { return box_.high.y - box_.low.y; }
  Box box_;
};

bool Rectangle::contains(Point p) const {
  return p.x >= box_.low.x && p.x <= box_.high.x && p.y >= box_.low.y &&
         p.y <= box_.high.y;
}

class Polygon : public Shape {
 public:
  explicit Polygon(std::vector<Point> points) : points_(std::move(points)) {}
  double area() const override;
  double perimeter() const override;
  Box bounds() const override;
  bool contains(Point p) const override;
  void accept(Visitor &visitor) const override { visitor.visit(*this); }

 private:
  std::vector<Point> points_;
};

double Polygon::area() const {
  double twice = 0.0;
  for (std::size_t i = 0, j = points_.size() - 1; i < points_.size(); j = i++) {
    twice += points_[j].x * points_[i].y - points_[i].x * points_[j].y;
  }
  return std::fabs(twice) / 2.0;
}

double Polygon::perimeter() const {
  double sum = 0.0;
  for (std::size_t i = 0, j = points_.size() - 1; i < points_.size(); j = i++) {
    sum += std::hypot(points_[i].x - points_[j].x, points_[i].y - points_[j].y);
  }
  return sum;
}

Box Polygon::bounds() const {
  Box box{points_[0], points_[0]};
  for (const Point &p : points_) {
    box.low.x = std::fmin(box.low.x, p.x);
    box.low.y = std::fmin(box.low.y, p.y);
    box.high.x = std::fmax(box.high.x, p.x);
    box.high.y = std::fmax(box.high.y, p.y);
  }
  return box;
}

bool Polygon::contains(Point p) const {
  bool inside = false;
  for (std::size_t i = 0, j = points_.size() - 1; i < points_.size(); j = i++) {
    const Point &a = points_[i], &b = points_[j];
    if ((a.y > p.y) == (b.y > p.y)) continue;
    if (p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

class Counter : public Visitor {
 public:
  void visit(const Circle &circle) override { round_area += circle.area(); }
  void visit(const Rectangle &) override { straight++; }
  void visit(const Polygon &polygon) override {
    straight++;
    border += polygon.perimeter();
  }
  double round_area = 0.0, border = 0.0;
  int straight = 0;
};

using Scene = std::vector<std::unique_ptr<Shape>>;

const Shape *pick(const Scene &scene, Point p) {
  const Shape *smallest = nullptr;
  for (const auto &shape : scene) {
    if (!shape->contains(p)) continue;
    if (!smallest || shape->area() < smallest->area()) smallest = shape.get();
  }
  return smallest;
}

int count_overlaps(const Scene &scene) {
  int count = 0;
  for (std::size_t i = 0; i < scene.size(); i++) {
    const Box box = scene[i]->bounds();
    for (std::size_t j = 0; j < i; j++) count += box.overlaps(scene[j]->bounds());
  }
  return count;
}

double summarize(const Scene &scene, int *straight) {
  Counter counter;
  for (const auto &shape : scene) shape->accept(counter);
  *straight = counter.straight;
  return counter.round_area + counter.border;
}

std::unique_ptr<Shape> make_shape(int kind, double size) {
  switch (kind) {
    case 0:
      return std::make_unique<Circle>(Point{0.0, 0.0}, size);
    case 1:
      return std::make_unique<Rectangle>(Box{{0.0, 0.0}, {size, 2.0 * size}});
    default:
      return nullptr;
  }
}
