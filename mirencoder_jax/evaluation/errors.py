"""Errors: where our decisions are wrong, and whether the baseline's are too.

An error that both make says that a program is hard; one that only we make says
that our vector misleads; what wrong decisions have in common (which choice was
taken for which) says where to look.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import metrics

# A decision is wrong if it costs this much more than the best one.
TOLERANCE = 0.05
_NUM_SWAPS = 5


def _wrong(target: tasks.Target, choices: np.ndarray) -> np.ndarray:
  """Whether decisions are wrong; bool [S, n]."""
  if target.costs is None:
    return target.taken(choices) != target.labels
  best = target.outcome(target.labels)
  return target.outcome(choices) > (1 + TOLERANCE) * best


def _loss(target: tasks.Target, choices: np.ndarray) -> np.ndarray:
  """Log of the cost over the best one, seeds' mean; float64 [n]."""
  if target.costs is None:
    return np.full(len(target.labels), np.nan)
  best = target.outcome(target.labels)
  return np.log(target.outcome(choices) / best).mean(axis=0)


def _number(value: float) -> float | None:
  return None if np.isnan(value) else round(float(value), 5)


def compare(
    task: tasks.Task,
    ours: metrics.Entry,
    other: metrics.Entry,
    groups: Sequence[str],
) -> list[dict[str, Any]]:
  """What two rows of a split get wrong, together and alone.

  Args:
    task: the rows.
    ours: an entry.
    other: one to compare with, of the same split.
    groups: names of the task's groups to list.

  Returns:
    A dict for each target: shares of rows that both, only ours, only the other
    get wrong; `swaps`, the most frequent (taken, best) pairs of our wrong
    decisions with their share of these; and for each group a list of its
    members with rows, shares of wrong decisions, what is `lost` to the best
    choices (sums of logs), and `speedup` over the default (geometric means:
    ours, the other's, the oracle's), those where we lose most first.
  """
  results = []
  for number, target in enumerate(task.targets):
    judges = target.judges
    mine, theirs = (
        _wrong(target, entry.choices[number])[:, judges]
        for entry in (ours, other)
    )  # [S, n], [S', n]
    # Seeds of the two may differ in number: all pairs of them.
    both = (mine.mean(axis=0) * theirs.mean(axis=0)).mean()
    lost = _loss(target, ours.choices[number])[judges]
    lost_by_other = _loss(target, other.choices[number])[judges]
    possible = _loss(target, target.defaults[None])[judges]
    members = {}
    for group in groups:
      codes = task.groups[group][judges]
      members[group] = sorted(
          (
              {
                  'name': task.group_names[group][code],
                  'rows': int((codes == code).sum()),
                  'wrong': _number(mine[:, codes == code].mean()),
                  'wrong_other': _number(theirs[:, codes == code].mean()),
                  'lost': _number(lost[codes == code].sum()),
                  'lost_other': _number(lost_by_other[codes == code].sum()),
                  **{
                      f'speedup{suffix}': _number(
                          np.exp((possible - value)[codes == code].mean())
                      )
                      for suffix, value in (
                          ('', lost),
                          ('_other', lost_by_other),
                          ('_oracle', 0),
                      )
                  },
              }
              for code in np.unique(codes)
          ),
          key=lambda member: (-(member['lost'] or 0), -member['wrong']),
      )
    results.append(
        {
            'split': ours.split,
            'target': target.name,
            'ours': f'{ours.features}, {ours.head}',
            'other': f'{other.features}, {other.head}',
            'both': _number(both),
            'only_ours': _number(mine.mean() - both),
            'only_other': _number(theirs.mean() - both),
            'swaps': _swaps(target, ours.choices[number]),
            'groups': members,
        }
    )
  return results


def _swaps(target: tasks.Target, choices: np.ndarray) -> list[dict[str, Any]]:
  """The most frequent (taken, best) of wrong decisions."""
  wrong = _wrong(target, choices) & target.judges
  taken = target.taken(choices)[wrong]
  best = np.broadcast_to(target.labels, choices.shape)[wrong]
  pairs, counts = np.unique(
      np.stack([taken, best], axis=1), axis=0, return_counts=True
  )
  order = np.argsort(-counts, kind='stable')[:_NUM_SWAPS]
  return [
      {
          'taken': target.choices[pairs[i][0]],
          'best': target.choices[pairs[i][1]],
          'share': round(float(counts[i] / counts.sum()), 4),
      }
      for i in order
  ]


def confusion(target: tasks.Target, choices: np.ndarray) -> list[list[float]]:
  """Rows by best choice (down) and taken choice (across), mean over seeds."""
  num_choices = len(target.choices)
  matrix = np.zeros((num_choices, num_choices))
  taken = target.taken(choices)[:, target.judges]
  best = np.broadcast_to(target.labels[target.judges], taken.shape)
  np.add.at(matrix, (best, taken), 1 / len(choices))
  return np.round(matrix, 3).tolist()
