// Parallel counting with atomics, critical sections, locks and private bins.
#include <omp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void count_atomic(const uint8_t *data, long size, uint32_t bins[256]) {
#pragma omp parallel for
  for (long i = 0; i < size; i++) {
#pragma omp atomic
    bins[data[i]]++;
  }
}

void count_private(const uint8_t *data, long size, uint32_t bins[256]) {
#pragma omp parallel
  {
    uint32_t mine[256];
    memset(mine, 0, sizeof mine);
#pragma omp for nowait
    for (long i = 0; i < size; i++) mine[data[i]]++;
#pragma omp critical
    for (int b = 0; b < 256; b++) bins[b] += mine[b];
  }
}

int count_reduction(const int16_t *values, int n, int low, int bins[16]) {
  int outside = 0;
#pragma omp parallel for reduction(+ : bins[:16], outside)
  for (int i = 0; i < n; i++) {
    const int bin = (values[i] - low) / 64;
    if (bin >= 0 && bin < 16) {
      bins[bin]++;
    } else {
      outside++;
    }
  }
  return outside;
}

struct account {
  omp_lock_t lock;
  int64_t balance;
};

void transfer_all(struct account *accounts, const int (*orders)[3], int count) {
#pragma omp parallel for schedule(dynamic, 8)
  for (int i = 0; i < count; i++) {
    const int from = orders[i][0], to = orders[i][1];
    if (from == to) continue;
    const int first = from < to ? from : to, second = from < to ? to : from;
    omp_set_lock(&accounts[first].lock);
    omp_set_lock(&accounts[second].lock);
    if (accounts[from].balance >= orders[i][2]) {
      accounts[from].balance -= orders[i][2];
      accounts[to].balance += orders[i][2];
    }
    omp_unset_lock(&accounts[second].lock);
    omp_unset_lock(&accounts[first].lock);
  }
}

// An exclusive scan in two passes over one block a thread.
int64_t parallel_scan(const int *in, int64_t *out, long n) {
  int64_t *sums = NULL, total = 0;
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
#pragma omp single
    sums = calloc((size_t)threads + 1, sizeof *sums);
    const long from = n * thread / threads, to = n * (thread + 1) / threads;
    int64_t sum = 0;
    for (long i = from; i < to; i++) sum += in[i];
    if (sums) sums[thread + 1] = sum;
#pragma omp barrier
#pragma omp single
    {
      for (int t = 0; sums && t < threads; t++) sums[t + 1] += sums[t];
      total = sums ? sums[threads] : -1;
    }
    int64_t running = sums ? sums[thread] : 0;
    for (long i = from; i < to; i++) {
      out[i] = running;
      running += in[i];
    }
  }
  free(sums);
  return total;
}

int find_first(const int *values, int n, int wanted) {
  int first = n;
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; i++) {
    if (values[i] != wanted) continue;
#pragma omp critical(first_place)
    if (i < first) first = i;
  }
  return first < n ? first : -1;
}

int next_ticket(int *counter) {
  int ticket;
#pragma omp atomic capture
  ticket = (*counter)++;
  return ticket;
}

void keep_largest(double *shared, double value) {
  double now;
#pragma omp atomic read
  now = *shared;
  if (value > now) {
#pragma omp critical(largest)
    if (value > *shared) *shared = value;
  }
}
