"""Results of a task as pages and pictures read them, and what they show.

What `table` finds is `Results`, and so is a `results.json` that is read again.
Which targets, splits and rows are shown, and what they are called, is decided
here for every page and picture.
"""

import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from mirencoder_jax.downstream.tasks import features
from mirencoder_jax.evaluation import measures, metrics

Row = Mapping[str, Any]

# Kind of a row -> its title, in the order of tables.
KINDS = {
    'rule': 'rules',
    'baseline': 'baselines',
    'ours': 'ours',
    'ablation': 'ablations',
    'compared': 'compared',
}
VECTORS = ('ours', 'ablation', 'compared')  # kinds that read an embedding
_KINDS_DRAWN = ('rule', 'baseline', 'compared', 'ablation', 'ours')
_FEW_CHOICES = 8  # of more, nobody asks for the very best one
_LEAKING_SHARE = 0.1  # of the test rows
_NAMES = {'num_rows': 'rows', 'measured': 'results'}  # in results.json


@dataclasses.dataclass(frozen=True)
class Results:
  """All that was found about a task, as plain data.

  Attributes:
    task: its name.
    metric: what it is judged by, one of `measures.METRICS`.
    group: what the bootstrap draws.
    recipe: head and score of our row, chosen beforehand.
    num_rows: of the table.
    modules: how many there are (`all`) and have IR (`with_ir`).
    rows_with_ir: how many rows do.
    groups: name -> number of members.
    targets: name -> what is known of each machine.
    trees: which library's.
    date, command, commit, hardware, python, jax: where this comes from.
    problems: what was wrong with the data.
    map: points of `map.map_modules`.
    seconds: that it took.
    splits: name, group, folds and leaks of each.
    measured: every row of `metrics.measure`.
    null: what random embeddings reach.
    errors: of `errors.compare`.
    confusion: of ours and of the best baseline.
  """

  task: str
  metric: str
  group: str
  recipe: str
  num_rows: int
  modules: Mapping[str, int]
  rows_with_ir: int
  groups: Mapping[str, int]
  targets: Mapping[str, Mapping[str, Any]]
  trees: str
  date: str
  command: str
  commit: str
  hardware: str
  python: str
  jax: str
  problems: Sequence[Mapping[str, str]]
  map: Sequence[Mapping[str, Any]]
  seconds: float
  splits: Sequence[Mapping[str, Any]]
  measured: Sequence[Row]
  null: Sequence[Row]
  errors: Sequence[Mapping[str, Any]]
  confusion: Sequence[Mapping[str, Any]]

  @property
  def title(self) -> str:
    return self.task.replace('_', ' ')

  @property
  def headlines(self) -> tuple[str, ...]:
    """Metrics that are shown for all splits at once."""
    return measures.HEADLINES[self.kind]

  @property
  def kind(self) -> str:
    """Of its targets; those of older files are choices."""
    return next(iter(self.targets.values())).get('kind', 'choice')

  @property
  def split_names(self) -> list[str]:
    return [fact['name'] for fact in self.splits]

  def rows(self, split: str, target: str) -> list[Row]:
    """Rows of a split and target, but for random embeddings."""
    return [
        r
        for r in self.measured
        if (r['split'], r['target']) == (split, target) and r['kind'] != 'null'
    ]

  def random(self, split: str, target: str) -> list[Row]:
    """What random embeddings reach there; that of the recipe's head first."""
    found = [
        n for n in self.null if (n['split'], n['target']) == (split, target)
    ]
    return sorted(found, key=lambda n: n['head'] != self.recipe)

  def as_dict(self) -> dict[str, Any]:
    """What a results.json has."""
    return {
        _NAMES.get(field.name, field.name): getattr(self, field.name)
        for field in dataclasses.fields(self)
    }

  @classmethod
  def from_dict(cls, data: Mapping[str, Any]) -> 'Results':
    """Of what a results.json has."""
    fields = [field.name for field in dataclasses.fields(cls)]
    return cls(**{name: data[_NAMES.get(name, name)] for name in fields})

  def save(self, folder: str | os.PathLike[str]) -> None:
    """Writes results.json."""
    path = pathlib.Path(folder, 'results.json')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(self.as_dict(), indent=1) + '\n')


def shown_targets(results: Results) -> list[str]:
  """Targets with a place of their own: one or two, or all of them together."""
  names = list(results.targets)
  return names if len(names) <= 2 else [metrics.POOLED]


def choose_split(results: Results) -> str:
  """The split that is looked into: the first without a leak, grouped as drawn.

  That is the one over the groups of the bootstrap, or else the last one.
  """
  names = [f['name'] for f in results.splits if f['group'] == results.group]
  return names[0] if names else results.split_names[-1]


def split_label(results: Results, split: str) -> str:
  """The split's name, and `(leaks)` if the finest group is on both sides.

  That of a few rows, such as a kernel that two programs share, is only listed.
  """
  leaks = next(f for f in results.splits if f['name'] == split)['leaks']
  groups = results.groups
  finest = max(groups, key=lambda name: groups[name], default='')
  is_leaking = leaks.get(finest, 0.0) > _LEAKING_SHARE
  return f'{split} (leaks)' if is_leaking else split


def choose_rows(results: Results, split: str, target: str) -> list[Row]:
  """One row for each kind of features, from rules to ours.

  Baselines and compared encoders stand under their best head, in their favour,
  and our row under the recipe that was chosen beforehand.
  """
  metric = results.metric
  found: dict[tuple[str, str], Row] = {}
  for r in results.rows(split, target):
    key = (r['kind'], r['features'])
    old = found.setdefault(key, r)
    if r['kind'] in ('ours', 'ablation'):
      better = r['head'] == results.recipe
    else:
      values = [x[metric]['value'] for x in (r, old)]
      better = None not in values and (
          measures.sign(metric) * (values[0] - values[1]) > 0
      )
    if better:
      found[key] = r
  return sorted(found.values(), key=lambda r: _KINDS_DRAWN.index(r['kind']))


def find_ours(results: Results, split: str, target: str) -> Row | None:
  """Our row, None where there was no encoder."""
  rows = choose_rows(results, split, target)
  return next((r for r in rows if r['features'] == features.MAIN), None)


def find_best_baseline(results: Results, split: str, target: str) -> Row:
  """The row that all are compared with: the best that reads no embedding."""
  rows = results.rows(split, target)
  name = rows[0]['versus']['baseline']
  return next(r for r in rows if f'{r["features"]}, {r["head"]}' == name)


def is_ahead(difference: Mapping[str, Any], metric: str) -> bool:
  """Whether an interval of a difference says that it is for the better."""
  end = difference['low' if measures.sign(metric) > 0 else 'high']
  return end is not None and measures.sign(metric) * end > 0


def shown_metrics(
    results: Results, names: Sequence[str] = tuple(measures.METRICS)
) -> list[str]:
  """Those that are known, accuracy only where choices are few.

  A direction is only shown where it is not the accuracy once more.
  """
  num_choices = max(t['num_choices'] for t in results.targets.values())
  return [
      metric
      for metric in names
      if any(
          r.get(metric, {}).get('value') is not None for r in results.measured
      )
      and (metric != 'accuracy' or num_choices <= _FEW_CHOICES)
      and (
          metric != 'direction'
          or any(r[metric] != r['accuracy'] for r in results.measured)
      )
  ]


def summary_metrics(results: Results) -> list[str]:
  """Those that are shown for all splits at once, the main one first."""
  shown = shown_metrics(results, results.headlines)
  return sorted(shown, key=lambda metric: metric != results.metric)
