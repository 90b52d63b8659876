// Particle kernels: all pairs by tiles, springs, binning, a random walk.
kernel void accelerate(global const float4 *bodies, global float4 *velocities,
                       const int count, const float step, const float soft,
                       local float4 *tile) {
  const int i = get_global_id(0), lane = get_local_id(0);
  const int size = get_local_size(0);
  const float4 mine = bodies[min(i, count - 1)];
  float3 force = (float3)(0.0f);
  for (int start = 0; start < count; start += size) {
    tile[lane] = start + lane < count ? bodies[start + lane] : (float4)(0.0f);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int j = 0; j < size; j++) {
      const float3 gap = tile[j].xyz - mine.xyz;
      const float inverse = rsqrt(dot(gap, gap) + soft);
      force += gap * (tile[j].w * inverse * inverse * inverse);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (i < count) velocities[i].xyz += step * force;
}

kernel void drift(global float4 *bodies, global const float4 *velocities,
                  const float step, const float side) {
  const int i = get_global_id(0);
  float3 place = bodies[i].xyz + step * velocities[i].xyz;
  place -= side * floor(place / side);
  bodies[i].xyz = place;
}

typedef struct {
  float2 place, velocity;
  float mass;
  int fixed_at;
} knot;

kernel void springs(global const knot *in, global knot *out, const int width,
                    const int height, const float stiffness, const float rest,
                    const float step) {
  const int x = get_global_id(0), y = get_global_id(1);
  if (x >= width || y >= height) return;
  knot k = in[y * width + x];
  if (!k.fixed_at) {
    float2 force = (float2)(0.0f, -9.81f * k.mass);
    for (int side = 0; side < 4; side++) {
      const int nx = x + (side == 0) - (side == 1);
      const int ny = y + (side == 2) - (side == 3);
      if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
      const float2 gap = in[ny * width + nx].place - k.place;
      const float stretch = length(gap) - rest;
      force += stiffness * stretch * normalize(gap);
    }
    k.velocity = 0.99f * (k.velocity + step * force / k.mass);
    k.place += step * k.velocity;
  }
  out[y * width + x] = k;
}

kernel void count_cells(global const float4 *bodies, const int count,
                        const float size, const int side,
                        volatile global int *cells, global int *ranks) {
  const int i = get_global_id(0);
  if (i >= count) return;
  const int3 c = clamp(convert_int3(bodies[i].xyz / size), 0, side - 1);
  ranks[i] = atomic_inc(&cells[(c.z * side + c.y) * side + c.x]);
}

kernel void lennard_jones(global const float4 *bodies,
                          global const int *neighbours,
                          global const int *counts, const int capacity,
                          global double *energies) {
  const int i = get_global_id(0);
  double energy = 0.0;
  for (int k = 0; k < counts[i]; k++) {
    const float3 gap = bodies[neighbours[i * capacity + k]].xyz - bodies[i].xyz;
    const float inverse = 1.0f / dot(gap, gap);
    const float sixth = inverse * inverse * inverse;
    energy += 2.0f * sixth * (sixth - 1.0f);
  }
  energies[i] = energy;
}

uint random_bits(uint *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

kernel void walk(global float2 *walkers, global uint *states, const int steps) {
  const int i = get_global_id(0);
  uint state = states[i];
  float2 place = walkers[i];
  for (int s = 0; s < steps; s++) {
    const float angle = 6.2831853f * (random_bits(&state) >> 8) / 16777216.0f;
    float along;
    const float across = sincos(angle, &along);
    place += (float2)(along, across);
  }
  walkers[i] = place;
  states[i] = state;
}
