"""Compiles the units of a build to LLVM IR, or the kernels in them.

What a compile database names is compiled by clang with the flags that it has,
without passes; a unit, or each kernel with everything that it calls, is then
optimised and written as a file of its own. A unit that does not compile costs
itself, and is named with the compiler's first complaint.
"""

import csv
import hashlib
import os
import pathlib
import re
import shlex
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from mirencoder_jax.frontend import bounded, compilers, slicing
from mirencoder_jax.frontend.compile_database import Unit
from mirencoder_jax.ir import llvm
from mirencoder_jax.ir.module import IRError
from mirencoder_jax.ir.reader import read_module

MANIFEST = 'manifest.csv'
_KERNEL = re.compile(
    r'^define\b[^@\n]*\b(?:ptx|amdgpu|spir)_kernel\b[^@\n]*'
    r'@(?:"([^"]*)"|([-\w$.]+))\(',
    re.M,
)
# How LLVM up to 19 says that a function is a kernel.
_ANNOTATED = re.compile(r'!\{[^!\n]*@([-\w$.]+), !"kernel", i32 1\}')
_TRIPLE = re.compile(r'^target triple = "([^"]*)"', re.M)
NO_PASSES = ('-Xclang', '-disable-llvm-passes')
_OF_TOOLKIT = ('--cuda-path=', '--cuda-gpu-arch=', '--offload-arch=')
_MAX_NAME = 120  # of a file, in letters


class Piece(NamedTuple):
  """A row of the manifest: a file of IR, or what there is none of, and why.

  Attributes:
    unit: what the build makes of the source, or the source.
    source: its path.
    triple: of the target.
    symbol: of the kernel; '' for a whole unit.
    ir: path of the file in the folder; '' if none was written.
    functions: that it defines.
    instructions: of these together.
    error: '' where a file was written.
    command: that compiled the unit.
  """

  unit: str
  source: str
  triple: str = ''
  symbol: str = ''
  ir: str = ''
  functions: int = 0
  instructions: int = 0
  error: str = ''
  command: str = ''


class Settings(NamedTuple):
  """How units are compiled.

  Attributes:
    compiler: a clang, as `compilers.find_compiler` takes it.
    device: whether the code for an accelerator is wanted, not the host's.
    kernels: whether each kernel is a file, and not each unit.
    arch: of the device, such as `sm_86`; '' for what the database says.
    cuda_path: of a CUDA toolkit; '' for our few declarations.
    opt_level: that files are optimised at.
    flags: more for the compiler; they come last.
    seconds: of processor time for a unit.
  """

  compiler: str | None = None
  device: bool = False
  kernels: bool = False
  arch: str = ''
  cuda_path: str = ''
  opt_level: str = 'O1'
  flags: tuple[str, ...] = ()
  seconds: int = 300


def move(unit: Unit, places: Iterable[tuple[str, str]]) -> Unit:
  """The unit with paths that begin with one thing beginning with another.

  For a database that was written on another machine.
  """
  for before, after in places:

    def replace(word, before=before, after=after):
      return re.sub(rf'(?<![\w./-]){re.escape(before)}(?=/|$)',
                    lambda _: after, word)  # fmt: skip

    # A flag may end where the path begins: -I/home/me.
    flags = [
        f'{flag[:2]}{replace(flag[2:])}' if flag[:1] == '-' else replace(flag)
        for flag in unit.flags
    ]
    unit = unit._replace(
        file=replace(unit.file),
        directory=replace(unit.directory),
        flags=tuple(map(replace, flags)),
    )
  return unit


def unit_command(
    unit: Unit, compiler: compilers.Compiler, settings: Settings
) -> tuple[str, ...]:
  """The command that compiles a unit to IR without passes, without `-o`.

  Raises:
    IRError: the code of a device is wanted, and the unit has none.
  """
  flags = list(unit.flags)
  is_cuda = 'cuda' in flags or unit.file.endswith('.cu')
  is_offload = any(flag.startswith('-fopenmp-targets=') for flag in flags)
  if settings.device and not (is_cuda or is_offload):
    raise IRError('it has no code for a device', unit.file)
  if settings.arch or settings.cuda_path:
    dropped = [_OF_TOOLKIT[0]] if settings.cuda_path else []
    dropped += _OF_TOOLKIT[1:] if settings.arch else []
    flags = [flag for flag in flags if not flag.startswith(tuple(dropped))]
  words = [*compiler.command, *flags]
  if compiler.kind == 'zig':
    language = 'cuda' if is_cuda else compilers.language_of(unit.file) or 'c++'
    words += () if settings.device else compilers.WHEEL_TARGET
    words += compilers.wheel_headers(compiler, language)
  if is_cuda or is_offload:
    side = 'device' if settings.device else 'host'
    # Names that clang 14 knows too.
    words.append(f'--{"cuda" if is_cuda else "offload"}-{side}-only')
  if settings.arch and settings.device:
    word = '--cuda-gpu-arch=' if is_cuda else '--offload-arch='
    words.append(f'{word}{settings.arch}')
  if settings.cuda_path and compiler.kind != 'zig':
    words.append(f'--cuda-path={settings.cuda_path}')
  elif is_cuda:
    words = [word for word in words if not word.startswith('--cuda-path=')]
    words += compilers.WITHOUT_CUDA_TOOLKIT
  if any(flag.startswith('-fopenmp') for flag in flags):
    # Used only where there is no other omp.h.
    words += ['-idirafter', str(compilers.INCLUDE / 'openmp')]
    words += ['-nogpulib'] if settings.device else []
  words += ['-S', '-emit-llvm', f'-{settings.opt_level}', '-g0', '-w']
  return (*words, *NO_PASSES, *settings.flags, unit.file)


def kernels_of(text: str) -> list[str]:
  """Symbols of the kernels that a module defines, in order."""
  found = [quoted or plain for quoted, plain in _KERNEL.findall(text)]
  return list(dict.fromkeys([*found, *_ANNOTATED.findall(text)]))


def compile_units(
    units: Sequence[Unit], out_dir: pathlib.Path, settings: Settings
) -> Iterator[list[Piece]]:
  """Writes the files of each unit, and `manifest.csv`.

  Units that the manifest of an earlier run has, made by the same command, are
  not compiled again.

  Args:
    units: of a build.
    out_dir: gets the files.
    settings: of all of them.

  Yields:
    What became of each unit, in order. A unit never raises.

  Raises:
    IRError: no clang.
  """
  compiler = compilers.find_compiler('c++', settings.compiler)
  out_dir.mkdir(parents=True, exist_ok=True)
  plans = [_plan(unit, compiler, settings) for unit in units]
  now = {piece.unit: piece.command for _, piece in plans}
  done = {
      (name, made): pieces
      for (name, made), pieces in _read_manifest(out_dir / MANIFEST).items()
      if now.get(name, made) == made
  }
  with (out_dir / MANIFEST).open('w', newline='', encoding='utf-8') as file:
    writer = csv.DictWriter(file, Piece._fields, lineterminator='\n')
    writer.writeheader()
    # Those of an earlier run first, so that no kill loses them.
    writer.writerows(p._asdict() for pieces in done.values() for p in pieces)
    for unit, piece in plans:
      if (piece.unit, piece.command) in done:
        yield done[piece.unit, piece.command]
        continue
      pieces = [piece]
      if not piece.error:
        command = unit_command(unit, compiler, settings)
        pieces = _compile(unit, piece, command, out_dir, settings)
      writer.writerows(piece._asdict() for piece in pieces)
      file.flush()
      yield pieces


def _plan(
    unit: Unit, compiler: compilers.Compiler, settings: Settings
) -> tuple[Unit, Piece]:
  """A unit and what is known of it before it is compiled."""
  piece = Piece(unit.output or unit.file, str(unit.path))
  try:
    command = shlex.join(unit_command(unit, compiler, settings))
  except IRError as error:
    return unit, piece._replace(error=error.message)
  return unit, piece._replace(command=f'{command} # {_mode(settings)}')


def _mode(settings: Settings) -> str:
  return f'{"kernels" if settings.kernels else "unit"}, {settings.opt_level}'


def _read_manifest(path: pathlib.Path) -> dict[tuple[str, str], list[Piece]]:
  """(unit, command) -> its rows, of units that all files are there of."""
  if not path.exists():
    return {}
  found: dict[tuple[str, str], list[Piece]] = {}
  with path.open(newline='', encoding='utf-8') as file:
    for row in csv.DictReader(file):
      if row.keys() == set(Piece._fields) and row['command']:
        key = (row['unit'], row['command'])
        piece = Piece._make(row[field] for field in Piece._fields)
        piece = piece._replace(
            functions=int(row['functions']),
            instructions=int(row['instructions']),
        )
        found.setdefault(key, []).append(piece)
  return {
      key: pieces
      for key, pieces in found.items()
      if all(not p.ir or (path.parent / p.ir).is_file() for p in pieces)
  }


def _compile(
    unit: Unit,
    whole: Piece,
    command: tuple[str, ...],
    out_dir: pathlib.Path,
    settings: Settings,
) -> list[Piece]:
  """What becomes of one unit."""
  if not unit.path.is_file():
    return [whole._replace(error='there is no such file')]
  with tempfile.TemporaryDirectory() as folder:
    output = pathlib.Path(folder, 'out.ll')
    inside = unit.directory if os.path.isdir(unit.directory) else folder
    bounds = bounded.Bounds(
        settings.seconds, memory_mb=None, wait_seconds=10 * settings.seconds
    )
    done = bounded.run(
        [*command[:-1], str(unit.path), '-o', str(output)],
        bounds,
        folder=inside,
    )
    if done.problem or not output.is_file():
      return [whole._replace(error=_complaint(done))]
    text = output.read_text('utf-8', 'surrogateescape')
  triple = _TRIPLE.search(text)
  whole = whole._replace(triple=triple[1] if triple else '')
  if not settings.kernels:
    return [_write(whole, text, out_dir, settings)]
  symbols = kernels_of(text)
  if not symbols:
    return [whole._replace(error='it defines no kernel')]
  return [
      _write(whole._replace(symbol=symbol), text, out_dir, settings)
      for symbol in symbols
  ]


def _write(
    piece: Piece, text: str, out_dir: pathlib.Path, settings: Settings
) -> Piece:
  pipeline = '' if settings.opt_level == 'O0' else settings.opt_level
  try:
    if piece.symbol:
      text = slicing.slice_function(text, piece.symbol, pipeline=pipeline)
    else:
      data = slicing.strip_debug(text).encode('utf-8', 'surrogateescape')
      text = llvm.canonical_text(data, pipeline=pipeline)
    module = read_module(text, piece.source)
  except IRError as error:
    return piece._replace(error=error.message)
  except (llvm.LlvmRefusal, llvm.LlvmAbort) as error:
    return piece._replace(error=f'LLVM refuses it: {error}')
  path = _path_of(piece)
  (out_dir / path).parent.mkdir(parents=True, exist_ok=True)
  (out_dir / path).write_text(text, encoding='utf-8')
  return piece._replace(
      ir=str(path),
      functions=len(module.functions),
      instructions=sum(f.num_instructions for f in module.functions),
  )


def _path_of(piece: Piece) -> pathlib.PurePath:
  """Where a piece is written: a folder for each unit that has kernels."""
  unit = re.sub(r'\.o(bj)?$', '', piece.unit)
  parts = [part for part in re.split(r'[/\\:]', unit) if part.strip('.')]
  if piece.symbol:
    parts.append(piece.symbol)
  # A symbol may be longer than a file's name.
  parts = [
      part
      if len(part) <= _MAX_NAME
      else part[:_MAX_NAME]
      + hashlib.blake2b(part.encode(), digest_size=6).hexdigest()
      for part in parts
  ]
  return pathlib.PurePath(*parts[:-1], f'{parts[-1]}.ll')


def _complaint(done: bounded.Done) -> str:
  """The first error of a compiler's output, or how it ended."""
  lines = [line for line in done.error.splitlines() if 'error:' in line]
  return lines[0].strip() if lines else done.problem or 'it wrote nothing'
