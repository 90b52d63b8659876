"""What is tuned, as it came: a source, IR, or the units of a build."""

import dataclasses
import os
import pathlib
import shlex
from collections.abc import Iterator, Sequence

from mirencoder_jax.frontend import (
    bounded,
    compile_database,
    compile_units,
    compilers,
)
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import compiler, elf, size_flags
from mirencoder_jax.storage import files
from mirencoder_jax.tuning import tuned

# clang marks functions at -Oz; IR that another level made is not marked.
_MARK = ('-mllvm', '-force-attribute=minsize', '-mllvm',
         '-force-attribute=optsize')  # fmt: skip
_BOUNDS = bounded.Bounds(seconds=120, memory_mb=4096, wait_seconds=900)


@dataclasses.dataclass
class Source:
  """A unit as it came, and its IR before passes."""

  path: str
  ir: pathlib.Path | None
  unit: compile_database.Unit | None = None
  error: str = ''

  def command(
      self,
      words: Sequence[str],
      settings: tuned.Settings,
      clang: compiler.Compiler,
  ) -> tuple[str, ...]:
    """What compiles it under flags, without `-o`; paths as the build's."""
    target = [f'--target={settings.target}'] if settings.target else []
    head = [*clang.compile, *target, '-Oz', '-c']
    if self.unit is None:
      return (*head, '-x', 'ir', '-Wno-override-module', self.path, *_MARK,
              *words)  # fmt: skip
    return (*head, *self.unit.flags, self.unit.file, *words)

  def place(self, build: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """In `folder`, where the build has this unit's object in its own.

    Args:
      build: its compile_commands.json, or the folder of that.
      folder: any.
    """
    root = build if build.is_dir() else build.parent
    made = self.unit.output or f'{self.unit.file}.o'
    made = os.path.relpath(
        os.path.join(self.unit.directory, made), root.resolve()
    )
    # What lies outside the build's folder stays inside this one.
    return folder.joinpath(*(p for p in made.split(os.sep) if p != '..'))

  def compile(
      self, command: Sequence[str], folder: pathlib.Path
  ) -> bytes | None:
    """The object that a command makes of it; None if there is none."""
    path = folder / 'whole.o'
    path.unlink(missing_ok=True)
    done = self._run([*command, '-o', str(path)])
    return None if done.problem else path.read_bytes()

  def size(
      self, command: Sequence[str], folder: pathlib.Path
  ) -> elf.Sizes | None:
    """Of the object that a command makes of it; None if there is none."""
    made = self.compile(command, folder)
    return None if made is None else elf.read_sizes(made)

  def write(self, command: Sequence[str], output: pathlib.Path) -> None:
    """Writes what a command makes of it: an object, or IR for .ll and .bc.

    Raises:
      OSError: that cannot be; nothing is left.
    """
    form = {'.ll': ('-S', '-emit-llvm'), '.bc': ('-emit-llvm',)}
    words = [*command, *form.get(output.suffix, ())]
    with files.writing(output) as part:
      done = self._run([*words, '-o', str(part.resolve())])
      if done.problem:
        raise OSError(done.text.strip() or done.problem)

  def _run(self, command: Sequence[str]) -> bounded.Done:
    folder = pathlib.Path(self.unit.directory) if self.unit else None
    return bounded.run(command, _BOUNDS, folder=folder)


def is_build(path: pathlib.Path) -> bool:
  """Whether it is a compile database, or a folder that should have one."""
  return path.suffix == '.json' or path.is_dir()


def find(
    path: pathlib.Path,
    settings: tuned.Settings,
    clang: compiler.Compiler,
    folder: pathlib.Path,
) -> Iterator[Source]:
  """The units of a program; their IR, made by `clang`, goes into `folder`.

  Raises:
    IRError: there is nothing to read, or it does not compile.
  """
  language = compilers.language_of(path)
  if is_build(path):
    yield from _build(
        compile_database.read_database(path), settings, clang, folder
    )
  elif language in ('c', 'c++'):
    target = [f'--target={settings.target}'] if settings.target else []
    compiled = compilers.compile_source(
        path,
        compiler=clang.found,
        flags=(*settings.flags, *target, '-Oz', *compile_units.NO_PASSES),
    )
    ir = folder / f'{path.name}.ll'
    ir.write_text(compiled.text, 'utf-8', 'surrogateescape')
    flags = settings.flags
    if any(flag.startswith('-fopenmp') for flag in flags):
      # Used only where there is no other omp.h.
      flags += ('-idirafter', str(compilers.INCLUDE / 'openmp'))
    unit = compile_database.Unit(str(path), os.getcwd(), '', flags)
    yield Source(str(path), ir, unit)
  elif language:
    raise IRError(
        f'flags are those of clang for C and C++, and this is {language}; give '
        'its IR or bitcode',
        str(path),
    )
  elif path.is_file():
    yield Source(str(path), path)
  else:
    raise IRError('there is no such file', str(path))


def _build(
    units: Sequence[compile_database.Unit],
    settings: tuned.Settings,
    clang: compiler.Compiler,
    folder: pathlib.Path,
) -> Iterator[Source]:
  """The units of a compile database."""
  found = clang.found
  made = compile_units.Settings(
      # The one that flags are tried with, which need not be the first found.
      compiler='ziglang' if found.kind == 'zig' else shlex.join(found.command),
      # The last level wins, and O0 here keeps the IR as it is.
      opt_level='O0',
      flags=(*settings.flags, '-Oz'),
  )
  folder = folder / 'ir'
  units = [u._replace(flags=_without_ours(u.flags)) for u in units]
  pieces = compile_units.compile_units(units, folder, made)
  for unit, (piece,) in zip(units, pieces, strict=True):
    ir = folder / piece.ir if piece.ir else None
    unit = unit._replace(flags=(*unit.flags, *settings.flags))
    yield Source(unit.file, ir, unit, piece.error)


def _without_ours(flags: Sequence[str]) -> tuple[str, ...]:
  """The flags of a build that was tuned before, as they were."""
  ours = {words for words in size_flags.FLAGS.values() if len(words) == 2}
  kept: list[str] = []
  for flag in flags:
    if kept and (kept[-1], flag) in ours:
      kept.pop()
    else:
      kept.append(flag)
  return tuple(kept)
