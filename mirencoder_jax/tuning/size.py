"""`tune`: flags on top of `clang -Oz` that make a unit smaller, each tried.

    for found in tuning.size.tune('kernel.c'):
      print(found.choice, found.base, found.best)

A unit is compiled to IR without passes, as `clang -Oz` would begin, and then
by `clang -Oz` with one set of flags after the other (`measure.unit_sizes`). A
set that crashes clang, loses an exported symbol or calls something new is out.
What wins is compiled once more from what was given, as a person would, and has
to be smaller there too; else it is `clang -Oz` that is advised.
"""

import math
import os
import pathlib
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator

from mirencoder_jax.measure import (
    compiler,
    label_file,
    size_flags,
    size_modules,
    size_passes,
    unit_sizes,
)
from mirencoder_jax.tuning import search, sources
from mirencoder_jax.tuning import tuned as tuned_lib

NUM_TRIALS = 16
SLOW = 'no-inline'
_SLOW_NOTE = (
    'no-inline keeps calls, which may cost time, of C++ above all: measure it, '
    'or leave it out with --without no-inline'
)
MIN_VERSION = 20  # older clangs lack flags of the table, or read no new IR


Settings = tuned_lib.Settings


class Tuned(tuned_lib.Tuned):
  """What was found for one unit: a set of flags, sizes in bytes."""

  @property
  def words(self) -> tuple[str, ...]:
    """The flags as a command line has them."""
    return size_flags.words_of(self.choice)


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
    units = sources.find(pathlib.Path(path), settings, clang, session.folder)
    for source in units:
      tuned = _tune_unit(source, settings, session, on_trial)
      if output is not None and not tuned.error:
        words = source.command(tuned.words, settings, clang)
        source.write(words, pathlib.Path(output))
      yield tuned
      if tuned.stopped == 'Ctrl-C':
        return


def _tune_unit(
    source: sources.Source,
    settings: Settings,
    session: unit_sizes.Session,
    on_trial: Callable[[str, str, int | str], object] | None,
) -> Tuned:
  tuned = Tuned(source.path, error=source.error)
  if source.ir is None:
    return tuned
  start = time.monotonic()
  which = tuned_lib.KINDS.index(settings.kind)
  module = size_modules.IrModule(source.path, '', source.ir)
  unit = unit_sizes.Unit(module, session)
  if reason := unit.record.get('reason'):
    tuned.error = reason + tuned_lib.hint(reason)
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
    # Among equals fewer flags, as the search has it: what they do is less.
    elif (bytes_, search.num_flags(flags)) < (
        tuned.best,
        search.num_flags(tuned.choice),
    ):
      tuned.choice, tuned.best = flags, bytes_
    return bytes_

  trials = NUM_TRIALS if settings.trials is None else settings.trials

  def is_over() -> bool:
    if len(tuned.trials) >= trials:
      tuned.stopped = 'trials'
    elif (
        settings.seconds is not None
        and time.monotonic() - start > settings.seconds
    ):
      tuned.stopped = 'seconds'
    return bool(tuned.stopped)

  flags = [name for name in size_flags.FLAGS if name not in settings.without]
  order = [
      size_flags.joined(set(names.split('+')) - {*settings.without})
      for names in size_flags.order(settings.kind)
  ]
  try:
    search.climb(cost, order, flags, size_flags.joined, is_over)
    if not tuned.trials:  # without a budget: what serves everyone, checked
      cost(order[0])
  except KeyboardInterrupt:
    tuned.stopped = 'Ctrl-C'
    if not tuned.base:
      tuned.error = 'stopped before anything was known'
      return tuned
  _confirm(source, tuned, settings, session)
  tuned.command = shlex.join(
      source.command(tuned.words, settings, session.clang)
  )
  if SLOW in tuned.choice.split('+'):
    tuned.notes.append(_SLOW_NOTE)
  tuned.seconds = time.monotonic() - start
  return tuned


def _confirm(source, tuned: Tuned, settings: Settings, session) -> None:
  """Compiles the source as a person would; -Oz stays if that is no larger."""
  which = tuned_lib.KINDS.index(settings.kind)
  base, best = (
      source.size(
          source.command(words, settings, session.clang), session.folder
      )
      for words in ((), tuned.words)
  )
  if base is None:
    tuned.error = 'clang -Oz makes no object of it'
    return
  sizes = [(s.text, s.berkeley)[which] for s in (base, best or base)]
  tuned.base, tuned.best = sizes
  if tuned.best >= tuned.base:
    tuned.choice, tuned.best = '', tuned.base


def find_clang(name: str) -> compiler.Compiler:
  """The one that was named, or the first that is new enough."""
  why = 'flags for size are those of'
  return compiler.find_newer(name, MIN_VERSION, why)
