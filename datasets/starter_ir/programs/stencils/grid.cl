// Grid kernels: heat with a halo in local memory, waves, lattice streaming.
#define SIDE 16

kernel void heat(global const float *now, global float *next, const int width,
                 const int height, const float rate) {
  local float tile[SIDE + 2][SIDE + 2];
  const int x = get_global_id(0), y = get_global_id(1);
  const int lx = get_local_id(0) + 1, ly = get_local_id(1) + 1;
  const int cx = clamp(x, 0, width - 1), cy = clamp(y, 0, height - 1);
  tile[ly][lx] = now[cy * width + cx];
  if (lx == 1) tile[ly][0] = now[cy * width + max(cx - 1, 0)];
  if (lx == SIDE) tile[ly][SIDE + 1] = now[cy * width + min(cx + 1, width - 1)];
  if (ly == 1) tile[0][lx] = now[max(cy - 1, 0) * width + cx];
  if (ly == SIDE) {
    tile[SIDE + 1][lx] = now[min(cy + 1, height - 1) * width + cx];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  if (x >= width || y >= height) return;
  const float around = tile[ly][lx - 1] + tile[ly][lx + 1] + tile[ly - 1][lx] +
                       tile[ly + 1][lx];
  next[y * width + x] = fma(rate, around - 4.0f * tile[ly][lx], tile[ly][lx]);
}

kernel void wave(global const double *before, global const double *now,
                 global double *next, const double courant, const int n) {
  const size_t i = get_global_id(0), j = get_global_id(1), k = get_global_id(2);
  if (i == 0 || j == 0 || k == 0 || i >= n - 1 || j >= n - 1 || k >= n - 1) {
    return;
  }
  const size_t plane = (size_t)n * n, at = k * plane + j * n + i;
  const double laplace = now[at - 1] + now[at + 1] + now[at - n] + now[at + n] +
                         now[at - plane] + now[at + plane] - 6.0 * now[at];
  next[at] = 2.0 * now[at] - before[at] + courant * courant * laplace;
}

constant int2 directions[9] = {(int2)(0, 0),  (int2)(1, 0),  (int2)(0, 1),
                               (int2)(-1, 0), (int2)(0, -1), (int2)(1, 1),
                               (int2)(-1, 1), (int2)(-1, -1), (int2)(1, -1)};
constant float weights[9] = {4.0f / 9,  1.0f / 9,  1.0f / 9,
                             1.0f / 9,  1.0f / 9,  1.0f / 36,
                             1.0f / 36, 1.0f / 36, 1.0f / 36};

kernel void lattice_collide(global float *cells, const int count,
                            const float relaxation) {
  const int at = get_global_id(0);
  if (at >= count) return;
  float f[9], density = 0.0f;
  float2 flow = (float2)(0.0f);
  for (int d = 0; d < 9; d++) {
    f[d] = cells[d * count + at];
    density += f[d];
    flow += f[d] * convert_float2(directions[d]);
  }
  flow /= density;
  const float square = 1.5f * dot(flow, flow);
  for (int d = 0; d < 9; d++) {
    const float along = 3.0f * dot(convert_float2(directions[d]), flow);
    const float balance =
        weights[d] * density * (1.0f + along + 0.5f * along * along - square);
    cells[d * count + at] = f[d] + relaxation * (balance - f[d]);
  }
}

kernel void lattice_stream(global const float *in, global float *out,
                           const int width, const int height) {
  const int x = get_global_id(0), y = get_global_id(1);
  const int count = width * height;
  for (int d = 0; d < 9; d++) {
    const int sx = (x - directions[d].x + width) % width;
    const int sy = (y - directions[d].y + height) % height;
    out[d * count + y * width + x] = in[d * count + sy * width + sx];
  }
}

kernel void life(global const uchar *now, global uchar *next, const int width,
                 const int height) {
  const int x = get_global_id(0), y = get_global_id(1);
  int count = 0;
  for (int k = 0; k < 9; k++) {
    if (k == 4) continue;
    const int nx = (x + k % 3 - 1 + width) % width;
    const int ny = (y + k / 3 - 1 + height) % height;
    count += now[ny * width + nx];
  }
  next[y * width + x] = count == 3 || (count == 2 && now[y * width + x]);
}
