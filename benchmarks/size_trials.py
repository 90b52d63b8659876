"""What labels and trials are worth where passes make functions smaller.

    python datasets/prepare.py code_size --manual_dir=FOLDER --data_dir=DATA
    python benchmarks/size_trials.py --data_dir=DATA

FOLDER is what `datasets/prepare.py source_packages --bitcode_only` has left.
Three tables: what the orders of trying (`size_flags.TRIED`, `pipelines.TRIED`)
save on labelled packages that they were not chosen on, beside the order of the
table; how forests explain sizes of packages that `small` was not trained on,
by the number of functions that they learn from; and what so many trials save by
an order for all, by one for each function, and in the order of what a forest
says. One seed; intervals of 95 % by a bootstrap over packages.
"""

import pathlib
import sys

import numpy as np
from absl import app, flags, logging
from sklearn import ensemble

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import mirencoder_jax as mir  # noqa: E402
from benchmarks import packages as shared  # noqa: E402
from configs import tasks as recipes  # noqa: E402
from mirencoder_jax.downstream.tasks import (  # noqa: E402
    counts,
    features,
    tasks,
)
from mirencoder_jax.evaluation import results  # noqa: E402
from mirencoder_jax.measure import pipelines, size_flags  # noqa: E402

_DATA = flags.DEFINE_string('data_dir', None, 'Of the prepared data.')
_TRIALS = flags.DEFINE_integer('trials', 4, 'At most.')
BASE = 'opcodes by loop depth'
NOTHING = 'order for all'
NUM_FOLDS, NUM_TREES = 5, 100
LIMIT = 0.5  # of log ratios that are learnt


def percent(log: float) -> float:
  return 100 * (1 - np.exp(log))


def is_held_out(package: str) -> bool:
  """Of pre-training of `small`."""
  return shared.digest(package) >> 224 < 0x40000000


# Orders of trying, of labels alone.


def tell_orders() -> None:
  # Of packages that candidates were not chosen on.
  records = [
      r for r in shared.read_labels() if not shared.is_chosen_on(r['package'])
  ]
  units = [r['sizes'] for r in records if 'hash' in r]
  for place, (kind, order) in enumerate(size_flags.TRIED.items()):
    table = {
        name: [s[names][place] for s in units]
        for name, names in size_flags.CHOICES.items()
    }
    _tell_order(f'units, {kind}', table, order)
  rows = [f[1] for r in records for f in r.get('functions', ())]
  columns = zip(*rows, strict=True)
  table = dict(zip(pipelines.PIPELINES, columns, strict=True))
  _tell_order('functions', table, pipelines.TRIED)


def _tell_order(title: str, table: dict[str, list], order: list[str]) -> None:
  """Saved by so many trials, in an order and in the table's."""
  logs = {
      name: np.array([s if isinstance(s, int) else np.nan for s in sizes])
      for name, sizes in table.items()
  }
  base, *others = logs
  logs = {
      n: np.nan_to_num(np.minimum(np.log(logs[n] / logs[base]), 0))
      for n in others
  }
  for what, names in (('TRIED', order), ('table', others)):
    best = np.minimum.accumulate([logs[name] for name in names])
    saved = [f'{percent(row.mean()):.2f}' for row in best[:8]]
    print(f"{title} ({best.shape[1]}), {what}: {' '.join(saved)}")


# Forests over vectors.


def read_vectors() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
  """Vectors by name, log ratios [n, C] (infinite for none), packages [n]."""
  (evaluation,) = results.read(recipes.get_config('code_size').to_dict())
  task = tasks.load_task(
      evaluation.recipe.task, data_dir=_DATA.value, manual_dir=None
  )
  modules, _ = features.read_modules(task)
  found = {
      name: np.log1p(counts.count(modules, name))
      for name in ('opcodes', BASE, 'autophase')
  }
  encoder = mir.load('small')
  for name, one in (
      ('small', encoder),
      ('small-fast', mir.load('small-fast')),
      ('before training', encoder.untrained()),
  ):
    encoding = one.encode(list(task.ir), on_error='nan')
    found[name] = encoding.at_level('module', 'joint')
  found = {
      name: np.nan_to_num(vectors[task.module_index]).astype(np.float32)
      for name, vectors in found.items()
  }
  (target,) = task.targets
  ratios = np.log(target.costs / target.costs[:, :1])
  names = np.array(task.group_names['package'])
  packages = names[task.groups['package']]
  return found, np.where(np.isnan(ratios), np.inf, ratios), packages


def fit(x, ratios, train, min_rows: int) -> ensemble.ExtraTreesRegressor:
  trees = ensemble.ExtraTreesRegressor(
      NUM_TREES, min_samples_leaf=min_rows, max_features=0.2, random_state=0
  )
  return trees.fit(x[train], np.clip(ratios[train], -LIMIT, LIMIT))


def interval(value: float, resampled: list[float], digits: int) -> str:
  low, high = shared.bounds(resampled)
  return f'{value:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]'


def r2(said, ratios, rows) -> float:
  """Of log ratios, each function with the weight of one."""
  known = np.isfinite(ratios[rows])
  weights = known / known.sum(axis=1, keepdims=True) / len(rows)
  truth = np.where(known, ratios[rows], 0)
  variance = (weights * truth**2).sum() - (weights * truth).sum() ** 2
  return 1 - (weights * (truth - said[rows]) ** 2).sum() / variance


def tell_labels(vectors, ratios, packages) -> None:
  asked = np.array([is_held_out(p) for p in packages])
  others = np.random.default_rng(1).permutation(np.flatnonzero(~asked))
  mine, fold = np.flatnonzero(asked), np.full(len(packages), -1)
  fold[mine] = shared.folds(packages[mine], NUM_FOLDS)
  resamples = shared.draws(packages[mine])
  print(f'{len(mine)} functions of {len(set(packages[mine]))} packages')
  for share in (16, 4, 1, 0):
    said, learnt = {}, len(others) // max(share, 1)
    for name, x in vectors.items():
      answers = np.zeros(ratios.shape)
      if share:
        answers[mine] = fit(x, ratios, others[:learnt], 2).predict(x[mine])
      else:  # and those of the other packages that are asked
        for f in range(NUM_FOLDS):
          test = np.flatnonzero(fold == f)
          rest = np.flatnonzero(fold != f)
          answers[test] = fit(x, ratios, rest, 2).predict(x[test])
      said[name] = answers[mine]
    title = f'{learnt} labels' if share else 'these and four fifths'
    for name in said:
      of = ratios[mine]
      values = [r2(said[n], of, np.arange(len(mine))) for n in (name, BASE)]
      differences = [
          r2(said[name], of, rows) - r2(said[BASE], of, rows)
          for rows in resamples
      ]
      chosen = of[np.arange(len(mine)), said[name].argmin(axis=1)]
      saved = percent(np.where(np.isfinite(chosen), chosen, LIMIT).mean())
      over = interval(values[0] - values[1], differences, 3)
      print(f'{title}, {name}: R2 {values[0]:.3f} ({over}), saved {saved:.2f}')


def cover(gains, weights, num: int) -> list[int]:
  """Choices that add most to the best so far; gains [m, C] are 0 at most."""
  order, best = [], np.zeros(len(gains))
  for _ in range(num):
    order.append(int((weights @ np.minimum(best[:, None], gains)).argmin()))
    best = np.minimum(best, gains[:, order[-1]])
  return order


def weights_of(trees, x, train, test) -> np.ndarray:
  """How often rows asked share a leaf with training rows; float [t, m]."""
  leaves, asked = trees.apply(x[train]), trees.apply(x[test])
  found = np.zeros((len(test), len(train)), np.float32)
  for mine, theirs in zip(asked.T, leaves.T, strict=True):
    same = mine[:, None] == theirs
    found += same / same.sum(axis=1, keepdims=True)
  # A tenth of all, where neighbours have nothing more to say.
  return found + 0.1 * found.sum(axis=1, keepdims=True) / len(train)


def tell_trials(vectors, ratios, packages) -> None:
  gains, fold = np.minimum(ratios, 0), shared.folds(packages, NUM_FOLDS)
  num, shape = _TRIALS.value, (len(gains), _TRIALS.value)
  orders = {NOTHING: np.zeros(shape, int)}
  for name in vectors:
    orders[f'by code: {name}'] = np.zeros(shape, int)
    orders[f'best said: {name}'] = np.zeros(shape, int)
  for f in range(NUM_FOLDS):
    train, test = np.flatnonzero(fold != f), np.flatnonzero(fold == f)
    learnt = gains[train]
    orders[NOTHING][test] = cover(learnt, np.ones(len(train)), num)
    for name, x in vectors.items():
      trees = fit(x, ratios, train, 5)
      for row, weights in zip(
          test, weights_of(trees, x, train, test), strict=True
      ):
        orders[f'by code: {name}'][row] = cover(learnt, weights, num)
      said = trees.predict(x[test])[:, 1:]
      orders[f'best said: {name}'][test] = 1 + said.argsort(axis=1)[:, :num]
  best = {
      name: np.minimum.accumulate(np.take_along_axis(gains, order, 1), axis=1)
      for name, order in orders.items()
  }
  resamples = shared.draws(packages)
  print(f'best of all {percent(gains.min(axis=1).mean()):.2f} %')
  for name, logs in best.items():
    cells = []
    for column, other in zip(logs.T, best[NOTHING].T, strict=True):
      more = 100 * (other - column)
      over = interval(more.mean(), [more[r].mean() for r in resamples], 2)
      cells.append(f'{percent(column.mean()):.2f} ({over})')
    print(f"{name}: {', '.join(cells)}")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError('takes flags only')
  logging.set_verbosity(logging.WARNING)
  tell_orders()
  if _DATA.value is None:
    print('no --data_dir: labels alone')
    return
  read = read_vectors()
  tell_labels(*read)
  tell_trials(*read)


if __name__ == '__main__':
  app.run(main)
