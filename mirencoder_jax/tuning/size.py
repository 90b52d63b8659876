"""`tune`: flags on top of `clang -Oz` that make a unit smaller, each tried.

    for found in tuning.size.tune('kernel.c'):
      print(found.flags, found.base, found.best)

A unit is compiled to IR without passes, as `clang -Oz` would begin, and then
by `clang -Oz` with one set of flags after the other (`measure.unit_sizes`). A
set that crashes clang, loses an exported symbol or calls something new is out.
What wins is compiled once more from what was given, as a person would, and has
to be smaller there too; else it is `clang -Oz` that is advised.
"""

import dataclasses
import math
import os
import pathlib
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence

from mirencoder_jax.frontend import (
    bounded,
    compile_database,
    compile_units,
    compilers,
)
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    compiler,
    elf,
    label_file,
    size_flags,
    size_modules,
    size_passes,
    unit_sizes,
)
from mirencoder_jax.tuning import search

# Which of the two sizes is to be small.
KINDS = ('text', 'image')
# clang marks functions at -Oz; IR that another level made is not marked.
_MARK = ('-mllvm', '-force-attribute=minsize', '-mllvm',
         '-force-attribute=optsize')  # fmt: skip
_BOUNDS = bounded.Bounds(seconds=120, memory_mb=4096, wait_seconds=900)
MIN_VERSION = 20  # older clangs lack flags of the table, or read no new IR


@dataclasses.dataclass(frozen=True)
class Settings:
  """What is tried, and how long.

  Attributes:
    kind: `text`, what is run; or `image`, with read-only data and unwind
      tables, as `size` counts text.
    trials: sets of flags that are compiled for a unit, beside -Oz alone.
    seconds: for a unit, on the clock; None for no limit.
    clang: a name on the PATH, a path or `ziglang`; '' for the first found.
    flags: more for sources, such as `-Iinclude`.
    target: what `clang --target` gets, '' for the unit's own.
  """

  kind: str = 'text'
  trials: int = 16
  seconds: float | None = None
  clang: str = ''
  flags: tuple[str, ...] = ()
  target: str = ''


@dataclasses.dataclass
class Tuned:
  """What was found for one unit.

  Attributes:
    path: of its source or IR.
    flags: the best set, '' for `clang -Oz` alone.
    base: bytes under `clang -Oz`.
    best: bytes under the best set; `base` at most.
    trials: set -> bytes, or why there are none, in the order of trying.
    seconds: on the clock.
    command: that gives the result without us.
    error: why nothing could be tried, '' if something was.
    stopped: what ended it: '' (no neighbour is better), `trials`, `seconds`, or
      `Ctrl-C`.
  """

  path: str
  flags: str = ''
  base: int = 0
  best: int = 0
  trials: dict[str, int | str] = dataclasses.field(default_factory=dict)
  seconds: float = 0.0
  command: str = ''
  error: str = ''
  stopped: str = ''

  @property
  def words(self) -> tuple[str, ...]:
    """The flags as a command line has them."""
    return size_flags.words_of(self.flags)

  @property
  def gain(self) -> float:
    """Share of the bytes under `clang -Oz` that are saved."""
    return 1 - self.best / self.base if self.base else 0.0


def tune(
    path: str | os.PathLike,
    settings: Settings | None = None,
    *,
    output: str | os.PathLike | None = None,
    table: str | os.PathLike | None = None,
    on_trial: Callable[[str, str, int | str], object] | None = None,
) -> Iterator[Tuned]:
  """Tries flags of clang on a program, unit by unit.

  Args:
    path: of a source, of IR or bitcode, best as it is before optimisation, or
      of a compile_commands.json.
    settings: what is tried.
    output: gets the object of a single unit under the best set; with the
      suffix .ll or .bc its IR as the passes leave it.
    table: label file that sizes are kept in; a second run goes on from it.
    on_trial: told path, set and bytes, or what is wrong, of each.

  Yields:
    What was found for each unit; the best so far after Ctrl-C.

  Raises:
    IRError: no clang that is new enough, or nothing to read.
    LabelFileError: `table` is of another compiler or of other settings.
  """
  settings = settings or Settings()
  clang = find_clang(settings.clang)
  config = unit_sizes.UnitsConfig(
      target=settings.target, max_megabytes=math.inf, min_bytes=1
  )
  with (
      tempfile.TemporaryDirectory() as folder,
      size_passes.SizeWorker() as worker,
      label_file.open_labels(
          pathlib.Path(table or os.path.join(folder, 'sizes.jsonl')),
          config.header(clang),
      ) as labels,
  ):
    session = unit_sizes.Session(
        labels, clang, config, pathlib.Path(folder), worker
    )
    for source in _sources(pathlib.Path(path), settings, session):
      tuned = _tune_unit(source, settings, session, on_trial)
      if output is not None and not tuned.error:
        source.write(tuned, pathlib.Path(output), settings, session)
      yield tuned
      if tuned.stopped == 'Ctrl-C':
        return


@dataclasses.dataclass
class _Source:
  """A unit as it came, and its IR before passes."""

  path: str
  ir: pathlib.Path | None
  unit: compile_database.Unit | None = None
  error: str = ''

  def command(
      self, words: Sequence[str], settings: Settings, clang: compiler.Compiler
  ) -> tuple[str, ...]:
    """What compiles it under flags, without `-o`; paths as the build's."""
    target = [f'--target={settings.target}'] if settings.target else []
    head = [*clang.compile, *target, '-Oz', '-c']
    if self.unit is None:
      return (*head, '-x', 'ir', '-Wno-override-module', self.path, *_MARK,
              *words)  # fmt: skip
    return (*head, *self.unit.flags, self.unit.file, *words)

  def size(
      self, words: Sequence[str], settings: Settings, session
  ) -> elf.Sizes | None:
    """Of the object of the source itself; None if it does not compile."""
    path = session.folder / 'whole.o'
    path.unlink(missing_ok=True)
    done = bounded.run(
        [*self.command(words, settings, session.clang), '-o', str(path)],
        _BOUNDS,
        folder=pathlib.Path(self.unit.directory) if self.unit else None,
    )
    return None if done.problem else elf.read_sizes(path.read_bytes())

  def write(self, tuned, output: pathlib.Path, settings, session) -> None:
    """Writes object or IR, the whole file or nothing."""
    form = {'.ll': ('-S', '-emit-llvm'), '.bc': ('-emit-llvm',)}
    words = self.command(tuned.words, settings, session.clang)
    part = output.with_name(f'.{output.name}.part').resolve()
    done = bounded.run(
        [*words, *form.get(output.suffix, ()), '-o', str(part)],
        _BOUNDS,
        folder=pathlib.Path(self.unit.directory) if self.unit else None,
    )
    try:
      if done.problem:
        raise OSError(0, done.text.strip() or done.problem, str(output))
      part.replace(output)
    finally:
      part.unlink(missing_ok=True)


def _sources(
    path: pathlib.Path, settings: Settings, session: unit_sizes.Session
) -> Iterator[_Source]:
  """The units of a program."""
  language = compilers.language_of(path)
  if path.suffix == '.json' or path.is_dir():
    yield from _build(compile_database.read_database(path), settings, session)
  elif language in ('c', 'c++'):
    compiled = compilers.compile_source(
        path,
        compiler=session.clang.found,
        flags=(*settings.flags, '-Oz', *compile_units.NO_PASSES),
    )
    ir = session.folder / f'{path.name}.ll'
    ir.write_text(compiled.text, 'utf-8', 'surrogateescape')
    flags = settings.flags
    if any(flag.startswith('-fopenmp') for flag in flags):
      # Used only where there is no other omp.h.
      flags += ('-idirafter', str(compilers.INCLUDE / 'openmp'))
    unit = compile_database.Unit(str(path), os.getcwd(), '', flags)
    yield _Source(str(path), ir, unit)
  elif language:
    raise IRError(
        f'flags are those of clang for C and C++, and this is {language}; give '
        'its IR or bitcode',
        str(path),
    )
  elif path.is_file():
    yield _Source(str(path), path)
  else:
    raise IRError('there is no such file', str(path))


def _build(
    units: Sequence[compile_database.Unit],
    settings: Settings,
    session: unit_sizes.Session,
) -> Iterator[_Source]:
  """The units of a compile database."""
  found = session.clang.found
  made = compile_units.Settings(
      # The one that flags are tried with, which need not be the first found.
      compiler='ziglang' if found.kind == 'zig' else shlex.join(found.command),
      # The last level wins, and O0 here keeps the IR as it is.
      opt_level='O0',
      flags=(*settings.flags, '-Oz'),
  )
  folder = session.folder / 'ir'
  units = [u._replace(flags=_without_ours(u.flags)) for u in units]
  pieces = compile_units.compile_units(units, folder, made)
  for unit, (piece,) in zip(units, pieces, strict=True):
    ir = folder / piece.ir if piece.ir else None
    unit = unit._replace(flags=(*unit.flags, *settings.flags))
    yield _Source(unit.file, ir, unit, piece.error)


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


def _tune_unit(
    source: _Source,
    settings: Settings,
    session: unit_sizes.Session,
    on_trial: Callable[[str, str, int | str], object] | None,
) -> Tuned:
  tuned = Tuned(source.path, error=source.error)
  if source.ir is None:
    return tuned
  start = time.monotonic()
  which = KINDS.index(settings.kind)
  module = size_modules.IrModule(source.path, '', source.ir)
  unit = unit_sizes.Unit(module, session)
  if reason := unit.record.get('reason'):
    tuned.error = reason
    if 'optnone' in reason:
      tuned.error += (
          ' This IR is of -O0: make it by `clang -Oz -Xclang '
          '-disable-llvm-passes -c -emit-llvm`'
      )
    return tuned

  def cost(flags: str) -> float:
    size = unit.size(flags)
    bytes_ = size if isinstance(size, str) else size[which]
    if flags:
      tuned.trials[flags] = bytes_
    if on_trial is not None:
      on_trial(source.path, flags, bytes_)
    if isinstance(bytes_, str):
      return math.inf
    if not flags:
      tuned.base = tuned.best = bytes_
    elif bytes_ < tuned.best:
      tuned.flags, tuned.best = flags, bytes_
    return bytes_

  def is_over() -> bool:
    if len(tuned.trials) >= settings.trials:
      tuned.stopped = 'trials'
    elif (
        settings.seconds is not None
        and time.monotonic() - start > settings.seconds
    ):
      tuned.stopped = 'seconds'
    return bool(tuned.stopped)

  try:
    search.climb(
        cost,
        size_flags.SETS,
        tuple(size_flags.FLAGS),
        size_flags.joined,
        is_over,
    )
  except KeyboardInterrupt:
    tuned.stopped = 'Ctrl-C'
    if not tuned.base:
      tuned.error = 'stopped before anything was known'
      return tuned
  _confirm(source, tuned, settings, session)
  tuned.command = shlex.join(
      source.command(tuned.words, settings, session.clang)
  )
  tuned.seconds = time.monotonic() - start
  return tuned


def _confirm(source, tuned: Tuned, settings: Settings, session) -> None:
  """Compiles the source as a person would; -Oz stays if that is no larger."""
  which = KINDS.index(settings.kind)
  base = source.size((), settings, session)
  best = source.size(tuned.words, settings, session)
  if base is None:
    tuned.error = 'clang -Oz makes no object of it'
    return
  sizes = [(s.text, s.berkeley)[which] for s in (base, best or base)]
  tuned.base, tuned.best = sizes
  if tuned.best >= tuned.base:
    tuned.flags, tuned.best = '', tuned.base


def find_clang(name: str) -> compiler.Compiler:
  """The one that was named, or the first that is new enough."""
  why = 'flags for size are those of'
  return compiler.find_newer(name, MIN_VERSION, why)
