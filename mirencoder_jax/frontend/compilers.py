"""Finds a compiler and makes LLVM IR of a source file with it.

For those who have a source file and no IR. No compiler is needed to read IR;
one that is found here is named, with every flag, in `Compiled.command`, so that
nothing is guessed silently.

    compiled = compilers.compile_source('saxpy.c', opt_level='O2')
    module = ir.read_module(compiled.text, name='saxpy.c')
    print(compiled)  # saxpy.c: clang 19.1.7: /usr/bin/clang -S ...

Clang on the PATH comes first, then clang-22 to clang-14, then the clang inside
the `ziglang` wheel (`pip install ziglang`), which brings its own headers and
compiles for one fixed machine, so that a source gives the same IR everywhere.
"""

import dataclasses
import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence

from mirencoder_jax.frontend import wheel
from mirencoder_jax.ir.module import IRError

LANGUAGES = {
    '.c': 'c',
    '.cc': 'c++',
    '.cpp': 'c++',
    '.cxx': 'c++',
    '.cl': 'opencl',
    '.cu': 'cuda',
    '.rs': 'rust',
    '.f': 'fortran',
    '.f90': 'fortran',
    '.f95': 'fortran',
    '.f03': 'fortran',
    '.f08': 'fortran',
}
OPT_LEVELS = ('O0', 'O1', 'O2', 'O3')
# Our declarations in place of headers that a machine may lack.
INCLUDE = pathlib.Path(__file__).with_name('include')
# Those that are read without reserve come first, the newest of them before all.
_VERSIONS = (*range(22, 13, -1), *range(23, 31))
_CLANGS = ('clang', *(f'clang-{n}' for n in _VERSIONS))
# Names on the PATH, in the order in which they are tried.
_NAMES = {
    'rust': ('rustc',),
    'fortran': (
        *('flang', 'flang-new'),
        *(f'{name}-{n}' for n in _VERSIONS for name in ('flang', 'flang-new')),
    ),
}
_INSTALL = {
    'rust': 'install rustc',
    'fortran': 'install flang (Debian: `apt install flang-19`)',
}
_INSTALL_CLANG = (
    'install clang, or `python -m pip install ziglang`, which carries one'
)
# Of the wheel's clang, which is built for a machine without glibc.
WHEEL_TARGET = ('-target', 'x86_64-linux-gnu')
_OPENCL_FLAGS = (
    *('-x', 'cl', '-cl-std=CL1.2', '-target', 'spir64'),
    *('-Xclang', '-fdeclare-opencl-builtins'),
    *('-Xclang', '-finclude-default-header'),
)
_CUDA_FLAGS = ('-x', 'cuda', '--cuda-device-only', '--cuda-gpu-arch=sm_70')
# With which our few declarations stand in for CUDA's headers.
WITHOUT_CUDA_TOOLKIT = (
    *('-nocudainc', '-nocudalib', '-fdeclspec', '-Wno-unknown-cuda-version'),
    *('-I', str(INCLUDE / 'cuda')),
    *('-include', 'cuda_stub.h', '-include', 'cuda_libm.h'),
    *('-Xclang', '-target-feature', '-Xclang', '+ptx60'),
)
# Makes clang say that it left out a pragma of OpenMP, the first of a unit.
_ASK = ('-Wsource-uses-openmp', '-Wno-error=source-uses-openmp')
_OPENMP = re.compile(
    r'(?:^In file included from .*\n(?: .*\n)*)?'
    r"^(.+):[0-9]+: warning: unexpected '#pragma omp.*\n(?: .*\n)*"
    r'(?:^.*: note: expanded from here\n(?: .*\n)*)?',
    re.M,
)


@dataclasses.dataclass(frozen=True)
class Compiler:
  """A compiler found on this machine.

  Attributes:
    kind: `clang`, `zig` (a clang), `rustc` or `flang`; says which flags it
      takes.
    command: the words that start it.
    version: such as `19.1.7`.
    llvm_version: of the LLVM inside, '' if it does not say.
  """

  kind: str
  command: tuple[str, ...]
  version: str
  llvm_version: str = ''

  def __str__(self) -> str:
    name = 'clang of ziglang' if self.kind == 'zig' else self.kind
    return f'{name} {self.version}'


@dataclasses.dataclass(frozen=True)
class Compiled:
  """What a source file became.

  Attributes:
    path: of the source.
    text: LLVM IR.
    compiler: what compiled it.
    command: the whole command, but for the name of its output.
    warnings: what the compiler said, '' if nothing.
  """

  path: str
  text: str
  compiler: Compiler
  command: tuple[str, ...]
  warnings: str

  def __str__(self) -> str:
    return f'{self.path}: {self.compiler}: {shlex.join(self.command)}'


def language_of(path: str | os.PathLike) -> str | None:
  """The language of a source file by its suffix; None if it is no source."""
  path = pathlib.Path(path)
  if path.suffix in ('.C', '.H'):
    return 'c++' if path.suffix == '.C' else None
  return LANGUAGES.get(path.suffix.lower())


@functools.cache
def find_compiler(language: str = 'c', name: str | None = None) -> Compiler:
  """Finds a compiler that makes LLVM IR.

  Args:
    language: one of the values of `LANGUAGES`.
    name: the compiler to take: a name on the PATH, a path, `ziglang`, or
      several words (`ccache clang`). By default the first that is there, in the
      order this module says.

  Raises:
    IRError: if there is none, with what to install.
  """
  if language not in LANGUAGES.values():
    known = ', '.join(sorted(set(LANGUAGES.values())))
    raise IRError(f'language {language!r} is none of {known}')
  if name:
    words = [name] if shutil.which(name) else shlex.split(name)
    path = shutil.which(words[0]) if words else None
    compiler = _try((path, *words[1:])) if path else None
    if name == 'ziglang':
      compiler = _find_zig()
    if compiler is None:
      raise IRError(
          f'compiler {name!r} is neither on the PATH nor a path to a compiler '
          'that answers to --version'
      )
    return compiler
  for candidate in _NAMES.get(language, _CLANGS):
    path = shutil.which(candidate)
    compiler = _try((path,)) if path else None
    if compiler:
      return compiler
  compiler = None if language in _NAMES else _find_zig()
  if compiler is None:
    way_out = _INSTALL.get(language, _INSTALL_CLANG)
    raise IRError(f'no compiler of {language} was found: {way_out}')
  return compiler


def compile_command(
    compiler: Compiler,
    path: str | os.PathLike,
    *,
    language: str | None = None,
    opt_level: str = 'O1',
    debug_lines: bool = False,
    cuda_toolkit: bool | None = None,
    flags: Sequence[str] = (),
) -> tuple[str, ...]:
  """The command that compiles a source to IR text, without `-o OUTPUT`.

  Args:
    compiler: of `find_compiler`.
    path: of the source file.
    language: of the source; by default as its suffix says.
    opt_level: one of `OPT_LEVELS`.
    debug_lines: keep which source line an instruction is from.
    cuda_toolkit: whether CUDA sources see the headers of an installed toolkit
      or our few declarations; by default the toolkit's if there is one.
    flags: more for the compiler, such as `-I` and `-D`; they come last.
  """
  language = language or language_of(path)
  if opt_level not in OPT_LEVELS:
    raise IRError(f'opt_level {opt_level!r} is none of {", ".join(OPT_LEVELS)}')
  if compiler.kind == 'rustc':
    return (
        *compiler.command,
        *('--emit=llvm-ir', '--crate-type=lib', '--edition=2021'),
        *('-C', f'opt-level={opt_level[1:]}', '-C', 'codegen-units=1'),
        *('-C', f'debuginfo={int(debug_lines)}', *flags, str(path)),
    )
  words = list(compiler.command)
  devices = {'opencl': _OPENCL_FLAGS, 'cuda': _CUDA_FLAGS}
  device = devices.get(language or '', ())
  if compiler.kind == 'zig':
    words += device or WHEEL_TARGET
    words += wheel_headers(compiler, language or 'c')
  else:
    words += device
  if '-fopenmp' in flags and language in ('c', 'c++'):
    # Used only where there is no other omp.h.
    words += ['-idirafter', str(INCLUDE / 'openmp')]
  if cuda_toolkit is None:
    cuda_toolkit = _has_cuda_toolkit()
  if language == 'cuda' and (compiler.kind == 'zig' or not cuda_toolkit):
    # ziglang lacks clang's wrapper around the toolkit's headers.
    words += WITHOUT_CUDA_TOOLKIT
  words += ['-S', '-emit-llvm', f'-{opt_level}']
  words.append('-gline-tables-only' if debug_lines else '-g0')
  return (*words, *flags, str(path))


def wheel_headers(compiler: Compiler, language: str) -> list[str]:
  """Flags with which the clang of the `ziglang` wheel sees its own headers."""
  words = ['-nostdinc']
  if language == 'opencl':  # the wheel leaves clang's own header out
    words += ['-I', str(INCLUDE / 'opencl')]
  folder = pathlib.Path(compiler.command[0]).parent / 'lib'
  return [*words, *wheel.header_flags(folder, language)]


def compile_source(
    path: str | os.PathLike,
    *,
    compiler: Compiler | str | None = None,
    opt_level: str = 'O1',
    debug_lines: bool = False,
    cuda_toolkit: bool | None = None,
    flags: Sequence[str] = (),
    timeout: float = 300.0,
) -> Compiled:
  """Compiles a source file to LLVM IR.

  Args:
    path: of a source file with a suffix of `LANGUAGES`.
    compiler: of `find_compiler`, or what it takes as `name`.
    opt_level: one of `OPT_LEVELS`.
    debug_lines: keep which source line an instruction is from.
    cuda_toolkit: as in `compile_command`.
    flags: more for the compiler; `['-O2']` would overrule `opt_level`.
    timeout: seconds.

  Raises:
    IRError: if there is no such file or no compiler, or it did not compile;
      with the compiler's first complaint.
  """
  path = os.fspath(path)
  language = language_of(path)
  if language is None:
    raise IRError(f'no source: known are {" ".join(LANGUAGES)}', path)
  if not os.path.isfile(path):
    raise IRError('there is no such file', path)
  if not isinstance(compiler, Compiler):
    compiler = find_compiler(language, compiler)
  command = compile_command(
      compiler,
      path,
      language=language,
      opt_level=opt_level,
      debug_lines=debug_lines,
      cuda_toolkit=cuda_toolkit,
      flags=flags,
  )
  without_openmp = not any(flag.startswith('-fopenmp') for flag in flags)
  asked = _ASK if without_openmp and language in ('c', 'c++') else ()
  with tempfile.TemporaryDirectory() as folder:
    output = os.path.join(folder, 'out.ll')
    try:
      done = subprocess.run(
          [*command, *asked, '-o', output],
          capture_output=True,
          text=True,
          errors='replace',
          stdin=subprocess.DEVNULL,
          timeout=timeout,
          check=False,
      )
    except subprocess.TimeoutExpired:
      raise IRError(
          f'{compiler} did not finish within {timeout:.0f} s', path
      ) from None
    if done.returncode or not os.path.exists(output):
      raise IRError(
          f'{compiler} refused it: {_complaint(done.stderr)}'
          f'{_hint(done.stderr)}; the command was `{shlex.join(command)}`',
          path,
      )
    with open(output, encoding='utf-8', errors='surrogateescape') as file:
      text = file.read()
  warnings = _warnings(done.stderr, path, language, without_openmp)
  return Compiled(path, text, compiler, command, warnings)


def _warnings(said: str, path: str, language: str, without: bool) -> str:
  """What a compiler said, and of OpenMP's pragmas that they went unread."""
  place = ''
  if found := _OPENMP.search(said):
    place = found[1]
    said = said[: found.start()] + said[found.end() :]
    said = re.sub(r'^[0-9]+ warnings? generated\.$', '', said, flags=re.M)
  elif without and language == 'fortran':
    with open(path, encoding='utf-8', errors='replace') as file:
      text = file.read()
    if found := re.search(r'^[ \t]*!\$omp\b', text, re.M | re.I):
      place = f'{path}:{text.count(chr(10), 0, found.end()) + 1}'
  dropped = place and (
      f'{place}: `{"!$omp" if language == "fortran" else "#pragma omp"}` was '
      'left out, as everything of OpenMP is without the flag -fopenmp '
      '(--flag=-fopenmp)'
  )
  return '\n'.join(filter(None, [said.strip(), dropped]))


def _hint(text: str) -> str:
  """What helps against some complaints."""
  if re.search(r"['\"]?omp\.h['\"]? file not found|omp\.h: No such file", text):
    return (
        ' (the flag -fopenmp, here --flag=-fopenmp, brings an omp.h and reads '
        'the pragmas)'
    )
  return ''


def _try(command: tuple[str, ...]) -> Compiler | None:
  """The compiler behind a command, if it answers."""
  text = _output((*command, '--version'))
  found = re.search(r'(clang|flang|rustc)\D* (\d+\.\d+\.\d+)', text)
  if not found:
    return None
  kind, version = found[1], found[2]
  llvm_version = version
  if kind == 'rustc':
    text = _output((*command, '-vV'))
    words = dict(re.findall(r'^(release|LLVM version): (\S+)', text, re.M))
    version = words.get('release', version)
    llvm_version = words.get('LLVM version', '')
  return Compiler(kind, command, version, llvm_version)


def _output(command: tuple[str, ...]) -> str:
  """What a command prints; '' if it does not work."""
  try:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors='replace',
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
  except (OSError, subprocess.SubprocessError):
    return ''
  return '' if done.returncode else done.stdout


@functools.cache
def _find_zig() -> Compiler | None:
  program = wheel.find_program()
  found = _try((str(program), 'clang')) if program else None
  return found and dataclasses.replace(found, kind='zig')


def _has_cuda_toolkit() -> bool:
  places = [os.environ.get(n) for n in ('CUDA_PATH', 'CUDA_HOME')]
  return any(os.path.isdir(p) for p in [*places, '/usr/local/cuda'] if p)


def _complaint(text: str) -> str:
  """The first error of a compiler's output."""
  for line in text.splitlines():
    if re.search(r'\berror\b', line):
      return line.strip()
  return text.strip().splitlines()[-1] if text.strip() else 'no message'
