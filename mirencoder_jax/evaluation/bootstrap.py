"""Bootstrap: intervals of means over related rows and over seeds.

Programs, not rows, are what was sampled: rows of one group are drawn together
or not at all. Seeds (folds, and a head's initialisation) are drawn as well, so
that an interval has both. All entries of a table share the same draws, and
differences are taken draw by draw: how hard a program is concerns both sides
and cancels.
"""

import math
from typing import NamedTuple

import numpy as np


class Draws(NamedTuple):
  """The sample itself (first), then resamples of it. n rows, G groups."""

  group: np.ndarray  # int [n], -1 for rows that do not count
  counts: np.ndarray  # int [1 + R, G], how often each group was drawn
  seeds: np.ndarray  # float64 [R, S], uniform: which seeds were drawn

  def only_sample(self) -> 'Draws':
    """Without resamples: a value and no interval."""
    return self._replace(counts=self.counts[:1], seeds=self.seeds[:0])


def draw(
    groups: np.ndarray,
    valid: np.ndarray,
    num_seeds: int,
    num_resamples: int,
) -> Draws:
  """Draws groups and seeds, always the same ones.

  Args:
    groups: int [n], equal for rows that belong together.
    valid: bool [n], the rows that count.
    num_seeds: most seeds that an entry has.
    num_resamples: R.

  Raises:
    ValueError: no row counts.
  """
  if not valid.any():
    raise ValueError('no row counts, so there is nothing to take a mean of')
  codes = np.full(len(groups), -1)
  codes[valid] = np.unique(groups[valid], return_inverse=True)[1]
  num_groups = codes.max() + 1
  rng = np.random.default_rng(0)
  counts = rng.multinomial(
      num_groups, np.full(num_groups, 1 / num_groups), num_resamples
  )
  sample = np.ones((1, num_groups), counts.dtype)
  seeds = rng.random((num_resamples, num_seeds))
  return Draws(codes, np.concatenate([sample, counts]), seeds)


def _weigh_seeds(draws: Draws, num_seeds: int) -> np.ndarray:
  """How much each seed counts in the sample and every resample; [1 + R, S]."""
  drawn = (draws.seeds[:, :num_seeds] * num_seeds).astype(int)  # [R, S]
  weights = (drawn[:, :, None] == np.arange(num_seeds)).mean(axis=1)
  return np.concatenate([np.full((1, num_seeds), 1 / num_seeds), weights])


def means(values: np.ndarray, draws: Draws) -> np.ndarray:
  """Means over rows and seeds, of the sample and of every resample.

  Args:
    values: float64 [K, S, n], K quantities of S seeds.
    draws: of the same rows, and at least as many seeds.

  Returns:
    float64 [K, 1 + R].
  """
  counted = draws.group >= 0
  membership = np.eye(draws.counts.shape[1])[draws.group[counted]]  # [., G]
  sums = values[:, :, counted] @ membership @ draws.counts.T  # [K, S, 1 + R]
  sizes = draws.counts @ membership.sum(axis=0)  # [1 + R]
  weights = _weigh_seeds(draws, values.shape[1])
  return np.einsum('ksr,rs->kr', sums, weights) / sizes


def ranks(scores: np.ndarray, is_high: np.ndarray, draws: Draws) -> np.ndarray:
  """Area under the curve of the sample and of every resample.

  The chance that a row that is high has more than one that is not, of equal
  scores half; mean over seeds.

  Args:
    scores: float64 [S, n].
    is_high: bool [n].
    draws: of the same rows.

  Returns:
    float64 [1 + R]; NaN where one class was not drawn.
  """
  num_groups = draws.counts.shape[1]
  counted = draws.group >= 0
  of_seed = []
  for score in scores:
    high = np.flatnonzero(counted & is_high)
    # wins[g, h]: pairs of a high row of g over a low one of h.
    wins = np.zeros((num_groups, num_groups))
    sizes = np.zeros((2, num_groups))
    np.add.at(sizes[1], draws.group[high], 1)
    for group in range(num_groups):
      low = np.sort(score[(draws.group == group) & ~is_high])
      sizes[0, group] = len(low)
      if len(low) and len(high):
        below = np.searchsorted(low, score[high], 'left')
        below = (below + np.searchsorted(low, score[high], 'right')) / 2
        wins[:, group] = np.bincount(draws.group[high], below, num_groups)
    pairs = (draws.counts @ sizes[0]) * (draws.counts @ sizes[1])
    won = ((draws.counts @ wins) * draws.counts).sum(axis=1)
    of_seed.append(won / np.where(pairs > 0, pairs, np.nan))
  areas = np.array(of_seed)  # [S, 1 + R]
  return (areas * _weigh_seeds(draws, len(scores)).T).sum(axis=0)


def summarise(
    samples: np.ndarray, confidence: float
) -> dict[str, float | None]:
  """`value` (the first), and `low` and `high` of the percentile interval.

  What is not known is None, and so is an interval without resamples.
  """
  value = float(samples[0])
  low = high = math.nan
  if len(samples) > 1:
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(samples[1:], [tail, 100 - tail])
  return {
      name: None if math.isnan(number) else round(float(number), 5)
      for name, number in (('value', value), ('low', low), ('high', high))
  }
