// Sparse products in three formats and the vector steps of a solver.
kernel void csr_scalar(const int rows, global const int *starts,
                       global const int *columns, global const float *values,
                       global const float *x, global float *y) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  float sum = 0.0f;
  for (int k = starts[row]; k < starts[row + 1]; k++) {
    sum = fma(values[k], x[columns[k]], sum);
  }
  y[row] = sum;
}

#define LANES 32

kernel void csr_vector(const int rows, global const int *starts,
                       global const int *columns, global const double *values,
                       global const double *x, global double *y) {
  local volatile double part[256];
  const int lane = get_local_id(0) % LANES, at = get_local_id(0);
  const int row = get_global_id(0) / LANES;
  double sum = 0.0;
  if (row < rows) {
    for (int k = starts[row] + lane; k < starts[row + 1]; k += LANES) {
      sum += values[k] * x[columns[k]];
    }
  }
  part[at] = sum;
  for (int width = LANES / 2; width > 0; width /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < width) part[at] += part[at + width];
  }
  if (lane == 0 && row < rows) y[row] = part[at];
}

kernel void ell(const int rows, const int width, global const int *columns,
                global const float *values, global const float *x,
                global float *y) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  float sum = 0.0f;
  for (int k = 0; k < width; k++) {
    const int column = columns[k * rows + row];
    if (column >= 0) sum += values[k * rows + row] * x[column];
  }
  y[row] = sum;
}

void add_float(volatile global float *at, float value) {
  union {
    uint bits;
    float value;
  } old, sum;
  do {
    old.value = *at;
    sum.value = old.value + value;
  } while (atomic_cmpxchg((volatile global uint *)at, old.bits, sum.bits) !=
           old.bits);
}

kernel void coo(const int count, global const int2 *places,
                global const float *values, global const float *x,
                volatile global float *y) {
  const int k = get_global_id(0);
  if (k < count) add_float(&y[places[k].x], values[k] * x[places[k].y]);
}

kernel void axpby(const float alpha, global const float4 *x, const float beta,
                  global float4 *y) {
  const int i = get_global_id(0);
  y[i] = alpha * x[i] + beta * y[i];
}

kernel void dot_groups(global const float4 *x, global const float4 *y,
                       const int count4, global float *sums,
                       local float *part) {
  const int lane = get_local_id(0);
  float sum = 0.0f;
  for (int i = get_global_id(0); i < count4; i += get_global_size(0)) {
    sum += dot(x[i], y[i]);
  }
  part[lane] = sum;
  for (int width = get_local_size(0) / 2; width > 0; width >>= 1) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < width) part[lane] += part[lane + width];
  }
  if (lane == 0) sums[get_group_id(0)] = part[0];
}

kernel void jacobi(const int rows, global const int *starts,
                   global const int *columns, global const float *values,
                   global const float *b, global const float *x,
                   global float *next) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  float sum = b[row], diagonal = 1.0f;
  for (int k = starts[row]; k < starts[row + 1]; k++) {
    if (columns[k] == row) {
      diagonal = values[k];
    } else {
      sum -= values[k] * x[columns[k]];
    }
  }
  next[row] = sum / diagonal;
}
