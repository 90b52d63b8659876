// Comparison sorts: generic through a function pointer, and typed ones.
#include <stddef.h>
#include <string.h>

typedef int (*comparator)(const void *, const void *);

int compare_ints(const void *left, const void *right) {
  const int a = *(const int *)left, b = *(const int *)right;
  return (a > b) - (a < b);
}

struct record {
  long key;
  char name[24];
  double weight;
};

int compare_records(const void *left, const void *right) {
  const struct record *a = left, *b = right;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  const int order = strcmp(a->name, b->name);
  if (order) return order;
  return (a->weight > b->weight) - (a->weight < b->weight);
}

void swap_bytes(char *a, char *b, size_t size) {
  while (size--) {
    const char kept = *a;
    *a++ = *b;
    *b++ = kept;
  }
}

void insertion_sort(void *base, size_t count, size_t size, comparator order) {
  char *items = base;
  for (size_t i = 1; i < count; i++) {
    for (size_t j = i; j > 0; j--) {
      char *here = items + j * size;
      if (order(here - size, here) <= 0) break;
      swap_bytes(here - size, here, size);
    }
  }
}

void quick_sort(void *base, size_t count, size_t size, comparator order) {
  char *items = base;
  while (count > 12) {
    swap_bytes(items, items + count / 2 * size, size);
    size_t low = 0;
    for (size_t i = 1; i < count; i++) {
      if (order(items + i * size, items) < 0) {
        low++;
        if (low != i) swap_bytes(items + low * size, items + i * size, size);
      }
    }
    swap_bytes(items, items + low * size, size);
    if (low < count - low - 1) {
      quick_sort(items, low, size, order);
      items += (low + 1) * size;
      count -= low + 1;
    } else {
      quick_sort(items + (low + 1) * size, count - low - 1, size, order);
      count = low;
    }
  }
  insertion_sort(items, count, size, order);
}

void sift_down(float *heap, int root, int count) {
  const float value = heap[root];
  for (int child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && heap[child + 1] > heap[child]) child++;
    if (heap[child] <= value) break;
    heap[root] = heap[child];
  }
  heap[root] = value;
}

void heap_sort(float *values, int count) {
  for (int i = count / 2 - 1; i >= 0; i--) sift_down(values, i, count);
  for (int end = count - 1; end > 0; end--) {
    const float largest = values[0];
    values[0] = values[end];
    values[end] = largest;
    sift_down(values, 0, end);
  }
}

void merge_sort(double *values, double *scratch, size_t count) {
  if (count < 2) return;
  const size_t half = count / 2;
  merge_sort(values, scratch, half);
  merge_sort(values + half, scratch, count - half);
  memcpy(scratch, values, half * sizeof *values);
  size_t i = 0, j = half, out = 0;
  while (i < half && j < count) {
    values[out++] = values[j] < scratch[i] ? values[j++] : scratch[i++];
  }
  while (i < half) values[out++] = scratch[i++];
}

void shell_sort(short *values, int count) {
  static const int gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
  for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
    const int gap = gaps[g];
    for (int i = gap; i < count; i++) {
      const short value = values[i];
      int j = i;
      for (; j >= gap && values[j - gap] > value; j -= gap) {
        values[j] = values[j - gap];
      }
      values[j] = value;
    }
  }
}
