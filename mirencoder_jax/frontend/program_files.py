"""Programs as people have them: IR or sources, one by one or in folders."""

import dataclasses
import os
import pathlib
import sys
from collections.abc import Iterable, Iterator, Sequence

from mirencoder_jax.frontend import compilers
from mirencoder_jax.ir import reader
from mirencoder_jax.ir import source as source_lib
from mirencoder_jax.ir.module import IRError, Module

IR_SUFFIXES = ('.ll', '.bc')
STDIN = '-'  # as a path: IR that is piped in


@dataclasses.dataclass(frozen=True)
class CompileOptions:
  """How sources are compiled, see `compilers.compile_source`."""

  compiler: str | None = None
  opt_level: str = 'O1'
  debug_lines: bool = False
  flags: tuple[str, ...] = ()
  cuda_toolkit: bool = False


@dataclasses.dataclass
class Program:
  """A file that was read, or could not be.

  Attributes:
    path: of the file.
    module: None if it could not be read.
    compiled: how, if it was a source.
    text: the IR of a source; None for a file of IR, which is at `path`.
    error: why it could not be read.
  """

  path: str
  module: Module | None = None
  compiled: compilers.Compiled | None = None
  text: str | None = None
  error: IRError | None = None


@dataclasses.dataclass
class Left:
  """What was not taken of a folder.

  Attributes:
    folder: which.
    sources: source files, left because the folder has IR.
    special: what looks like IR or a source by its name and is no file: a pipe,
      a device, a link that leads nowhere.
  """

  folder: str
  sources: list[str]
  special: list[str]


def left_in(paths: Iterable[str | os.PathLike]) -> list[Left]:
  """What `find` leaves in folders, where it leaves something."""
  found = []
  for folder in (p for p in map(pathlib.Path, paths) if p.is_dir()):
    taken = set(_in_folder(folder))
    known = [
        p
        for p in sorted(folder.rglob('*'))
        if p.suffix.lower() in IR_SUFFIXES or compilers.language_of(p)
    ]
    left = Left(
        str(folder),
        [str(p) for p in known if p.is_file() and str(p) not in taken],
        [str(p) for p in known if not p.is_file() and not p.is_dir()],
    )
    if left.sources or left.special:
      found.append(left)
  return found


def find(paths: Iterable[str | os.PathLike]) -> list[str]:
  """The files that paths mean, in order, each once.

  Args:
    paths: `-` for standard input; files, which are taken whatever they are
      called, and folders, of which all IR files are taken at any depth; sources
      only of a folder that has no IR (`left_in` tells). What is not there, or
      has neither, stays in the list, for `read` to complain about.
  """
  found: list[str] = []
  for path in map(pathlib.Path, paths):
    found += _in_folder(path) if path.is_dir() else [str(path)]
  return list(dict.fromkeys(found))


def _in_folder(folder: pathlib.Path) -> list[str]:
  files = sorted(p for p in folder.rglob('*') if p.is_file())
  chosen = [p for p in files if p.suffix.lower() in IR_SUFFIXES] or [
      p for p in files if compilers.language_of(p)
  ]
  return [str(p) for p in chosen] or [str(folder)]


def read(
    path: str | os.PathLike, options: CompileOptions | None = None
) -> Program:
  """Reads a file of IR, or compiles a source and reads that.

  Raises:
    IRError: if it cannot be compiled or read.
  """
  path = os.fspath(path)
  if path == STDIN:
    return Program(path, reader.read_module(_standard_input(), '<stdin>'))
  if os.path.isdir(path):
    raise IRError(
        f'no file in this folder is LLVM IR ({", ".join(IR_SUFFIXES)}) or a '
        f'source ({", ".join(compilers.LANGUAGES)})',
        path,
    )
  # By its name it is to be a file. What a shell makes of `<(command)` has no
  # such name, and may be waited for.
  is_named = path.lower().endswith(IR_SUFFIXES) or compilers.language_of(path)
  if is_named and (kind := source_lib.refused_kind(path)):
    raise IRError(
        f'this is {kind} and no file, and is not waited for; `-` reads '
        'standard input',
        source_lib.shown(path),
    )
  if compilers.language_of(path) is None:
    # As text, a name with a line break would be IR.
    return Program(path, reader.read_module(pathlib.Path(path)))
  options = options or CompileOptions()
  compiled = compilers.compile_source(path, **dataclasses.asdict(options))
  module = reader.read_module(compiled.text, name=source_lib.shown(path))
  return Program(path, module, compiled, compiled.text)


def _standard_input() -> bytes:
  """What is piped in; once, for then it is gone.

  Raises:
    IRError: if there is nothing, or it was read before.
  """
  stream = getattr(sys.stdin, 'buffer', None)
  data = stream.read() if stream else b''
  if not data:
    raise IRError('standard input is empty, or was read before', '<stdin>')
  return data


def read_all(
    paths: Sequence[str],
    options: CompileOptions | None = None,
) -> Iterator[Program]:
  """Reads many files; one that cannot be read costs itself only.

  Args:
    paths: of files.
    options: for sources.
  """
  for path in paths:
    try:
      yield read(path, options)
    except IRError as error:
      yield Program(path, error=error)
