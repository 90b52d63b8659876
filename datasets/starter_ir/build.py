"""Compiles programs/ to the archive of LLVM IR that this data set is read from.

    python build.py

Every program is compiled at -O0 to -O3 by each compiler of its language: C,
C++, OpenCL C and CUDA (device side) by an old clang, whose pointers carry
types, and by a new one, Rust by rustc, Fortran by flang. Two files come out
beside this one: `starter_ir.tar.xz`, with the text of each module at
`<llvm>/<opt>/<language>/<family>/<name>.ll`, and `manifest.csv`, with one row
a module. A level at which a compiler gives the same text as at a lower level
is left out, so no module is there twice.

Bodies of library functions (instances of C++ templates, Rust's generics) are
left out, see `own_functions`; C++ is compiled with libc++, whose licence lets
what was inlined be passed on as IR. The same compilers give the same bytes:
programs are compiled under relative names, members are sorted, and owners and
times are fixed. README.md lists the compilers behind the archive that is
committed.
"""

import argparse
import concurrent.futures
import csv
import dataclasses
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile

from llvmlite import binding

FOLDER = pathlib.Path(__file__).resolve().parent
# First, because elsewhere `datasets` is another package's name.
sys.path.insert(0, str(FOLDER.parents[1]))

from datasets import pack_labels  # noqa: E402
from datasets.starter_ir import own_functions  # noqa: E402
from mirencoder_jax.frontend import compilers  # noqa: E402
from mirencoder_jax.ir import IRError  # noqa: E402

COLUMNS = tuple(
    'path program family language compiler llvm_version opt_level '
    'num_bytes num_functions num_instructions'.split()
)

# -fno-ident drops the vendor's version line, which says nothing about the
# program; optnone would forbid running passes on the O0 modules later.
_CLANG_FLAGS = (
    *'-S -emit-llvm -g0 -fno-ident -Wall -Xclang -disable-O0-optnone'.split(),
    '-I.',  # for device.h
    '-I../../../mirencoder_jax/frontend/include/openmp',
)
_LANGUAGE_FLAGS = {
    'c': ('-std=gnu11', '--target=x86_64-linux-gnu', '-fopenmp'),
    'c++': ('-std=gnu++17', '--target=x86_64-linux-gnu'),
    'opencl': tuple(
        '-x cl -cl-std=CL1.2 -target spir64 '
        '-Xclang -finclude-default-header'.split()
    ),
    'cuda': tuple(
        '-x cuda --cuda-device-only --cuda-gpu-arch=sm_60 -nocudainc '
        '-nocudalib -Wno-unknown-cuda-version -std=c++14 -fdeclspec '
        '-Xclang -target-feature -Xclang +ptx60'.split()
    ),
}
# A hint on the addresses of virtual tables, in a form of old text that newer
# LLVM refuses.
_INRANGE = re.compile(r'\binrange (?=i\d+ )')
_RUST_PATH = re.compile(r'\bc"/(rustc?)/')
_FLANG_PATH = re.compile(
    r'@(_QQclX\w+) = linkonce constant \[\d+ x i8\] c"([^"]+)\\00"'
)


@dataclasses.dataclass(frozen=True)
class Compiler(compilers.Compiler):
  """One compiler found on this machine.

  Attributes:
    libcxx: folder of libc++'s headers for C++; None for the compiler's own.
  """

  libcxx: str | None = None

  @property
  def folder(self) -> str:
    """The first folder of its modules, such as `llvm14`."""
    return f'llvm{self.llvm_version.split(".")[0]}'


@dataclasses.dataclass(frozen=True)
class Unit:
  """One compilation.

  Attributes:
    compiler: the compiler to run.
    source: path under programs/, `<family>/<name><suffix>`.
    opt_level: one of `compilers.OPT_LEVELS`.
  """

  compiler: Compiler
  source: pathlib.PurePosixPath
  opt_level: str

  @property
  def language(self) -> str:
    return compilers.LANGUAGES[self.source.suffix]

  @property
  def path(self) -> str:
    """Where the module is in the archive."""
    return '/'.join(
        (
            self.compiler.folder,
            self.opt_level,
            self.language.replace('+', 'p'),
            self.source.parent.name,
            f'{self.source.stem}.ll',
        )
    )

  def command(self, scratch: str) -> list[str]:
    """The command, to be run in programs/, that prints the module.

    Args:
      scratch: a folder for what a compiler writes on the side.
    """
    words = list(self.compiler.command)
    if self.compiler.kind == 'rustc':
      words += [
          '--edition=2021',
          '--crate-type=lib',
          f'--crate-name={self.source.stem}',
          '--emit=llvm-ir',
          f'-Copt-level={self.opt_level[1:]}',
          '-Ccodegen-units=1',
          '-Cdebuginfo=0',
          '-o',
          '-',
      ]
    elif self.compiler.kind == 'flang':
      words += ['-S', '-emit-llvm', '-J', scratch, f'-{self.opt_level}']
      # At -O3 flang 22 orders this pass's checks by chance. The flag has to
      # come after the level, which sets it.
      words += ['-fno-version-loops-for-stride', '-o', '-']
    else:
      words += _CLANG_FLAGS
      words += _LANGUAGE_FLAGS[self.language]
      if self.language == 'c++' and self.compiler.libcxx is None:
        words.append('-stdlib=libc++')
      elif self.language == 'c++':
        words += ['-nostdinc++', '-isystem', self.compiler.libcxx]
      words += [f'-{self.opt_level}', '-o', '-']
    return [*words, str(self.source)]


@dataclasses.dataclass(frozen=True)
class Result:
  """What became of a unit: either `text` and its counts, or an `error`."""

  unit: Unit
  text: str = ''
  num_functions: int = 0
  num_instructions: int = 0
  error: str = ''


def find_compiler(
    language: str, name: str, libcxx: str | None = None
) -> Compiler | None:
  """A compiler by its name; None when it is not there."""
  try:
    found = compilers.find_compiler(language, name)
  except IRError:
    return None
  return Compiler(**vars(found), libcxx=libcxx)


def make_portable(text: str) -> str:
  """The module without paths of this machine and what newer LLVM refuses."""
  text = _INRANGE.sub('', text)
  # rustc's locations hold their name's length elsewhere: keep it.
  text = _RUST_PATH.sub(r'c"\1//', text)
  # flang names the source by its full path and the constant by that path.
  prefix = f'{FOLDER / "programs"}/'
  for old_name, path in _FLANG_PATH.findall(text):
    if path.startswith(prefix):
      relative = path.removeprefix(prefix)
      name = f'_QQclX{hashlib.md5(relative.encode()).hexdigest()}'
      text = text.replace(
          f'[{len(path) + 1} x i8] c"{path}\\00"',
          f'[{len(relative) + 1} x i8] c"{relative}\\00"',
      ).replace(old_name, name)
  return text


def compile_unit(unit: Unit, timeout: float) -> Result:
  """Compiles one unit, checks that LLVM takes the module, and counts it."""
  try:
    with tempfile.TemporaryDirectory() as scratch:
      done = subprocess.run(
          unit.command(scratch),
          cwd=FOLDER / 'programs',
          capture_output=True,
          text=True,
          timeout=timeout,
      )
  except subprocess.TimeoutExpired:
    return Result(unit, error=f'took more than {timeout:g} s')
  if done.returncode:
    return Result(unit, error=done.stderr.strip()[:2000])
  text = own_functions.drop_library_bodies(
      make_portable(done.stdout), unit.language, pathlib.Path(unit.source).stem
  )
  try:
    module = binding.parse_assembly(text)
    module.verify()
  except RuntimeError as error:
    return Result(unit, error=f'LLVM refuses the module: {error}'[:2000])
  defined = [f for f in module.functions if not f.is_declaration]
  num_instructions = sum(
      1 for f in defined for block in f.blocks for _ in block.instructions
  )
  return Result(unit, text, len(defined), num_instructions)


def drop_duplicates(results: list[Result]) -> tuple[list[Result], int]:
  """Keeps the first of equal modules; returns them and the number dropped."""
  seen, kept = set(), []
  for result in results:
    digest = hashlib.sha256(result.text.encode()).digest()
    if digest not in seen:
      seen.add(digest)
      kept.append(result)
  return kept, len(results) - len(kept)


def write_archive(path: pathlib.Path, results: list[Result]) -> None:
  """Writes the modules' text with nothing of this machine or moment in it."""

  def order(result):
    # Neighbours should be alike for xz: a program's modules follow one another.
    unit = result.unit
    return unit.source, unit.compiler.folder, unit.opt_level

  files = [(r.unit.path, r.text.encode()) for r in sorted(results, key=order)]
  path.write_bytes(pack_labels.pack_files(files))


def write_manifest(path: pathlib.Path, results: list[Result]) -> None:
  """Writes one row a module, sorted by path."""
  with path.open('w', newline='') as file:
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow(COLUMNS)
    for result in sorted(results, key=lambda r: r.unit.path):
      unit = result.unit
      writer.writerow(
          (
              unit.path,
              f'{unit.source.parent.name}/{unit.source.stem}',
              unit.source.parent.name,
              unit.language,
              f'{unit.compiler.kind} {unit.compiler.version}',
              unit.compiler.llvm_version,
              unit.opt_level,
              len(result.text.encode()),
              result.num_functions,
              result.num_instructions,
          )
      )


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--clang_old', default='clang-14')
  parser.add_argument('--clang_new', default='clang-22')
  libcxx_help = 'its libc++ headers (include/c++/v1), if in another place'
  parser.add_argument('--libcxx_old', help=libcxx_help)
  parser.add_argument('--libcxx_new', help=libcxx_help)
  parser.add_argument('--rustc', default='rustc')
  parser.add_argument('--flang', default='flang-22')
  parser.add_argument('--num_processes', type=int, default=2)
  parser.add_argument('--timeout', type=float, default=60.0, help='s a module')
  parser.add_argument('--output', type=pathlib.Path, default=FOLDER)
  args = parser.parse_args()

  found = {}
  for name, language, command, libcxx in (
      ('clang_old', 'c', args.clang_old, args.libcxx_old),
      ('clang_new', 'c', args.clang_new, args.libcxx_new),
      ('rustc', 'rust', args.rustc, None),
      ('flang', 'fortran', args.flang, None),
  ):
    compiler = find_compiler(language, command, libcxx)
    if compiler is None:
      print(f'{name}: not found ({command}); its modules are skipped')
    else:
      print(f'{name}: {compiler.version} (LLVM {compiler.llvm_version})')
      found[name] = compiler

  of_language = {'rust': ('rustc',), 'fortran': ('flang',)}
  units = []
  programs = FOLDER / 'programs'
  for source in sorted(programs.glob('*/*')):
    language = compilers.language_of(source)
    if language is None:
      print(f'{source.relative_to(programs)}: skipped, no known suffix')
      continue
    for name in of_language.get(language, ('clang_old', 'clang_new')):
      if name in found:
        relative = pathlib.PurePosixPath(source.relative_to(programs))
        units += [
            Unit(found[name], relative, level) for level in compilers.OPT_LEVELS
        ]

  with concurrent.futures.ProcessPoolExecutor(args.num_processes) as pool:
    timeouts = [args.timeout] * len(units)
    results = list(pool.map(compile_unit, units, timeouts, chunksize=4))
  for result in results:
    if result.error:
      print(f'{result.unit.path}: skipped: {result.error}')
  good, num_dropped = drop_duplicates([r for r in results if not r.error])
  if not good:
    raise SystemExit('nothing was compiled; the archive is left as it was')

  args.output.mkdir(parents=True, exist_ok=True)
  archive = args.output / 'starter_ir.tar.xz'
  write_archive(archive, good)
  write_manifest(args.output / 'manifest.csv', good)
  print(
      f'{len(good)} modules of {len({r.unit.source for r in good})} programs, '
      f'{num_dropped} equal ones dropped, {len(units)} compiled; '
      f'{sum(r.num_functions for r in good)} functions, '
      f'{sum(r.num_instructions for r in good)} instructions, '
      f'{archive.stat().st_size} bytes'
  )


if __name__ == '__main__':
  main()
