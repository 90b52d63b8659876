"""What a plan and more sets of flags are worth in the first trials for a unit.

    python benchmarks/size_sets.py
    python benchmarks/size_sets.py --source=FOLDER --table=sets.jsonl

The first command needs labels alone: what is saved of `.text` by the plan
(`measure/size_plan.py`) and by one order for all, on the labelled units of
packages that neither was made of; and on those that they were made of, each
fifth of the packages by a plan and an order of the other four, also of the
whole image. The second measures --sets on the labelled units of the latter
packages, of which FOLDER has the bitcode (`datasets/prepare.py source_packages
--bitcode_only`), one of a package before a second, and tells what an order
gains by these sets. Sizes are kept in --table, so that it can be stopped; they
do not hang on the machine. Intervals of 95 % by a bootstrap over packages.
"""

import pathlib
import sys
import tempfile

import numpy as np
from absl import app, flags

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import packages as shared  # noqa: E402
from mirencoder_jax.measure import (  # noqa: E402
    label_file,
    size_flags,
    size_modules,
    size_passes,
    size_plan,
    size_summary,
    unit_sizes,
)
from mirencoder_jax.tuning import size  # noqa: E402

_SOURCE = flags.DEFINE_string('source', None, 'Folder of bitcode.')
_SETS = flags.DEFINE_list(
    'sets',
    [
        'ext-tsp+outliner+ir-outliner+no-machine-licm+gvn-sink+ipra+no-lsr+list-burr+no-load-pre+tail-merge-1',
        'ext-tsp+outliner+no-machine-licm+gvn-sink+ipra+no-lsr+no-jump-threading+no-load-pre+tail-merge-1',
        'ext-tsp+no-machine-licm+gvn-hoist+no-lsr+list-burr+no-load-pre+tail-merge-1+no-misched',
        'ext-tsp+outliner+gvn-hoist+no-inline+list-burr+no-load-pre+tail-merge-1',
        'ext-tsp+outliner+ir-outliner+gvn-sink+ipra+no-lsr+no-inline+no-load-pre+tail-merge-1',
    ],
    'To measure on units of it.',
)
_TABLE = flags.DEFINE_string('table', None, 'Label file of their sizes.')
_UNITS = flags.DEFINE_integer('units', 100, 'To measure, at most.')
_MEGABYTES = flags.DEFINE_float('megabytes', 0.06, 'Larger ones are left out.')
_CLANG = flags.DEFINE_string('clang', '', 'Name or path.')
NUM_TRIALS, NUM_FOLDS = 4, 5


def read_units() -> list[dict]:
  """Records of labelled units of packages, packages in turn."""
  return shared.in_turn([r for r in shared.read_labels() if 'hash' in r])


def is_chosen_on(record: dict) -> bool:
  return shared.is_chosen_on(record['package'])


def gains_of(
    units: list[dict], sets: dict[str, str], place: int = 0
) -> dict[str, np.ndarray]:
  """Log ratios of -Oz over each set, of `.text` or (1) of the whole image."""

  def gain(sizes: dict, names: str) -> float:
    found = sizes[names]
    if isinstance(found, str):
      return 0  # it failed
    return np.log(sizes[''][place] / found[place])

  return {
      name: np.array([gain(unit['sizes'], names) for unit in units])
      for name, names in sets.items()
  }


def by_plan(plan: size_plan.Plan, gains: dict[str, float]) -> list[float]:
  """The best so far behind each trial."""
  names, costs, found = {name: name for name in gains}, {'': 1.0}, []
  for _ in range(NUM_TRIALS):
    name = size_plan.next_set(plan, names, costs)
    if name is not None:
      costs[name] = np.exp(-gains[name])
    found.append(-np.log(min(costs.values())))
  return found


def by_order(order: list[str], gains: dict[str, float]) -> list[float]:
  values = [gains[name] for name in order[:NUM_TRIALS]]
  return list(np.maximum.accumulate(np.maximum(values, 0)))


def left_out(
    gains: dict[str, np.ndarray], packages: np.ndarray, first: str | None
) -> np.ndarray:
  """By plan and order of the packages of other fifths; [2, n, NUM_TRIALS]."""
  fold = shared.folds(packages, NUM_FOLDS)
  found = np.zeros((2, len(packages), NUM_TRIALS))
  for f in range(NUM_FOLDS):
    learnt = {name: column[fold != f] for name, column in gains.items()}
    kept = size_summary.coreset(learnt, NUM_TRIALS, [first] if first else [])
    plan = size_plan.grow(learnt, NUM_TRIALS, first=first)
    for i in np.flatnonzero(fold == f):
      row = {name: column[i] for name, column in gains.items()}
      found[0, i] = by_plan(plan, row)
      found[1, i] = by_order([name for name, _ in kept], row)
  return found


def tell(title: str, found: dict[str, np.ndarray], packages: np.ndarray):
  """Saved % of each way, and points over the last one."""
  draws, num = shared.draws(packages), len(np.unique(packages))
  print(f'{title}: {len(packages)} units of {num} packages')
  *_, last = found.values()
  for way, logs in found.items():
    cells = []
    for column, other in zip(logs.T, last.T, strict=True):
      more = 100 * (column - other)
      low, high = shared.bounds([more[d].mean() for d in draws])
      saved = 100 * (1 - np.exp(-column.mean()))
      cells.append(
          f'{saved:.2f} ({more.mean():+.2f} [{low:+.2f}, {high:+.2f}])'
      )
    print(f"  {way}: {', '.join(cells)}")


def tell_labels(units: list[dict]) -> None:
  sets = {n: names for n, names in size_flags.CHOICES.items() if names}
  others = [unit for unit in units if not is_chosen_on(unit)]
  gains = gains_of(others, sets)
  rows = [{n: x[i] for n, x in gains.items()} for i in range(len(others))]
  plan, order = size_plan.PLANS['text'], size_flags.TRIED['text']
  found = {
      'plan': np.array([by_plan(plan, row) for row in rows]),
      'order': np.array([by_order(order, row) for row in rows]),
  }
  tell('not chosen on, text', found, np.array([u['package'] for u in others]))
  units = [unit for unit in units if is_chosen_on(unit)]
  packages = np.array([unit['package'] for unit in units])
  for place, (kind, first) in enumerate(dict(text='s1', image=None).items()):
    plans, orders = left_out(gains_of(units, sets, place), packages, first)
    found = dict(plan=plans, order=orders)
    tell(f'chosen on, in turn, {kind}', found, packages)


def tell_more(units: list[dict], sets: list[str]) -> None:
  """Orders with and without more sets; units have sizes of all."""
  known = {n: names for n, names in size_flags.CHOICES.items() if names}
  more = known | {names: names for names in sets}
  packages = np.array([unit['package'] for unit in units])
  found = {}
  for title, table in (('with', more), ('without', known)):
    gains = gains_of(units, table)
    best = np.maximum(0, list(gains.values())).max(axis=0)
    print(f'best of {len(table)}: {100 * (1 - np.exp(-best.mean())):.2f} %')
    _, found[f'order, {title}'] = left_out(gains, packages, None)
  tell('measured, in turn', found, packages)


def measure(units: list[dict]) -> list[dict]:
  """Records of the first units with sizes of all sets, where they have one."""
  clang, root = size.find_clang(_CLANG.value), pathlib.Path(_SOURCE.value)
  config = unit_sizes.UnitsConfig(max_megabytes=_MEGABYTES.value)
  records: list[dict] = []
  with (
      tempfile.TemporaryDirectory() as folder,
      size_passes.SizeWorker() as worker,
      label_file.open_labels(
          pathlib.Path(_TABLE.value or f'{folder}/sets.jsonl'),
          config.header(clang),
      ) as labels,
  ):
    session = unit_sizes.Session(
        labels, clang, config, pathlib.Path(folder), worker
    )
    for labelled in units:
      path = root / labelled['name']
      limit = 2**20 * _MEGABYTES.value
      if not path.exists() or path.stat().st_size > limit:
        continue
      name, package = labelled['name'], labelled['package']
      unit = unit_sizes.Unit(
          size_modules.IrModule(name, package, path), session
      )
      if 'reason' in unit.record:
        continue
      sizes = labelled['sizes']
      # Another rustc makes other units of the same sources.
      if unit.record['hash'] == labelled['hash'] and unit.size('') == sizes['']:
        unit.record['sizes'] |= sizes
      for names in (*size_flags.SETS, *_SETS.value):
        unit.size(names)
      records.append(unit.record)
      print(len(records), name, file=sys.stderr, flush=True)
      if len(records) == _UNITS.value:
        break
  return records


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError('takes flags only')
  units = read_units()
  if _SOURCE.value is None:
    tell_labels(units)
    return
  for names in _SETS.value:
    size_flags.words_of(names)  # says which is wrong
  units = [unit for unit in units if is_chosen_on(unit)]
  records = measure(units)
  if not records:
    raise app.UsageError(f'--source={_SOURCE.value} has no labelled units')
  tell_more(records, _SETS.value)


if __name__ == '__main__':
  app.run(main)
