"""`tune --for functions`: a pipeline of passes for each function, each tried.

    (found,) = tuning.functions.tune('kernel.c', output='kernel.bc')

What -Oz inlines everywhere is inlined. Then a function is put into a module of
its own and goes through pipelines of `measure.pipelines`, as `measure size`
does it. The best ones are then run for
their functions inside the whole module (`gating`), the rest of which goes
through -Oz as ever, and the object of the whole is what counts: a function's
pipeline that does not pay there is taken out again. Where nothing pays, -Oz
stays. All of that is LLVM in a child process; clang is needed for sources only.
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

from mirencoder_jax.frontend import compilers, isolation
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    compiler,
    elf,
    label_file,
    pipelines,
    size_passes,
)
from mirencoder_jax.tuning import gating, search, sources
from mirencoder_jax.tuning import tuned as tuned_lib

_MAX_CHARACTERS = 1 << 20  # of a function's module
_MAX_BUILDS = 32  # of the whole module
_INLINED = 1.05  # what it may cost to inline first
MIN_VERSION = 17
# In the order of trying; the first is -Oz alone.
NAMES = (next(iter(pipelines.PIPELINES)), *pipelines.TRIED)

OnTrial = Callable[[str, str, int | str], object]


@dataclasses.dataclass
class _Built:
  """A whole module behind its passes."""

  text: str
  made: bytes
  sizes: elf.Sizes


def tune(
    path: str | os.PathLike,
    settings: tuned_lib.Settings | None = None,
    *,
    output: str | os.PathLike | None = None,
    table: str | os.PathLike | None = None,
    on_trial: OnTrial | None = None,
) -> Iterator[tuned_lib.Tuned]:
  """Tries pipelines on every function of a unit.

  Args:
    path: of a C or C++ source, or of IR or bitcode, best as it is before
      optimisation.
    settings: `trials` is the number of pipelines for a function.
    output: gets the module as the passes leave it (.ll, .bc) or its object.
    table: label file that sizes are kept in; a second run goes on from it.
    on_trial: told path, function and pipeline, and bytes, or what is wrong.

  Yields:
    What was found, once; the best so far after Ctrl-C.

  Raises:
    IRError: nothing to read, or no clang for a source.
    LabelFileError: `table` is of another LLVM.
    OSError: `output` cannot be written.
  """
  settings = settings or tuned_lib.Settings()
  start = time.monotonic()
  clang = _find_clang(pathlib.Path(path), settings)
  with (
      tempfile.TemporaryDirectory() as folder,
      size_passes.SizeWorker() as worker,
      label_file.open_labels(
          pathlib.Path(table or os.path.join(folder, 'sizes.jsonl')), _header()
      ) as labels,
  ):
    if settings.target and not compilers.language_of(path):
      raise IRError('IR has its target; compile it anew for another', str(path))
    (source,) = sources.find(
        pathlib.Path(path), settings, clang, pathlib.Path(folder)
    )
    tuned = tuned_lib.Tuned(source.path)
    try:
      unit = _Unit(source, settings, worker)
    except (size_passes.SizeError, elf.ElfError) as error:
      tuned.error = str(error) + tuned_lib.hint(str(error))
      yield tuned
      return
    choices = _try_all(unit, tuned, settings, labels, start, on_trial)
    best = _put_together(unit, tuned, choices, settings, start, on_trial)
    made = _confirm(unit, tuned, best, settings, clang, pathlib.Path(folder))
    if output is not None:
      _write(pathlib.Path(output), made, best, worker, tuned)
    tuned.seconds = time.monotonic() - start
    yield tuned


def _find_clang(
    path: pathlib.Path, settings: tuned_lib.Settings
) -> compiler.Compiler | None:
  """The one that was named, or the first; None where IR can do without."""
  why = 'a source needs'
  try:
    return compiler.find_newer(settings.clang, MIN_VERSION, why)
  except IRError:
    if settings.clang or compilers.language_of(path):
      raise
    return None


def _header() -> dict:
  return dict(
      kind='tuned_functions',
      llvm='.'.join(map(str, llvm.llvm_version_info)),
      choices=list(NAMES),
      pipelines=[pipelines.PIPELINES[name] for name in NAMES],
  )


class _Unit:
  """A module before passes, and what -Oz makes of it."""

  def __init__(self, source, settings, worker: size_passes.SizeWorker):
    self.source = source
    self.worker = worker
    self.which = ('text', 'berkeley')[tuned_lib.KINDS.index(settings.kind)]
    self.text = worker.resolve(worker.mark(source.ir.read_bytes()))
    self.parts = isolation.Module(self.text, source.path)
    if not self.parts.triple.startswith(size_passes.ARCHITECTURES):
      raise size_passes.SizeError(
          f'no object code is read of {self.parts.triple!r}'
      )
    self.base = start = self.build({})
    # Those that nothing calls any more, and nobody else may.
    gone = set(self.parts.symbols) - set(start.sizes.functions)
    gone -= start.sizes.undefined
    if gone:
      start = self._begin_inlined(gone)
    # Those that -Oz keeps, the largest first.
    functions = start.sizes.functions
    self.symbols = sorted(
        (s for s in self.parts.symbols if functions.get(s)),
        key=lambda s: -functions[s],
    )

  def _begin_inlined(self, symbols: set[str]) -> _Built:
    """Goes on with what -Oz inlines inlined, if that costs next to nothing.

    A function by itself is then what -Oz makes it of.
    """
    before = self.text, self.parts
    text = gating.demand_inlining(self.text, symbols)
    self.text = self.worker.resolve(text.encode('utf-8', 'replace'))
    self.parts = isolation.Module(self.text, self.source.path)
    built = self.build({})
    if self.size(built) > _INLINED * self.size(self.base):
      self.text, self.parts = before
      return self.base
    return built

  def build(self, choices: dict[str, str]) -> _Built:
    """The module, functions of `choices` by pipelines of their own.

    Raises:
      SizeError: that cannot be.
    """
    text = self.text
    for name in sorted(set(choices.values()), key=NAMES.index):
      mine = {symbol for symbol in choices if choices[symbol] == name}
      gated = gating.gate(text, set(self.parts.symbols) - mine)
      text = self.worker.run(gated, pipelines.PIPELINES[name])
      text = gating.ungate(text)
    text = self.worker.run(gating.gate(text, choices), 'Oz')
    text = gating.ungate(text)
    made = self.worker.emit(text)
    return _Built(text, made, elf.read_sizes(made))

  def size(self, built: _Built) -> int:
    return getattr(built.sizes, self.which)


def _try_all(
    unit: _Unit,
    tuned: tuned_lib.Tuned,
    settings: tuned_lib.Settings,
    labels: label_file.LabelWriter,
    start: float,
    on_trial: OnTrial | None,
) -> dict[str, tuple[str, int]]:
  """Functions that a pipeline makes smaller: symbol -> pipeline and bytes."""
  found: dict[str, tuple[str, int]] = {}
  names = NAMES
  if settings.trials is not None:
    names = NAMES[: 1 + settings.trials]
  try:
    for symbol in unit.symbols:
      if _is_late(settings, start, 0.7):
        tuned.stopped = 'seconds'
        break
      sizes = _sizes(unit, symbol, names, labels)
      for name in names[1:]:
        if name in sizes:
          tuned.trials[f'{symbol} {name}'] = sizes[name]
          if on_trial is not None:
            on_trial(tuned.path, f'{symbol} {name}', sizes[name])
      counted = [n for n in names if isinstance(sizes.get(n), int)]
      best = min(counted, key=lambda n: sizes[n], default=NAMES[0])
      if best != NAMES[0]:
        found[symbol] = best, sizes[NAMES[0]] - sizes[best]
  except KeyboardInterrupt:
    tuned.stopped = 'Ctrl-C'
  return found


def _is_late(settings, start: float, share: float = 1) -> bool:
  """Whether that share of the time is over."""
  if settings.seconds is None:
    return False
  return time.monotonic() - start > share * settings.seconds


def _sizes(
    unit: _Unit,
    symbol: str,
    names: Sequence[str],
    labels: label_file.LabelWriter,
) -> dict[str, int | str]:
  """Bytes of a function by itself, or why there are none, by pipeline."""
  text = unit.parts.isolate(symbol)
  key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
  record = labels.records.get(key) or dict(name=key, digest=key, sizes={})
  sizes = record['sizes']
  wanted = [n for n in names if n not in sizes]
  if not wanted:
    return sizes
  if len(text) > _MAX_CHARACTERS:
    return {n: f'its module has {len(text)} characters' for n in names}
  wanted = [NAMES[0], *(n for n in wanted if n != NAMES[0])]
  try:
    sized = unit.worker.size(text, [pipelines.PIPELINES[n] for n in wanted])
  except size_passes.SizeError as error:
    return dict.fromkeys(names, str(error))
  for place, name in enumerate(wanted):
    size = sized.sizes[place]
    sizes[name] = sized.reasons[place] if size is None else size
  labels.add(record)
  return sizes


def _put_together(
    unit: _Unit,
    tuned: tuned_lib.Tuned,
    choices: dict[str, tuple[str, int]],
    settings: tuned_lib.Settings,
    start: float,
    on_trial: OnTrial | None,
) -> _Built:
  """The smallest module of those tried: all choices, then one more or less."""
  order = sorted(choices, key=lambda s: -choices[s][1])
  numbers = {symbol: str(at) for at, symbol in enumerate(order)}
  best = unit.base
  num_builds = 0

  def joined(wanted) -> str:
    return '+'.join(n for n in numbers.values() if n in set(wanted))

  def chosen(name: str) -> dict[str, str]:
    numbers_in = set(name.split('+'))
    return {s: choices[s][0] for s in order if numbers[s] in numbers_in}

  def cost(name: str) -> float:
    nonlocal best, num_builds
    if not name:
      return unit.size(unit.base)
    num_builds += 1
    try:
      built = unit.build(chosen(name))
    except (size_passes.SizeError, elf.ElfError):
      return math.inf
    if not _is_sound(built.sizes, unit.base.sizes):
      return math.inf
    size = unit.size(built)
    if on_trial is not None:
      on_trial(tuned.path, f'whole, {1 + name.count("+")} of its own', size)
    if size < unit.size(best):
      best, tuned.choice = built, name
    return size

  def is_over() -> bool:
    if num_builds and tuned.stopped:
      return True
    if num_builds and _is_late(settings, start):
      tuned.stopped = 'seconds'
    return num_builds >= _MAX_BUILDS or bool(num_builds and tuned.stopped)

  if order:
    try:
      search.climb(
          cost, [joined(numbers.values())], [*numbers.values()], joined, is_over
      )
    except KeyboardInterrupt:
      tuned.stopped = 'Ctrl-C'
  kept = chosen(tuned.choice)
  tuned.choice = ' '.join(f'{s}={name}' for s, name in kept.items())
  tuned.base, tuned.best = unit.size(unit.base), unit.size(best)
  for symbol, name in kept.items():
    sizes = [b.sizes.functions.get(symbol, 0) for b in (unit.base, best)]
    tuned.notes.append(f'{symbol}: {sizes[0]:,} to {sizes[1]:,} bytes, {name}')
  return best


def _is_sound(found: elf.Sizes, base: elf.Sizes) -> bool:
  """Whether an object defines what it should, and needs nothing more."""
  allowed = base.undefined | size_passes.RUNTIME
  new = size_passes.unknown(found.undefined, allowed)
  return base.defined <= found.defined and not new


def _confirm(
    unit: _Unit,
    tuned: tuned_lib.Tuned,
    best: _Built,
    settings: tuned_lib.Settings,
    clang: compiler.Compiler | None,
    folder: pathlib.Path,
) -> bytes:
  """The object, unless what clang makes at -Oz is no larger."""
  if clang is None:
    return best.made
  command = unit.source.command((), settings, clang)
  made = unit.source.compile(command, folder)
  if made is None:
    return best.made
  size = getattr(elf.read_sizes(made), unit.which)
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
    best: _Built,
    worker: size_passes.SizeWorker,
    tuned: tuned_lib.Tuned,
) -> None:
  """Writes module or object, the whole file or nothing."""
  if output.suffix == '.ll':
    made = best.text.encode('utf-8', 'replace')
  elif output.suffix == '.bc':
    made = worker.mark(best.text.encode('utf-8', 'replace'))
  part = output.with_name(f'.{output.name}.part')
  try:
    part.write_bytes(made)
    part.replace(output)
  finally:
    part.unlink(missing_ok=True)
  if output.suffix in ('.ll', '.bc'):
    words = ('clang', '-Oz', '-Xclang', '-disable-llvm-passes', '-c')
    tuned.command = shlex.join((*words, str(output)))
