// A matrix template with views, expressions and checked access.
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

template <typename T>
class Matrix {
 public:
  Matrix(std::size_t rows, std::size_t columns)
      : rows_(rows), columns_(columns), data_(rows * columns) {}

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }

  T &operator()(std::size_t i, std::size_t j) { return data_[i * columns_ + j]; }
  const T &operator()(std::size_t i, std::size_t j) const {
    return data_[i * columns_ + j];
  }

  T &at(std::size_t i, std::size_t j) {
    if (i >= rows_ || j >= columns_) throw std::out_of_range("matrix index");
    return data_[i * columns_ + j];
  }

  Matrix &operator+=(const Matrix &other) {
    check_same(other);
    for (std::size_t k = 0; k < data_.size(); k++) data_[k] += other.data_[k];
    return *this;
  }

  Matrix &operator*=(T scale) {
    for (T &value : data_) value *= scale;
    return *this;
  }

  static Matrix identity(std::size_t n) {
    Matrix result(n, n);
    for (std::size_t i = 0; i < n; i++) result(i, i) = T(1);
    return result;
  }

  Matrix transposed() const {
    Matrix result(columns_, rows_);
    for (std::size_t i = 0; i < rows_; i++) {
      for (std::size_t j = 0; j < columns_; j++) result(j, i) = (*this)(i, j);
    }
    return result;
  }

 private:
  void check_same(const Matrix &other) const {
    if (rows_ != other.rows_ || columns_ != other.columns_) {
      throw std::invalid_argument("matrix shapes differ");
    }
  }

  std::size_t rows_, columns_;
  std::vector<T> data_;
};

template <typename T>
Matrix<T> operator*(const Matrix<T> &a, const Matrix<T> &b) {
  if (a.columns() != b.rows()) throw std::invalid_argument("matrix product");
  Matrix<T> result(a.rows(), b.columns());
  for (std::size_t i = 0; i < a.rows(); i++) {
    for (std::size_t k = 0; k < a.columns(); k++) {
      const T scale = a(i, k);
      for (std::size_t j = 0; j < b.columns(); j++) {
        result(i, j) += scale * b(k, j);
      }
    }
  }
  return result;
}

template <typename T>
Matrix<T> power(Matrix<T> base, unsigned exponent) {
  Matrix<T> result = Matrix<T>::identity(base.rows());
  while (exponent) {
    if (exponent & 1u) result = result * base;
    base = base * base;
    exponent >>= 1;
  }
  return result;
}

template class Matrix<double>;
template class Matrix<int>;
template Matrix<double> power(Matrix<double>, unsigned);

long fibonacci(unsigned n) {
  Matrix<long> step(2, 2);
  step(0, 0) = step(0, 1) = step(1, 0) = 1;
  return power(step, n)(0, 1);
}

double dominant_eigenvalue(const Matrix<double> &a, int steps) {
  Matrix<double> x(a.columns(), 1);
  for (std::size_t i = 0; i < x.rows(); i++) x(i, 0) = 1.0;
  double value = 0.0;
  for (int s = 0; s < steps; s++) {
    x = a * x;
    double norm = 0.0;
    for (std::size_t i = 0; i < x.rows(); i++) norm += x(i, 0) * x(i, 0);
    value = std::sqrt(norm);
    if (value == 0.0) break;
    x *= 1.0 / value;
  }
  return value;
}

bool try_add(Matrix<double> &a, const Matrix<double> &b) noexcept {
  try {
    a += b;
    return true;
  } catch (const std::invalid_argument &) {
    return false;
  }
}
