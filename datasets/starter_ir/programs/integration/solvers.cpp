// Integrators as strategies: virtual methods, std::function, dual numbers.
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

using State = std::vector<double>;
using Slope = std::function<State(double, const State &)>;

State axpy(double scale, const State &x, const State &y) {
  State result(y);
  for (std::size_t i = 0; i < x.size(); i++) result[i] += scale * x[i];
  return result;
}

class Stepper {
 public:
  virtual ~Stepper() = default;
  virtual State step(const Slope &f, double t, const State &y, double h) = 0;
  virtual int order() const { return 1; }
};

class Euler final : public Stepper {
 public:
  State step(const Slope &f, double t, const State &y, double h) override {
    return axpy(h, f(t, y), y);
  }
};

class Midpoint final : public Stepper {
 public:
  State step(const Slope &f, double t, const State &y, double h) override {
    return axpy(h, f(t + h / 2, axpy(h / 2, f(t, y), y)), y);
  }
  int order() const override { return 2; }
};

class AdamsBashforth final : public Stepper {
 public:
  State step(const Slope &f, double t, const State &y, double h) override {
    State now = f(t, y);
    State result = axpy(previous_.empty() ? h : 1.5 * h, now, y);
    if (!previous_.empty()) result = axpy(-0.5 * h, previous_, result);
    previous_ = std::move(now);
    return result;
  }
  int order() const override { return 2; }

 private:
  State previous_;
};

std::unique_ptr<Stepper> make_stepper(char kind) {
  switch (kind) {
    case 'e':
      return std::make_unique<Euler>();
    case 'm':
      return std::make_unique<Midpoint>();
    case 'a':
      return std::make_unique<AdamsBashforth>();
    default:
      throw std::invalid_argument("no such stepper");
  }
}

State solve(Stepper &stepper, const Slope &f, State y, double from, double to,
            int steps) {
  const double h = (to - from) / steps;
  for (int i = 0; i < steps; i++) {
    y = stepper.step(f, from + i * h, y, h);
    for (const double value : y) {
      if (!std::isfinite(value)) throw std::runtime_error("diverged");
    }
  }
  return y;
}

double pendulum_period(double length, double amplitude, char kind) {
  const Slope f = [length](double, const State &y) {
    return State{y[1], -9.81 / length * std::sin(y[0])};
  };
  const auto stepper = make_stepper(kind);
  State y{amplitude, 0.0};
  double t = 0.0;
  const double h = 1e-4;
  while (y[0] > 0.0 && t < 100.0) {
    y = stepper->step(f, t, y, h);
    t += h;
  }
  return 4.0 * t;
}

// Forward differentiation with N directions.
template <std::size_t N>
struct Dual {
  double value = 0.0;
  std::array<double, N> slopes{};

  friend Dual operator+(const Dual &a, const Dual &b) {
    Dual result{a.value + b.value, {}};
    for (std::size_t i = 0; i < N; i++) result.slopes[i] = a.slopes[i] + b.slopes[i];
    return result;
  }
  friend Dual operator*(const Dual &a, const Dual &b) {
    Dual result{a.value * b.value, {}};
    for (std::size_t i = 0; i < N; i++) {
      result.slopes[i] = a.slopes[i] * b.value + a.value * b.slopes[i];
    }
    return result;
  }
  friend Dual exp(const Dual &a) {
    Dual result{std::exp(a.value), {}};
    for (std::size_t i = 0; i < N; i++) result.slopes[i] = result.value * a.slopes[i];
    return result;
  }
};

template <typename T>
T surface(const T &x, const T &y) {
  return x * x * y + exp(x * y) + y;
}

std::array<double, 3> surface_gradient(double x, double y) {
  const Dual<2> dx{x, {1.0, 0.0}}, dy{y, {0.0, 1.0}};
  const Dual<2> result = surface(dx, dy);
  return {result.value, result.slopes[0], result.slopes[1]};
}

double newton(double start, double target, int max_steps) {
  Dual<1> x{start, {1.0}};
  for (int i = 0; i < max_steps; i++) {
    const Dual<1> y = x * exp(x);
    const double change = (y.value - target) / y.slopes[0];
    x.value -= change;
    if (std::fabs(change) < 1e-13) break;
  }
  return x.value;
}
