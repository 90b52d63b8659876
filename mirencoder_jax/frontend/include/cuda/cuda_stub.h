// What CUDA sources take of the toolkit's headers: keywords, indices, vector
// types, and in the files that it includes the rest. Declarations suffice, as
// nothing is linked. It is read before each file; the headers that such code
// includes itself, cuda.h and others, are empty.
#ifndef MIRENCODER_JAX_CUDA_STUB_H_
#define MIRENCODER_JAX_CUDA_STUB_H_

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
  __host__ __device__ constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
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
      return dim3(get_x(), get_y(), get_z());                          \
    }                                                                  \
    __device__ operator uint3() const {                                \
      return uint3{get_x(), get_y(), get_z()};                         \
    }                                                                  \
  };                                                                   \
  extern const __device__ __attribute__((weak)) name##_reader name;
INDEX(threadIdx, __nvvm_read_ptx_sreg_tid)
INDEX(blockIdx, __nvvm_read_ptx_sreg_ctaid)
INDEX(blockDim, __nvvm_read_ptx_sreg_ntid)
INDEX(gridDim, __nvvm_read_ptx_sreg_nctaid)
#undef INDEX
static constexpr int warpSize = 32;

#include "cuda_host.h"
#include "cuda_device.h"
#include "cuda_maths.h"

extern "C" __device__ int printf(const char *, ...);
extern "C" __device__ void __assertfail(const char *, const char *, unsigned,
                                        const char *, size_t);

#undef HD
#undef ON_DEVICE

#endif  // MIRENCODER_JAX_CUDA_STUB_H_
