"""How well two passes of a measurement agree."""

import numpy as np
from scipy import stats


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
  """Spearman's correlation; NaN where one side has only one value."""
  if np.ptp(first) == 0 or np.ptp(second) == 0:
    return float('nan')
  return float(stats.spearmanr(first, second).statistic)


def regret(first: np.ndarray, second: np.ndarray) -> float:
  """What choosing by the first pass costs by the second; 1 is no loss.

  Args:
    first: costs of the choices, in any unit.
    second: costs of the same choices, measured again.
  """
  first, second = np.asarray(first), np.asarray(second)
  return float(second[np.argmin(first)] / second.min())
