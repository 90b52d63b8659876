// A sparse matrix class over index and value types, built from triples.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

template <typename Index, typename Value>
class SparseMatrix {
 public:
  struct Triple {
    Index row, column;
    Value value;
  };

  SparseMatrix(Index rows, Index columns, std::vector<Triple> triples)
      : rows_(rows), columns_(columns), starts_(rows + 1, 0) {
    std::sort(triples.begin(), triples.end(),
              [](const Triple &a, const Triple &b) {
                return a.row != b.row ? a.row < b.row : a.column < b.column;
              });
    Index last_row = -1;
    for (const Triple &t : triples) {
      if (t.row < 0 || t.row >= rows || t.column < 0 || t.column >= columns) {
        throw std::out_of_range("sparse matrix entry");
      }
      if (last_row == t.row && indices_.back() == t.column) {
        values_.back() += t.value;
        continue;
      }
      indices_.push_back(t.column);
      values_.push_back(t.value);
      starts_[t.row + 1]++;
      last_row = t.row;
    }
    for (Index i = 0; i < rows; i++) starts_[i + 1] += starts_[i];
  }

  Index rows() const { return rows_; }
  std::size_t nonzeros() const { return values_.size(); }

  void multiply(const std::vector<Value> &x, std::vector<Value> &y) const {
    for (Index i = 0; i < rows_; i++) {
      Value sum(0);
      for (Index k = starts_[i]; k < starts_[i + 1]; k++) {
        sum += values_[k] * x[indices_[k]];
      }
      y[i] = sum;
    }
  }

  SparseMatrix transposed() const {
    std::vector<Triple> triples;
    triples.reserve(values_.size());
    for (Index i = 0; i < rows_; i++) {
      for (Index k = starts_[i]; k < starts_[i + 1]; k++) {
        triples.push_back({indices_[k], i, values_[k]});
      }
    }
    return SparseMatrix(columns_, rows_, std::move(triples));
  }

  SparseMatrix operator*(const SparseMatrix &other) const {
    std::vector<Triple> triples;
    std::vector<Value> row(other.columns_, Value(0));
    std::vector<Index> touched;
    for (Index i = 0; i < rows_; i++) {
      touched.clear();
      for (Index k = starts_[i]; k < starts_[i + 1]; k++) {
        const Index j = indices_[k];
        for (Index l = other.starts_[j]; l < other.starts_[j + 1]; l++) {
          const Index column = other.indices_[l];
          if (row[column] == Value(0)) touched.push_back(column);
          row[column] += values_[k] * other.values_[l];
        }
      }
      for (const Index column : touched) {
        if (row[column] != Value(0)) triples.push_back({i, column, row[column]});
        row[column] = Value(0);
      }
    }
    return SparseMatrix(rows_, other.columns_, std::move(triples));
  }

  Value operator()(Index i, Index j) const {
    const auto first = indices_.begin() + starts_[i];
    const auto last = indices_.begin() + starts_[i + 1];
    const auto found = std::lower_bound(first, last, j);
    if (found == last || *found != j) return Value(0);
    return values_[found - indices_.begin()];
  }

 private:
  Index rows_, columns_;
  std::vector<Index> starts_, indices_;
  std::vector<Value> values_;
};

template class SparseMatrix<int, double>;
template class SparseMatrix<std::int64_t, float>;

using Matrix = SparseMatrix<int, double>;

Matrix laplacian(int side) {
  std::vector<Matrix::Triple> triples;
  for (int y = 0; y < side; y++) {
    for (int x = 0; x < side; x++) {
      const int at = y * side + x;
      triples.push_back({at, at, 4.0});
      if (x > 0) triples.push_back({at, at - 1, -1.0});
      if (x + 1 < side) triples.push_back({at, at + 1, -1.0});
      if (y > 0) triples.push_back({at, at - side, -1.0});
      if (y + 1 < side) triples.push_back({at, at + side, -1.0});
    }
  }
  return Matrix(side * side, side * side, std::move(triples));
}

int chebyshev(const Matrix &a, const std::vector<double> &b,
              std::vector<double> &x, double low, double high, int steps) {
  const double centre = (high + low) / 2, half = (high - low) / 2;
  std::vector<double> r(b.size()), p(b.size(), 0.0);
  double alpha = 0.0;
  for (int step = 0; step < steps; step++) {
    a.multiply(x, r);
    double norm = 0.0;
    for (std::size_t i = 0; i < b.size(); i++) {
      r[i] = b[i] - r[i];
      norm += r[i] * r[i];
    }
    if (std::sqrt(norm) < 1e-10) return step;
    double beta = 0.0;
    if (step == 1) beta = 0.5 * (half * alpha) * (half * alpha);
    if (step > 1) beta = (half * alpha / 2) * (half * alpha / 2);
    alpha = step == 0 ? 1.0 / centre : 1.0 / (centre - beta / alpha);
    for (std::size_t i = 0; i < b.size(); i++) {
      p[i] = r[i] + beta * p[i];
      x[i] += alpha * p[i];
    }
  }
  return -1;
}
