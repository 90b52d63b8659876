"""Symbols whose names carry meaning, and the spelling under which we keep them.

User symbols are abstracted (`@f0`, `@g0`); what a platform defines is kept,
because a call of `sqrt`, `get_global_id` or `__kmpc_for_static_init_4` says
what the code does: LLVM intrinsics (without their type suffixes, which differ
between typed and opaque pointers), OpenCL, CUDA, OpenMP, libm, libc and C++
runtime functions.
"""

import functools
import re

_LIBM = (
    'acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh cospi '
    'erf erfc exp exp10 exp2 expm1 fabs fdim floor fma fmax fmin fmod frexp '
    'hypot ilogb j0 j1 ldexp lgamma llrint llround log log10 log1p log2 logb '
    'lrint lround modf nan nearbyint nextafter pow remainder remquo rint round '
    'rsqrt scalbln scalbn sin sincos sinh sinpi sqrt tan tanh tgamma trunc y0 '
    'y1'
).split()
_LIBC = (
    'abort abs aligned_alloc assert atexit atof atoi atol bcmp bsearch calloc '
    'clock clock_gettime div exit fclose feof fflush fgetc fgets fopen fprintf '
    'fputc fputs fread free fscanf fseek ftell fwrite getc getchar getenv '
    'gettimeofday labs longjmp malloc memccpy memchr memcmp memcpy memmove '
    'memset mmap munmap perror posix_memalign printf putc putchar puts qsort '
    'rand random read realloc scanf setjmp _setjmp snprintf sprintf srand '
    'srandom sscanf strcasecmp strcat strchr strcmp strcpy strdup strlen '
    'strncat strncmp strncpy strrchr strspn strstr strtod strtof strtok strtol '
    'strtoul time tolower toupper vprintf vsnprintf write pthread_create '
    'pthread_join pthread_mutex_lock pthread_mutex_unlock __errno_location '
    '__assert_fail __stack_chk_fail omp_get_thread_num omp_get_num_threads'
).split()
_OPENCL = (
    'get_work_dim get_global_size get_global_id get_local_size get_local_id '
    'get_num_groups get_group_id get_global_offset get_enqueued_local_size '
    'barrier work_group_barrier mem_fence read_mem_fence write_mem_fence '
    'async_work_group_copy async_work_group_strided_copy wait_group_events '
    'prefetch atomic_add atomic_sub atomic_xchg atomic_inc atomic_dec '
    'atomic_cmpxchg atomic_min atomic_max atomic_and atomic_or atomic_xor '
    'atom_add atom_sub atom_xchg atom_inc atom_dec atom_cmpxchg atom_min '
    'atom_max mad mad24 mul24 mad_hi mul_hi mad_sat add_sat sub_sat hadd rhadd '
    'rotate clz popcount upsample abs_diff min max clamp mix step smoothstep '
    'sign degrees radians dot cross length distance normalize fast_length '
    'fast_distance fast_normalize bitselect select any all isnan isinf '
    'isfinite isnormal signbit isequal isnotequal isgreater isgreaterequal '
    'isless islessequal native_cos native_divide native_exp native_exp2 '
    'native_exp10 native_log native_log2 native_log10 native_powr native_recip '
    'native_rsqrt native_sin native_sqrt native_tan half_cos half_divide '
    'half_exp half_log half_powr half_recip half_rsqrt half_sin half_sqrt '
    'half_tan powr pown rootn fract maxmag minmag tanpi acospi asinpi atanpi '
    'shuffle shuffle2 read_imagef read_imagei read_imageui write_imagef '
    'write_imagei write_imageui get_image_width get_image_height '
    'sub_group_barrier sub_group_reduce_add get_sub_group_local_id'
).split()
_CUDA = (
    'vprintf __assertfail __syncthreads cudaMalloc cudaFree cudaMemcpy '
    'cudaLaunchKernel __cudaPushCallConfiguration __cudaPopCallConfiguration '
    '_Znwm _Znam _ZdlPv _ZdaPv _ZdlPvm _ZdaPvm __cxa_begin_catch '
    '__cxa_end_catch __cxa_throw __cxa_rethrow __cxa_allocate_exception '
    '__cxa_free_exception __cxa_atexit __cxa_guard_acquire '
    '__cxa_guard_release __cxa_pure_virtual __dynamic_cast '
    '__gxx_personality_v0 __rust_alloc __rust_dealloc __rust_realloc '
    '__rust_alloc_zeroed'
).split()
_PLAIN = frozenset(_LIBC) | frozenset(_CUDA)
# Names that appear both plain and with a suffix of their precision (sqrtf).
_MATH = frozenset(_LIBM)
# Mangled names whose base function is one of these are kept by the base name.
_BUILT_IN = frozenset(_OPENCL) | _MATH | {'abs', 'printf'}
_PREFIXES = (
    '__kmpc_', 'omp_', 'GOMP_', '__nv_', '__ocml_', '__ockl_', '__spirv_',
    '_FortranA', '_Unwind_', '__sync_', '__atomic_',
)  # fmt: skip
# Element types in the suffix of an overloaded intrinsic.
_SUFFIX = re.compile(
    r'\.(?:(?:nx)?v\d+)*(?:p\d+\w*|i\d+|[fb]\d+|bf16|ppcf128|x86mmx|a\d+\w+|s_\w*|'
    r'sl_\w*|isVoid|metadata)(?=\.|$)'
)
# In a target's own intrinsics only the pointer types are overloads for sure.
_POINTER_SUFFIX = re.compile(r'\.p\d+\w*(?=\.|$)')
_TARGET = re.compile(
    r'llvm\.(?:nvvm|amdgcn|r600|x86|arm|aarch64|ppc|riscv|spv)\.'
)
_MANGLED = re.compile(r'_Z(\d+)')
_KIND = re.compile(
    r'convert_|as_|vload|vstore|atomic_|atom_|read_image|write_image'
)


@functools.lru_cache(maxsize=1 << 16)
def known_word(symbol: str) -> str | None:
  """The word under which a platform's symbol is kept; None for a user's.

  Args:
    symbol: name without the `@` and without quotes.

  Returns:
    `llvm.memcpy` for `llvm.memcpy.p0.p0.i64`, `get_global_id` for
    `_Z13get_global_idj`, `sqrt` for `sqrt` and `sqrtf`, None for `my_function`.
  """
  if symbol.startswith('llvm.'):
    return _intrinsic(symbol)
  if symbol in _PLAIN or symbol.startswith(_PREFIXES):
    return symbol
  if symbol in _MATH:
    return symbol
  if symbol[-1:] in ('f', 'l') and symbol[:-1] in _MATH:
    return symbol[:-1]
  match = _MANGLED.match(symbol)
  if match:
    start, length = match.end(), int(match.group(1)[:4])
    name = symbol[start : start + length]
    if name in _BUILT_IN or _KIND.match(name):
      return name
  elif symbol in _BUILT_IN:
    return symbol
  return None


def _intrinsic(symbol: str) -> str:
  """Drops the type suffixes of an overloaded intrinsic, keeps the rest."""
  suffix = _POINTER_SUFFIX if _TARGET.match(symbol) else _SUFFIX
  return suffix.sub('', symbol)
