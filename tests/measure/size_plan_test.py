"""A plan asks the question that two next sets gain most behind."""

import math

import numpy as np
from absl.testing import absltest

from mirencoder_jax.measure import size_flags, size_plan

SETS = {'a': 'ext-tsp', 'b': 'no-lsr', 'c': 'ipra'}
# `a` is best for all; where it does much `b` does more, elsewhere `c` does.
GAINS = dict(
    a=[0.2] * 4 + [0.05] * 4,
    b=[0.24] * 4 + [-1.0] * 4,
    c=[-1.0] * 4 + [0.1] * 4,
)


class PlanTest(absltest.TestCase):

  def test_what_is_next_hangs_on_what_came_before(self):
    plan = size_plan.grow(GAINS, 2, min_rows=4)
    self.assertEqual(plan, {'': ('a', 0.06), '+': ('b', 1.0), '-': ('c', 1.0)})

  def test_a_question_needs_rows_on_both_sides(self):
    plan = size_plan.grow(GAINS, 3, min_rows=5)
    # Without questions it is the greedy order.
    self.assertEqual(plan, {'': ('a', 1.0), '-': ('c', 1.0), '--': ('b', 1.0)})

  def test_answers(self):
    plan = {'': ('a', 0.1), '+': ('b', 1.0), '-': ('c', 1.0)}

    def ask(**costs):
      return size_plan.next_set(plan, SETS, {'': 100, **costs})

    self.assertEqual(ask(), 'ext-tsp')
    self.assertEqual(ask(**{'ext-tsp': 89}), 'no-lsr')
    self.assertEqual(ask(**{'ext-tsp': 90}), 'ipra')
    self.assertEqual(ask(**{'ext-tsp': math.inf}), 'ipra')
    self.assertIsNone(ask(**{'ext-tsp': 90, 'ipra': 80}))

  def test_that_plans_ship_can_be_followed_to_their_ends(self):
    chooser = np.random.default_rng(0)
    for kind in size_plan.PLANS:
      next_known = size_plan.next_known(kind)
      seen = set()
      for _ in range(200):
        costs = {'': 1000.0}
        while (flags := next_known(costs)) is not None:
          self.assertNotIn(flags, costs)
          self.assertNotEmpty(size_flags.words_of(flags))
          costs[flags] = 1000 * chooser.uniform(0.85, 1.05)
        seen.add(tuple(costs))
        self.assertLen(costs, 5)
      self.assertGreater(len(seen), 2)
    self.assertIsNone(size_plan.next_known('image'))


if __name__ == '__main__':
  absltest.main()
