"""`tune --for functions`: a pipeline of passes for each function, each tried.

    (found,) = tuning.functions.tune('kernel.c', output='kernel.bc')

A function is put into a module of its own and goes through pipelines of
`measure.pipelines`, as `measure size` does it. The best ones are then run for
their functions inside the whole module (`whole`, `gating`), the rest of which
goes through -Oz as ever, and the object of the whole is what counts: a function
whose pipeline does not pay there is taken out again. That is done twice, as the
module is and with what -Oz inlines everywhere inlined first. Where nothing
pays, -Oz stays. All of that is LLVM in a child process; clang is needed for
sources only.
"""

import dataclasses
import hashlib
import math
import os
import pathlib
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence

import llvmlite.binding as llvm

from mirencoder_jax.frontend import compilers
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    compiler,
    elf,
    label_file,
    pipelines,
    size_passes,
)
from mirencoder_jax.storage import files
from mirencoder_jax.tuning import search, sources
from mirencoder_jax.tuning import tuned as tuned_lib
from mirencoder_jax.tuning import whole as whole_lib

_MAX_CHARACTERS = 1 << 20  # of a function's module
_TRYING = 0.7  # share of the time for functions by themselves
_MAX_RUNS = 128  # of pipelines over the whole module
MIN_VERSION = 17
# In the order of trying; the first is -Oz alone.
NAMES = (next(iter(pipelines.PIPELINES)), *pipelines.TRIED)

OnTrial = Callable[[str, str, int | str], object]


def tune(
    path: str | os.PathLike,
    settings: tuned_lib.Settings | None = None,
    *,
    output: str | os.PathLike | None = None,
    table: str | os.PathLike | None = None,
    on_trial: OnTrial | None = None,
) -> Iterator[tuned_lib.Tuned]:
  """Tries pipelines on every function of a program, unit by unit.

  Args:
    path: of a C or C++ source, of IR or bitcode, best as it is before
      optimisation, or of a compile_commands.json.
    settings: `trials` is the number of pipelines for a function.
    output: gets the module as the passes leave it (.ll, .bc) or its object; of
      a build, a folder that gets objects where the build has its own.
    table: label file that sizes are kept in; a second run goes on from it.
    on_trial: told path, function and pipeline, and bytes, or what is wrong.

  Yields:
    What was found for each unit; the best so far after Ctrl-C.

  Raises:
    IRError: nothing to read, or no clang for a source.
    LabelFileError: `table` is of another LLVM.
    OSError: `output` cannot be written.
  """
  settings = settings or tuned_lib.Settings()
  path = pathlib.Path(path)
  clang = _find_clang(path, settings)
  if settings.target and not compilers.language_of(path):
    raise IRError('IR has its target; compile it anew for another', str(path))
  with (
      tempfile.TemporaryDirectory() as folder,
      size_passes.SizeWorker() as worker,
      label_file.open_labels(
          pathlib.Path(table or os.path.join(folder, 'sizes.jsonl')), _header()
      ) as labels,
  ):
    for source in sources.find(path, settings, clang, pathlib.Path(folder)):
      session = _Session(settings, worker, labels, clang, pathlib.Path(folder))
      place = None if output is None else pathlib.Path(output)
      if place and sources.is_build(path):
        place = source.place(path, place)
      tuned = session.tune(source, on_trial, place)
      yield tuned
      if tuned.stopped == 'Ctrl-C':
        return


@dataclasses.dataclass
class _Session:
  """What all units of a program share."""

  settings: tuned_lib.Settings
  worker: size_passes.SizeWorker
  labels: label_file.LabelWriter
  clang: compiler.Compiler | None
  folder: pathlib.Path

  def tune(
      self,
      source: sources.Source,
      on_trial: OnTrial | None,
      output: pathlib.Path | None,
  ) -> tuned_lib.Tuned:
    """Searches one unit, and writes it where it is to be written."""
    start = time.monotonic()
    tuned = tuned_lib.Tuned(source.path, error=source.error)
    if source.ir is None:
      return tuned
    try:
      text = self.worker.resolve(self.worker.mark(source.ir.read_bytes()))
      whole = whole_lib.Whole(text, source.path, self.worker)
    except (size_passes.SizeError, elf.ElfError) as error:
      tuned.error = str(error) + tuned_lib.hint(str(error))
      return tuned
    found = _Search(
        tuned, self.settings, self.worker, self.labels, whole.base, on_trial
    )
    try:
      other = whole.inlined()
      found.run(whole, 0.5 if other else 1)
      if other:
        found.run(other, 1)
    except KeyboardInterrupt:
      tuned.stopped = 'Ctrl-C'
    made = found.confirm(source, self.clang, self.folder)
    if output is not None:
      output.parent.mkdir(parents=True, exist_ok=True)
      _write(output, made, found.best, self.worker, tuned)
    tuned.seconds = time.monotonic() - start
    return tuned


def _find_clang(
    path: pathlib.Path, settings: tuned_lib.Settings
) -> compiler.Compiler | None:
  """The one that was named, or the first; None where IR can do without."""
  why = 'a source needs'
  try:
    return compiler.find_newer(settings.clang, MIN_VERSION, why)
  except IRError:
    if settings.clang or compilers.language_of(path) or sources.is_build(path):
      raise
    return None


def _header() -> dict:
  return dict(
      kind='tuned_functions',
      llvm='.'.join(map(str, llvm.llvm_version_info)),
      choices=list(NAMES),
      pipelines=[pipelines.PIPELINES[name] for name in NAMES],
  )


class _Search:
  """What was tried so far, and the best of it."""

  def __init__(
      self,
      tuned: tuned_lib.Tuned,
      settings: tuned_lib.Settings,
      worker: size_passes.SizeWorker,
      labels: label_file.LabelWriter,
      base: whole_lib.Built,
      on_trial: OnTrial | None,
  ):
    self.best = self._base = base
    self._tuned, self._settings = tuned, settings
    self._worker, self._labels = worker, labels
    self._tell = on_trial or (lambda *_: None)
    self._which = ('text', 'berkeley')[tuned_lib.KINDS.index(settings.kind)]
    self._start = time.monotonic()
    tuned.base = tuned.best = self._size(base.sizes)

  def _size(self, sizes: elf.Sizes) -> int:
    return getattr(sizes, self._which)

  def _is_late(self, share: float) -> bool:
    """Whether that share of the time is over."""
    seconds = self._settings.seconds
    if seconds is None or time.monotonic() - self._start <= share * seconds:
      return False
    self._tuned.stopped = 'seconds'
    return True

  def run(self, whole: whole_lib.Whole, share: float) -> None:
    """Tries functions by themselves, then the whole; until that share is over.

    After Ctrl-C the whole is put together once of what was tried.
    """
    found: dict[str, tuple[str, int]] = {}
    interrupt = None
    begun = share * _TRYING if share < 1 else (1 + _TRYING) / 2
    try:
      for symbol in whole.symbols:
        if self._is_late(begun):
          break
        if choice := self._try(whole, symbol):
          found[symbol] = choice
    except KeyboardInterrupt as error:
      interrupt = error
    self._put_together(whole, found, 0 if interrupt else share)
    if interrupt:
      raise interrupt

  def _try(self, whole: whole_lib.Whole, symbol: str) -> tuple[str, int] | None:
    """The best pipeline of a function by itself, and bytes that it saves."""
    names = NAMES
    if self._settings.trials is not None:
      names = NAMES[: 1 + self._settings.trials]
    sizes = self._sizes(whole.parts.isolate(symbol), names)
    for name in names[1:]:
      trial = f'{symbol} {name}'
      if name in sizes and self._tuned.trials.get(trial) != sizes[name]:
        self._tuned.trials[trial] = sizes[name]
        self._tell(self._tuned.path, trial, sizes[name])
    counted = [n for n in names if isinstance(sizes.get(n), int)]
    best = min(counted, key=lambda n: sizes[n], default=NAMES[0])
    if best == NAMES[0]:
      return None
    return best, sizes[NAMES[0]] - sizes[best]

  def _sizes(self, text: str, names: Sequence[str]) -> dict[str, int | str]:
    """Bytes of a function by itself, or why there are none, by pipeline."""
    key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    known = self._labels.records.get(key)
    record = known or dict(name=key, digest=key, sizes={})
    sizes = record['sizes']
    wanted = [n for n in names if n not in sizes]
    if not wanted:
      return sizes
    if len(text) > _MAX_CHARACTERS:
      return {n: f'its module has {len(text)} characters' for n in names}
    wanted = [NAMES[0], *(n for n in wanted if n != NAMES[0])]
    try:
      sized = self._worker.size(text, [pipelines.PIPELINES[n] for n in wanted])
    except size_passes.SizeError as error:
      return dict.fromkeys(names, str(error))
    for place, name in enumerate(wanted):
      size = sized.sizes[place]
      sizes[name] = sized.reasons[place] if size is None else size
    self._labels.add(record)
    return sizes

  def _put_together(
      self,
      whole: whole_lib.Whole,
      choices: dict[str, tuple[str, int]],
      share: float,
  ) -> None:
    """Builds the whole with all choices, then with one more or less."""
    order = sorted(choices, key=lambda s: -choices[s][1])
    numbers = {symbol: str(at) for at, symbol in enumerate(order)}
    num_runs = 0

    def joined(wanted) -> str:
      return '+'.join(n for n in numbers.values() if n in set(wanted))

    def cost(name: str) -> float:
      nonlocal num_runs
      if not name:
        return self._size(self._base.sizes)
      wanted = set(name.split('+'))
      kept = {s: choices[s][0] for s in order if numbers[s] in wanted}
      num_runs += 1 + len(set(kept.values()))
      try:
        built = whole.build(kept)
      except (size_passes.SizeError, elf.ElfError):
        return math.inf
      if not built.is_sound(self._base.sizes):
        return math.inf
      size = self._size(built.sizes)
      if size < self._tuned.best:
        self._keep(built, kept, size)
      self._tell(self._tuned.path, f'whole, {len(kept)} of its own', size)
      return size

    def is_over() -> bool:
      # All together are built in any case.
      return num_runs >= _MAX_RUNS or num_runs > 0 and self._is_over(share)

    if order:
      search.climb(
          cost, [joined(numbers.values())], [*numbers.values()], joined, is_over
      )

  def _is_over(self, share: float) -> bool:
    return not share or self._is_late(share)

  def _keep(self, built: whole_lib.Built, kept, size: int) -> None:
    tuned = self._tuned
    self.best, tuned.best = built, size
    tuned.choice = ' '.join(f'{symbol}={name}' for symbol, name in kept.items())
    functions = [b.sizes.functions for b in (self._base, built)]
    tuned.notes = [
        f'{symbol}: {functions[0].get(symbol, 0):,} to '
        f'{functions[1].get(symbol, 0):,} bytes, {name}'
        for symbol, name in kept.items()
    ]

  def confirm(
      self,
      source: sources.Source,
      clang: compiler.Compiler | None,
      folder: pathlib.Path,
  ) -> bytes:
    """The best object, unless what clang makes at -Oz is no larger."""
    tuned, best = self._tuned, self.best
    if clang is None:
      return best.made
    command = source.command((), self._settings, clang)
    made = source.compile(command, folder)
    if made is None:
      return best.made
    size = self._size(elf.read_sizes(made))
    tuned.base = min(tuned.base, size)
    if tuned.best < size:
      return best.made
    tuned.best = size
    if tuned.choice:
      tuned.notes = [f'{clang.version} -Oz is no larger than what passes gave']
    tuned.choice = ''
    return made


def _write(
    output: pathlib.Path,
    made: bytes,
    best: whole_lib.Built,
    worker: size_passes.SizeWorker,
    tuned: tuned_lib.Tuned,
) -> None:
  """Writes module or object, the whole file or nothing."""
  if output.suffix == '.ll':
    made = best.text.encode('utf-8', 'replace')
  elif output.suffix == '.bc':
    made = worker.mark(best.text.encode('utf-8', 'replace'))
  with files.writing(output) as part:
    part.write_bytes(made)
  if output.suffix in ('.ll', '.bc'):
    words = ('clang', '-Oz', '-Xclang', '-disable-llvm-passes', '-c')
    tuned.command = shlex.join((*words, str(output)))
