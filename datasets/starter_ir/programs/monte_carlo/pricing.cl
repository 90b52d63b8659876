// Prices, fractals and estimates that each work item makes alone.
float normal_below(float x) {
  const float t = 1.0f / (1.0f + 0.2316419f * fabs(x));
  const float series =
      t * (0.31938153f +
           t * (-0.356563782f +
                t * (1.781477937f + t * (-1.821255978f + t * 1.330274429f))));
  const float tail = 0.39894228f * exp(-0.5f * x * x) * series;
  return x > 0.0f ? 1.0f - tail : tail;
}

kernel void black_scholes(global const float4 *options, global float2 *prices,
                          const float rate, const float volatility,
                          const int count) {
  const int i = get_global_id(0);
  if (i >= count) return;
  const float spot = options[i].x, strike = options[i].y, years = options[i].z;
  const float spread = volatility * sqrt(years);
  const float d1 =
      (log(spot / strike) + (rate + 0.5f * volatility * volatility) * years) /
      spread;
  const float now = strike * exp(-rate * years);
  const float call = spot * normal_below(d1) - now * normal_below(d1 - spread);
  prices[i] = (float2)(call, call - spot + now);
}

uint4 next_state(uint4 s) {
  const uint t = s.x ^ (s.x << 11);
  return (uint4)(s.yzw, s.w ^ (s.w >> 19) ^ t ^ (t >> 8));
}

float unit(uint bits) { return (bits >> 8) * 0x1.0p-24f; }

kernel void estimate_pi(global uint4 *states, global uint *inside,
                        const int samples) {
  const int i = get_global_id(0);
  uint4 s = states[i];
  uint count = 0;
  for (int k = 0; k < samples; k++) {
    s = next_state(s);
    const float x = unit(s.w);
    s = next_state(s);
    const float y = unit(s.w);
    count += x * x + y * y <= 1.0f;
  }
  states[i] = s;
  inside[i] = count;
}

kernel void asian_paths(global uint4 *states, global float *values,
                        const float spot, const float strike,
                        const float drift, const float spread,
                        const int steps) {
  const int i = get_global_id(0);
  uint4 s = states[i];
  float price = spot, total = 0.0f;
  for (int k = 0; k < steps; k++) {
    s = next_state(s);
    const float radius = sqrt(-2.0f * log(unit(s.w) + 1e-7f));
    s = next_state(s);
    price *= exp(drift + spread * radius * cospi(2.0f * unit(s.w)));
    total += price;
  }
  values[i] = fmax(total / steps - strike, 0.0f);
  states[i] = s;
}

kernel void mandelbrot(global ushort *out, const int width,
                       const double2 corner, const double step,
                       const int limit) {
  const int x = get_global_id(0), y = get_global_id(1);
  const double2 c = corner + step * (double2)(x, y);
  double2 z = (double2)(0.0);
  int count = 0;
  while (count < limit && dot(z, z) < 4.0) {
    z = (double2)(z.x * z.x - z.y * z.y, 2.0 * z.x * z.y) + c;
    count++;
  }
  out[y * width + x] = (ushort)count;
}

kernel void ising_sweep(global char *spins, global uint4 *states,
                        const int side, const int colour, const float beta) {
  const int y = get_global_id(1);
  const int x = 2 * get_global_id(0) + ((y + colour) & 1);
  if (x >= side || y >= side) return;
  const int around = spins[y * side + (x + 1) % side] +
                     spins[y * side + (x + side - 1) % side] +
                     spins[(y + 1) % side * side + x] +
                     spins[(y + side - 1) % side * side + x];
  const int at = y * side + x, lane = at / 2;
  const uint4 s = next_state(states[lane]);
  states[lane] = s;
  const float cost = 2.0f * spins[at] * around;
  if (unit(s.w) < native_exp(-beta * cost)) spins[at] = -spins[at];
}
