"""Which candidates to try, in which order, when the best so far is known.

Sets of flags that served many units come first; what is left of the budget
goes to neighbours of the best one: a flag more, or a flag less.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence

NUM_KNOWN = 4  # sets of the table that are tried before neighbours


def num_flags(name: str) -> int:
  """Of a set such as `ext-tsp+no-lsr`; 0 of ''."""
  return name.count('+') + bool(name)


def climb(
    cost: Callable[[str], float],
    sets: Sequence[str],
    flags: Sequence[str],
    joined: Callable[[Iterable[str]], str],
    is_over: Callable[[], bool],
    *,
    num_known: int = NUM_KNOWN,
) -> str:
  """The best of the sets that were tried before the budget was over.

  It ends early where no neighbour of the best set is better.

  Args:
    cost: of a set, such as `ext-tsp+no-lsr`; infinite if it failed. Asked at
      most once for each set; '' (no flags) is asked first.
    sets: known ones, the most promising first.
    flags: what sets are made of, the most promising first.
    joined: a set's name, of its flags in any order.
    is_over: whether nothing more may be tried.
    num_known: how many of `sets` are tried before neighbours.
  """
  costs = {'': cost('')}

  def best() -> str:
    # Among equals the set with fewer flags: what it does is less.
    return min(costs, key=lambda s: (costs[s], num_flags(s)))

  def try_set(name: str) -> None:
    if name not in costs and not is_over():
      costs[name] = cost(name)

  for name in sets[:num_known]:
    try_set(name)
  unchanged = 0  # flags in a row that the best set is right about
  for flag in itertools.cycle(flags):
    if unchanged == len(flags) or is_over():
      break  # all neighbours are known
    start = best()
    try_set(joined(set(filter(None, start.split('+'))) ^ {flag}))
    unchanged = unchanged + 1 if best() == start else 0
  for name in sets:
    try_set(name)
  return best()
