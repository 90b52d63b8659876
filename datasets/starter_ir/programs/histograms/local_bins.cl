// Histograms in local memory, per channel, over ranges, and equalisation.
kernel void histogram_local(global const uchar *data, const uint size,
                            volatile global uint *bins) {
  local uint mine[256];
  const uint lane = get_local_id(0);
  for (uint b = lane; b < 256; b += get_local_size(0)) mine[b] = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint i = get_global_id(0); i < size; i += get_global_size(0)) {
    atomic_inc(&mine[data[i]]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint b = lane; b < 256; b += get_local_size(0)) {
    if (mine[b]) atomic_add(&bins[b], mine[b]);
  }
}

kernel void histogram_rgba(global const uchar4 *image, const int count,
                           volatile global uint *bins) {
  const int i = get_global_id(0);
  if (i >= count) return;
  const uchar4 pixel = image[i];
  if (pixel.w == 0) return;
  atomic_inc(&bins[pixel.x]);
  atomic_inc(&bins[256 + pixel.y]);
  atomic_inc(&bins[512 + pixel.z]);
}

kernel void histogram_range(global const float *values, const int count,
                            const float low, const float scale,
                            const int num_bins, volatile global int *bins,
                            volatile global int *outside) {
  const int i = get_global_id(0);
  if (i >= count) return;
  const int bin = convert_int_rtn((values[i] - low) * scale);
  if (bin < 0 || bin >= num_bins) {
    atomic_inc(outside);
  } else {
    atomic_inc(&bins[bin]);
  }
}

kernel void cumulative(global const uint *bins, global uchar *map,
                       const uint total, local ulong *sums) {
  const uint b = get_local_id(0);
  sums[b] = bins[b];
  for (uint step = 1; step < 256; step <<= 1) {
    barrier(CLK_LOCAL_MEM_FENCE);
    const ulong left = b >= step ? sums[b - step] : 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    sums[b] += left;
  }
  map[b] = (uchar)(sums[b] * 255 / max(total, 1u));
}

kernel void remap(global uchar8 *pixels, global const uchar *map) {
  const int i = get_global_id(0);
  uchar8 p = pixels[i];
  p.s0 = map[p.s0];
  p.s1 = map[p.s1];
  p.s2 = map[p.s2];
  p.s3 = map[p.s3];
  p.s4 = map[p.s4];
  p.s5 = map[p.s5];
  p.s6 = map[p.s6];
  p.s7 = map[p.s7];
  pixels[i] = p;
}

kernel void nearest_centre(global const float4 *points, const int count,
                           constant float4 *centres, const int num_centres,
                           global int *labels, volatile global int *sizes) {
  const int i = get_global_id(0);
  if (i >= count) return;
  float best = INFINITY;
  int label = 0;
  for (int c = 0; c < num_centres; c++) {
    const float4 gap = points[i] - centres[c];
    const float square = dot(gap, gap);
    label = square < best ? c : label;
    best = fmin(best, square);
  }
  labels[i] = label;
  atomic_inc(&sizes[label]);
}
