// Filters as objects in a pipeline over images of any pixel type.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

template <typename Pixel>
class Image {
 public:
  Image(int width, int height)
      : width_(width), height_(height),
        pixels_(static_cast<std::size_t>(width) * height) {}
  int width() const { return width_; }
  int height() const { return height_; }
  Pixel &at(int x, int y) { return pixels_[y * width_ + x]; }
  const Pixel &at(int x, int y) const { return pixels_[y * width_ + x]; }
  const Pixel &near(int x, int y) const {
    return at(std::clamp(x, 0, width_ - 1), std::clamp(y, 0, height_ - 1));
  }

 private:
  int width_, height_;
  std::vector<Pixel> pixels_;
};

using Grey = Image<float>;

class Filter {
 public:
  virtual ~Filter() = default;
  virtual Grey apply(const Grey &in) const = 0;
};

class Convolution : public Filter {
 public:
  Convolution(std::vector<float> weights, int size)
      : weights_(std::move(weights)), size_(size) {}
  Grey apply(const Grey &in) const override;

 private:
  std::vector<float> weights_;
  int size_;
};

Grey Convolution::apply(const Grey &in) const {
  Grey out(in.width(), in.height());
  const int half = size_ / 2;
  for (int y = 0; y < in.height(); y++) {
    for (int x = 0; x < in.width(); x++) {
      float sum = 0.0f;
      for (int ky = 0; ky < size_; ky++) {
        for (int kx = 0; kx < size_; kx++) {
          sum += weights_[ky * size_ + kx] * in.near(x + kx - half, y + ky - half);
        }
      }
      out.at(x, y) = sum;
    }
  }
  return out;
}

class Threshold : public Filter {
 public:
  explicit Threshold(float level) : level_(level) {}
  Grey apply(const Grey &in) const override;

 private:
  float level_;
};

Grey Threshold::apply(const Grey &in) const {
  Grey out(in.width(), in.height());
  for (int y = 0; y < in.height(); y++) {
    for (int x = 0; x < in.width(); x++) {
      out.at(x, y) = in.at(x, y) > level_ ? 1.0f : 0.0f;
    }
  }
  return out;
}

// Weighs neighbours by distance in place and in value.
class Bilateral : public Filter {
 public:
  Bilateral(int radius, float space, float range)
      : radius_(radius), space_(space), range_(range) {}
  Grey apply(const Grey &in) const override;

 private:
  int radius_;
  float space_, range_;
};

Grey Bilateral::apply(const Grey &in) const {
  Grey out(in.width(), in.height());
  for (int y = 0; y < in.height(); y++) {
    for (int x = 0; x < in.width(); x++) {
      const float centre = in.at(x, y);
      float sum = 0.0f, total = 0.0f;
      for (int dy = -radius_; dy <= radius_; dy++) {
        for (int dx = -radius_; dx <= radius_; dx++) {
          const float value = in.near(x + dx, y + dy);
          const float gap = (value - centre) / range_;
          const float place = static_cast<float>(dx * dx + dy * dy) / space_;
          const float weight = std::exp(-0.5f * (place + gap * gap));
          sum += weight * value;
          total += weight;
        }
      }
      out.at(x, y) = sum / total;
    }
  }
  return out;
}

class Pipeline {
 public:
  void add(std::unique_ptr<Filter> filter) { filters_.push_back(std::move(filter)); }
  Grey run(Grey image) const {
    for (const auto &filter : filters_) image = filter->apply(image);
    return image;
  }

 private:
  std::vector<std::unique_ptr<Filter>> filters_;
};

Grey find_edges(const Grey &image, float level) {
  Pipeline pipeline;
  pipeline.add(std::make_unique<Bilateral>(2, 4.0f, 0.1f));
  pipeline.add(std::make_unique<Convolution>(
      std::vector<float>{-1, -1, -1, -1, 8, -1, -1, -1, -1}, 3));
  pipeline.add(std::make_unique<Threshold>(level));
  return pipeline.run(image);
}

int label_regions(const Grey &mask, Image<std::int32_t> &labels) {
  int count = 0;
  std::vector<std::pair<int, int>> stack;
  for (int y = 0; y < mask.height(); y++) {
    for (int x = 0; x < mask.width(); x++) {
      if (mask.at(x, y) < 0.5f || labels.at(x, y)) continue;
      labels.at(x, y) = ++count;
      stack.emplace_back(x, y);
      while (!stack.empty()) {
        const auto [px, py] = stack.back();
        stack.pop_back();
        for (const auto &[dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
          const int nx = px + dx, ny = py + dy;
          if (nx < 0 || ny < 0 || nx >= mask.width() || ny >= mask.height()) {
            continue;
          }
          if (mask.at(nx, ny) < 0.5f || labels.at(nx, ny)) continue;
          labels.at(nx, ny) = count;
          stack.emplace_back(nx, ny);
        }
      }
    }
  }
  return count;
}

double mean_square_gap(const Grey &a, const Grey &b) {
  double sum = 0.0;
  for (int y = 0; y < a.height(); y++) {
    for (int x = 0; x < a.width(); x++) {
      const double gap = a.at(x, y) - b.at(x, y);
      sum += gap * gap;
    }
  }
  return sum / (static_cast<double>(a.width()) * a.height());
}
