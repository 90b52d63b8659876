"""Report: choices -> metrics with intervals, as plain data.

Station in the flow: after `fit` and `baselines`, before `markdown`. Metrics are
means over rows and seeds. Intervals are percentiles of a bootstrap over groups
of related rows: programs, not rows, are what was sampled. Every row of a table
is also compared in pairs with the best baseline of its split, over the same
resamples: how hard a program is concerns both and cancels there.
"""

import dataclasses
import json
import math
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mirencoder_jax.downstream import tasks

METRICS = (
    'accuracy',  # share of rows with the best choice
    'speedup',  # cost of the default over that of the choice, arithmetic mean
    'geomean',  # the same, geometric mean
    'oracle_share',  # best cost over that of the choice, mean
    'slowdowns',  # share of rows that got slower than by default
)


@dataclasses.dataclass(frozen=True)
class ReportConfig:
  """How results are summarised.

  Attributes:
    group: the task's group that the bootstrap draws.
    num_resamples: of the bootstrap.
    confidence: of the intervals.
  """

  group: str
  num_resamples: int = 2000
  confidence: float = 0.95


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
  """What the metrics are means of, by row; float64 [len(METRICS), n].

  Args:
    target: labels and costs.
    choices: int [S, n]; the mean over seeds is taken.
  """
  right = (target.taken(choices) == target.labels).mean(axis=0)
  if target.costs is None:
    unknown = np.full(len(right), np.nan)
    return np.stack([right] + [unknown] * (len(METRICS) - 1))
  cost = target.outcome(choices)  # [S, n]
  default = target.outcome(target.defaults)
  best = target.outcome(target.labels)
  return np.stack([
      right,
      (default / cost).mean(axis=0),
      np.log(default / cost).mean(axis=0),  # exponentiated after the mean
      (best / cost).mean(axis=0),
      (cost > default).mean(axis=0),
  ])


def draw_resamples(
    groups: np.ndarray, valid: np.ndarray, num_resamples: int
) -> np.ndarray:
  """Weights of the rows: every row once, then bootstrap resamples of groups.

  Returns:
    float64 [1 + num_resamples, n], rows summing to 1.
  """
  codes = np.unique(groups[valid], return_inverse=True)[1]
  num_groups = codes.max() + 1
  rng = np.random.default_rng(0)
  counts = rng.multinomial(
      num_groups, np.full(num_groups, 1 / num_groups), num_resamples
  )
  counts = np.concatenate([np.ones((1, num_groups), int), counts])
  weights = np.zeros((len(counts), len(groups)))
  weights[:, valid] = counts[:, codes]
  return weights / weights.sum(axis=1, keepdims=True)


def _means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
  """float64 [len(METRICS), resamples]."""
  means = values @ weights.T
  means[METRICS.index('geomean')] = np.exp(means[METRICS.index('geomean')])
  return means


def _summary(samples: np.ndarray, confidence: float) -> dict[str, float | None]:
  """The value (first) and the interval over the others."""
  tail = 100 * (1 - confidence) / 2
  low, high = np.percentile(samples[1:], [tail, 100 - tail])
  return {
      name: None if math.isnan(value) else round(float(value), 5)
      for name, value in (('value', samples[0]), ('low', low), ('high', high))
  }


def measure(
    task: tasks.Task, entries: Sequence[Entry], config: ReportConfig
) -> list[dict[str, Any]]:
  """Metrics of every entry on every target, as plain data.

  Returns:
    One dict for each entry and target; `versus` is the difference to the best
    baseline (by accuracy, on the rows that are judged: in its favour) of the
    same split.
  """
  results = []
  for number, target in enumerate(task.targets):
    weights = draw_resamples(
        task.groups[config.group], target.judges, config.num_resamples
    )
    means = [
        _means(row_values(target, entry.choices[number]), weights)
        for entry in entries
    ]
    for entry, samples in zip(entries, means, strict=True):
      rivals = [
          i
          for i, other in enumerate(entries)
          if other.split == entry.split
          and other.features != 'oracle'
          and other.kind in ('rule', 'baseline')
      ]
      result = {
          'split': entry.split,
          'target': target.name,
          'features': entry.features,
          'head': entry.head,
          'kind': entry.kind,
          'seeds': int(entry.choices.shape[1]),
          'seconds': round(entry.seconds, 2),
          'note': entry.note,
      }
      for metric, values in zip(METRICS, samples, strict=True):
        result[metric] = _summary(values, config.confidence)
      # The default choice is always among them.
      best = max(rivals, key=lambda i: means[i][0, 0])
      result['versus'] = {
          'baseline': f'{entries[best].features}, {entries[best].head}'
      } | {
          metric: _summary(a - b, config.confidence)
          for metric, a, b in zip(METRICS, samples, means[best], strict=True)
      }
      results.append(result)
  return results


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
        'split': split, 'target': target, 'head': head, 'draws': len(members)
    }
    for metric in METRICS:
      values = [member[metric]['value'] for member in members]
      if None not in values:
        median, high = np.percentile(values, [50, 95])
        summary[metric] = {
            'median': round(float(median), 5),
            'quantile_95': round(float(high), 5),
        }
    summaries.append(summary)
  return summaries


def one_line(task: tasks.Task, entry: Entry) -> str:
  """A row while the table is being made: accuracies by target."""
  accuracies = ' / '.join(
      f'{100 * row_values(target, choices)[0, target.judges].mean():.1f}'
      for target, choices in zip(task.targets, entry.choices, strict=True)
  )
  return (
      f'{entry.split}: {entry.features}, {entry.head}: {accuracies} % '
      f'({entry.seconds:.1f} s)'
  )


def save(workdir: str, results: dict[str, Any], table: str) -> None:
  """Writes results.json and results.md."""
  folder = pathlib.Path(workdir)
  folder.mkdir(parents=True, exist_ok=True)
  (folder / 'results.json').write_text(json.dumps(results, indent=1) + '\n')
  (folder / 'results.md').write_text(table + '\n')
