"""The compilers, and the command that turns one file into bitcode.

Station in the flow of `source_packages`: under `compiling`. C, C++, OpenCL and
CUDA go through the clang of the `ziglang` wheel, with the headers in that wheel
and the stubs of `mirencoder_jax.frontend.compilers`, and nothing of the
machine's own; Rust and Fortran through rustc and flang where they are there.

Bitcode is made at -O2 with LLVM's passes off: as a front end writes it, but
without the attributes that would forbid passes later.
"""

import dataclasses
import functools
import importlib.metadata
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sysconfig

from datasets.source_packages import packages
from mirencoder_jax.frontend import compilers

_SUFFIXES = {
    '.c': 'c',
    '.cc': 'c++',
    '.cpp': 'c++',
    '.cxx': 'c++',
    '.cl': 'opencl',
    '.cu': 'cuda',
    '.rs': 'rust',
    '.f': 'fortran',
    '.f90': 'fortran',
}
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
    '_LIBCPP_ASSERTION_SEMANTIC_DEFAULT=' '_LIBCPP_ASSERTION_SEMANTIC_IGNORE',
)
_LIBC = (
    'x86-linux-gnu',
    'generic-glibc',
    'x86-linux-any',
    'any-linux-any',
)
# -w: other people's warnings are not read here. No names of values, dates or
# folders of this machine go into the module, so that it can be made again.
_CLANG = (
    '-c',
    '-emit-llvm',
    '-O2',
    '-Xclang',
    '-disable-llvm-passes',
    '-g0',
    '-w',
    '-fno-ident',
    '-ferror-limit=3',
    '-nostdinc',
    '-D__DATE__=""',
    '-D__TIME__=""',
)
_CLANG_LANGUAGE = {
    'c': ('-std=gnu11', '-fno-strict-aliasing'),
    'c++': ('-std=gnu++17',),
    'opencl': (
        '-x',
        'cl',
        '-cl-std=CL1.2',
        '-Xclang',
        '-fdeclare-opencl-builtins',
    ),
    'cuda': (
        '-x',
        'cuda',
        '--cuda-device-only',
        '--cuda-gpu-arch=sm_60',
        '-nocudainc',
        '-nocudalib',
        '-std=gnu++17',
        '-fdeclspec',
        '-include',
        'cuda_stub.h',
    ),
}
# Folders of stubs; those of OpenMP are there for every language.
_STUBS = {'opencl': 'opencl', 'cuda': 'cuda'}


class ToolchainError(RuntimeError):
  """No compiler; the message says what to install."""


def language_of(path: str | pathlib.PurePath) -> str | None:
  """The language of a source file by its suffix; None for any other file."""
  suffix = pathlib.PurePath(path).suffix
  # .C is C++, .F is Fortran with a preprocessor.
  return _SUFFIXES.get(suffix if suffix == '.C' else suffix.lower())


def opt_level(language: str) -> str:
  """The level that the manifest names: no pass was run at any."""
  # flang has no flag that turns LLVM's passes off at a higher level.
  return 'O0' if language == 'fortran' else 'O2-raw'


@dataclasses.dataclass(frozen=True)
class Toolchain:
  """The compilers that are there.

  Attributes:
    zig: the `zig` program of the wheel.
    library: its folder `lib`.
    clang: version of the clang inside.
    rustc: `(program, version, LLVM version)`; None where there is none.
    flang: likewise.
  """

  zig: pathlib.Path
  library: pathlib.Path
  clang: str
  rustc: tuple[str, str, str] | None = None
  flang: tuple[str, str, str] | None = None

  def compiler(self, language: str) -> tuple[str, str] | None:
    """`(name and version, LLVM version)`; None if there is no compiler."""
    if language in ('rust', 'fortran'):
      found = self.rustc if language == 'rust' else self.flang
      name = 'rustc' if language == 'rust' else 'flang'
      return found and (f'{name} {found[1]}', found[2])
    return f'clang {self.clang}', self.clang

  def stamp(self, language: str) -> str:
    """Changes when a file of `language` could compile to something else."""
    folder = compilers.INCLUDE / _STUBS.get(language, 'openmp')
    stubs = [path.read_text() for path in sorted(folder.glob('*.h'))]
    return repr((self.compiler(language), stubs))

  @functools.cached_property
  def libc_dirs(self) -> tuple[pathlib.Path, ...]:
    """Where the headers of C are."""
    return (
        self.library / 'include',
        *(self.library / 'libc' / 'include' / name for name in _LIBC),
    )

  @functools.cached_property
  def libcxx_dirs(self) -> tuple[pathlib.Path, ...]:
    """Where the headers of C++ are."""
    return (
        self.library / 'libcxx' / 'include',
        self.library / 'libcxxabi' / 'include',
    )

  @functools.cached_property
  def python_dirs(self) -> tuple[pathlib.Path, ...]:
    """Where the headers of this Python and its NumPy are, if they are."""
    import numpy as np

    folders = (sysconfig.get_path('include'), np.get_include())
    return tuple(
        pathlib.Path(folder)
        for folder in folders
        if any(pathlib.Path(folder).rglob('*.h'))
    )

  @functools.cached_property
  def python_headers(self) -> frozenset[str]:
    """Names of the headers in `python_dirs` that nothing else is called."""
    names = {'Python.h', 'structmember.h', 'frameobject.h', 'pythread.h'}
    for folder in self.python_dirs:
      names.update(
          path.relative_to(folder).as_posix()
          for path in folder.glob('numpy/*.h')
      )
    return frozenset(names if self.python_dirs else ())

  @functools.cached_property
  def library_headers(self) -> frozenset[str]:
    """Names of the headers of C and C++, as they are included."""
    names = set()
    for folder in (*self.libc_dirs, *self.libcxx_dirs):
      names.update(
          path.relative_to(folder).as_posix()
          for path in folder.rglob('*')
          if path.is_file()
      )
    return frozenset(names)

  def command(
      self,
      language: str,
      source: str,
      output: str | pathlib.Path,
      flags: tuple[str, ...] = (),
  ) -> list[str]:
    """The words that compile one file.

    Args:
      language: of the file; one that there is a compiler for.
      source: relative to the folder in which the command runs, so that no
        name of a folder above it gets into the module.
      output: where the bitcode goes.
      flags: of this file.
    """
    if language == 'rust':
      return [
          self.rustc[0],
          '--emit=llvm-bc',
          '-Copt-level=2',
          '-Cno-prepopulate-passes',
          '-Ccodegen-units=1',
          '-Cdebuginfo=0',
          '--cap-lints=allow',
          *flags,
          '-o',
          str(output),
          source,
      ]
    if language == 'fortran':
      return [
          self.flang[0],
          '-c',
          '-emit-llvm',
          '-O0',
          *flags,
          '-o',
          str(output),
          source,
      ]
    words = [str(self.zig), 'clang', *_CLANG]
    if language == 'opencl':
      words.append('--target=spir64')
    else:
      words += ['--target=x86_64-linux-gnu', '-D__GLIBC_MINOR__=36']
    words += _CLANG_LANGUAGE[language]
    words += flags
    for name in dict.fromkeys(('openmp', _STUBS.get(language, 'openmp'))):
      words += ['-isystem', str(compilers.INCLUDE / name)]
    folders = self.libc_dirs
    if language in ('c++', 'cuda'):
      words += [f'-D{macro}' for macro in _LIBCXX]
      folders = self.libcxx_dirs + folders
    if language == 'opencl':
      folders = ()
    for folder in folders:
      words += ['-isystem', str(folder)]
    words += [f'-ffile-prefix-map={self.library}=ziglang']
    return [*words, '-o', str(output), source]


def find_toolchain() -> Toolchain:
  """Looks for the compilers.

  Raises:
    ToolchainError: if the `ziglang` wheel is not installed.
  """
  spec = importlib.util.find_spec('ziglang')
  if spec is None:
    raise ToolchainError(
        'the clang of the ziglang wheel is missing; python -m pip install '
        "'ziglang==0.17.1'"
    )
  folder = pathlib.Path(spec.origin).parent
  zig = folder / ('zig.exe' if (folder / 'zig.exe').exists() else 'zig')
  found = re.search(r'clang version (\S+)', _output(str(zig), 'clang', '-v'))
  if found is None:
    raise ToolchainError(f'{zig} does not run as clang')
  return Toolchain(zig, folder / 'lib', found[1], _find_rustc(), _find_flang())


def ziglang_version() -> str:
  """The version of the `ziglang` wheel."""
  return importlib.metadata.version('ziglang')


def _find_rustc() -> tuple[str, str, str] | None:
  program = shutil.which('rustc')
  text = _output(program, '-vV') if program else ''
  version = re.search(r'^release: (\S+)', text, re.MULTILINE)
  llvm = re.search(r'^LLVM version: (\S+)', text, re.MULTILINE)
  return (program, version[1], llvm[1]) if version and llvm else None


def _find_flang() -> tuple[str, str, str] | None:
  names = ['flang', 'flang-new']
  # As Debian names them.
  for number in range(30, 17, -1):
    names += [f'flang-{number}', f'flang-new-{number}']
  for name in names:
    program = shutil.which(name)
    found = program and re.search(
        r'flang(?:-new)? version (\d[\d.]*)', _output(program, '--version')
    )
    if found:
      return program, found[1], found[1]
  return None


def _output(*command: str) -> str:
  try:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )
  except (OSError, subprocess.TimeoutExpired):
    return ''
  return done.stdout + done.stderr


assert set(_SUFFIXES.values()) == set(packages.LANGUAGES)
