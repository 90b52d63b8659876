// What CUDA device code takes of the toolkit's headers: keywords, indices,
// vector types, barriers, atomics, shuffles, mathematics. Declarations suffice,
// as nothing is linked. It is read before each file; the files in cuda/ stand
// for the headers that such code includes.
#ifndef SOURCE_PACKAGES_CUDA_STUB_H_
#define SOURCE_PACKAGES_CUDA_STUB_H_

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __managed__ __attribute__((managed))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __restrict __restrict__
#define __grid_constant__
#define CUDART_VERSION 12000
#define CUDA_VERSION 12000
#define __CUDACC_VER_MAJOR__ 12
#define __CUDACC_VER_MINOR__ 0
#define __NVCC__ 1
#define CUDART_INF_F __builtin_inff()
#define CUDART_NAN_F __builtin_nanf("")
#define CUDART_INF __builtin_inf()
#define CUDART_NAN __builtin_nan("")
#define CUDART_PI_F 3.141592654f
#define CUDART_PI 3.1415926535897931

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define HD static inline __host__ __device__
#define ON_DEVICE static inline __device__

#define VECTORS(type, name)                                               \
  struct name##1 {                                                        \
    type x;                                                               \
  };                                                                      \
  struct name##2 {                                                        \
    type x, y;                                                            \
  };                                                                      \
  struct name##3 {                                                        \
    type x, y, z;                                                         \
  };                                                                      \
  struct name##4 {                                                        \
    type x, y, z, w;                                                      \
  };                                                                      \
  HD name##1 make_##name##1(type x) { return name##1{x}; }                \
  HD name##2 make_##name##2(type x, type y) { return name##2{x, y}; }     \
  HD name##3 make_##name##3(type x, type y, type z) {                     \
    return name##3{x, y, z};                                              \
  }                                                                       \
  HD name##4 make_##name##4(type x, type y, type z, type w) {             \
    return name##4{x, y, z, w};                                           \
  }
VECTORS(signed char, char)
VECTORS(unsigned char, uchar)
VECTORS(short, short)
VECTORS(unsigned short, ushort)
VECTORS(int, int)
VECTORS(unsigned int, uint)
VECTORS(long, long)
VECTORS(unsigned long, ulong)
VECTORS(long long, longlong)
VECTORS(unsigned long long, ulonglong)
VECTORS(float, float)
VECTORS(double, double)
#undef VECTORS

struct dim3 {
  unsigned x, y, z;
  __host__ __device__ constexpr dim3(unsigned a = 1, unsigned b = 1,
                                     unsigned c = 1)
      : x(a), y(b), z(c) {}
};

// Reading one of these calls a special register's intrinsic.
#define INDEX(name, prefix)                                            \
  struct name##_reader {                                               \
    __declspec(property(get = get_x)) unsigned x;                      \
    __declspec(property(get = get_y)) unsigned y;                      \
    __declspec(property(get = get_z)) unsigned z;                      \
    static inline __device__ unsigned get_x() { return prefix##_x(); } \
    static inline __device__ unsigned get_y() { return prefix##_y(); } \
    static inline __device__ unsigned get_z() { return prefix##_z(); } \
    __device__ operator dim3() const {                                 \
      return dim3(prefix##_x(), prefix##_y(), prefix##_z());           \
    }                                                                  \
    __device__ operator uint3() const {                                \
      return uint3{prefix##_x(), prefix##_y(), prefix##_z()};          \
    }                                                                  \
  };                                                                   \
  extern const __device__ __attribute__((weak)) name##_reader name;
INDEX(threadIdx, __nvvm_read_ptx_sreg_tid)
INDEX(blockIdx, __nvvm_read_ptx_sreg_ctaid)
INDEX(blockDim, __nvvm_read_ptx_sreg_ntid)
INDEX(gridDim, __nvvm_read_ptx_sreg_nctaid)
#undef INDEX
static constexpr int warpSize = 32;

// Of the runtime: enough to read host code that is not compiled.
typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef enum { cudaSuccess = 0, cudaErrorMemoryAllocation = 2 } cudaError_t;
typedef cudaError_t cudaError;
typedef unsigned long long cudaTextureObject_t;
typedef unsigned long long cudaSurfaceObject_t;
enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem, sharedMemPerBlock;
  int regsPerBlock, warpSize, maxThreadsPerBlock, maxThreadsDim[3];
  int maxGridSize[3], clockRate, major, minor, multiProcessorCount;
};
extern "C" {
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
const char *cudaGetErrorString(cudaError_t);
const char *cudaGetErrorName(cudaError_t);
__host__ __device__ cudaError_t cudaDeviceSynchronize();
cudaError_t cudaFree(void *);
cudaError_t cudaFreeHost(void *);
cudaError_t cudaMemcpy(void *, const void *, size_t, cudaMemcpyKind);
cudaError_t cudaMemset(void *, int, size_t);
cudaError_t cudaSetDevice(int);
cudaError_t cudaGetDevice(int *);
cudaError_t cudaGetDeviceCount(int *);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *, int);
cudaError_t cudaStreamCreate(cudaStream_t *);
cudaError_t cudaStreamDestroy(cudaStream_t);
cudaError_t cudaStreamSynchronize(cudaStream_t);
cudaError_t cudaEventCreate(cudaEvent_t *);
cudaError_t cudaEventDestroy(cudaEvent_t);
cudaError_t cudaEventSynchronize(cudaEvent_t);
cudaError_t cudaEventElapsedTime(float *, cudaEvent_t, cudaEvent_t);
int cudaConfigureCall(dim3, dim3, size_t = 0, cudaStream_t = 0);
unsigned __cudaPushCallConfiguration(dim3, dim3, size_t = 0, void * = 0);
}
cudaError_t cudaMemcpyAsync(void *, const void *, size_t, cudaMemcpyKind,
                            cudaStream_t = 0);
cudaError_t cudaMemsetAsync(void *, int, size_t, cudaStream_t = 0);
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t = 0);
template <class T>
cudaError_t cudaMalloc(T **, size_t);
template <class T>
cudaError_t cudaMallocHost(T **, size_t, unsigned = 0);
template <class T>
cudaError_t cudaMemcpyToSymbol(const T &, const void *, size_t, size_t = 0,
                               cudaMemcpyKind = cudaMemcpyHostToDevice);
template <class T>
cudaError_t cudaMemcpyToSymbolAsync(const T &, const void *, size_t, size_t,
                                    cudaMemcpyKind, cudaStream_t = 0);

// Barriers and fences; __syncthreads is a builtin.
ON_DEVICE void __syncwarp(unsigned mask = 0xffffffffu) {
  __nvvm_bar_warp_sync(mask);
}
ON_DEVICE void __threadfence() { __nvvm_membar_gl(); }
ON_DEVICE void __threadfence_block() { __nvvm_membar_cta(); }
ON_DEVICE void __threadfence_system() { __nvvm_membar_sys(); }

// Atomics, as the operations of LLVM that they are.
#define ATOMIC(name, operation, type)                     \
  ON_DEVICE type atomic##name(type *at, type value) {     \
    return operation(at, value, __ATOMIC_RELAXED);        \
  }
#define ATOMICS(name, operation)                  \
  ATOMIC(name, operation, int)                    \
  ATOMIC(name, operation, unsigned)               \
  ATOMIC(name, operation, long)                   \
  ATOMIC(name, operation, unsigned long)          \
  ATOMIC(name, operation, long long)              \
  ATOMIC(name, operation, unsigned long long)
ATOMICS(Add, __atomic_fetch_add)
ATOMICS(Sub, __atomic_fetch_sub)
ATOMICS(And, __atomic_fetch_and)
ATOMICS(Or, __atomic_fetch_or)
ATOMICS(Xor, __atomic_fetch_xor)
ATOMICS(Min, __atomic_fetch_min)
ATOMICS(Max, __atomic_fetch_max)
ATOMIC(Add, __atomic_fetch_add, float)
ATOMIC(Add, __atomic_fetch_add, double)
#undef ATOMICS
#undef ATOMIC
template <class T>
ON_DEVICE T atomicExch(T *at, T value) {
  T old;
  __atomic_exchange(at, &value, &old, __ATOMIC_RELAXED);
  return old;
}
template <class T, class U, class V>
ON_DEVICE T atomicCAS(T *at, U expected, V value) {
  T old = expected, next = value;
  __atomic_compare_exchange(at, &old, &next, false, __ATOMIC_RELAXED,
                            __ATOMIC_RELAXED);
  return old;
}
ON_DEVICE unsigned atomicInc(unsigned *at, unsigned limit) {
  return __nvvm_atom_inc_gen_ui(at, limit);
}
ON_DEVICE unsigned atomicDec(unsigned *at, unsigned limit) {
  return __nvvm_atom_dec_gen_ui(at, limit);
}

// Across a warp. Values of eight bytes go in two halves.
#define SHUFFLE(name, word, by, last)                                       \
  template <class T>                                                        \
  ON_DEVICE T __shfl_##name##sync(unsigned mask, T value, by lane,          \
                                  int width = 32) {                         \
    constexpr int words = (sizeof(T) + 3) / 4;                              \
    union {                                                                 \
      T value;                                                              \
      int word[words];                                                      \
    } all = {value};                                                        \
    for (int i = 0; i < words; ++i)                                         \
      all.word[i] = __nvvm_shfl_sync_##word##_i32(                          \
          mask, all.word[i], lane, ((32 - width) << 8) | last);             \
    return all.value;                                                       \
  }                                                                         \
  template <class T>                                                        \
  ON_DEVICE T __shfl_##name(T value, by lane, int width = 32) {             \
    return __shfl_##name##sync(0xffffffffu, value, lane, width);            \
  }
SHUFFLE(, idx, int, 31)
SHUFFLE(up_, up, unsigned, 0)
SHUFFLE(down_, down, unsigned, 31)
SHUFFLE(xor_, bfly, int, 31)
#undef SHUFFLE
template <class T>
ON_DEVICE T __shfl(T value, int lane, int width = 32) {
  return __shfl_sync(0xffffffffu, value, lane, width);
}
template <class T>
ON_DEVICE T __shfl_up(T value, unsigned by, int width = 32) {
  return __shfl_up_sync(0xffffffffu, value, by, width);
}
template <class T>
ON_DEVICE T __shfl_down(T value, unsigned by, int width = 32) {
  return __shfl_down_sync(0xffffffffu, value, by, width);
}
template <class T>
ON_DEVICE T __shfl_xor(T value, int lane, int width = 32) {
  return __shfl_xor_sync(0xffffffffu, value, lane, width);
}
ON_DEVICE unsigned __ballot_sync(unsigned mask, int is_true) {
  return __nvvm_vote_ballot_sync(mask, is_true);
}
ON_DEVICE int __any_sync(unsigned mask, int is_true) {
  return __nvvm_vote_any_sync(mask, is_true);
}
ON_DEVICE int __all_sync(unsigned mask, int is_true) {
  return __nvvm_vote_all_sync(mask, is_true);
}
ON_DEVICE unsigned __activemask() { return __nvvm_activemask(); }

// Loads by way of a cache are loads.
template <class T>
ON_DEVICE T __ldg(const T *at) {
  return *at;
}
template <class T>
ON_DEVICE T __ldcg(const T *at) {
  return *at;
}

// Bits.
HD int __popc(unsigned x) { return __builtin_popcount(x); }
HD int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
HD int __clz(int x) { return x ? __builtin_clz(x) : 32; }
HD int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
HD int __ffs(int x) { return __builtin_ffs(x); }
HD int __ffsll(long long x) { return __builtin_ffsll(x); }
HD unsigned __brev(unsigned x) { return __builtin_bitreverse32(x); }
HD int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
HD unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
HD float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
HD float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
HD long long __double_as_longlong(double x) {
  return __builtin_bit_cast(long long, x);
}
HD double __longlong_as_double(long long x) {
  return __builtin_bit_cast(double, x);
}
ON_DEVICE int __mul24(int a, int b) { return a * b; }
ON_DEVICE unsigned __umul24(unsigned a, unsigned b) { return a * b; }
ON_DEVICE int __mulhi(int a, int b) { return ((long long)a * b) >> 32; }
ON_DEVICE unsigned __umulhi(unsigned a, unsigned b) {
  return ((unsigned long long)a * b) >> 32;
}
ON_DEVICE unsigned long long __umul64hi(unsigned long long a,
                                        unsigned long long b) {
  return ((unsigned __int128)a * b) >> 64;
}
ON_DEVICE long long clock64() { return __nvvm_read_ptx_sreg_clock64(); }
ON_DEVICE int clock() { return __nvvm_read_ptx_sreg_clock(); }

// Mathematics: the library of device functions, by the names C++ gives them.
#define MATH1(name)                                                     \
  extern "C" __device__ double __nv_##name(double);                     \
  extern "C" __device__ float __nv_##name##f(float);                    \
  ON_DEVICE double name(double x) { return __nv_##name(x); }            \
  ON_DEVICE float name(float x) { return __nv_##name##f(x); }           \
  ON_DEVICE float name##f(float x) { return __nv_##name##f(x); }
#define MATH2(name)                                                         \
  extern "C" __device__ double __nv_##name(double, double);                 \
  extern "C" __device__ float __nv_##name##f(float, float);                 \
  ON_DEVICE double name(double x, double y) { return __nv_##name(x, y); }   \
  ON_DEVICE float name(float x, float y) { return __nv_##name##f(x, y); }   \
  ON_DEVICE float name##f(float x, float y) { return __nv_##name##f(x, y); }
MATH1(sqrt)
MATH1(rsqrt)
MATH1(cbrt)
MATH1(exp)
MATH1(exp2)
MATH1(exp10)
MATH1(expm1)
MATH1(log)
MATH1(log2)
MATH1(log10)
MATH1(log1p)
MATH1(sin)
MATH1(cos)
MATH1(tan)
MATH1(asin)
MATH1(acos)
MATH1(atan)
MATH1(sinh)
MATH1(cosh)
MATH1(tanh)
MATH1(asinh)
MATH1(acosh)
MATH1(atanh)
MATH1(erf)
MATH1(erfc)
MATH1(erfcx)
MATH1(erfinv)
MATH1(normcdf)
MATH1(tgamma)
MATH1(lgamma)
MATH1(floor)
MATH1(ceil)
MATH1(trunc)
MATH1(round)
MATH1(rint)
MATH1(nearbyint)
MATH1(fabs)
MATH1(sinpi)
MATH1(cospi)
MATH1(j0)
MATH1(j1)
MATH1(y0)
MATH1(y1)
MATH1(logb)
MATH2(pow)
MATH2(fmod)
MATH2(fmin)
MATH2(fmax)
MATH2(atan2)
MATH2(hypot)
MATH2(copysign)
MATH2(fdim)
MATH2(nextafter)
MATH2(remainder)
#undef MATH1
#undef MATH2
ON_DEVICE double fma(double x, double y, double z) {
  return __builtin_fma(x, y, z);
}
ON_DEVICE float fma(float x, float y, float z) {
  return __builtin_fmaf(x, y, z);
}
ON_DEVICE float fmaf(float x, float y, float z) {
  return __builtin_fmaf(x, y, z);
}
HD float __fdividef(float x, float y) { return x / y; }
HD float fdividef(float x, float y) { return x / y; }
HD float __saturatef(float x) { return x < 0 ? 0 : x > 1 ? 1 : x; }
#define FAST1(name) \
  ON_DEVICE float __##name##f(float x) { return name##f(x); }
FAST1(sin)
FAST1(cos)
FAST1(tan)
FAST1(exp)
FAST1(exp10)
FAST1(log)
FAST1(log2)
FAST1(log10)
#undef FAST1
ON_DEVICE float __powf(float x, float y) { return powf(x, y); }
ON_DEVICE float __frsqrt_rn(float x) { return rsqrtf(x); }
ON_DEVICE float __fsqrt_rn(float x) { return sqrtf(x); }
ON_DEVICE float __frcp_rn(float x) { return 1 / x; }
HD float __fadd_rn(float x, float y) { return x + y; }
HD float __fmul_rn(float x, float y) { return x * y; }
HD float __fdiv_rn(float x, float y) { return x / y; }
HD float __fmaf_rn(float x, float y, float z) { return x * y + z; }
HD double __dadd_rn(double x, double y) { return x + y; }
HD double __dmul_rn(double x, double y) { return x * y; }
HD double __fma_rn(double x, double y, double z) { return x * y + z; }
HD int __float2int_rn(float x) { return (int)__builtin_rintf(x); }
HD int __float2int_rd(float x) { return (int)__builtin_floorf(x); }
HD int __float2int_ru(float x) { return (int)__builtin_ceilf(x); }
HD int __float2int_rz(float x) { return (int)x; }
HD unsigned __float2uint_rn(float x) { return (unsigned)__builtin_rintf(x); }
HD unsigned __float2uint_rz(float x) { return (unsigned)x; }
HD int __double2int_rn(double x) { return (int)__builtin_rint(x); }
HD int __double2int_rd(double x) { return (int)__builtin_floor(x); }
HD float __int2float_rn(int x) { return (float)x; }
HD float __uint2float_rn(unsigned x) { return (float)x; }
HD float __double2float_rn(double x) { return (float)x; }
ON_DEVICE void sincos(double x, double *s, double *c) {
  *s = sin(x);
  *c = cos(x);
}
ON_DEVICE void sincosf(float x, float *s, float *c) {
  *s = sinf(x);
  *c = cosf(x);
}
ON_DEVICE void __sincosf(float x, float *s, float *c) { sincosf(x, s, c); }

#define LEAST(type)                                         \
  HD type min(type x, type y) { return y < x ? y : x; }     \
  HD type max(type x, type y) { return x < y ? y : x; }
LEAST(int)
LEAST(unsigned)
LEAST(long)
LEAST(unsigned long)
LEAST(long long)
LEAST(unsigned long long)
LEAST(float)
LEAST(double)
#undef LEAST
#define TRAITS(type)                                                    \
  ON_DEVICE bool isnan(type x) { return __builtin_isnan(x); }           \
  ON_DEVICE bool isinf(type x) { return __builtin_isinf(x); }           \
  ON_DEVICE bool isfinite(type x) { return __builtin_isfinite(x); }     \
  ON_DEVICE bool signbit(type x) { return __builtin_signbit(x); }
TRAITS(float)
TRAITS(double)
#undef TRAITS
ON_DEVICE int abs(int x) { return x < 0 ? -x : x; }
ON_DEVICE long long llabs(long long x) { return x < 0 ? -x : x; }

extern "C" __device__ int printf(const char *, ...);
extern "C" __device__ void __assertfail(const char *, const char *, unsigned,
                                        const char *, size_t);

#undef HD
#undef ON_DEVICE

#endif  // SOURCE_PACKAGES_CUDA_STUB_H_
