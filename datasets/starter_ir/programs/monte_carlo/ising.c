// The Ising model by Metropolis and cluster moves, and a random walk.
#include <math.h>
#include <stdint.h>

enum { SIDE = 64 };

static uint32_t xorshift(uint32_t *state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

static float unit(uint32_t *state) {
  return (float)(xorshift(state) >> 8) * (1.0f / 16777216.0f);
}

void randomize(int8_t spins[SIDE][SIDE], uint32_t *state) {
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      spins[i][j] = xorshift(state) & 1u ? 1 : -1;
    }
  }
}

int local_field(int8_t spins[SIDE][SIDE], int i, int j) {
  return spins[(i + 1) % SIDE][j] + spins[(i + SIDE - 1) % SIDE][j] +
         spins[i][(j + 1) % SIDE] + spins[i][(j + SIDE - 1) % SIDE];
}

int metropolis_sweep(int8_t spins[SIDE][SIDE], float beta, uint32_t *state) {
  float accept[9];
  for (int e = -4; e <= 4; e++) accept[e + 4] = expf(-2.0f * beta * (float)e);
  int flips = 0;
  for (int n = 0; n < SIDE * SIDE; n++) {
    const int i = (int)(xorshift(state) % SIDE);
    const int j = (int)(xorshift(state) % SIDE);
    const int cost = spins[i][j] * local_field(spins, i, j);
    if (cost <= 0 || unit(state) < accept[cost + 4]) {
      spins[i][j] = (int8_t)-spins[i][j];
      flips++;
    }
  }
  return flips;
}

int energy(int8_t spins[SIDE][SIDE]) {
  int total = 0;
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      total -= spins[i][j] *
               (spins[(i + 1) % SIDE][j] + spins[i][(j + 1) % SIDE]);
    }
  }
  return total;
}

double magnetisation(int8_t spins[SIDE][SIDE]) {
  int sum = 0;
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) sum += spins[i][j];
  }
  return fabs((double)sum) / (SIDE * SIDE);
}

// Flips one Wolff cluster; stack holds SIDE * SIDE places.
int cluster_move(int8_t spins[SIDE][SIDE], double beta, uint32_t *state,
                 uint16_t *stack) {
  static const int8_t steps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
  const float add = (float)(1.0 - exp(-2.0 * beta));
  const unsigned start = xorshift(state) % (SIDE * SIDE);
  const int8_t spin = spins[start / SIDE][start % SIDE];
  int top = 0, size = 1;
  stack[top++] = (uint16_t)start;
  spins[start / SIDE][start % SIDE] = (int8_t)-spin;
  while (top) {
    const int at = stack[--top];
    for (int k = 0; k < 4; k++) {
      const int i = (at / SIDE + steps[k][0] + SIDE) % SIDE;
      const int j = (at % SIDE + steps[k][1] + SIDE) % SIDE;
      if (spins[i][j] != spin || unit(state) >= add) continue;
      spins[i][j] = (int8_t)-spin;
      stack[top++] = (uint16_t)(i * SIDE + j);
      size++;
    }
  }
  return size;
}

double mean_square_walk(int walks, int length, uint32_t *state) {
  int64_t total = 0;
  for (int w = 0; w < walks; w++) {
    int x = 0, y = 0, z = 0;
    for (int s = 0; s < length; s++) {
      switch (xorshift(state) % 6) {
        case 0: x++; break;
        case 1: x--; break;
        case 2: y++; break;
        case 3: y--; break;
        case 4: z++; break;
        default: z--;
      }
    }
    total += (int64_t)x * x + (int64_t)y * y + (int64_t)z * z;
  }
  return (double)total / walks;
}
