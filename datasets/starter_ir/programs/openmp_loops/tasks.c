// Tasks: recursive sums, a merge sort, a tree, and dependences.
#include <stdlib.h>
#include <string.h>

long fibonacci(int n) {
  if (n < 2) return n;
  if (n < 20) return fibonacci(n - 1) + fibonacci(n - 2);
  long left, right;
#pragma omp task shared(left)
  left = fibonacci(n - 1);
  right = fibonacci(n - 2);
#pragma omp taskwait
  return left + right;
}

double tree_sum(const double *values, long n) {
  if (n <= 4096) {
    double sum = 0.0;
    for (long i = 0; i < n; i++) sum += values[i];
    return sum;
  }
  double left, right;
#pragma omp task shared(left)
  left = tree_sum(values, n / 2);
#pragma omp task shared(right)
  right = tree_sum(values + n / 2, n - n / 2);
#pragma omp taskwait
  return left + right;
}

void merge(const int *a, long na, const int *b, long nb, int *out) {
  while (na && nb) {
    if (*b < *a) {
      *out++ = *b++;
      nb--;
    } else {
      *out++ = *a++;
      na--;
    }
  }
  memcpy(out, na ? a : b, sizeof(int) * (size_t)(na + nb));
}

void sort_range(int *values, int *scratch, long n) {
  if (n < 2) return;
  const long half = n / 2;
#pragma omp task if (n > 10000)
  sort_range(values, scratch, half);
#pragma omp task if (n > 10000)
  sort_range(values + half, scratch + half, n - half);
#pragma omp taskwait
  merge(values, half, values + half, n - half, scratch);
  memcpy(values, scratch, sizeof(int) * (size_t)n);
}

int sort_parallel(int *values, long n) {
  int *scratch = malloc(sizeof(int) * (size_t)n);
  if (!scratch) return -1;
#pragma omp parallel
#pragma omp single nowait
  sort_range(values, scratch, n);
  free(scratch);
  return 0;
}

struct tree {
  struct tree *left, *right;
  int weight;
};

void weigh(struct tree *node, int depth) {
  if (!node) return;
#pragma omp task final(depth > 6)
  weigh(node->left, depth + 1);
#pragma omp task final(depth > 6)
  weigh(node->right, depth + 1);
#pragma omp taskwait
  if (node->left) node->weight += node->left->weight;
  if (node->right) node->weight += node->right->weight;
}

void pipeline(float *stages, int num_stages, int width) {
#pragma omp parallel
#pragma omp single
  for (int s = 1; s < num_stages; s++) {
    float *from = stages + (s - 1) * width, *to = from + width;
#pragma omp task depend(in : from[0]) depend(out : to[0]) firstprivate(from, to)
    for (int i = 0; i < width; i++) to[i] = 0.5f * (from[i] + to[i]);
  }
}

void scale_chunks(double *values, long n, double factor) {
#pragma omp parallel
#pragma omp single
#pragma omp taskloop grainsize(1000)
  for (long i = 0; i < n; i++) values[i] *= factor;
}
