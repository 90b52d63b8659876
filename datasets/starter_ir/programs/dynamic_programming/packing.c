// Tables over sets and intervals: knapsacks, change, chains, tours, counting.
#include <float.h>
#include <stdint.h>
#include <string.h>

int knapsack(const int *weights, const int *values, int count, int capacity,
             int *best) {
  memset(best, 0, sizeof(int) * (size_t)(capacity + 1));
  for (int i = 0; i < count; i++) {
    for (int c = capacity; c >= weights[i]; c--) {
      const int taken = best[c - weights[i]] + values[i];
      if (taken > best[c]) best[c] = taken;
    }
  }
  return best[capacity];
}

uint64_t count_change(const unsigned *coins, int num_coins, unsigned amount,
                      uint64_t *ways) {
  for (unsigned a = 1; a <= amount; a++) ways[a] = 0;
  ways[0] = 1;
  for (int c = 0; c < num_coins; c++) {
    for (unsigned a = coins[c]; a <= amount; a++) ways[a] += ways[a - coins[c]];
  }
  return ways[amount];
}

int subset_sum(const uint16_t *values, int count, unsigned target,
               uint64_t *bits, unsigned num_words) {
  memset(bits, 0, sizeof(uint64_t) * num_words);
  bits[0] = 1;
  for (int i = 0; i < count; i++) {
    const unsigned words = values[i] / 64, shift = values[i] % 64;
    for (unsigned w = num_words; w-- > words;) {
      uint64_t moved = bits[w - words] << shift;
      if (shift && w > words) moved |= bits[w - words - 1] >> (64 - shift);
      bits[w] |= moved;
    }
  }
  return target / 64 < num_words && bits[target / 64] >> (target % 64) & 1;
}

double matrix_chain(const double *sizes, int n, double cost[][32],
                    uint8_t split[][32]) {
  for (int i = 0; i < n; i++) cost[i][i] = 0.0;
  for (int length = 2; length <= n; length++) {
    for (int i = 0; i + length <= n; i++) {
      const int j = i + length - 1;
      cost[i][j] = DBL_MAX;
      for (int k = i; k < j; k++) {
        const double candidate = cost[i][k] + cost[k + 1][j] +
                                 sizes[i] * sizes[k + 1] * sizes[j + 1];
        if (candidate < cost[i][j]) {
          cost[i][j] = candidate;
          split[i][j] = (uint8_t)k;
        }
      }
    }
  }
  return cost[0][n - 1];
}

int chain_depth(uint8_t split[][32], int i, int j) {
  if (i == j) return 0;
  const int left = chain_depth(split, i, split[i][j]);
  const int right = chain_depth(split, split[i][j] + 1, j);
  return 1 + (left > right ? left : right);
}

// Held and Karp; best has 2^n rows of n floats.
float shortest_tour(int n, const float *distance, float *best) {
  const int full = 1 << n;
  for (int i = 0; i < full * n; i++) best[i] = FLT_MAX;
  best[n] = 0.0f;
  for (int set = 1; set < full; set += 2) {
    for (int last = 0; last < n; last++) {
      const float here = best[set * n + last];
      if (here == FLT_MAX) continue;
      for (int next = 1; next < n; next++) {
        if (set >> next & 1) continue;
        float *slot = &best[(set | 1 << next) * n + next];
        const float length = here + distance[last * n + next];
        if (length < *slot) *slot = length;
      }
    }
  }
  float shortest = FLT_MAX;
  for (int last = 1; last < n; last++) {
    const float length = best[(full - 1) * n + last] + distance[last * n];
    if (length < shortest) shortest = length;
  }
  return shortest;
}

int64_t grid_paths(const uint8_t *blocked, int rows, int columns,
                   int64_t *paths) {
  for (int j = 0; j < columns; j++) paths[j] = 0;
  paths[0] = 1;
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < columns; j++) {
      if (blocked[i * columns + j]) {
        paths[j] = 0;
      } else if (j > 0) {
        paths[j] = (paths[j] + paths[j - 1]) % 1000000007;
      }
    }
  }
  return paths[columns - 1];
}

int place_queens(int n, unsigned columns, unsigned left, unsigned right) {
  const unsigned all = (1u << n) - 1;
  if (columns == all) return 1;
  int total = 0;
  for (unsigned free = all & ~(columns | left | right); free;) {
    const unsigned bit = free & (0u - free);
    free ^= bit;
    total += place_queens(n, columns | bit, (left | bit) << 1,
                          (right | bit) >> 1);
  }
  return total;
}
