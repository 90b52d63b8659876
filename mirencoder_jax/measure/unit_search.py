"""Greedy search for flags: one set for all units, and one for each.

The bar for a choice by unit is the best set for everyone, not bare `-Oz`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mirencoder_jax.measure import size_flags, unit_sizes

_HARM = 2e-3


def log_ratio(unit: unit_sizes.Unit, flags: str) -> float:
  """How much smaller than at -Oz `.text` is under `flags`, as a logarithm.

  A set without a size comes to -Oz.
  """
  base, size = unit.size(''), unit.size(flags)
  if isinstance(base, str) or isinstance(size, str):
    return 0.0
  return float(np.log(base[0] / size[0]))


def _grow(
    units: Sequence[unit_sizes.Unit],
    most: int,
    at_least: float,
    say: Callable[[str], object] = lambda _: None,
) -> list[tuple[str, float]]:
  """Sets that grow by the best flag, and means of their log ratios."""
  chain = [('', 0.0)]
  left = list(size_flags.FLAGS)
  for _ in range(most):
    best, gain = chain[-1]
    options = {f: size_flags.joined([*best.split('+'), f]) for f in left}
    gains = {
        f: float(np.mean([log_ratio(u, s) for u in units]))
        for f, s in options.items()
    }
    for flag in sorted(gains, key=lambda f: -gains[f]):
      say(f'  {options[flag]}: {100 * np.expm1(gains[flag]):+.2f} %')
    flag = max(gains, key=lambda f: gains[f], default='')
    if not flag or gains[flag] <= gain + at_least:
      break
    # What harms here seldom helps beside another flag.
    left = [f for f in left if f != flag and gains[f] > gain - _HARM]
    chain.append((options[flag], gains[flag]))
  return chain


def search_unit(unit: unit_sizes.Unit) -> str:
  """The set that greedy search ends at for one unit."""
  return _grow([unit], 5, 0)[-1][0]


def search_constant(
    units: Sequence[unit_sizes.Unit], say: Callable[[str], object] = print
) -> list[tuple[str, float]]:
  """Grows one set for all units, by the mean of the log ratios.

  Returns:
    Each set and its gain over -Oz (geometric mean, as a share), from -Oz on.
  """
  return [(s, float(np.expm1(gain))) for s, gain in _grow(units, 8, 5e-4, say)]
