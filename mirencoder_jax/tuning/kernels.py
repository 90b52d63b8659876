"""`tune --for loops` and `--for openmp`: choices of one kernel, measured.

    (found,) = tuning.kernels.tune('axpy.c', 'loops', table='labels.jsonl')

A file is as `measure loops` and `measure openmp` read it, and is measured by
their protocol into a table of theirs: one program holds all choices that are
asked for and times them in turn, so that nothing is searched step by step. What
is asked for first are a prediction's choices and those that served others; with
a budget, no more than so many. Between the best and what the compiler does by
itself more passes decide, which give the interval.
"""

import dataclasses
import math
import os
import pathlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    batch,
    compiler,
    label_file,
    label_table,
    loop_program,
    loops,
    openmp,
    passes,
    size_summary,
)
from mirencoder_jax.tuning import tuned as tuned_lib

# Each adds most to those before it: the geometric mean over the 1,193 loops of
# datasets/loop_vectorization is 1.11 with these, 1.12 with all.
LOOP_ORDER = (
    *('vf1_if16', 'vf64_if1', 'vf8_if1', 'vf1_if4', 'vf16_if2', 'vf32_if8'),
    *('vf2_if1', 'vf16_if1', 'vf8_if4', 'vf32_if4'),
)
_NUM_FIRST = 4  # measured before the rest, so that Ctrl-C leaves something
_NUM_CONFIRMING = 12
_MIN_RECORDS = 5  # of a table, whose order is then the one to try in
_TRUST = 'do not trust this: '

# IR and inputs (bytes, iterations) of a kernel -> choices, the best first.
Rank = Callable[[pathlib.Path, Mapping[str, float]], Sequence[str]]


@dataclasses.dataclass(frozen=True)
class _Goal:
  """What may be chosen, and how it is measured.

  Attributes:
    names: of the choices.
    default: the one that needs nothing.
    order: the most promising first.
    use: what to write or to set for a choice.
    label: measures, see `loops.label_files`, all but the file and its table.
  """

  names: Sequence[str]
  default: str
  order: Sequence[str]
  use: Callable[[str], str]
  label: Callable[..., dict[str, Any]]


def _loops(clang: str, config: loops.LoopsConfig | None) -> _Goal:
  found = compiler.find_clang(clang or None)
  config = config or loops.LoopsConfig()

  def label(path, table, **options):
    return loops.label_files([path], table, config, found, **options)

  def use(choice: str) -> str:
    width, count = loop_program.CONFIGURATIONS[names.index(choice)]
    return (
        f'#pragma clang loop vectorize_width({width}) interleave_count({count})'
    )

  names = loop_program.NAMES
  return _Goal(names, names[loop_program.COMPILER], LOOP_ORDER, use, label)


def _openmp(name: str, config: openmp.OpenMPConfig | None) -> _Goal:
  openmp.find_compiler(name or None)  # before anything is said of the file
  config = config or openmp.OpenMPConfig()
  names = config.names

  def label(path, table, **options):
    return openmp.label_files([path], table, config, name or None, **options)

  def use(choice: str) -> str:
    threads, schedule, chunk = config.choices[names.index(choice)]
    chunk = f',{chunk}' if chunk else ''
    return f'OMP_NUM_THREADS={threads} OMP_SCHEDULE={schedule}{chunk}'

  # Many threads, and no chunk, first.
  order = sorted(
      range(len(names)),
      key=lambda i: (config.choices[i][2] > 0, -config.choices[i][0]),
  )
  return _Goal(names, config.default, [names[i] for i in order], use, label)


GOALS = {'loops': _loops, 'openmp': _openmp}


def tune(
    path: str | os.PathLike,
    goal: str,
    settings: tuned_lib.Settings | None = None,
    *,
    table: str | os.PathLike | None = None,
    rank: Rank | None = None,
    config: passes.PassesConfig | None = None,
    on_trial: Callable[[str, str, float | str], object] | None = None,
) -> Iterator[tuned_lib.Tuned]:
  """Measures choices for the loop, or the parallel region, of a file.

  Args:
    path: of a C file.
    goal: of `GOALS`.
    settings: `trials` choices, the most promising ones; None for all.
    table: label file, as `measure` writes it, that gets what was measured; a
      table.csv for eval.py and IR are kept beside it. What it has is not
      measured again.
    rank: a prediction.
    config: of the measuring, by default as `measure` has it.
    on_trial: told path, choice and seconds of a call, or what is wrong.

  Yields:
    What was found, once; the best so far after Ctrl-C.

  Raises:
    IRError: no compiler, or no such file.
    LabelFileError: `table` is of another machine, compiler or goal.
  """
  settings = settings or tuned_lib.Settings()
  path = pathlib.Path(path)
  if not path.is_file():
    raise IRError('there is no such file', str(path))
  if path.suffix != '.c':
    raise IRError(f'{goal} are measured of a C source, .c', str(path))
  kind = GOALS[goal](settings.clang, config)
  with tempfile.TemporaryDirectory() as folder:
    output = pathlib.Path(table or os.path.join(folder, 'labels.jsonl'))
    kernel = _Kernel(path, kind, output, settings)
    try:
      kernel.run(rank, on_trial)
    except KeyboardInterrupt:
      kernel.tuned.stopped = 'Ctrl-C'
    kernel.conclude()
    if table is not None and kernel.record:
      _, records = label_file.read_labels(output)
      label_table.write_table(
          label_table.path_of(output), records, kind.names, kind.default
      )
    yield kernel.tuned


class _Kernel:
  """A file on its way through the stages of measuring."""

  def __init__(
      self,
      path: pathlib.Path,
      kind: _Goal,
      table: pathlib.Path,
      settings: tuned_lib.Settings,
  ):
    self.tuned = tuned_lib.Tuned(str(path))
    self.record: dict[str, Any] = {}
    self._path, self._kind, self._table = path, kind, table
    self._settings = settings
    self._start = time.monotonic()
    self._predicted: Sequence[str] = ()
    self._others: list[dict[str, Any]] = []
    if table.exists():
      _, records = label_file.read_labels(table)
      known = records.pop(path.stem, {})
      if known.get('digest') == batch.digest(path):
        self.record = known
      self._others = [*records.values()]

  def run(self, rank: Rank | None, on_trial) -> None:
    """Measures, a few choices first."""
    if rank is not None:
      self._measure((), 0)  # how often it iterates, for the prediction
      if self.record['status'] == 'failed':
        return
      self._predict(rank)
    order = self._order()
    told: set[str] = set()
    for count in (_NUM_FIRST, len(order)):
      wanted = order[:count]
      self._measure(wanted, _NUM_CONFIRMING)
      if self.record['status'] == 'failed':
        return
      for name in wanted:
        if name in told:
          continue
        told.add(name)
        self.tuned.trials[name] = found = self._seconds(name)
        if on_trial is not None:
          on_trial(self.tuned.path, name, found)
      limit = self._settings.seconds
      if limit is not None and time.monotonic() - self._start > limit:
        self.tuned.stopped = 'seconds' * (count < len(order))
        break

  def _predict(self, rank: Rank) -> None:
    ir = self._table.parent / 'ir' / f'{self._path.stem}.ll'
    if not ir.exists():
      return  # there is no clang that makes it
    try:
      self._predicted = [
          name
          for name in rank(ir, label_table.inputs_of(self.record))
          if name in self._kind.names
      ]
    except ValueError as error:  # of another kind, or inputs it does not know
      self.tuned.notes.append(f'no prediction: {error}')

  def _order(self) -> list[str]:
    """Names of the choices that are to be measured."""
    names = self._kind.names
    complete = [
        [math.inf if cost is None else cost for cost in record['costs']]
        for record in self._others
        if record['status'] == 'ok' and 'only' not in record
    ]
    order = self._kind.order
    if len(complete) >= _MIN_RECORDS:
      default = names.index(self._kind.default)
      order = [names[i] for i in cover(np.array(complete), default)]
    order = [*dict.fromkeys([*self._predicted, *order, *names])]
    order.remove(self._kind.default)
    return order[: self._settings.trials]

  def _measure(self, wanted: Sequence[str], num_confirming: int) -> None:
    only = sorted(self._kind.names.index(name) for name in wanted)

    def is_enough(record: Mapping[str, Any]) -> bool:
      if record['status'] == 'failed':
        return False  # perhaps it was the machine
      if num_confirming and 'confirmed' not in record:
        return False
      return 'only' not in record or set(only) <= set(record['only'])

    found = self._kind.label(
        self._path,
        self._table,
        only=only,
        num_confirming=num_confirming,
        is_enough=is_enough,
        is_quiet=True,
    )
    self.record = found[self._path.stem]

  def _seconds(self, name: str) -> float | str:
    found = self.record['costs'][self._kind.names.index(name)]
    if found is None:
      return 'computes something else, or takes too long to compile'
    return found

  def conclude(self) -> None:
    """Says what is best, and whether to believe it."""
    tuned, record = self.tuned, self.record
    tuned.seconds = time.monotonic() - self._start
    if record.get('status') == 'failed':
      tuned.error = record['reason']
      return
    confirmed = record.get('confirmed')
    if confirmed is None:
      tuned.error = 'stopped before anything was known'
      return
    names, default = self._kind.names, self._kind.default
    tuned.base = tuned.best = record['costs'][names.index(default)]
    choice, ratios = names[confirmed['choice']], confirmed['ratios']
    if ratios:
      median, low, high = interval(ratios)
      tuned.interval = 1 - high, 1 - low
      if high < 1:
        tuned.choice = choice
        tuned.best = tuned.base * median
        tuned.command = self._kind.use(choice)
      else:
        tuned.notes.append(
            f'{_TRUST}{choice} seemed best, and its gain is within the noise'
        )
    if record['status'] == 'disagree':
      tuned.notes.append(
          f'{_TRUST}two passes over the choices are {record["difference"]:.0%} '
          'apart; measure on a machine that does nothing else'
      )
    self._judge_prediction()

  def _judge_prediction(self) -> None:
    names = self._kind.names
    costs = [c for c in self.record['costs'] if c is not None]
    for name in self._predicted[:1]:
      cost = self.record['costs'][names.index(name)]
      if cost is not None:
        self.tuned.notes.append(
            f'predicted was {name}, {cost / min(costs) - 1:.1%} slower than '
            'the fastest that was measured'
        )


def interval(values: Sequence[float]) -> tuple[float, float, float]:
  """Median, and where it is with 95 % or more, however values are spread.

  It is between the k-th least and the k-th greatest, unless fewer than k of
  all values are on one side of it, as of coins that fall.
  """
  values, n = sorted(values), len(values)
  tail, k = 0.0, 0
  while k < n // 2:
    tail += math.comb(n, k) / 2**n
    if 2 * tail > 0.05:
      break
    k += 1
  k = max(k, 1)
  return float(np.median(values)), values[k - 1], values[n - k]


def cover(costs: np.ndarray, default: int) -> list[int]:
  """Choices in the order in which each adds most to those before it.

  Args:
    costs: of programs and choices; float [n, C], infinite for none.
    default: what there is anyway.
  """
  gains = -np.log(costs / costs[:, [default]]).T
  # Where nothing adds anything, the best by itself.
  order = sorted(range(len(gains)), key=lambda c: -gains[c].mean())
  order.remove(default)
  named = {str(c): gains[c] for c in order}
  return [int(c) for c, _ in size_summary.coreset(named, len(named))]
