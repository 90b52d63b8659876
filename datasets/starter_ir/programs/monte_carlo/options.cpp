// Option prices by simulation, by formula and on a tree, with policies.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed | 1) {}

  std::uint32_t bits() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    const auto mixed = static_cast<std::uint32_t>(((state_ >> 18) ^ state_) >> 27);
    const auto turn = static_cast<unsigned>(state_ >> 59);
    return mixed >> turn | mixed << ((32 - turn) & 31);
  }

  double uniform() { return (bits() + 0.5) / 4294967296.0; }

  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    const double angle = 2.0 * M_PI * uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

 private:
  std::uint64_t state_;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

struct Market {
  double spot, rate, volatility;
};

struct Call {
  double strike;
  double operator()(double price) const { return std::max(price - strike, 0.0); }
};

struct Put {
  double strike;
  double operator()(double price) const { return std::max(strike - price, 0.0); }
};

struct Estimate {
  double mean, error;
};

template <typename Payoff>
Estimate simulate(const Market &market, Payoff payoff, double years, int paths,
                  Random &random) {
  const double drift =
      (market.rate - 0.5 * market.volatility * market.volatility) * years;
  const double spread = market.volatility * std::sqrt(years);
  double sum = 0.0, squares = 0.0;
  for (int i = 0; i < paths; i++) {
    const double z = random.normal();
    const double up = payoff(market.spot * std::exp(drift + spread * z));
    const double down = payoff(market.spot * std::exp(drift - spread * z));
    const double value = 0.5 * (up + down);
    sum += value;
    squares += value * value;
  }
  const double discount = std::exp(-market.rate * years);
  const double mean = sum / paths;
  return {discount * mean,
          discount * std::sqrt((squares / paths - mean * mean) / paths)};
}

template Estimate simulate(const Market &, Call, double, int, Random &);
template Estimate simulate(const Market &, Put, double, int, Random &);

double asian_call(const Market &market, double strike, double years, int steps,
                  int paths, Random &random) {
  const double dt = years / steps;
  const double drift =
      (market.rate - 0.5 * market.volatility * market.volatility) * dt;
  const double spread = market.volatility * std::sqrt(dt);
  double sum = 0.0;
  for (int i = 0; i < paths; i++) {
    double price = market.spot, total = 0.0;
    for (int s = 0; s < steps; s++) {
      price *= std::exp(drift + spread * random.normal());
      total += price;
    }
    sum += std::max(total / steps - strike, 0.0);
  }
  return std::exp(-market.rate * years) * sum / paths;
}

double normal_below(double x) { return 0.5 * std::erfc(-x * M_SQRT1_2); }

double black_scholes(const Market &market, double strike, double years,
                     bool is_call) {
  const double spread = market.volatility * std::sqrt(years);
  const double d1 = (std::log(market.spot / strike) + market.rate * years) /
                        spread + 0.5 * spread;
  const double now = strike * std::exp(-market.rate * years);
  const double call =
      market.spot * normal_below(d1) - now * normal_below(d1 - spread);
  return is_call ? call : call - market.spot + now;
}

template <typename Payoff>
double american(const Market &market, Payoff payoff, double years, int steps) {
  const double dt = years / steps;
  const double up = std::exp(market.volatility * std::sqrt(dt)), down = 1.0 / up;
  const double chance = (std::exp(market.rate * dt) - down) / (up - down);
  const double discount = std::exp(-market.rate * dt);
  std::vector<double> values(steps + 1);
  for (int i = 0; i <= steps; i++) {
    values[i] = payoff(market.spot * std::pow(up, 2 * i - steps));
  }
  for (int step = steps - 1; step >= 0; step--) {
    for (int i = 0; i <= step; i++) {
      const double held =
          discount * (chance * values[i + 1] + (1.0 - chance) * values[i]);
      const double price = market.spot * std::pow(up, 2 * i - step);
      values[i] = std::max(held, payoff(price));
    }
  }
  return values[0];
}

template double american(const Market &, Put, double, int);

double implied_volatility(Market market, double strike, double years,
                          double price) {
  double low = 1e-4, high = 5.0;
  for (int i = 0; i < 100 && high - low > 1e-10; i++) {
    market.volatility = 0.5 * (low + high);
    if (black_scholes(market, strike, years, true) < price) {
      low = market.volatility;
    } else {
      high = market.volatility;
    }
  }
  return 0.5 * (low + high);
}
