"""Report: choices -> metrics with intervals, as plain data.

Metrics are means over rows and seeds, with intervals from `bootstrap`. Every
row of a table is also compared in pairs with the best baseline of its split and
with the vectors that the report names, and each row of ours with every encoder
it is compared to, over the same draws.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import bootstrap, measures
from mirencoder_jax.storage import command_line

POOLED = 'all'  # name of all targets of a task together
DEFAULT = 'default choice'
CONSTANT = 'best constant'
HALF = 'one half'
ORACLE = 'oracle'
# Rows of one side do not contest each other's lead.
_SIDES = {'rule': 'baseline', 'ablation': 'ours'}


@dataclasses.dataclass(frozen=True)
class ReportConfig:
  """How results are summarised.

  Attributes:
    group: the task's group that the bootstrap draws.
    metric: what the best baseline is the best by: `accuracy` where choices are
      few and all of them matter, `geomean` where many are nearly as good; `r2`
      of values, `auc` or `mae` of probabilities.
    also: metrics beside those that every task of the kind has.
    against: vectors that every other row is compared to in pairs, under its own
      head: such as the same encoder before training.
    num_resamples: of the bootstrap.
    confidence: of the intervals.
  """

  group: str
  metric: str = 'accuracy'
  num_resamples: int = 2000
  confidence: float = 0.95
  also: tuple[str, ...] = ()
  against: tuple[str, ...] = ()

  def __post_init__(self):
    for metric in (self.metric, *self.also):
      command_line.choose(metric, measures.METRICS, 'metric')


class Entry(NamedTuple):
  """One row of the table, before it is measured."""

  split: str
  features: str
  head: str
  kind: str  # 'rule', 'baseline', 'ours', 'ablation', 'null' or 'compared'
  choices: np.ndarray  # int [T, S, n]; or values, float64
  seconds: float = 0.0
  note: str = ''
  scores: np.ndarray | None = None  # float [T, S, n, C], of `fit.Fit`


def _members(task: tasks.Task) -> dict[str, list[int]]:
  """Name -> indices of the targets that are judged together.

  Choices are on all machines; of values, each has a unit of its own.
  """
  members = {target.name: [i] for i, target in enumerate(task.targets)}
  if len(members) > 1 and task.kind == 'choice':
    members[POOLED] = list(range(len(task.targets)))
  return members


def measure(
    task: tasks.Task,
    entries: Sequence[Entry],
    config: ReportConfig,
    tested: Mapping[str, np.ndarray] | None = None,
) -> list[dict[str, Any]]:
  """Metrics of every entry on every target and on all together.

  Args:
    task: the rows.
    entries: of the table.
    config: of the report.
    tested: rows that a split tests on, bool [n]; all of those not in it.

  Returns:
    One dict for each entry and target. `versus` is the difference to the best
    baseline of the same split: the best by `config.metric` on the rows that
    are judged, in its favour. `against` has the same for every vector of
    `config.against`, under the row's own head if that vector has it, else under
    its best one, and `versus_compared`, for rows of ours, for every compared
    encoder under its best head. `leads` names the metrics in which the row is
    the best, and better than the best row of every other side (baselines, ours,
    each compared encoder) by a margin whose interval excludes zero.
  """
  results = []
  num_seeds = max((entry.choices.shape[1] for entry in entries), default=1)
  names = measures.names_of(task.kind, config.also)
  for target, members in _members(task).items():
    targets = [task.targets[i] for i in members]
    for split in dict.fromkeys(entry.split for entry in entries):
      judges = np.concatenate([t.judges for t in targets])
      if tested and split in tested:
        judges = judges & np.tile(tested[split], len(members))
      draws = bootstrap.draw(
          np.tile(task.groups[config.group], len(members)),
          judges,
          num_seeds,
          config.num_resamples,
      )
      chosen = [entry for entry in entries if entry.split == split]
      constant = next((e for e in chosen if e.features == CONSTANT), None)
      samples = []
      for entry in chosen:
        answers = [
            measures.Answers(
                entry.choices[i],
                None if entry.scores is None else entry.scores[i],
                None if constant is None else constant.choices[i],
            )
            for i in members
        ]
        is_null = entry.kind == 'null'  # only its value is used
        drawn = draws.only_sample() if is_null else draws
        found = measures.samples(targets, answers, names, drawn)
        samples.append(dict(zip(names, found, strict=True)))
      results += _compare(chosen, samples, config, target, int(judges.sum()))
  return results


def _compare(
    entries: Sequence[Entry],
    samples: Sequence[Mapping[str, np.ndarray]],
    config: ReportConfig,
    target: str,
    num_rows: int,
) -> list[dict[str, Any]]:
  """Results of one split and target from the entries' means."""

  def best(indices):  # by value, the first of equals
    sign = measures.sign(config.metric)
    return max(
        indices, key=lambda i: sign * samples[i][config.metric][0], default=None
    )

  def difference(one, other):
    return {
        metric: bootstrap.summarise(
            values - samples[other][metric], config.confidence
        )
        for metric, values in samples[one].items()
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

  def opponent(name, head):  # the row of a vector that one of a head is against
    found = [i for i in numbers if entries[i].features == name]
    same = [i for i in found if entries[i].head == head]
    return best(same or found)

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
    for metric, values in samples[i].items():
      result[metric] = bootstrap.summarise(values, config.confidence)
    if entry.kind != 'null':
      if baseline is not None:
        rival = entries[baseline]
        result['versus'] = {
            'baseline': f'{rival.features}, {rival.head}'
        } | difference(i, baseline)
      result['against'] = {
          name: {'head': entries[j].head} | difference(i, j)
          for name in config.against
          if name != entry.features
          and (j := opponent(name, entry.head)) is not None
      }
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
    samples: Sequence[Mapping[str, np.ndarray]],
    config: ReportConfig,
) -> list[list[str]]:
  """The metrics in which each entry leads; see `measure`."""
  leads: list[list[str]] = [[] for _ in entries]
  for metric in samples[0] if samples else ():
    sign = measures.sign(metric)
    best_of_side: dict[str, int] = {}
    for i, entry in enumerate(entries):
      if entry.kind == 'null' or entry.features == ORACLE:
        continue
      if metric == 'slowdowns' and entry.features == DEFAULT:
        continue  # what it is against: no row of it is slower than itself
      side = _SIDES.get(entry.kind, entry.kind)
      side = entry.features if side == 'compared' else side
      holder = best_of_side.setdefault(side, i)
      if sign * (samples[i][metric] - samples[holder][metric])[0] > 0:
        best_of_side[side] = i
    if len(best_of_side) < 2:
      continue
    first, *others = sorted(
        best_of_side.values(), key=lambda i: -sign * samples[i][metric][0]
    )
    margins = [
        bootstrap.summarise(
            sign * (samples[first][metric] - samples[i][metric]),
            config.confidence,
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
    for metric in (m for m in measures.METRICS if m in members[0]):
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


def one_line(task: tasks.Task, entry: Entry, tested: np.ndarray) -> str:
  """A row while the table is being made: two metrics of each target.

  `tested` (bool [n]) are the rows that its split tests on.
  """
  names = {
      'choice': ('accuracy', 'geomean'),
      'value': ('r2', 'mae'),
      'probability': ('balanced_accuracy', 'mae'),
  }[task.kind]
  values = []
  for target, choices in zip(task.targets, entry.choices, strict=True):
    draws = bootstrap.draw(
        np.zeros(len(choices.T)), target.judges & tested, 1, 0
    )
    found = measures.samples(
        [target], [measures.Answers(choices)], names, draws
    )
    values.append(found[:, 0])
  shown = []
  for metric, of_targets in zip(names, np.transpose(values), strict=True):
    title, scale, digits, _ = measures.METRICS[metric]
    numbers = ' / '.join(f'{scale * v:.{digits}f}' for v in of_targets)
    shown.append(f'{title} {numbers}')
  return (
      f'{entry.split}: {entry.features}, {entry.head}: {", ".join(shown)} '
      f'({entry.seconds:.1f} s)'
  )
