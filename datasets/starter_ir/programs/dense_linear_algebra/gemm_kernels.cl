// Matrix products on a device: plain, tiled in local memory, and vectors.
#define TILE 16

kernel void gemm_plain(const int m, const int n, const int k, const float alpha,
                       global const float *a, global const float *b,
                       const float beta, global float *c) {
  const int column = get_global_id(0), row = get_global_id(1);
  if (row >= m || column >= n) return;
  float sum = 0.0f;
  for (int p = 0; p < k; p++) sum += a[row * k + p] * b[p * n + column];
  c[row * n + column] = alpha * sum + beta * c[row * n + column];
}

kernel __attribute__((reqd_work_group_size(TILE, TILE, 1))) void gemm_tiled(
    const int m, const int n, const int k, global const float *a,
    global const float *b, global float *c) {
  local float tile_a[TILE][TILE], tile_b[TILE][TILE];
  const int x = get_local_id(0), y = get_local_id(1);
  const int row = get_group_id(1) * TILE + y;
  const int column = get_group_id(0) * TILE + x;
  float sum = 0.0f;
  for (int start = 0; start < k; start += TILE) {
    tile_a[y][x] = row < m && start + x < k ? a[row * k + start + x] : 0.0f;
    tile_b[y][x] =
        start + y < k && column < n ? b[(start + y) * n + column] : 0.0f;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int p = 0; p < TILE; p++) sum = mad(tile_a[y][p], tile_b[p][x], sum);
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (row < m && column < n) c[row * n + column] = sum;
}

kernel void gemm_vector(const int n4, const int k, global const float *a,
                        global const float4 *b, global float4 *c) {
  const int column = get_global_id(0), row = get_global_id(1);
  float4 sum = (float4)(0.0f);
  for (int p = 0; p < k; p++) {
    sum += (float4)(a[row * k + p]) * b[p * n4 + column];
  }
  c[row * n4 + column] = sum;
}

kernel void gemv_rows(const int columns, global const float *a,
                      global const float *x, global float *y,
                      local float *part) {
  const int lane = get_local_id(0), size = get_local_size(0);
  const int row = get_group_id(0);
  float sum = 0.0f;
  for (int j = lane; j < columns; j += size) sum += a[row * columns + j] * x[j];
  part[lane] = sum;
  for (int half_size = size / 2; half_size > 0; half_size /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < half_size) part[lane] += part[lane + half_size];
  }
  if (lane == 0) y[row] = part[0];
}

kernel void transpose(const int width, const int height,
                      global const float *in, global float *out) {
  local float tile[TILE][TILE + 1];
  int x = get_group_id(0) * TILE + get_local_id(0);
  int y = get_group_id(1) * TILE + get_local_id(1);
  if (x < width && y < height) {
    tile[get_local_id(1)][get_local_id(0)] = in[y * width + x];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  x = get_group_id(1) * TILE + get_local_id(0);
  y = get_group_id(0) * TILE + get_local_id(1);
  if (x < height && y < width) {
    out[y * height + x] = tile[get_local_id(0)][get_local_id(1)];
  }
}

kernel void scale_rows_int(const int columns, global const char4 *in,
                           global const int *scales, global int4 *out) {
  const int i = get_global_id(0);
  out[i] = convert_int4(in[i]) * (int4)(scales[4 * i / columns]);
}
