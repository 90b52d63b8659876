// What the CUDA programs here need of the toolkit's headers, and no more: the
// keywords, the built-in indices, barriers, atomics, shuffles, some maths. Apart
// from mirencoder_jax/ir/include, so that growth there leaves this IR as it is.
#ifndef MIRENCODER_JAX_DEVICE_H_
#define MIRENCODER_JAX_DEVICE_H_

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))

struct index3 {
  unsigned x, y, z;
};

// Reading one of these calls a special register's intrinsic.
#define MIRENCODER_JAX_INDEX(name, prefix)                                   \
  struct name##_reader {                                                 \
    __declspec(property(get = get_x)) unsigned x;                        \
    __declspec(property(get = get_y)) unsigned y;                        \
    __declspec(property(get = get_z)) unsigned z;                        \
    static inline __device__ unsigned get_x() { return prefix##_x(); }   \
    static inline __device__ unsigned get_y() { return prefix##_y(); }   \
    static inline __device__ unsigned get_z() { return prefix##_z(); }   \
  };                                                                     \
  extern const __device__ __attribute__((weak)) name##_reader name;

MIRENCODER_JAX_INDEX(threadIdx, __nvvm_read_ptx_sreg_tid)
MIRENCODER_JAX_INDEX(blockIdx, __nvvm_read_ptx_sreg_ctaid)
MIRENCODER_JAX_INDEX(blockDim, __nvvm_read_ptx_sreg_ntid)
MIRENCODER_JAX_INDEX(gridDim, __nvvm_read_ptx_sreg_nctaid)

struct float2 {
  float x, y;
};
struct float4 {
  float x, y, z, w;
};

static inline __device__ int atomicAdd(int *at, int value) {
  return __nvvm_atom_add_gen_i(at, value);
}
static inline __device__ unsigned atomicAdd(unsigned *at, unsigned value) {
  return (unsigned)__nvvm_atom_add_gen_i((int *)at, (int)value);
}
static inline __device__ float atomicAdd(float *at, float value) {
  return __nvvm_atom_add_gen_f(at, value);
}
static inline __device__ int atomicMin(int *at, int value) {
  return __nvvm_atom_min_gen_i(at, value);
}
static inline __device__ int atomicMax(int *at, int value) {
  return __nvvm_atom_max_gen_i(at, value);
}
static inline __device__ int atomicCAS(int *at, int old, int value) {
  return __nvvm_atom_cas_gen_i(at, old, value);
}
static inline __device__ float shuffle_down(float value, int by) {
  return __nvvm_shfl_sync_down_f32(0xffffffffu, value, by, 31);
}
static inline __device__ int shuffle_up(int value, int by) {
  return __nvvm_shfl_sync_up_i32(0xffffffffu, value, by, 0);
}

extern "C" {
__device__ float __nv_sqrtf(float x);
__device__ float __nv_rsqrtf(float x);
__device__ float __nv_expf(float x);
__device__ float __nv_logf(float x);
__device__ float __nv_sinf(float x);
__device__ float __nv_cosf(float x);
__device__ float __nv_fabsf(float x);
__device__ float __nv_fmaf(float x, float y, float z);
__device__ float __nv_fminf(float x, float y);
__device__ float __nv_fmaxf(float x, float y);
__device__ double __nv_sqrt(double x);
}

#endif  // MIRENCODER_JAX_DEVICE_H_
