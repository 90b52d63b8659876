// Image filters on packed pixels with vector types and local tiles.
constant float kernel_5[5] = {0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f};

float4 load_pixel(global const uchar4 *image, int x, int y, int width,
                  int height) {
  x = clamp(x, 0, width - 1);
  y = clamp(y, 0, height - 1);
  return convert_float4(image[y * width + x]);
}

kernel void blur_rows(global const uchar4 *in, global uchar4 *out,
                      const int width, const int height) {
  const int x = get_global_id(0), y = get_global_id(1);
  if (x >= width || y >= height) return;
  float4 sum = (float4)(0.0f);
  for (int k = -2; k <= 2; k++) {
    sum += kernel_5[k + 2] * load_pixel(in, x + k, y, width, height);
  }
  out[y * width + x] = convert_uchar4_sat_rte(sum);
}

kernel void sobel(global const uchar4 *in, global float *out, const int width,
                  const int height) {
  const int x = get_global_id(0), y = get_global_id(1);
  if (x >= width || y >= height) return;
  float4 gx = (float4)(0.0f), gy = (float4)(0.0f);
  for (int k = -1; k <= 1; k++) {
    const float weight = k == 0 ? 2.0f : 1.0f;
    gx += weight * (load_pixel(in, x + 1, y + k, width, height) -
                    load_pixel(in, x - 1, y + k, width, height));
    gy += weight * (load_pixel(in, x + k, y + 1, width, height) -
                    load_pixel(in, x + k, y - 1, width, height));
  }
  out[y * width + x] = fast_length(gx.xyz) + fast_length(gy.xyz);
}

kernel void grey(global const uchar4 *in, global uchar *out, const int count) {
  const int i = get_global_id(0);
  if (i >= count) return;
  const float3 weights = (float3)(0.299f, 0.587f, 0.114f);
  out[i] = convert_uchar_sat(dot(convert_float3(in[i].xyz), weights));
}

kernel void median_tile(global const uchar *in, global uchar *out,
                        const int width, const int height) {
  local uchar tile[10][18];
  const int lx = get_local_id(0), ly = get_local_id(1);
  const int x0 = get_group_id(0) * 16 - 1, y0 = get_group_id(1) * 8 - 1;
  for (int i = ly * 16 + lx; i < 180; i += 128) {
    const int x = clamp(x0 + i % 18, 0, width - 1);
    const int y = clamp(y0 + i / 18, 0, height - 1);
    tile[i / 18][i % 18] = in[y * width + x];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  uchar window[9];
  for (int k = 0; k < 9; k++) window[k] = tile[ly + k / 3][lx + k % 3];
  for (int i = 0; i <= 4; i++) {
    int least = i;
    for (int j = i + 1; j < 9; j++) {
      if (window[j] < window[least]) least = j;
    }
    const uchar kept = window[i];
    window[i] = window[least];
    window[least] = kept;
  }
  const int x = x0 + 1 + lx, y = y0 + 1 + ly;
  if (x < width && y < height) out[y * width + x] = window[4];
}

kernel void threshold_swizzle(global const uchar16 *in, global uchar16 *out,
                              const uchar limit) {
  const int i = get_global_id(0);
  const uchar16 v = in[i];
  const char16 above = v > (uchar16)(limit);
  out[i] = select((uchar16)(0), v.s0123456789abcdef, as_uchar16(above));
}

kernel void gamma_correct(global float4 *pixels, const float gamma,
                          const int count) {
  const int i = get_global_id(0);
  if (i >= count) return;
  float4 p = pixels[i];
  p.xyz = native_powr(fmax(p.xyz, 0.0f), (float3)(gamma));
  p.w = 1.0f;
  pixels[i] = p;
}
