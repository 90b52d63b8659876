// Sorts as templates over iterators and comparators, with lambdas and traits.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

template <typename Iterator, typename Less>
void insertion(Iterator first, Iterator last, Less less) {
  for (Iterator i = first; i != last; ++i) {
    auto value = std::move(*i);
    Iterator hole = i;
    while (hole != first && less(value, *std::prev(hole))) {
      *hole = std::move(*std::prev(hole));
      --hole;
    }
    *hole = std::move(value);
  }
}

template <typename Iterator, typename Less>
Iterator split(Iterator first, Iterator last, Less less) {
  Iterator middle = first + (last - first) / 2;
  std::iter_swap(middle, last - 1);
  Iterator store = first;
  for (Iterator i = first; i != last - 1; ++i) {
    if (less(*i, *(last - 1))) std::iter_swap(i, store++);
  }
  std::iter_swap(store, last - 1);
  return store;
}

template <typename Iterator, typename Less>
void quick(Iterator first, Iterator last, Less less) {
  while (last - first > 24) {
    const Iterator middle = split(first, last, less);
    if (middle - first < last - middle) {
      quick(first, middle, less);
      first = middle + 1;
    } else {
      quick(middle + 1, last, less);
      last = middle;
    }
  }
  insertion(first, last, less);
}

template <typename T>
std::enable_if_t<std::is_unsigned<T>::value> radix(T *values, T *scratch,
                                                   std::size_t count) {
  for (unsigned shift = 0; shift < 8 * sizeof(T); shift += 8) {
    std::size_t starts[256] = {};
    for (std::size_t i = 0; i < count; i++) starts[values[i] >> shift & 0xff]++;
    std::size_t sum = 0;
    for (std::size_t &start : starts) sum += std::exchange(start, sum);
    for (std::size_t i = 0; i < count; i++) {
      scratch[starts[values[i] >> shift & 0xff]++] = values[i];
    }
    std::copy(scratch, scratch + count, values);
  }
}

template void radix(std::uint16_t *, std::uint16_t *, std::size_t);
template void radix(std::uint64_t *, std::uint64_t *, std::size_t);

struct Person {
  std::string name;
  int age;
  float height;
};

void sort_doubles(double *values, long count) {
  quick(values, values + count, std::less<double>());
}

void sort_by_distance(int *values, long count, int centre) {
  quick(values, values + count, [centre](int a, int b) {
    return std::abs(a - centre) < std::abs(b - centre);
  });
}

void sort_people(std::vector<Person> &people) {
  insertion(people.begin(), people.end(), [](const Person &a, const Person &b) {
    return a.age != b.age ? a.age < b.age : a.height > b.height;
  });
}

void sort_any(short *values, long count,
              const std::function<bool(short, short)> &less) {
  insertion(values, values + count, std::cref(less));
}

bool next_order(signed char *values, long count) {
  long i = count - 1;
  while (i > 0 && values[i - 1] >= values[i]) i--;
  if (i <= 0) {
    std::reverse(values, values + count);
    return false;
  }
  long j = count - 1;
  while (values[j] <= values[i - 1]) j--;
  std::swap(values[i - 1], values[j]);
  std::reverse(values + i, values + count);
  return true;
}

long count_inversions(std::vector<int> &values, std::vector<int> &scratch,
                      long low, long high) {
  if (high - low < 2) return 0;
  const long middle = low + (high - low) / 2;
  long count = count_inversions(values, scratch, low, middle) +
               count_inversions(values, scratch, middle, high);
  long i = low, j = middle;
  for (long k = low; k < high; k++) {
    if (j == high || (i < middle && values[i] <= values[j])) {
      scratch[k] = values[i++];
    } else {
      scratch[k] = values[j++];
      count += middle - i;
    }
  }
  std::copy(scratch.begin() + low, scratch.begin() + high, values.begin() + low);
  return count;
}
