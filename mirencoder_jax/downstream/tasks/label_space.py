"""Label space: the few choices that are worth telling apart.

Of 768 configurations most are never much better than another; a head that only
has to tell a dozen apart has more rows for each.
"""

from collections.abc import Sequence

import numpy as np

from mirencoder_jax.downstream.tasks import targets


def cover(costs: np.ndarray, min_share: float) -> np.ndarray:
  """The fewest choices, taken greedily, that keep a share of the oracle.

  Args:
    costs: float [n, C], positive: of deciding for each choice in each row.
    min_share: of the oracle to keep: the mean over the rows of the best cost
      over the best cost among the choices that are kept.

  Returns:
    int [K], in the order in which they were taken: the first is the best
    constant, by that mean.

  Raises:
    ValueError: no rows, or a share that is not in (0, 1].
  """
  if not len(costs):
    raise ValueError('there are no rows to find a label space in')
  if not 0 < min_share <= 1:
    raise ValueError(f'min_share {min_share} is not in (0, 1]')
  share = costs.min(axis=1, keepdims=True) / costs  # [n, C]
  kept: list[int] = []
  reached = np.zeros(len(costs))
  while len(kept) < costs.shape[1]:
    gains = np.maximum(share, reached[:, None]).mean(axis=0)  # [C]
    kept.append(int(gains.argmax()))
    reached = np.maximum(reached, share[:, kept[-1]])
    if reached.mean() >= min_share - 1e-12:
      break
  return np.array(kept)


def reduce(
    target: targets.Target,
    runs: np.ndarray,
    *,
    max_choices: int,
    min_share: float,
) -> list[np.ndarray] | None:
  """The label space of every run, found on its training rows.

  Args:
    target: with the costs.
    runs: bool [R, n], training rows of each run.
    max_choices: a target with no more has all of them as its label space.
    min_share: as in `cover`.

  Returns:
    R times int [K], ascending: the default alone for a run without rows. None
    where nothing is reduced: few choices, or labels only, which do not say what
    a wrong one costs.
  """
  if target.costs is None or len(target.choices) <= max_choices:
    return None
  costs = target.decision_costs
  default = np.bincount(target.defaults).argmax()
  return [
      np.sort(cover(costs[run], min_share)) if run.any() else default[None]
      for run in runs
  ]


def pad(spaces: Sequence[np.ndarray], multiple: int = 1) -> np.ndarray:
  """Label spaces in one array; int [R, K], -1 where there is none.

  K is the largest one's size, rounded up to a multiple.
  """
  size = -(-max(map(len, spaces)) // multiple) * multiple
  padded = np.full((len(spaces), size), -1)
  for row, space in zip(padded, spaces, strict=True):
    row[: len(space)] = space
  return padded


def widen(
    scores: np.ndarray, space: np.ndarray, num_choices: int, fill: float
) -> np.ndarray:
  """Scores of label spaces [R, n, K] -> of all choices [R, n, C]."""
  wide = np.full((*scores.shape[:2], num_choices), fill, scores.dtype)
  for run, (narrow, choices) in enumerate(zip(scores, space, strict=True)):
    kept = choices >= 0
    wide[run][:, choices[kept]] = narrow[:, kept]
  return wide
