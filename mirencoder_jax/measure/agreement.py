"""How well two passes of a measurement agree."""

import numpy as np


def _ranks(values: np.ndarray) -> np.ndarray:
  """Ranks from 0, equal values share their mean rank."""
  ordered, inverse, counts = np.unique(
      values, return_inverse=True, return_counts=True
  )
  del ordered
  ends = np.cumsum(counts)
  return (ends - (counts + 1) / 2)[inverse]


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
  """Spearman's correlation; NaN where one side has only one value."""
  first, second = _ranks(np.asarray(first)), _ranks(np.asarray(second))
  if np.ptp(first) == 0 or np.ptp(second) == 0:
    return float('nan')
  return float(np.corrcoef(first, second)[0, 1])


def regret(first: np.ndarray, second: np.ndarray) -> float:
  """What choosing by the first pass costs by the second; 1 is no loss.

  Args:
    first: costs of the choices, in any unit.
    second: costs of the same choices, measured again.
  """
  first, second = np.asarray(first), np.asarray(second)
  return float(second[np.argmin(first)] / second.min())
