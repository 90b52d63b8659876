// What the host half of a CUDA source needs to be understood, so that its
// kernels can be compiled without a toolkit: nothing here is ever called.
#ifndef MIRENCODER_JAX_RUNTIME_H_
#define MIRENCODER_JAX_RUNTIME_H_

#define __forceinline__ __inline__ __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict __restrict__
#define __align__(n) __attribute__((aligned(n)))
#define warpSize 32

typedef __SIZE_TYPE__ mirencoder_jax_size;

// Small vectors.
#define MIRENCODER_JAX_VECTORS(type, name)                              \
  struct name##1 { type x; };                                           \
  struct name##3 { type x, y, z; };                                     \
  static inline __host__ __device__ name##2 make_##name##2(             \
      type x, type y) { name##2 v = {x, y}; return v; }                 \
  static inline __host__ __device__ name##3 make_##name##3(             \
      type x, type y, type z) { name##3 v = {x, y, z}; return v; }      \
  static inline __host__ __device__ name##4 make_##name##4(             \
      type x, type y, type z, type w) { name##4 v = {x, y, z, w}; return v; }
#define MIRENCODER_JAX_2_AND_4(type, name) \
  struct name##2 { type x, y; };           \
  struct name##4 { type x, y, z, w; };
MIRENCODER_JAX_2_AND_4(int, int)
MIRENCODER_JAX_2_AND_4(unsigned, uint)
MIRENCODER_JAX_2_AND_4(double, double)
MIRENCODER_JAX_2_AND_4(unsigned char, uchar)
MIRENCODER_JAX_VECTORS(int, int)
MIRENCODER_JAX_VECTORS(unsigned, uint)
MIRENCODER_JAX_VECTORS(float, float)
MIRENCODER_JAX_VECTORS(double, double)
MIRENCODER_JAX_VECTORS(unsigned char, uchar)

struct dim3 {
  unsigned x, y, z;
  __host__ __device__ dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1)
      : x(x), y(y), z(z) {}
  __host__ __device__ dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

// Fences and mathematics, under the names that CUDA has for them: `name` takes
// doubles, `namef` floats, and `name` is overloaded.
extern "C" {
__device__ int printf(const char *format, ...);
__device__ int vprintf(const char *format, const char *values);
}
static inline __device__ void __threadfence() { __nvvm_membar_gl(); }
static inline __device__ void __threadfence_block() { __nvvm_membar_cta(); }

#define MIRENCODER_JAX_MATHS_1(name)                                       \
  extern "C" __device__ double __nv_##name(double x);                      \
  extern "C" __device__ float __nv_##name##f(float x);                     \
  static inline __device__ double name(double x) { return __nv_##name(x); } \
  static inline __device__ float name(float x) { return __nv_##name##f(x); } \
  static inline __device__ float name##f(float x) { return __nv_##name##f(x); }
#define MIRENCODER_JAX_MATHS_2(name)                       \
  extern "C" __device__ double __nv_##name(double, double); \
  extern "C" __device__ float __nv_##name##f(float, float); \
  static inline __device__ double name(double x, double y) { \
    return __nv_##name(x, y);                              \
  }                                                        \
  static inline __device__ float name(float x, float y) {  \
    return __nv_##name##f(x, y);                           \
  }                                                        \
  static inline __device__ float name##f(float x, float y) { \
    return __nv_##name##f(x, y);                           \
  }
MIRENCODER_JAX_MATHS_1(sqrt)
MIRENCODER_JAX_MATHS_1(rsqrt)
MIRENCODER_JAX_MATHS_1(exp)
MIRENCODER_JAX_MATHS_1(exp2)
MIRENCODER_JAX_MATHS_1(log)
MIRENCODER_JAX_MATHS_1(log2)
MIRENCODER_JAX_MATHS_1(log10)
MIRENCODER_JAX_MATHS_1(sin)
MIRENCODER_JAX_MATHS_1(cos)
MIRENCODER_JAX_MATHS_1(tan)
MIRENCODER_JAX_MATHS_1(atan)
MIRENCODER_JAX_MATHS_1(tanh)
MIRENCODER_JAX_MATHS_1(erf)
MIRENCODER_JAX_MATHS_1(floor)
MIRENCODER_JAX_MATHS_1(ceil)
MIRENCODER_JAX_MATHS_1(fabs)
MIRENCODER_JAX_MATHS_2(pow)
MIRENCODER_JAX_MATHS_2(fmod)
MIRENCODER_JAX_MATHS_2(fmin)
MIRENCODER_JAX_MATHS_2(fmax)
MIRENCODER_JAX_MATHS_2(atan2)

#define MIRENCODER_JAX_LESS(type)                                        \
  static inline __device__ type min(type x, type y) { return y < x ? y : x; } \
  static inline __device__ type max(type x, type y) { return x < y ? y : x; }
MIRENCODER_JAX_LESS(int)
MIRENCODER_JAX_LESS(unsigned)
MIRENCODER_JAX_LESS(float)
MIRENCODER_JAX_LESS(double)

// The host's side. CUDA includes its mathematics unasked, and sources rely on it.
#if __has_include(<math.h>)
#include <math.h>
#endif
typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
enum cudaError { cudaSuccess = 0, cudaErrorUnknown = 999 };
typedef enum cudaError cudaError_t;
enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
enum cudaFuncCache {
  cudaFuncCachePreferNone,
  cudaFuncCachePreferShared,
  cudaFuncCachePreferL1
};
struct cudaDeviceProp {
  char name[256];
  mirencoder_jax_size totalGlobalMem, sharedMemPerBlock, totalConstMem;
  int regsPerBlock, maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3];
  int clockRate, major, minor, multiProcessorCount;
};

// Which one `<<<...>>>` becomes depends on the version of CUDA.
cudaError_t cudaConfigureCall(
    dim3 grid, dim3 block, mirencoder_jax_size shared = 0,
    cudaStream_t stream = 0);
extern "C" unsigned __cudaPushCallConfiguration(
    dim3 grid, dim3 block, mirencoder_jax_size shared = 0, void *stream = 0);
extern "C" cudaError_t cudaLaunchKernel(
    const void *function, dim3 grid, dim3 block, void **arguments,
    mirencoder_jax_size shared, cudaStream_t stream);

cudaError_t cudaMallocBytes(void **pointer, mirencoder_jax_size size);
template <class T>
cudaError_t cudaMalloc(T **pointer, mirencoder_jax_size size) {
  return cudaMallocBytes((void **)pointer, size);
}
template <class T>
cudaError_t cudaMallocManaged(T **pointer, mirencoder_jax_size size) {
  return cudaMallocBytes((void **)pointer, size);
}
template <class T>
cudaError_t cudaMallocHost(T **pointer, mirencoder_jax_size size) {
  return cudaMallocBytes((void **)pointer, size);
}
template <class T>
cudaError_t cudaMemcpyToSymbol(
    const T &symbol, const void *source, mirencoder_jax_size size,
    mirencoder_jax_size offset = 0,
    cudaMemcpyKind kind = cudaMemcpyHostToDevice);
cudaError_t cudaFree(void *pointer);
cudaError_t cudaFreeHost(void *pointer);
cudaError_t cudaMemcpy(
    void *to, const void *from, mirencoder_jax_size size, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(
    void *to, const void *from, mirencoder_jax_size size, cudaMemcpyKind kind,
    cudaStream_t stream = 0);
cudaError_t cudaMemset(void *pointer, int value, mirencoder_jax_size size);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaDeviceReset();
cudaError_t cudaThreadSynchronize();
cudaError_t cudaThreadExit();
template <class T>
cudaError_t cudaFuncSetCacheConfig(T *function, cudaFuncCache cache);
cudaError_t cudaStreamCreate(cudaStream_t *stream);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaEventCreate(cudaEvent_t *event);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = 0);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(
    float *milliseconds, cudaEvent_t start, cudaEvent_t end);

#endif  // MIRENCODER_JAX_RUNTIME_H_
