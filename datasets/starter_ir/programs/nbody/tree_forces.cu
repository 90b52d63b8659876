// Forces on a device: tiles of bodies, neighbour lists, and a walk of a tree.
#include "device.h"

struct Vector {
  float x, y, z;
  __device__ Vector operator-(const Vector &o) const {
    return {x - o.x, y - o.y, z - o.z};
  }
  __device__ Vector operator*(float s) const { return {x * s, y * s, z * s}; }
  __device__ void operator+=(const Vector &o) {
    x += o.x;
    y += o.y;
    z += o.z;
  }
  __device__ float square() const { return x * x + y * y + z * z; }
};

struct Body {
  Vector place;
  float mass;
};

__device__ Vector pull(const Vector &at, const Body &body, float soft) {
  const Vector gap = body.place - at;
  const float inverse = __nv_rsqrtf(gap.square() + soft);
  return gap * (body.mass * inverse * inverse * inverse);
}

__global__ void forces_tiled(const Body *bodies, Vector *out, int count,
                             float soft) {
  __shared__ float4 tile[128];
  const int i = blockIdx.x * 128 + threadIdx.x;
  Vector at = {0.0f, 0.0f, 0.0f}, sum = {0.0f, 0.0f, 0.0f};
  if (i < count) at = bodies[i].place;
  for (int start = 0; start < count; start += 128) {
    const int j = start + threadIdx.x;
    float4 loaded = {0.0f, 0.0f, 0.0f, 0.0f};
    if (j < count) {
      loaded.x = bodies[j].place.x;
      loaded.y = bodies[j].place.y;
      loaded.z = bodies[j].place.z;
      loaded.w = bodies[j].mass;
    }
    tile[threadIdx.x] = loaded;
    __syncthreads();
    for (int k = 0; k < 128; k++) {
      const Body body = {{tile[k].x, tile[k].y, tile[k].z}, tile[k].w};
      sum += pull(at, body, soft);
    }
    __syncthreads();
  }
  if (i < count) out[i] = sum;
}

__global__ void leapfrog(Body *bodies, Vector *velocities, const Vector *forces,
                         int count, float step) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  velocities[i] += forces[i] * step;
  bodies[i].place += velocities[i] * step;
}

struct Cell {
  Vector centre;
  float mass, side;
  int first_child, next, body;
};

// The tree is threaded: `next` skips a cell with all that is below it.
__global__ void forces_tree(const Cell *cells, const Body *bodies, Vector *out,
                            int count, float opening, float soft) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const Vector at = bodies[i].place;
  Vector sum = {0.0f, 0.0f, 0.0f};
  for (int c = 0; c >= 0;) {
    const Cell &cell = cells[c];
    const Vector gap = cell.centre - at;
    const float square = gap.square();
    if (cell.body >= 0 || cell.side * cell.side < opening * opening * square) {
      if (cell.body != i) {
        const Body whole = {cell.centre, cell.mass};
        sum += pull(at, whole, soft);
      }
      c = cell.next;
    } else {
      c = cell.first_child;
    }
  }
  out[i] = sum;
}

__device__ unsigned spread_bits(unsigned x) {
  x = (x | x << 16) & 0x030000ffu;
  x = (x | x << 8) & 0x0300f00fu;
  x = (x | x << 4) & 0x030c30c3u;
  return (x | x << 2) & 0x09249249u;
}

__global__ void morton_codes(const Body *bodies, unsigned *codes, int count,
                             Vector low, float scale) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const Vector at = (bodies[i].place - low) * scale;
  codes[i] = spread_bits((unsigned)at.x) << 2 | spread_bits((unsigned)at.y) << 1 |
             spread_bits((unsigned)at.z);
}

__global__ void pair_energy(const Body *bodies, const int *neighbours,
                            const int *counts, int capacity, int count,
                            float cutoff, float *energy) {
  __shared__ float part[128];
  const int i = blockIdx.x * 128 + threadIdx.x;
  float mine = 0.0f;
  if (i < count) {
    for (int k = 0; k < counts[i]; k++) {
      const int j = neighbours[i * capacity + k];
      const float square = (bodies[j].place - bodies[i].place).square();
      if (square >= cutoff * cutoff) continue;
      const float inverse = 1.0f / (square * square * square);
      mine += 2.0f * (inverse * inverse - inverse);
    }
  }
  part[threadIdx.x] = mine;
  for (int width = 64; width > 0; width >>= 1) {
    __syncthreads();
    if (threadIdx.x < width) part[threadIdx.x] += part[threadIdx.x + width];
  }
  if (threadIdx.x == 0) atomicAdd(energy, part[0]);
}
