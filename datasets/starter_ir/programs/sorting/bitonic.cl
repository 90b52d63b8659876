// Sorting kernels: bitonic steps, odd-even merge, radix counts and scatter.
kernel void bitonic_step(global int *keys, const uint stage, const uint pass) {
  const uint i = get_global_id(0), distance = 1u << (stage - pass);
  const uint left = (i / distance) * 2 * distance + i % distance;
  const uint right = left + distance;
  const int rising = ((i >> stage) & 1u) == 0;
  const int a = keys[left], b = keys[right];
  keys[left] = rising ? min(a, b) : max(a, b);
  keys[right] = rising ? max(a, b) : min(a, b);
}

kernel void bitonic_local(global uint2 *pairs, local uint2 *block) {
  const uint lane = get_local_id(0), size = 2 * get_local_size(0);
  const uint base = get_group_id(0) * size;
  block[lane] = pairs[base + lane];
  block[lane + size / 2] = pairs[base + lane + size / 2];
  for (uint width = 2; width <= size; width <<= 1) {
    for (uint stride = width >> 1; stride > 0; stride >>= 1) {
      barrier(CLK_LOCAL_MEM_FENCE);
      const uint at = 2 * lane - (lane & (stride - 1));
      const uint falling = at & width;
      const uint2 a = block[at], b = block[at + stride];
      if ((a.x > b.x) == (falling == 0)) {
        block[at] = b;
        block[at + stride] = a;
      }
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  pairs[base + lane] = block[lane];
  pairs[base + lane + size / 2] = block[lane + size / 2];
}

kernel void odd_even(global float *values, const int count, const int parity) {
  const int i = 2 * get_global_id(0) + parity;
  if (i + 1 >= count) return;
  const float a = values[i], b = values[i + 1];
  if (a > b) {
    values[i] = b;
    values[i + 1] = a;
  }
}

kernel void radix_count(global const uint *keys, const uint count,
                        const uint shift, global uint *counts) {
  local uint bins[16];
  const uint lane = get_local_id(0);
  if (lane < 16) bins[lane] = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint i = get_global_id(0); i < count; i += get_global_size(0)) {
    atomic_inc(&bins[(keys[i] >> shift) & 15u]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  if (lane < 16) counts[lane * get_num_groups(0) + get_group_id(0)] = bins[lane];
}

kernel void radix_scatter(global const uint *keys, global uint *out,
                          const uint per_item, const uint count,
                          const uint shift, global const uint *offsets) {
  const uint item = get_global_id(0), items = get_global_size(0);
  uint places[16];
  for (uint digit = 0; digit < 16; digit++) {
    places[digit] = offsets[digit * items + item];
  }
  const uint end = min((item + 1) * per_item, count);
  for (uint i = item * per_item; i < end; i++) {
    const uint key = keys[i];
    out[places[(key >> shift) & 15u]++] = key;
  }
}

kernel void rank_sort(global const short *in, global short *out,
                      const int count) {
  const int i = get_global_id(0);
  if (i >= count) return;
  const short mine = in[i];
  int rank = 0;
  for (int j = 0; j < count; j++) {
    rank += in[j] < mine || (in[j] == mine && j < i);
  }
  out[rank] = mine;
}

kernel void lower_bound(global const long *sorted, const int count,
                        global const long *wanted, global int *places) {
  const int i = get_global_id(0);
  int low = 0, high = count;
  while (low < high) {
    const int middle = (low + high) >> 1;
    if (sorted[middle] < wanted[i]) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  places[i] = low;
}
