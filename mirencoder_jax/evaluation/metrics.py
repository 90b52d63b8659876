"""Report: choices -> metrics with intervals, as plain data.

Metrics are means over rows and seeds, with intervals from `bootstrap`. Every
row of a table is also compared in pairs with the best baseline of its split,
and each row of ours with every encoder it is compared to, over the same draws.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import bootstrap
from mirencoder_jax.storage import command_line

METRICS = (
    'accuracy',  # share of rows with the best choice
    'speedup',  # cost of the default over that of the choice, arithmetic mean
    'geomean',  # the same, geometric mean
    'oracle_share',  # best cost over that of the choice, mean
    'slowdowns',  # share of rows that got slower than by default
)
LESS_IS_BETTER = ('slowdowns',)
POOLED = 'all'  # name of all targets of a task together
DEFAULT = 'default choice'
ORACLE = 'oracle'
# Rows of one side do not contest each other's lead.
_SIDES = {'rule': 'baseline', 'ablation': 'ours'}


@dataclasses.dataclass(frozen=True)
class ReportConfig:
  """How results are summarised.

  Attributes:
    group: the task's group that the bootstrap draws.
    metric: what the best baseline is the best by: `accuracy` where choices are
      few and all of them matter, `geomean` where many are nearly as good.
    num_resamples: of the bootstrap.
    confidence: of the intervals.
  """

  group: str
  metric: str = 'accuracy'
  num_resamples: int = 2000
  confidence: float = 0.95

  def __post_init__(self):
    command_line.choose(self.metric, METRICS, 'metric')


class Entry(NamedTuple):
  """One row of the table, before it is measured."""

  split: str
  features: str
  head: str
  kind: str  # 'rule', 'baseline', 'ours', 'ablation', 'null' or 'compared'
  choices: np.ndarray  # int [T, S, n]
  seconds: float = 0.0
  note: str = ''


def row_values(target: tasks.Target, choices: np.ndarray) -> np.ndarray:
  """What the metrics are means of; float64 [len(METRICS), S, n].

  Args:
    target: labels and costs.
    choices: int [S, n].
  """
  right = (target.taken(choices) == target.labels).astype(float)
  if target.costs is None:
    unknown = np.full_like(right, np.nan)
    return np.stack([right] + [unknown] * (len(METRICS) - 1))
  cost = target.outcome(choices)  # [S, n]
  default = target.outcome(target.defaults)
  best = target.outcome(target.labels)
  return np.stack(
      [
          right,
          default / cost,
          np.log(default / cost),  # exponentiated after the mean
          best / cost,
          cost > default,
      ]
  )


def _means(values: np.ndarray, draws: bootstrap.Draws) -> np.ndarray:
  """Metrics of the sample and each resample; float64 [len(METRICS), 1 + R]."""
  means = bootstrap.means(values, draws)
  means[METRICS.index('geomean')] = np.exp(means[METRICS.index('geomean')])
  return means


def _members(task: tasks.Task) -> dict[str, list[int]]:
  """Name -> indices of the targets that are judged together."""
  members = {target.name: [i] for i, target in enumerate(task.targets)}
  if len(members) > 1:
    members[POOLED] = list(range(len(task.targets)))
  return members


def measure(
    task: tasks.Task, entries: Sequence[Entry], config: ReportConfig
) -> list[dict[str, Any]]:
  """Metrics of every entry on every target and on all together.

  Returns:
    One dict for each entry and target. `versus` is the difference to the best
    baseline of the same split: the best by `config.metric` on the rows that
    are judged, in its favour. `versus_compared` has, for rows of ours, the same
    for every compared encoder under its best head. `leads` names the metrics in
    which the row is the best, and better than the best row of every other side
    (baselines, ours, each compared encoder) by a margin whose interval excludes
    zero.
  """
  results = []
  num_seeds = max((entry.choices.shape[1] for entry in entries), default=1)
  for name, members in _members(task).items():
    judges = np.concatenate([task.targets[i].judges for i in members])
    draws = bootstrap.draw(
        np.tile(task.groups[config.group], len(members)),
        judges,
        num_seeds,
        config.num_resamples,
    )
    for split in dict.fromkeys(entry.split for entry in entries):
      chosen = [entry for entry in entries if entry.split == split]
      samples = []
      for entry in chosen:
        values = [
            row_values(task.targets[i], entry.choices[i]) for i in members
        ]
        is_null = entry.kind == 'null'  # only its value is used
        samples.append(
            _means(
                np.concatenate(values, axis=-1),
                draws.only_sample() if is_null else draws,
            )
        )
      results += _compare(chosen, samples, config, name, int(judges.sum()))
  return results


def _compare(
    entries: Sequence[Entry],
    samples: Sequence[np.ndarray],
    config: ReportConfig,
    target: str,
    num_rows: int,
) -> list[dict[str, Any]]:
  """Results of one split and target from the entries' means."""
  column = METRICS.index(config.metric)

  def best(indices):  # by value, the first of equals
    return max(indices, key=lambda i: samples[i][column, 0], default=None)

  def difference(one, other):
    return {
        metric: bootstrap.summarise(a - b, config.confidence)
        for metric, a, b in zip(
            METRICS, samples[one], samples[other], strict=True
        )
    }

  numbers = range(len(entries))
  baseline = best(
      i
      for i in numbers
      if entries[i].kind in ('rule', 'baseline')
      and entries[i].features != ORACLE
  )
  others = dict.fromkeys(e.features for e in entries if e.kind == 'compared')
  rivals = {
      name: best(i for i in numbers if entries[i].features == name)
      for name in others
  }
  leads = _leads(entries, samples, config)
  results = []
  for i, entry in enumerate(entries):
    result: dict[str, Any] = {
        'split': entry.split,
        'target': target,
        'features': entry.features,
        'head': entry.head,
        'kind': entry.kind,
        'rows': num_rows,
        'seeds': int(entry.choices.shape[1]),
        'seconds': round(entry.seconds, 2),
        'note': entry.note,
    }
    for metric, values in zip(METRICS, samples[i], strict=True):
      result[metric] = bootstrap.summarise(values, config.confidence)
    if entry.kind != 'null':
      if baseline is not None:
        rival = entries[baseline]
        result['versus'] = {
            'baseline': f'{rival.features}, {rival.head}'
        } | difference(i, baseline)
      if entry.kind == 'ours':
        result['versus_compared'] = {
            name: {'head': entries[j].head} | difference(i, j)
            for name, j in rivals.items()
        }
      result['leads'] = leads[i]
    results.append(result)
  return results


def _leads(
    entries: Sequence[Entry],
    samples: Sequence[np.ndarray],
    config: ReportConfig,
) -> list[list[str]]:
  """The metrics in which each entry leads; see `measure`."""
  leads: list[list[str]] = [[] for _ in entries]
  for column, metric in enumerate(METRICS):
    sign = -1 if metric in LESS_IS_BETTER else 1
    best_of_side: dict[str, int] = {}
    for i, entry in enumerate(entries):
      if entry.kind == 'null' or entry.features == ORACLE:
        continue
      if metric == 'slowdowns' and entry.features == DEFAULT:
        continue  # what it is against: no row of it is slower than itself
      side = _SIDES.get(entry.kind, entry.kind)
      side = entry.features if side == 'compared' else side
      holder = best_of_side.setdefault(side, i)
      if sign * (samples[i] - samples[holder])[column, 0] > 0:
        best_of_side[side] = i
    if len(best_of_side) < 2:
      continue
    first, *others = sorted(
        best_of_side.values(), key=lambda i: -sign * samples[i][column, 0]
    )
    margins = [
        bootstrap.summarise(
            sign * (samples[first] - samples[i])[column], config.confidence
        )['low']
        for i in others
    ]
    if all(low is not None and low > 0 for low in margins):
      leads[first].append(metric)
  return leads


def summarise_null(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
  """Median and 95 % quantile over random embeddings, by split and target."""
  drawn: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
  for result in results:
    if result['kind'] == 'null':
      key = (result['split'], result['target'], result['head'])
      drawn.setdefault(key, []).append(result)
  summaries = []
  for (split, target, head), members in drawn.items():
    summary: dict[str, Any] = {
        'split': split,
        'target': target,
        'head': head,
        'draws': len(members),
    }
    for metric in METRICS:
      values = [member[metric]['value'] for member in members]
      if None not in values:
        low, median, high = np.percentile(values, [5, 50, 95])
        summary[metric] = {
            'median': round(float(median), 5),
            'quantile_5': round(float(low), 5),
            'quantile_95': round(float(high), 5),
        }
    summaries.append(summary)
  return summaries


def one_line(task: tasks.Task, entry: Entry) -> str:
  """A row while the table is being made: accuracy and speedup by target."""
  values = [
      row_values(target, choices)[:, :, target.judges].mean(axis=(1, 2))
      for target, choices in zip(task.targets, entry.choices, strict=True)
  ]
  accuracies = ' / '.join(f'{100 * v[0]:.1f}' for v in values)
  speedups = ' / '.join(f'{np.exp(v[2]):.2f}' for v in values)
  return (
      f'{entry.split}: {entry.features}, {entry.head}: right {accuracies} %, '
      f'speedup {speedups} ({entry.seconds:.1f} s)'
  )
