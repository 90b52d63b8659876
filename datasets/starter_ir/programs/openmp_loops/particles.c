// Parallel particles: forces, a grid, moments, and a random walk.
#include <math.h>
#include <omp.h>
#include <stdint.h>

typedef struct {
  float x, y, z, w;
} vec4;

void forces(int n, const vec4 *bodies, vec4 *out, float softening) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; i++) {
    float fx = 0.0f, fy = 0.0f, fz = 0.0f;
    for (int j = 0; j < n; j++) {
      const float dx = bodies[j].x - bodies[i].x;
      const float dy = bodies[j].y - bodies[i].y;
      const float dz = bodies[j].z - bodies[i].z;
      const float square = dx * dx + dy * dy + dz * dz + softening;
      const float scale = bodies[j].w / (square * sqrtf(square));
      fx += dx * scale;
      fy += dy * scale;
      fz += dz * scale;
    }
    out[i] = (vec4){fx, fy, fz, 0.0f};
  }
}

void move(int n, vec4 *bodies, vec4 *velocities, const vec4 *out, float step) {
#pragma omp parallel for simd
  for (int i = 0; i < n; i++) {
    velocities[i].x += step * out[i].x;
    velocities[i].y += step * out[i].y;
    velocities[i].z += step * out[i].z;
    bodies[i].x += step * velocities[i].x;
    bodies[i].y += step * velocities[i].y;
    bodies[i].z += step * velocities[i].z;
  }
}

double kinetic(int n, const vec4 *bodies, const vec4 *velocities) {
  double energy = 0.0;
#pragma omp parallel for reduction(+ : energy)
  for (int i = 0; i < n; i++) {
    const vec4 v = velocities[i];
    energy += 0.5 * bodies[i].w * (v.x * v.x + v.y * v.y + v.z * v.z);
  }
  return energy;
}

void deposit(int n, const vec4 *bodies, int side, double *density) {
#pragma omp parallel for
  for (int i = 0; i < n; i++) {
    const int cx = (int)(bodies[i].x * (float)side);
    const int cy = (int)(bodies[i].y * (float)side);
    if (cx < 0 || cy < 0 || cx >= side || cy >= side) continue;
#pragma omp atomic update
    density[cy * side + cx] += bodies[i].w;
  }
}

void bounds(int n, const vec4 *bodies, float low[3], float high[3]) {
  float x0 = 1e30f, y0 = 1e30f, z0 = 1e30f;
  float x1 = -1e30f, y1 = -1e30f, z1 = -1e30f;
#pragma omp parallel for reduction(min : x0, y0, z0) reduction(max : x1, y1, z1)
  for (int i = 0; i < n; i++) {
    x0 = fminf(x0, bodies[i].x);
    y0 = fminf(y0, bodies[i].y);
    z0 = fminf(z0, bodies[i].z);
    x1 = fmaxf(x1, bodies[i].x);
    y1 = fmaxf(y1, bodies[i].y);
    z1 = fmaxf(z1, bodies[i].z);
  }
  low[0] = x0;
  low[1] = y0;
  low[2] = z0;
  high[0] = x1;
  high[1] = y1;
  high[2] = z1;
}

static uint64_t advance(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}

double walk(int walkers, int steps, uint64_t seed) {
  double total = 0.0;
#pragma omp parallel reduction(+ : total)
  {
    uint64_t state = seed ^ (uint64_t)omp_get_thread_num() << 32;
#pragma omp for
    for (int w = 0; w < walkers; w++) {
      long x = 0, y = 0;
      for (int s = 0; s < steps; s++) {
        const uint64_t bits = advance(&state);
        x += (long)(bits & 2) - 1;
        y += (long)(bits >> 1 & 2) - 1;
      }
      total += sqrt((double)(x * x + y * y));
    }
  }
  return total / walkers;
}
