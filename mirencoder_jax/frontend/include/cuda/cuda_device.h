// What device code calls: barriers, atomics, shuffles, bits. Part of cuda_stub.h.
#ifndef MIRENCODER_JAX_CUDA_DEVICE_H_
#define MIRENCODER_JAX_CUDA_DEVICE_H_

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
#if __has_builtin(__nvvm_activemask)
ON_DEVICE unsigned __activemask() { return __nvvm_activemask(); }
#endif

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

#endif  // MIRENCODER_JAX_CUDA_DEVICE_H_
