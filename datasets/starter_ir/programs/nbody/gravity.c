// Gravity between particles: direct sums, leapfrog, energy, and a cell list.
#include <math.h>
#include <stddef.h>

struct body {
  double position[3];
  double velocity[3];
  double mass;
};

void accelerate(struct body *bodies, int count, double step) {
  for (int i = 0; i < count; i++) {
    for (int j = i + 1; j < count; j++) {
      double delta[3], square = 1e-9;
      for (int d = 0; d < 3; d++) {
        delta[d] = bodies[i].position[d] - bodies[j].position[d];
        square += delta[d] * delta[d];
      }
      const double scale = step / (square * sqrt(square));
      for (int d = 0; d < 3; d++) {
        bodies[i].velocity[d] -= delta[d] * bodies[j].mass * scale;
        bodies[j].velocity[d] += delta[d] * bodies[i].mass * scale;
      }
    }
  }
}

void drift(struct body *bodies, int count, double step) {
  for (int i = 0; i < count; i++) {
    for (int d = 0; d < 3; d++) {
      bodies[i].position[d] += step * bodies[i].velocity[d];
    }
  }
}

double total_energy(const struct body *bodies, int count) {
  double energy = 0.0;
  for (int i = 0; i < count; i++) {
    const struct body *a = &bodies[i];
    double speed = 0.0;
    for (int d = 0; d < 3; d++) speed += a->velocity[d] * a->velocity[d];
    energy += 0.5 * a->mass * speed;
    for (int j = i + 1; j < count; j++) {
      double square = 0.0;
      for (int d = 0; d < 3; d++) {
        const double x = a->position[d] - bodies[j].position[d];
        square += x * x;
      }
      energy -= a->mass * bodies[j].mass / sqrt(square);
    }
  }
  return energy;
}

void remove_drift(struct body *bodies, int count) {
  double momentum[3] = {0.0, 0.0, 0.0}, mass = 0.0;
  for (int i = 0; i < count; i++) {
    mass += bodies[i].mass;
    for (int d = 0; d < 3; d++) {
      momentum[d] += bodies[i].velocity[d] * bodies[i].mass;
    }
  }
  for (int i = 0; i < count; i++) {
    for (int d = 0; d < 3; d++) bodies[i].velocity[d] -= momentum[d] / mass;
  }
}

double leapfrog(struct body *bodies, int count, double step, int steps) {
  const double before = total_energy(bodies, count);
  drift(bodies, count, 0.5 * step);
  for (int s = 0; s < steps; s++) {
    accelerate(bodies, count, step);
    drift(bodies, count, s + 1 < steps ? step : 0.5 * step);
  }
  return total_energy(bodies, count) - before;
}

// Forces on separate coordinate arrays, which vectorises.
void forces(int n, const float *restrict x, const float *restrict y,
            const float *restrict z, const float *restrict m,
            float *restrict fx, float *restrict fy, float *restrict fz) {
  for (int i = 0; i < n; i++) {
    float sx = 0.0f, sy = 0.0f, sz = 0.0f;
    for (int j = 0; j < n; j++) {
      const float dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
      const float square = dx * dx + dy * dy + dz * dz + 0.01f;
      const float inverse = 1.0f / sqrtf(square);
      const float scale = m[j] * inverse * inverse * inverse;
      sx += dx * scale;
      sy += dy * scale;
      sz += dz * scale;
    }
    fx[i] = sx;
    fy[i] = sy;
    fz[i] = sz;
  }
}

void build_cells(int n, const float *x, const float *y, float size, int side,
                 int *heads, int *next) {
  for (int c = 0; c < side * side; c++) heads[c] = -1;
  for (int i = 0; i < n; i++) {
    int cx = (int)(x[i] / size), cy = (int)(y[i] / size);
    cx = cx < 0 ? 0 : cx >= side ? side - 1 : cx;
    cy = cy < 0 ? 0 : cy >= side ? side - 1 : cy;
    next[i] = heads[cy * side + cx];
    heads[cy * side + cx] = i;
  }
}

double lennard_jones(int n, const float *x, const float *y, float cutoff,
                     int side, const int *heads, const int *next) {
  double energy = 0.0;
  for (int i = 0; i < n; i++) {
    const int cx = (int)(x[i] / cutoff), cy = (int)(y[i] / cutoff);
    for (int gy = cy - 1; gy <= cy + 1; gy++) {
      for (int gx = cx - 1; gx <= cx + 1; gx++) {
        if (gx < 0 || gy < 0 || gx >= side || gy >= side) continue;
        for (int j = heads[gy * side + gx]; j >= 0; j = next[j]) {
          if (j <= i) continue;
          const float dx = x[i] - x[j], dy = y[i] - y[j];
          const float square = dx * dx + dy * dy;
          if (square >= cutoff * cutoff) continue;
          const float inverse = 1.0f / (square * square * square);
          energy += 4.0 * (inverse * inverse - inverse);
        }
      }
    }
  }
  return energy;
}
