"""Runs a program of `driver.c` twice: costs, and how sure they are.

Station: between the programs that `loops` and `openmp` build and the records
that `batch` keeps. Clones (choices, that is) take turns in random order, a
round after the other; the least time of a call counts. Two processes do that:
the passes. Passes that disagree are repeated once.
"""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from mirencoder_jax.frontend import bounded
from mirencoder_jax.measure import agreement
from mirencoder_jax.measure.source_settings import SourceError

FOLDER = pathlib.Path(__file__).parent
# How far apart results may be: -ffast-math and threads reorder sums.
_TOLERANCE = 0.01


@dataclasses.dataclass(frozen=True)
class PassesConfig:
  """How long to measure, and when passes agree.

  Attributes:
    window: seconds that one timing of a clone lasts at least.
    min_rounds: timings of each clone in a pass.
    max_rounds: the same, if the minimum still falls.
    run_seconds: cap on the processor time of one pass.
    max_regret: passes agree up to this cost of choosing by the other one.
    max_difference: and up to this median difference of costs, as a share.
  """

  window: float = 2e-4
  min_rounds: int = 12
  max_rounds: int = 40
  run_seconds: int = 20
  max_regret: float = 1.05
  max_difference: float = 0.05


def compile_driver(link: Sequence[str], folder: pathlib.Path) -> pathlib.Path:
  """Compiles the driver once into `folder`; the object."""
  output = folder / 'driver.o'
  source = str(FOLDER / 'driver.c')
  bounded.run_checked(
      [*link, '-O2', '-c', source, '-o', str(output)], cpu_seconds=60
  )
  return output


def _parse_pass(output: str) -> dict[str, Any]:
  results, costs, trips, footprint = {}, {}, (0, 0), 0
  for line in output.splitlines():
    words = line.split()
    if words[0] == 'trips':
      trips = (int(words[1]), int(words[2]))
    elif words[0] == 'bytes':
      footprint = int(words[1])
    elif words[0] == 'clone':
      results[int(words[1])] = tuple(float(word) for word in words[2:5])
      costs[int(words[1])] = float(words[5])
  return dict(trips=trips, footprint=footprint, results=results, costs=costs)


def _is_same(reference, result) -> bool:
  """Whether two clones computed the same, up to reordering."""
  returned, total, absolute = zip(reference, result, strict=True)
  scale = max(abs(returned[0]), 1.0), max(absolute[0], 1e-30)
  differences = abs(returned[1] - returned[0]), abs(total[1] - total[0])
  return all(
      d <= _TOLERANCE * s for d, s in zip(differences, scale, strict=True)
  )


def _round(values) -> list[float]:
  return [float(f'{value:.5g}') for value in values]


def _measure(
    binary: pathlib.Path, clones: list[int], config: PassesConfig, seed: int
) -> dict[str, Any]:
  done = bounded.run_checked(
      [
          str(binary),
          ','.join(map(str, clones)),
          str(seed),
          repr(config.window),
          str(config.min_rounds),
          str(config.max_rounds),
      ],
      cpu_seconds=config.run_seconds,
  )
  return _parse_pass(done.output)


def measure(
    binary: pathlib.Path,
    clones: Sequence[int],
    config: PassesConfig,
    *,
    default: int,
) -> dict[str, Any]:
  """The fields of a record that are measured.

  Args:
    binary: a program linked with the driver.
    clones: numbers of its choices; the first gives the right results.
    config: how long to measure.
    default: the choice that must compute what the first one does.

  Returns:
    `status`, `ok` or `disagree`; `attempts`; `clones`, those with the right
    results, and `wrong`, the others; `passes`, seconds of a call of each of
    `clones`; `correlation`, `regret` and `difference` of the two; `trips`;
    `footprint`, bytes of all arrays.

  Raises:
    RunError: the program crashes or takes too long.
    SourceError: the default computes something else.
  """
  status = 'disagree'
  for attempt in (1, 2):
    passes = [
        _measure(binary, clones, config, seed=10 * attempt + i) for i in (1, 2)
    ]
    results = passes[0]['results']
    wrong = [c for c in clones if not _is_same(results[clones[0]], results[c])]
    if default in wrong:
      raise SourceError(
          'the first choice and the default compute different results; does '
          'the code read what it does not write, or depend on order?'
      )
    kept = [clone for clone in clones if clone not in wrong]
    costs = np.array([[p['costs'][c] for c in kept] for p in passes])
    regret = max(agreement.regret(*costs), agreement.regret(*costs[::-1]))
    difference = float(np.median(np.abs(np.log(costs[0] / costs[1]))))
    if regret <= config.max_regret and difference <= config.max_difference:
      status = 'ok'
      break
  return dict(
      status=status,
      attempts=attempt,
      clones=kept,
      wrong=wrong,
      passes=[_round(row) for row in costs],
      correlation=round(agreement.rank_correlation(*costs), 4),
      regret=round(regret, 5),
      difference=round(difference, 5),
      trips=passes[0]['trips'],
      footprint=passes[0]['footprint'],
  )


def confirm(
    binary: pathlib.Path,
    costs: Sequence[float | None],
    same: Sequence[int | None],
    default: int,
    config: PassesConfig,
    num_passes: int,
) -> dict[str, Any]:
  """Passes of the best choice and the default alone, for an interval.

  They are none of those that the best was chosen by, so that its gain is not
  the luck of the least of many.

  Args:
    binary: a program linked with the driver.
    costs: of each choice, None where it has none.
    same: the clone of each choice.
    default: a choice.
    config: how long a pass is.
    num_passes: how many; 0 for none, and nothing is said.

  Returns:
    `confirmed`: the best choice, and its cost over the default's of each pass;
    no passes where both are the same code.
  """
  if not num_passes:
    return {}
  known = [c for c, cost in enumerate(costs) if cost is not None]
  best = min(known, key=lambda c: (costs[c], c != default))
  ratios = []
  if same[best] != same[default]:
    for seed in range(100, 100 + num_passes):
      found = _measure(binary, [same[default], same[best]], config, seed)
      cost = found['costs']
      ratios.append(cost[same[best]] / cost[same[default]])
  return dict(confirmed=dict(choice=best, ratios=_round(ratios)))


def least_costs(
    measured: dict[str, Any], same: Sequence[int | None]
) -> list[float | None]:
  """The lesser time of the passes by choice; None where it has none.

  Args:
    measured: of `measure`.
    same: for each choice the clone that was timed for it, None for none.
  """
  least = np.min(measured['passes'], axis=0).tolist()
  of_clone = dict(zip(measured['clones'], least, strict=True))
  return [of_clone.get(clone) for clone in same]
