// Reductions and scans within a work group, and compaction with a counter.
kernel void reduce_sum(global const float *in, global float *out, const uint n,
                       local float *part) {
  const uint lane = get_local_id(0);
  float sum = 0.0f;
  for (uint i = get_global_id(0); i < n; i += get_global_size(0)) sum += in[i];
  part[lane] = sum;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint width = get_local_size(0) >> 1; width > 0; width >>= 1) {
    if (lane < width) part[lane] += part[lane + width];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (lane == 0) out[get_group_id(0)] = part[0];
}

kernel void reduce_bounds(global const int4 *in, global int *lowest,
                          global int *highest, const int n4) {
  local int low, high;
  if (get_local_id(0) == 0) {
    low = INT_MAX;
    high = INT_MIN;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  const int i = get_global_id(0);
  if (i < n4) {
    const int4 v = in[i];
    const int2 smaller = min(v.lo, v.hi), larger = max(v.lo, v.hi);
    atomic_min(&low, min(smaller.x, smaller.y));
    atomic_max(&high, max(larger.x, larger.y));
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  if (get_local_id(0) == 0) {
    atomic_min(lowest, low);
    atomic_max(highest, high);
  }
}

kernel void scan_steps(global int *data, const uint n, local int *a,
                       local int *b) {
  const uint lane = get_local_id(0), at = get_global_id(0);
  local int *from = a, *to = b;
  from[lane] = at < n ? data[at] : 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint step = 1; step < get_local_size(0); step <<= 1) {
    to[lane] = lane >= step ? from[lane] + from[lane - step] : from[lane];
    barrier(CLK_LOCAL_MEM_FENCE);
    local int *kept = from;
    from = to;
    to = kept;
  }
  if (at < n) data[at] = from[lane];
}

kernel void scan_tree(global uint *data, global uint *totals,
                      local uint *part) {
  const uint lane = get_local_id(0), size = get_local_size(0);
  const uint base = 2 * get_group_id(0) * size;
  part[2 * lane] = data[base + 2 * lane];
  part[2 * lane + 1] = data[base + 2 * lane + 1];
  uint stride = 1;
  for (uint width = size; width > 0; width >>= 1, stride <<= 1) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < width) {
      const uint high = stride * (2 * lane + 2) - 1;
      part[high] += part[high - stride];
    }
  }
  if (lane == 0) {
    totals[get_group_id(0)] = part[2 * size - 1];
    part[2 * size - 1] = 0;
  }
  for (uint width = 1; width <= size; width <<= 1) {
    stride >>= 1;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < width) {
      const uint high = stride * (2 * lane + 2) - 1;
      const uint left = part[high - stride];
      part[high - stride] = part[high];
      part[high] += left;
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  data[base + 2 * lane] = part[2 * lane];
  data[base + 2 * lane + 1] = part[2 * lane + 1];
}

kernel void add_offsets(global uint *data, global const uint *offsets) {
  const uint base = 2 * get_group_id(0) * get_local_size(0);
  const uint offset = offsets[get_group_id(0)];
  data[base + 2 * get_local_id(0)] += offset;
  data[base + 2 * get_local_id(0) + 1] += offset;
}

kernel void compact(global const float *in, const int n, const float limit,
                    global int *places, volatile global int *count) {
  const int i = get_global_id(0);
  if (i < n && in[i] > limit) places[atomic_inc(count)] = i;
}
