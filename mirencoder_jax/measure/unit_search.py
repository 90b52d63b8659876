"""Greedy search for flags: one set for all units, and one for each.

The bar for a choice by unit is the best set for everyone, not bare `-Oz`.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from mirencoder_jax.measure import size_flags, unit_sizes

_HARM = 2e-3


def log_ratio(
    unit: unit_sizes.Unit, flags: str, over: str = '', which: int = 0
) -> float:
  """How much smaller a unit is under `flags`, as a logarithm.

  A set without a size comes to `over`.

  Args:
    unit: with sizes.
    flags: name of a set.
    over: of another one.
    which: 0 for `.text`, 1 for Berkeley's text.
  """
  base, size = unit.size(over), unit.size(flags)
  if isinstance(base, str) or isinstance(size, str):
    return 0.0
  return float(np.log(base[which] / size[which]))


def search_unit(
    unit: unit_sizes.Unit,
    flags: Iterable[str] = tuple(size_flags.FLAGS),
    *,
    most: int = 5,
    which: int = 0,
) -> str:
  """The set that greedy search ends at for one unit."""
  best, gain = '', 0.0
  left = list(flags)
  for _ in range(most):
    options = {f: size_flags.joined([*best.split('+'), f]) for f in left}
    gains = {f: log_ratio(unit, s, which=which) for f, s in options.items()}
    flag = max(gains, key=lambda f: gains[f], default='')
    if not flag or gains[flag] <= gain:
      break
    # What harms here seldom helps beside another flag.
    left = [f for f in left if f != flag and gains[f] > gain - _HARM]
    best, gain = options[flag], gains[flag]
  return best


def search_constant(
    units: Sequence[unit_sizes.Unit],
    flags: Iterable[str] = tuple(size_flags.FLAGS),
    *,
    most: int = 8,
    which: int = 0,
    say: Callable[[str], object] = print,
) -> list[tuple[str, float]]:
  """Grows one set for all units, by the mean of the log ratios.

  Returns:
    Each set and its gain over -Oz (geometric mean, as a share), from -Oz on.
  """
  chain = [('', 0.0)]
  left = list(flags)
  for _ in range(most):
    best, gain = chain[-1]
    options = {f: size_flags.joined([*best.split('+'), f]) for f in left}
    gains = {
        f: float(np.mean([log_ratio(u, s, which=which) for u in units]))
        for f, s in options.items()
    }
    before = np.log1p(gain)
    for flag in sorted(gains, key=lambda f: -gains[f]):
      say(f'  {options[flag]}: {100 * np.expm1(gains[flag]):+.2f} %')
    flag = max(gains, key=lambda f: gains[f], default='')
    if not flag or gains[flag] <= before + 5e-4:
      break
    left = [f for f in left if f != flag and gains[f] > before - _HARM]
    chain.append((options[flag], float(np.expm1(gains[flag]))))
  return chain
