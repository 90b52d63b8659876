// Simulations on a device: counters as random bits, paths, spins, transport.
#include "device.h"

struct Random {
  unsigned key, counter;

  __device__ unsigned bits() {
    unsigned x = counter++ * 0x9e3779b9u ^ key;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
  }
  __device__ float uniform() { return (bits() >> 8) * 5.9604645e-8f; }
  __device__ float normal() {
    const float radius = __nv_sqrtf(-2.0f * __nv_logf(uniform() + 1e-9f));
    return radius * __nv_cosf(6.2831853f * uniform());
  }
};

__global__ void estimate_pi(int samples, unsigned seed, int *inside) {
  __shared__ int block_count;
  if (threadIdx.x == 0) block_count = 0;
  __syncthreads();
  Random random = {seed + blockIdx.x * blockDim.x + threadIdx.x, 0};
  int count = 0;
  for (int s = 0; s < samples; s++) {
    const float x = random.uniform(), y = random.uniform();
    if (x * x + y * y <= 1.0f) count++;
  }
  atomicAdd(&block_count, count);
  __syncthreads();
  if (threadIdx.x == 0) atomicAdd(inside, block_count);
}

struct Option {
  float spot, strike, rate, volatility, years;
  int kind;
};

__device__ float payoff(const Option &option, float last, float mean,
                        float high) {
  switch (option.kind) {
    case 0:
      return __nv_fmaxf(last - option.strike, 0.0f);
    case 1:
      return __nv_fmaxf(option.strike - last, 0.0f);
    case 2:
      return __nv_fmaxf(mean - option.strike, 0.0f);
    case 3:
      return high > 1.2f * option.strike
                 ? 0.0f
                 : __nv_fmaxf(last - option.strike, 0.0f);
    default:
      return last > option.strike ? 1.0f : 0.0f;
  }
}

__global__ void price_paths(const Option *options, int steps, unsigned seed,
                            float *sums) {
  const Option option = options[blockIdx.y];
  Random random = {seed ^ (blockIdx.x * blockDim.x + threadIdx.x), 0};
  const float dt = option.years / steps;
  const float drift =
      (option.rate - 0.5f * option.volatility * option.volatility) * dt;
  const float spread = option.volatility * __nv_sqrtf(dt);
  float price = option.spot, total = 0.0f, high = option.spot;
  for (int s = 0; s < steps; s++) {
    price *= __nv_expf(drift + spread * random.normal());
    total += price;
    high = __nv_fmaxf(high, price);
  }
  float value = payoff(option, price, total / steps, high);
  for (int by = 16; by > 0; by >>= 1) value += shuffle_down(value, by);
  if ((threadIdx.x & 31) == 0) atomicAdd(&sums[blockIdx.y], value);
}

__global__ void ising(signed char *spins, int side, int colour, float beta,
                      unsigned seed) {
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  const int x =
      2 * (blockIdx.x * blockDim.x + threadIdx.x) + ((y + colour) & 1);
  if (x >= side || y >= side) return;
  const int up = y ? y - 1 : side - 1, down = y + 1 < side ? y + 1 : 0;
  const int left = x ? x - 1 : side - 1, right = x + 1 < side ? x + 1 : 0;
  const int around = spins[up * side + x] + spins[down * side + x] +
                     spins[y * side + left] + spins[y * side + right];
  const int at = y * side + x, cost = 2 * spins[at] * around;
  Random random = {seed, (unsigned)at};
  if (cost <= 0 || random.uniform() < __nv_expf(-beta * cost)) {
    spins[at] = -spins[at];
  }
}

// Photons through a slab: absorbed, reflected or passed.
__global__ void transport(int photons, float thickness, float absorption,
                          float scattering, unsigned seed, int *outcomes) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= photons) return;
  Random random = {seed + i, 0};
  float depth = 0.0f, direction = 1.0f;
  int outcome = 0;
  for (int event = 0; event < 1000; event++) {
    const float total = absorption + scattering;
    depth -= direction * __nv_logf(random.uniform() + 1e-9f) / total;
    if (depth < 0.0f) {
      outcome = 1;
      break;
    }
    if (depth > thickness) {
      outcome = 2;
      break;
    }
    if (random.uniform() * total < absorption) break;
    direction = 2.0f * random.uniform() - 1.0f;
  }
  atomicAdd(&outcomes[outcome], 1);
}
