// Fourier transform stages, windows, and products of spectra.
float2 complex_times(float2 a, float2 b) {
  return (float2)(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

float2 root_of_unity(float part) {
  return (float2)(cospi(part), sinpi(part));
}

kernel void radix2_stage(global const float2 *in, global float2 *out,
                         const int span) {
  const int i = get_global_id(0), half_count = get_global_size(0);
  const int k = i & (span - 1);
  const float2 even = in[i];
  const float2 odd =
      complex_times(in[i + half_count], root_of_unity(-(float)k / span));
  const int to = ((i - k) << 1) + k;
  out[to] = even + odd;
  out[to + span] = even - odd;
}

kernel void radix4_stage(global const float2 *in, global float2 *out,
                         const int span) {
  const int i = get_global_id(0), quarter = get_global_size(0);
  const int k = i & (span - 1);
  const float part = -0.5f * k / span;
  const float2 a = in[i];
  const float2 b = complex_times(in[i + quarter], root_of_unity(part));
  const float2 c = complex_times(in[i + 2 * quarter], root_of_unity(2 * part));
  const float2 d = complex_times(in[i + 3 * quarter], root_of_unity(3 * part));
  const float2 s0 = a + c, s1 = a - c, s2 = b + d, s3 = b - d;
  const float2 turned = (float2)(s3.y, -s3.x);
  const int to = ((i - k) << 2) + k;
  out[to] = s0 + s2;
  out[to + span] = s1 + turned;
  out[to + 2 * span] = s0 - s2;
  out[to + 3 * span] = s1 - turned;
}

kernel void bit_reverse(global const float2 *in, global float2 *out,
                        const uint bits) {
  const uint i = get_global_id(0);
  uint x = i;
  x = (x & 0x55555555u) << 1 | (x >> 1 & 0x55555555u);
  x = (x & 0x33333333u) << 2 | (x >> 2 & 0x33333333u);
  x = (x & 0x0f0f0f0fu) << 4 | (x >> 4 & 0x0f0f0f0fu);
  x = (x & 0x00ff00ffu) << 8 | (x >> 8 & 0x00ff00ffu);
  x = x << 16 | x >> 16;
  out[x >> (32 - bits)] = in[i];
}

kernel void multiply_spectra(global float4 *a, global const float4 *b,
                             const float scale) {
  const int i = get_global_id(0);
  const float4 x = a[i], y = b[i];
  a[i] = scale * (float4)(complex_times(x.lo, y.lo), complex_times(x.hi, y.hi));
}

kernel void dft_direct(global const double2 *in, global double2 *out,
                       const int count) {
  const int k = get_global_id(0);
  double2 sum = (double2)(0.0);
  for (int n = 0; n < count; n++) {
    const double angle = -2.0 * M_PI * (double)(((long)k * n) % count) / count;
    const double c = cos(angle), s = sin(angle);
    sum.x += in[n].x * c - in[n].y * s;
    sum.y += in[n].x * s + in[n].y * c;
  }
  out[k] = sum;
}

kernel void hann(global float *samples, const int count) {
  const int i = get_global_id(0);
  if (i < count) samples[i] *= 0.5f - 0.5f * cospi(2.0f * i / (count - 1));
}

kernel void decibels(global const float2 *spectrum, global float *out,
                     const float floor_level) {
  const int i = get_global_id(0);
  const float power = dot(spectrum[i], spectrum[i]);
  out[i] = 10.0f * log10(fmax(power, floor_level));
}
