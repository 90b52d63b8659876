// Text with standard strings: splitting, joining, wrapping, big decimals.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string_view> &parts,
                 std::string_view between) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size() + between.size();
  std::string result;
  result.reserve(size);
  for (std::size_t i = 0; i < parts.size(); i++) {
    if (i) result.append(between);
    result.append(parts[i]);
  }
  return result;
}

std::string wrap(std::string_view text, std::size_t width) {
  std::string result;
  std::size_t column = 0;
  for (const auto word : split(text, ' ')) {
    if (word.empty()) continue;
    if (column && column + 1 + word.size() > width) {
      result += '\n';
      column = 0;
    }
    if (column) {
      result += ' ';
      column++;
    }
    result.append(word);
    column += word.size();
  }
  return result;
}

class Decimal {
 public:
  explicit Decimal(std::string_view digits) {
    for (std::size_t i = digits.size(); i > 0; i--) {
      digits_.push_back(static_cast<signed char>(digits[i - 1] - '0'));
    }
    shrink();
  }

  Decimal &operator+=(const Decimal &other) {
    int carry = 0;
    const std::size_t size = std::max(digits_.size(), other.digits_.size());
    digits_.resize(size, 0);
    for (std::size_t i = 0; i < size; i++) {
      carry += digits_[i];
      if (i < other.digits_.size()) carry += other.digits_[i];
      digits_[i] = static_cast<signed char>(carry % 10);
      carry /= 10;
    }
    if (carry) digits_.push_back(static_cast<signed char>(carry));
    return *this;
  }

  friend Decimal operator*(const Decimal &a, const Decimal &b) {
    std::vector<int> sums(a.digits_.size() + b.digits_.size() + 1, 0);
    for (std::size_t i = 0; i < a.digits_.size(); i++) {
      for (std::size_t j = 0; j < b.digits_.size(); j++) {
        sums[i + j] += a.digits_[i] * b.digits_[j];
      }
    }
    Decimal result("");
    int carry = 0;
    for (const int sum : sums) {
      carry += sum;
      result.digits_.push_back(static_cast<signed char>(carry % 10));
      carry /= 10;
    }
    result.shrink();
    return result;
  }

  bool operator<(const Decimal &other) const {
    if (digits_.size() != other.digits_.size()) {
      return digits_.size() < other.digits_.size();
    }
    return std::lexicographical_compare(digits_.rbegin(), digits_.rend(),
                                        other.digits_.rbegin(),
                                        other.digits_.rend());
  }

  std::string text() const {
    std::string result;
    for (auto d = digits_.rbegin(); d != digits_.rend(); ++d) {
      result += static_cast<char>('0' + *d);
    }
    return result.empty() ? "0" : result;
  }

 private:
  void shrink() {
    while (!digits_.empty() && digits_.back() == 0) digits_.pop_back();
  }
  std::vector<signed char> digits_;
};

std::string factorial(int n) {
  Decimal product("1");
  for (int k = 2; k <= n; k++) product = product * Decimal(std::to_string(k));
  return product.text();
}

std::string sum_lines(std::string_view text) {
  Decimal sum("0");
  for (const auto line : split(text, '\n')) sum += Decimal(line);
  return sum.text();
}

std::string rotate_letters(std::string text, int by) {
  for (char &c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>('a' + (c - 'a' + by) % 26);
    if (c >= 'A' && c <= 'Z') c = static_cast<char>('A' + (c - 'A' + by) % 26);
  }
  return text;
}

std::string roman(int value) {
  static const struct {
    int value;
    const char *text;
  } steps[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
               {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
               {5, "V"},    {4, "IV"},   {1, "I"}};
  std::string result;
  for (const auto &step : steps) {
    for (; value >= step.value; value -= step.value) result += step.text;
  }
  return result;
}
