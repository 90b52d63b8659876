"""Search for flags: one set for all units, one for each, some for trials.

The bar for a choice by unit is the best set for everyone, not bare `-Oz`.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from mirencoder_jax.measure import size_flags, unit_sizes

_HARM = 2e-3
_RACE = 1.5e-3  # behind by more on a third of the units: not better on all
_STEP = 2e-5


def log_ratio(unit: unit_sizes.Unit, flags: str, place: int = 0) -> float:
  """How much smaller than at -Oz `.text` is under `flags`, as a logarithm.

  A set without a size comes to -Oz. Of the whole image if `place` is 1.
  """
  base, size = unit.size(''), unit.size(flags)
  if isinstance(base, str) or isinstance(size, str):
    return 0.0
  return float(np.log(base[place] / size[place]))


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


def search_order(
    units: Sequence[unit_sizes.Unit],
    pool: Sequence[str],
    num_sets: int,
    say: Callable[[str], object] = print,
    place: int = 0,
) -> list[tuple[str, float]]:
  """Sets to try one after the other, each what adds most to those before.

  Each begins as the best of the sets that are known for all units by then and
  goes on by a flag more or less, as long as that helps.

  Args:
    units: in an order of no meaning.
    pool: sets to begin with.
    num_sets: how many are wanted.
    say: gets a line for each step.
    place: 0 for `.text`, 1 for the whole image.

  Returns:
    Each set, and the mean of the log ratios of the best so far.
  """
  third = slice(0, -(-len(units) // 3))
  known: dict[str, np.ndarray] = {}
  best = np.zeros(len(units))

  def added(names: str, rows: slice = slice(None)) -> float:
    if names in known:
      gains = known[names][rows]
    else:
      gains = np.array([log_ratio(u, names, place) for u in units[rows]])
      if len(gains) == len(units):
        known[names] = gains
    return float(np.maximum(best[rows], gains).mean())

  for names in pool:
    added(names)
  order: list[tuple[str, float]] = []
  for _ in range(num_sets):
    chosen = max(known, key=added)
    unchanged = 0
    for flag in itertools.cycle(size_flags.FLAGS):
      if unchanged == len(size_flags.FLAGS):
        break
      unchanged += 1
      other = size_flags.joined(set(chosen.split('+')) ^ {flag})
      # A flag that does nothing is left out.
      at_least = added(chosen) + (_STEP if flag in other.split('+') else 0)
      behind = added(chosen, third) - added(other, third)
      if behind < _RACE and added(other) >= at_least:
        chosen, unchanged = other, 0
        say(f'  {100 * added(chosen):.3f} {chosen}')
    order.append((chosen, added(chosen)))
    best = np.maximum(best, known[chosen])
    say(f'{len(order)}: {100 * best.mean():.3f} {chosen}')
  return order
