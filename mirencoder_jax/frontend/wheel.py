"""The clang inside the `ziglang` wheel, and the headers that it brings.

It is started as the plain clang it is: `zig cc` has levels of its own (O1, O2
and O3 are one to it, with NDEBUG) and flags of its own. With these headers, and
none of the machine's, a source gives the same IR everywhere.
"""

import functools
import importlib.util
import pathlib

# The version that the headers of glibc are to show.
_GLIBC = '-D__GLIBC_MINOR__=36'
# As zig sets them for its libc++ on glibc.
_LIBCXX = (
    '_LIBCPP_ABI_VERSION=1',
    '_LIBCPP_ABI_NAMESPACE=__1',
    '_LIBCPP_HAS_THREADS=1',
    '_LIBCPP_HAS_MONOTONIC_CLOCK',
    '_LIBCPP_HAS_TERMINAL',
    '_LIBCPP_HAS_MUSL_LIBC=0',
    '_LIBCXXABI_DISABLE_VISIBILITY_ANNOTATIONS',
    '_LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS',
    '_LIBCPP_HAS_VENDOR_AVAILABILITY_ANNOTATIONS=0',
    '_LIBCPP_HAS_FILESYSTEM=1',
    '_LIBCPP_HAS_RANDOM_DEVICE',
    '_LIBCPP_HAS_LOCALIZATION',
    '_LIBCPP_HAS_UNICODE',
    '_LIBCPP_HAS_WIDE_CHARACTERS',
    '_LIBCPP_HAS_NO_STD_MODULES',
    '_LIBCPP_HAS_TIME_ZONE_DATABASE',
    '_LIBCPP_PSTL_BACKEND_SERIAL',
    '_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_NONE',
    '_LIBCPP_ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_IGNORE',
)
_LIBC = ('x86-linux-gnu', 'generic-glibc', 'x86-linux-any', 'any-linux-any')


@functools.cache
def find_program() -> pathlib.Path | None:
  """The `zig` of the installed wheel; None if there is no wheel."""
  spec = importlib.util.find_spec('ziglang')
  if spec is None or spec.origin is None:
    return None
  folder = pathlib.Path(spec.origin).parent
  windows = folder / 'zig.exe'
  return windows if windows.exists() else folder / 'zig'


def libc_folders(library: pathlib.Path) -> tuple[pathlib.Path, ...]:
  """Where the headers of C are.

  Args:
    library: the folder `lib` beside the program.
  """
  libc = library / 'libc' / 'include'
  return (library / 'include', *(libc / name for name in _LIBC))


def libcxx_folders(library: pathlib.Path) -> tuple[pathlib.Path, ...]:
  """Where the headers of C++ are; those of C come after them."""
  return (
      library / 'libcxx' / 'include',
      library / 'libcxxabi' / 'include',
  )


def header_flags(library: pathlib.Path, language: str) -> tuple[str, ...]:
  """What tells clang of these headers, beside `-nostdinc`.

  Args:
    library: as above.
    language: `c`, `c++` or `cuda`; `opencl` has none.
  """
  if language == 'opencl':
    return ()
  macros: tuple[str, ...] = ()
  folders = libc_folders(library)
  if language in ('c++', 'cuda'):
    macros = tuple(f'-D{macro}' for macro in _LIBCXX)
    folders = libcxx_folders(library) + folders
  found = [_GLIBC, *macros]
  for folder in folders:
    found += ['-isystem', str(folder)]
  return tuple(found)
