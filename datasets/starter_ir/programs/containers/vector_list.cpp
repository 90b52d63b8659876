// Hand-written containers: a growing array, a list, a ring, a smart pointer.
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

template <typename T>
class Array {
 public:
  Array() = default;
  Array(const Array &other) {
    reserve(other.size_);
    for (std::size_t i = 0; i < other.size_; i++) push(other.data_[i]);
  }
  Array(Array &&other) noexcept { swap(other); }
  Array &operator=(Array other) noexcept {
    swap(other);
    return *this;
  }
  ~Array() {
    clear();
    ::operator delete(data_);
  }

  void swap(Array &other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    T *moved = static_cast<T *>(::operator new(capacity * sizeof(T)));
    for (std::size_t i = 0; i < size_; i++) {
      new (moved + i) T(std::move(data_[i]));
      data_[i].~T();
    }
    ::operator delete(data_);
    data_ = moved;
    capacity_ = capacity;
  }

  void push(T value) {
    if (size_ == capacity_) reserve(capacity_ ? 2 * capacity_ : 4);
    new (data_ + size_++) T(std::move(value));
  }

  T pop() {
    T value = std::move(data_[--size_]);
    data_[size_].~T();
    return value;
  }

  void clear() {
    while (size_) data_[--size_].~T();
  }

  T &operator[](std::size_t i) { return data_[i]; }
  const T &operator[](std::size_t i) const { return data_[i]; }
  std::size_t size() const { return size_; }
  T *begin() { return data_; }
  T *end() { return data_ + size_; }

 private:
  T *data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

template <typename T>
class List {
  struct Node {
    Node *previous, *next;
    T value;
  };

 public:
  List() = default;
  List(const List &) = delete;
  List &operator=(const List &) = delete;
  ~List() {
    while (head_) delete std::exchange(head_, head_->next);
  }

  void push_back(const T &value) {
    Node *node = new Node{tail_, nullptr, value};
    (tail_ ? tail_->next : head_) = node;
    tail_ = node;
    size_++;
  }

  template <typename Predicate>
  std::size_t remove_if(Predicate predicate) {
    std::size_t removed = 0;
    for (Node *node = head_; node;) {
      Node *next = node->next;
      if (predicate(node->value)) {
        (node->previous ? node->previous->next : head_) = next;
        (next ? next->previous : tail_) = node->previous;
        delete node;
        removed++;
      }
      node = next;
    }
    size_ -= removed;
    return removed;
  }

  void reverse() {
    for (Node *node = head_; node; node = node->previous) {
      std::swap(node->previous, node->next);
    }
    std::swap(head_, tail_);
  }

  template <typename Function>
  void for_each(Function function) const {
    for (const Node *node = head_; node; node = node->next) function(node->value);
  }

  std::size_t size() const { return size_; }

 private:
  Node *head_ = nullptr, *tail_ = nullptr;
  std::size_t size_ = 0;
};

template <typename T, std::size_t N>
class Ring {
 public:
  bool offer(T value) {
    if (count_ == N) return false;
    slots_[(first_ + count_++) % N] = value;
    return true;
  }
  bool take(T &value) {
    if (!count_) return false;
    value = slots_[first_];
    first_ = (first_ + 1) % N;
    count_--;
    return true;
  }

 private:
  T slots_[N];
  std::size_t first_ = 0, count_ = 0;
};

template class Array<int>;
template class Array<Array<short>>;
template class List<double>;
template class Ring<std::uint16_t, 24>;

std::size_t drop_below(List<double> &list, double limit) {
  return list.remove_if([limit](double value) { return value < limit; });
}

double sum_of(const List<double> &list) {
  double sum = 0.0;
  list.for_each([&sum](double value) { sum += value; });
  return sum;
}

int collatz_lengths(int limit, Array<int> &lengths) {
  int longest = 0;
  for (int start = 1; start <= limit; start++) {
    int length = 0;
    for (std::uint64_t n = static_cast<std::uint64_t>(start); n != 1; length++) {
      n = n % 2 ? 3 * n + 1 : n / 2;
    }
    lengths.push(length);
    if (length > longest) longest = length;
  }
  return longest;
}

Array<Array<short>> split_rows(const short *values, int rows, int columns) {
  Array<Array<short>> result;
  for (int i = 0; i < rows; i++) {
    Array<short> row;
    for (int j = 0; j < columns; j++) row.push(values[i * columns + j]);
    result.push(std::move(row));
  }
  return result;
}
