"""What trials are worth: `mirencoder tune` beside other searches for flags.

    python benchmarks/tune_size.py FOLDER --units=40 --table=sizes.jsonl

FOLDER holds bitcode as it is before optimisation (`datasets/prepare.py
source_packages --bitcode_only`). The sets of flags that ship were chosen on
packages whose SHA-256 modulo 10 is below 6; units are of the others. For each
number of trials the table has the geometric mean of what is saved of `.text`
under `clang -Oz`, and its share of what greedy search over all flags saves
(some 100 compilations a unit). Random sets, one flag more at a time, and
Optuna's TPE (`pip install optuna`) beside it. Sizes are kept in --table, so
that it can be stopped; they do not hang on the machine or its load. With
--functions=60 passes by function are tried, too, so many seconds a unit.
"""

import json
import math
import pathlib
import random
import sys
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from absl import app, flags

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmarks import packages as shared
from mirencoder_jax.measure import (
    size_flags,
    size_modules,
    unit_search,
    unit_sizes,
)
from mirencoder_jax.tuning import functions, search
from mirencoder_jax.tuning import tuned as tuned_lib

_UNITS = flags.DEFINE_integer('units', 40, 'Of packages in turn, at most.')
_TRIALS = flags.DEFINE_list('trials', '1,2,4,8,16,32', 'Numbers of trials.')
_MEGABYTES = flags.DEFINE_float('megabytes', 0.2, 'Larger units are left out.')
_TABLE = flags.DEFINE_string('table', None, 'Label file of sizes.')
_FUNCTIONS = flags.DEFINE_float(
    'functions', 0, 'Seconds a unit for `--for functions`; 0 leaves it out.'
)
_CLANG = flags.DEFINE_string('clang', '', 'Name or path.')
Cost = Callable[[str], float]


def tuned(
    cost: Cost, trials: int, sets: Sequence[str] = size_flags.order('text')
) -> None:
  asked: list[str] = []

  def counted(names: str) -> float:
    asked.append(names)
    return cost(names)

  search.climb(
      counted,
      sets,
      tuple(size_flags.FLAGS),
      size_flags.joined,
      lambda: len(asked) > trials,  # the first is -Oz alone
  )


def by_table(cost: Cost, trials: int) -> None:
  names = size_flags.TRIED['text']
  tuned(cost, trials, [size_flags.CHOICES[name] for name in names])


def random_sets(cost: Cost, trials: int) -> None:
  chooser = random.Random(0)
  for _ in range(trials):
    names = chooser.sample(list(size_flags.FLAGS), chooser.randint(1, 6))
    cost(size_flags.joined(names))


def one_more(cost: Cost, trials: int) -> None:
  """Keeps each flag of the table that helps, in the table's order."""
  best = ''
  for name in list(size_flags.FLAGS)[:trials]:
    candidate = size_flags.joined([*best.split('+'), name])
    if cost(candidate) < cost(best):
      best = candidate


def optuna_tpe(cost: Cost, trials: int) -> None:
  import optuna

  optuna.logging.set_verbosity(optuna.logging.ERROR)
  study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
  for _ in range(trials):
    trial = study.ask()
    names = [
        name
        for name in size_flags.FLAGS
        if trial.suggest_categorical(name, [False, True])
    ]
    study.tell(trial, min(cost(size_flags.joined(names)), 1e9))


def curve(
    unit: unit_sizes.Unit, run: Callable[[Cost, int], None], counts: list[int]
) -> list[float]:
  """Log of base over the best so far, behind each number of trials."""
  base = unit.size('')[0]
  seen: dict[str, float] = {}

  def cost(names: str) -> float:
    found = unit.size(names)
    seen[names] = math.inf if isinstance(found, str) else found[0]
    return seen[names]

  run(cost, max(counts))
  tried = [value for names, value in seen.items() if names]
  return [math.log(base / min([base, *tried[:count]])) for count in counts]


def table(
    units: list[unit_sizes.Unit], packages: list[str], counts: list[int]
) -> str:
  """Markdown."""
  greedy = np.array(
      [
          unit_search.log_ratio(unit, unit_search.search_unit(unit))
          for unit in units
      ]
  )
  runs = {
      'the set for all, unchecked': None,
      '`mirencoder tune`': tuned,
      '... the sets of the table first': by_table,
      'random sets': random_sets,
      'one flag more at a time': one_more,
      'Optuna, TPE': optuna_tpe,
  }
  rows = ['| search | ' + ' | '.join(f'{n}' for n in counts) + ' |']
  rows.append('|---' * (1 + len(counts)) + '|')
  constant = np.array(
      [unit_search.log_ratio(u, size_flags.order('text')[0]) for u in units]
  )
  found: dict[str, np.ndarray] = {}
  for name, run in runs.items():
    if run is None:
      cells = [_cell(constant, greedy, packages)] + [''] * (len(counts) - 1)
    else:
      try:
        found[name] = np.array([curve(unit, run, counts) for unit in units])
      except ImportError as error:
        cells = [f'no {error.name}'] + [''] * (len(counts) - 1)
      else:
        cells = [_cell(column, greedy, packages) for column in found[name].T]
    rows.append(f'| {name} | ' + ' | '.join(cells) + ' |')
  first, second = list(found)[:2]
  more = [
      _interval(100 * column, packages, '+.2f')
      for column in (found[first] - found[second]).T
  ]
  rows.append(f'| {first} over {second}, points | ' + ' | '.join(more) + ' |')
  return (
      f'{len(units)} units of {len(set(packages))} packages; greedy search '
      f'over all flags saves {_cell(greedy, greedy, packages)}.\n\n'
      + '\n'.join(rows)
  )


def by_function(root: pathlib.Path, units: list[unit_sizes.Unit]) -> np.ndarray:
  """Log of -Oz over what `tune --for functions` leaves, of each unit."""
  gains = []
  for unit in units:
    settings = tuned_lib.Settings(seconds=_FUNCTIONS.value)
    (found,) = functions.tune(root / unit.name, settings)
    gains.append(0 if found.error else math.log(found.base / found.best))
    told = f'{found.base} {found.best} {found.error}'
    print(f'{len(gains)} {unit.name}: {told}', file=sys.stderr, flush=True)
  return np.array(gains)


def _bounds(values: np.ndarray, packages: list[str]) -> np.ndarray:
  """Of the mean, by packages."""
  return shared.bounds([values[d].mean() for d in shared.draws(packages)])


def _interval(values: np.ndarray, packages: list[str], style: str) -> str:
  low, high = _bounds(values, packages)
  return f'{values.mean():{style}} [{low:{style}}, {high:{style}}]'


def _cell(gain: np.ndarray, greedy: np.ndarray, packages: list[str]) -> str:
  """Mean, interval by packages, share of the greedy search."""
  bounds = (gain.mean(), *_bounds(gain, packages))
  shown = [100 * (1 - math.exp(-x)) for x in bounds]
  return (
      f'{shown[0]:.1f} % [{shown[1]:.1f}, {shown[2]:.1f}], '
      f'{gain.mean() / greedy.mean():.0%}'
  )


def main(argv: list[str]) -> None:
  if len(argv) != 2:
    raise app.UsageError('give one folder')
  modules = [
      m
      for m in size_modules.find_modules([pathlib.Path(argv[1])])
      if not shared.is_chosen_on(m.package)
  ]
  with shared.open_session(
      _TABLE.value, _CLANG.value, _MEGABYTES.value
  ) as session:
    units, packages = _take(modules, session)
    counts = sorted(map(int, _TRIALS.value))
    print(json.dumps(dict(clang=session.clang.version, units=len(units))))
    print(table(units, packages, counts))
    if _FUNCTIONS.value:
      gains = by_function(pathlib.Path(argv[1]), units)
      saved = _interval(100 * (1 - np.exp(-gains)), packages, '.1f')
      print(f'\n`--for functions`: {saved} %')


def _take(modules: Iterable[size_modules.IrModule], session):
  """The first units that have a size; one of a package before a second."""
  units: list[unit_sizes.Unit] = []
  packages: list[str] = []
  for module in modules:
    if len(units) == _UNITS.value:
      break
    unit = unit_sizes.Unit(module, session)
    if 'reason' in unit.record:
      continue
    units.append(unit)
    packages.append(module.package)
    unit_search.search_unit(unit)  # kept in the table, unit by unit
    print(f'{len(units)} {module.name}', file=sys.stderr, flush=True)
  return units, packages


if __name__ == '__main__':
  app.run(main)
