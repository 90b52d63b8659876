"""Which set of flags to try next, given what came of those before.

A plan is a tree of questions: a set is tried, and whether it saved more than a
share of the size says which one is next. `tune` follows `PLANS`, which `grow`
has made of the labels that ship.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mirencoder_jax.measure import size_flags

# Answers so far ('+': it saved more than the share) -> set, share. Of a share
# of 1, which nothing saves, only '-' goes on.
Plan = Mapping[str, tuple[str, float]]
SHARES = (0.0, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12)
MIN_ROWS = 20  # on each side of a question

# Where `.text` is to be small, on the labelled units of packages that sets were
# chosen on. Of the whole image no plan is better than an order.
PLANS: Mapping[str, Plan] = {
    'text': {
        '': ('s1', 0.06),
        '-': ('s11', 0.03),
        '--': ('s3', 0.02),
        '---': ('s8', 1.0),
        '--+': ('s9', 1.0),
        '-+': ('s7', 1.0),
        '-+-': ('s6', 1.0),
        '+': ('s5', 1.0),
        '+-': ('s3', 1.0),
        '+--': ('s8', 1.0),
    },
}


def next_known(
    kind: str,
) -> Callable[[Mapping[str, float]], str | None] | None:
  """What `tuning.search.climb` asks for the next set; None without a plan."""
  if kind not in PLANS:
    return None
  return functools.partial(next_set, PLANS[kind], size_flags.CHOICES)


def next_set(
    plan: Plan, sets: Mapping[str, str], costs: Mapping[str, float]
) -> str | None:
  """The flags to try next; None behind the end of the plan.

  Args:
    plan: names of sets.
    sets: name -> flags.
    costs: flags -> size, infinite if they failed; '' (no flags) among them.
  """
  answers = ''
  while answers in plan:
    name, share = plan[answers]
    flags = sets[name]
    if flags not in costs:
      return flags
    answers += '+' if costs[flags] < (1 - share) * costs[''] else '-'
  return None


def grow(
    gains: Mapping[str, Sequence[float]],
    depth: int,
    *,
    first: str | None = None,
    shares: Sequence[float] = SHARES,
    min_rows: int = MIN_ROWS,
) -> Plan:
  """A plan that adds, step by step, most to the mean of the best so far.

  Each question is the one behind which the next two sets, one for each answer,
  add most together.

  Args:
    gains: set -> log ratio over the default, of each row.
    depth: sets that are tried one after the other.
    first: the set that is tried first; None for the best one for all rows.
    shares: what may be asked.
    min_rows: of `gains` on each side of a question; fewer are not asked.
  """
  names = list(gains)
  table = np.array([gains[name] for name in names], float)  # [C, n]
  plan: dict[str, tuple[str, float]] = {}

  def add(answers: str, rows: np.ndarray, best: np.ndarray) -> None:
    added = np.maximum(table[:, rows] - best, 0).mean(axis=1)
    tried = [names.index(plan[answers[:i]][0]) for i in range(len(answers))]
    added[tried] = -1
    if first is not None and not answers:
      chosen = names.index(first)
    else:
      chosen = int(added.argmax())
    plan[answers] = names[chosen], 1.0
    if len(tried) + 1 == min(depth, len(names)):
      return
    found = table[chosen, rows]
    best = np.maximum(best, found)
    left = np.maximum(table[:, rows] - best, 0)
    most, above = left.sum(axis=1).max() + 1e-9, np.zeros(len(rows), bool)
    for share in shares:
      is_more = found > -math.log1p(-share)
      if min(is_more.sum(), (~is_more).sum()) < min_rows:
        continue
      both = sum(left[:, m].sum(axis=1).max() for m in (is_more, ~is_more))
      if both > most:
        most, above, plan[answers] = both, is_more, (names[chosen], share)
    for answer, side in (('-', ~above), ('+', above)):
      if side.any():
        add(answers + answer, rows[side], best[side])

  add('', np.arange(table.shape[1]), np.zeros(table.shape[1]))
  return plan
