// Mathematics: the library of device functions, by the names C++ gives them.
// Part of cuda_stub.h.
#ifndef MIRENCODER_JAX_CUDA_MATHS_H_
#define MIRENCODER_JAX_CUDA_MATHS_H_

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

#endif  // MIRENCODER_JAX_CUDA_MATHS_H_
