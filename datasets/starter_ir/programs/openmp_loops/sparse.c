// Parallel sparse products, PageRank-like sweeps and label propagation.
#include <math.h>
#include <stdint.h>

void spmv(int rows, const int *starts, const int *columns,
          const double *values, const double *x, double *y) {
#pragma omp parallel for schedule(dynamic, 256)
  for (int i = 0; i < rows; i++) {
    double sum = 0.0;
    for (int k = starts[i]; k < starts[i + 1]; k++) {
      sum += values[k] * x[columns[k]];
    }
    y[i] = sum;
  }
}

void spmm(int rows, int width, const int *starts, const int *columns,
          const float *values, const float *x, float *y) {
#pragma omp parallel for
  for (int i = 0; i < rows; i++) {
    float *out = y + (long)i * width;
    for (int w = 0; w < width; w++) out[w] = 0.0f;
    for (int k = starts[i]; k < starts[i + 1]; k++) {
      const float *in = x + (long)columns[k] * width;
      const float scale = values[k];
#pragma omp simd
      for (int w = 0; w < width; w++) out[w] += scale * in[w];
    }
  }
}

double diffuse(int nodes, const int *starts, const int *sources,
               const double *rank, const double *share, double *next,
               double damping) {
  double change = 0.0;
#pragma omp parallel for reduction(+ : change)
  for (int i = 0; i < nodes; i++) {
    double sum = 0.0;
    for (int k = starts[i]; k < starts[i + 1]; k++) {
      sum += rank[sources[k]] * share[sources[k]];
    }
    next[i] = (1.0 - damping) / nodes + damping * sum;
    change += fabs(next[i] - rank[i]);
  }
  return change;
}

int propagate_labels(int nodes, const int *starts, const int *targets,
                     int *labels) {
  int changed = 0;
#pragma omp parallel for reduction(+ : changed) schedule(guided)
  for (int i = 0; i < nodes; i++) {
    int smallest = labels[i];
    for (int k = starts[i]; k < starts[i + 1]; k++) {
      int label;
#pragma omp atomic read
      label = labels[targets[k]];
      if (label < smallest) smallest = label;
    }
    if (smallest < labels[i]) {
#pragma omp atomic write
      labels[i] = smallest;
      changed++;
    }
  }
  return changed;
}

int components(int nodes, const int *starts, const int *targets, int *labels) {
  for (int i = 0; i < nodes; i++) labels[i] = i;
  int rounds = 0;
  while (propagate_labels(nodes, starts, targets, labels)) rounds++;
  return rounds;
}

void scatter_add(int count, const int32_t *places, const double *values,
                 double *out) {
#pragma omp parallel for
  for (int i = 0; i < count; i++) {
#pragma omp atomic
    out[places[i]] += values[i];
  }
}

int64_t longest_row(int rows, const int *starts, int *which) {
  int64_t best = -1;
  int place = -1;
#pragma omp parallel
  {
    int64_t mine = -1;
    int at = -1;
#pragma omp for nowait
    for (int i = 0; i < rows; i++) {
      if (starts[i + 1] - starts[i] > mine) {
        mine = starts[i + 1] - starts[i];
        at = i;
      }
    }
#pragma omp critical
    if (mine > best || (mine == best && at < place)) {
      best = mine;
      place = at;
    }
  }
  *which = place;
  return best;
}
