"""The compilers, and the command that turns one file into bitcode.

C, C++, OpenCL and CUDA go through the clang of the `ziglang` wheel, with the
headers in that wheel and the stubs of `mirencoder_jax.frontend.compilers`, and
nothing of the machine's own; Rust and Fortran through rustc and flang where
they are there.

Bitcode is made at -O2 with LLVM's passes off: as a front end writes it, but
without the attributes that would forbid passes later.
"""

import dataclasses
import functools
import importlib.metadata
import pathlib
import sysconfig
from collections.abc import Iterable

from datasets.source_packages import packages
from mirencoder_jax.frontend import compilers, wheel
from mirencoder_jax.ir import IRError

# Sources that this data set has never had.
_LEFT_OUT = ('.f95', '.f03', '.f08')
# -w: other people's warnings are not read here. No names of values, dates or
# folders of this machine go into the module, so that it can be made again.
_CLANG = tuple(
    '-c -emit-llvm -O2 -Xclang -disable-llvm-passes -g0 -w -fno-ident '
    '-ferror-limit=3 -nostdinc -D__DATE__="" -D__TIME__=""'.split()
)
_CLANG_LANGUAGE = {
    'c': ('-std=gnu11', '-fno-strict-aliasing'),
    'c++': ('-std=gnu++17',),
    'opencl': tuple(
        '-x cl -cl-std=CL1.2 -Xclang -fdeclare-opencl-builtins'.split()
    ),
    'cuda': tuple(
        '-x cuda --cuda-device-only --cuda-gpu-arch=sm_60 -nocudainc '
        '-nocudalib -std=gnu++17 -fdeclspec -include cuda_stub.h'.split()
    ),
}
_RUSTC = tuple(
    '--emit=llvm-bc -Copt-level=2 -Cno-prepopulate-passes -Ccodegen-units=1 '
    '-Cdebuginfo=0 --cap-lints=allow'.split()
)
# Folders of stubs; those of OpenMP are there for every language.
_STUBS = {'opencl': 'opencl', 'cuda': 'cuda'}


class ToolchainError(RuntimeError):
  """No compiler; the message says what to install."""


def language_of(path: str | pathlib.PurePath) -> str | None:
  """The language of a source file by its suffix; None for any other file."""
  if pathlib.PurePath(path).suffix.lower() in _LEFT_OUT:
    return None
  return compilers.language_of(path)


def header_names(
    folders: Iterable[pathlib.Path], *globs: str
) -> frozenset[str]:
  """Names of the headers below folders, as they are included."""
  return frozenset(
      path.relative_to(folder).as_posix()
      for folder in folders
      for glob in globs
      for path in folder.glob(glob)
      if path.is_file()
  )


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
    rustc: None where there is none.
    flang: likewise.
  """

  zig: pathlib.Path
  library: pathlib.Path
  clang: str
  rustc: compilers.Compiler | None = None
  flang: compilers.Compiler | None = None

  def compiler(self, language: str) -> tuple[str, str] | None:
    """`(name and version, LLVM version)`; None if there is no compiler."""
    if language in ('rust', 'fortran'):
      found = self.rustc if language == 'rust' else self.flang
      return found and (str(found), found.llvm_version)
    return f'clang {self.clang}', self.clang

  def stamp(self, language: str) -> str:
    """Changes when a file of `language` could compile to something else."""
    folder = compilers.INCLUDE / _STUBS.get(language, 'openmp')
    stubs = [path.read_text() for path in sorted(folder.glob('*.h'))]
    return repr((self.compiler(language), stubs))

  @functools.cached_property
  def libc_dirs(self) -> tuple[pathlib.Path, ...]:
    """Where the headers of C are."""
    return wheel.libc_folders(self.library)

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
    if not self.python_dirs:
      return frozenset()
    return header_names(self.python_dirs, 'numpy/*.h') | names

  @functools.cached_property
  def library_headers(self) -> frozenset[str]:
    """Names of the headers of C and C++, as they are included."""
    folders = (*self.libc_dirs, *wheel.libcxx_folders(self.library))
    return header_names(folders, '**/*')

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
    end = [*flags, '-o', str(output), source]
    if language == 'rust':
      return [*self.rustc.command, *_RUSTC, *end]
    if language == 'fortran':
      return [*self.flang.command, '-c', '-emit-llvm', '-O0', *end]
    words = [str(self.zig), 'clang', *_CLANG]
    if language == 'opencl':
      words.append('--target=spir64')
    else:
      words.append('--target=x86_64-linux-gnu')
    words += _CLANG_LANGUAGE[language]
    words += flags
    for name in dict.fromkeys(('openmp', _STUBS.get(language, 'openmp'))):
      words += ['-isystem', str(compilers.INCLUDE / name)]
    words += wheel.header_flags(self.library, language)
    words += [f'-ffile-prefix-map={self.library}=ziglang']
    return [*words, '-o', str(output), source]


def find_toolchain() -> Toolchain:
  """Looks for the compilers.

  Raises:
    ToolchainError: if the `ziglang` wheel is not installed.
  """
  zig = wheel.find_program()
  if zig is None:
    raise ToolchainError(
        'the clang of the ziglang wheel is missing; python -m pip install '
        "'ziglang==0.17.1'"
    )
  try:
    clang = compilers.find_compiler('c', 'ziglang')
  except IRError as error:
    raise ToolchainError(f'{zig} does not run as clang') from error
  return Toolchain(
      zig, zig.parent / 'lib', clang.version, _find('rust'), _find('fortran')
  )


def ziglang_version() -> str:
  """The version of the `ziglang` wheel."""
  return importlib.metadata.version('ziglang')


def _find(language: str) -> compilers.Compiler | None:
  try:
    return compilers.find_compiler(language)
  except IRError:
    return None


assert set(compilers.LANGUAGES.values()) == set(packages.LANGUAGES)
