"""Tests of the plan: everything once, nothing too much, little padding."""

import numpy as np
import testing
from absl.testing import absltest, parameterized

from mirencoder_jax.data import packing, planning


def random_sizes(num_examples, row_tokens, seed=0):
  """Sizes spread as those of real functions: long tails, correlated."""
  rng = np.random.default_rng(seed)
  instructions = 56 * np.exp(1.2 * rng.normal(size=num_examples))
  instructions = np.clip(instructions, 2, 500)
  tokens = (instructions * rng.uniform(6, 9, num_examples)).astype(int) + 4
  nodes = (instructions * rng.uniform(1.7, 2.2, num_examples)).astype(int) + 2
  edges = (nodes * rng.uniform(1.5, 1.9, num_examples)).astype(int)
  texts = (3 * nodes**0.5).astype(int)
  windows, n_window = [], []
  for count in tokens:
    # Windows end a little before the row does, at the end of an instruction.
    lengths = []
    while count > row_tokens - 2:
      lengths.append(row_tokens - int(rng.integers(0, 8)))
      count -= lengths[-1] - 1
    windows += [*lengths, count + 2]
    n_window.append(len(lengths) + 1)
  return planning.Sizes(
      nodes.astype(np.int32),
      edges.astype(np.int32),
      texts.astype(np.int32),
      (3 * texts).astype(np.int32),
      rng.integers(0, num_examples // 3, num_examples, np.int32),
      (2 * nodes).astype(np.int32),
      np.array(windows, np.int32),
      np.concatenate([[0], np.cumsum(n_window)]),
  )


def padding(sizes, budget, plan):
  tokens = sizes.tokens.sum() / len(plan) / budget.num_rows / budget.num_tokens
  return 1 - tokens, 1 - sizes.nodes.sum() / len(plan) / budget.num_nodes


class PlanningTest(parameterized.TestCase):

  @parameterized.named_parameters(
      ('rows_of_512', 8, 512), ('rows_of_256', 16, 256), ('long', 4, 1024)
  )
  def test_little_is_padding(self, num_rows, num_tokens):
    sizes = random_sizes(3000, num_tokens)
    budget = planning.estimate_budget(sizes, num_rows, num_tokens)
    sizes = sizes.take(np.flatnonzero(~planning.oversize(sizes, budget)))
    budget = planning.estimate_budget(sizes, num_rows, num_tokens)
    sizes = sizes.take(np.flatnonzero(~planning.oversize(sizes, budget)))
    plan = planning.plan_epoch(sizes, budget, seed=0, epoch=0)
    tokens, nodes = padding(sizes, budget, plan)
    self.assertLess(tokens, 0.10)
    self.assertLess(nodes, 0.10)

  def test_every_epoch_has_every_example_once_in_another_order(self):
    sizes = random_sizes(1000, 512)
    budget = planning.estimate_budget(sizes, 4, 512)
    sizes = sizes.take(np.flatnonzero(~planning.oversize(sizes, budget)))
    orders = []
    for epoch in (0, 1):
      plan = planning.plan_epoch(sizes, budget, seed=3, epoch=epoch)
      order = [i for pack in plan for i in pack.examples]
      self.assertEqual(sorted(order), list(range(sizes.num_examples)))
      orders.append(order)
    self.assertNotEqual(*orders)

  def test_views_meet_two_by_two(self):
    sizes = random_sizes(1000, 256)
    budget = planning.estimate_budget(sizes, 16, 256)
    sizes = sizes.take(np.flatnonzero(~planning.oversize(sizes, budget)))
    share = sizes.tokens / budget.num_rows / budget.num_tokens
    plan = planning.plan_epoch(sizes, budget, 0, 0, pair_views=True)
    self.assertCountEqual(
        [i for pack in plan for i in pack.examples], range(sizes.num_examples)
    )
    num_small = 0
    for pack in plan:
      sources = sizes.source[pack.examples].tolist()
      for i, source in zip(pack.examples, sources, strict=True):
        # Large ones may be apart, and one of an odd number is alone.
        views = share[sizes.source == source]
        if len(views) % 2 == 0 and views.max() < 0.1:
          num_small += 1
          self.assertGreater(sources.count(source), 1, i)
    self.assertGreater(num_small, 50)
    tokens, nodes = padding(sizes, budget, plan)
    self.assertLess(tokens, 0.10)
    self.assertLess(nodes, 0.12)

  def test_pair_views(self):
    order = np.array([4, 0, 3, 1, 2, 5])
    source = np.array([7, 7, 8, 7, 9, 8])
    firsts, partners = planning.pair_views(order, source)
    # Of source 7 the order has 0, 3, 1: 1 is alone.
    self.assertEqual(firsts.tolist(), [4, 0, 1, 2])
    self.assertEqual(partners.tolist(), [-1, 3, -1, 5])

  def test_plans_are_a_function_of_seed_and_epoch(self):
    sizes = random_sizes(300, 512)
    budget = planning.estimate_budget(sizes, 16, 512)
    sizes = sizes.take(np.flatnonzero(~planning.oversize(sizes, budget)))

    def plan(seed, epoch):
      return planning.plan_epoch(sizes, budget, seed, epoch)

    self.assertEqual(plan(1, 5), plan(1, 5))
    self.assertNotEqual(plan(1, 5), plan(2, 5))

  def test_planned_packs_can_be_packed(self):
    rng = np.random.default_rng(0)
    examples = []
    for _ in range(120):
      num_nodes = int(rng.integers(4, 30))
      examples.append(
          testing.random_example(
              rng,
              64,
              num_tokens=int(rng.integers(10, 100)),
              num_nodes=num_nodes,
              num_edges=2 * num_nodes,
              num_texts=4,
          )
      )
    sizes = planning.measure(examples, 32)
    budget = planning.estimate_budget(sizes, 8, 32)
    self.assertFalse(planning.oversize(sizes, budget).any())
    num_tokens = 0
    for pack in planning.plan_epoch(sizes, budget, 0, 0):
      batch = packing.pack(
          [examples[i] for i in pack.examples], budget, rows=pack.rows
      )
      num_tokens += (batch.token_segment > 0).sum()
    self.assertEqual(num_tokens, sizes.tokens.sum())

  @parameterized.named_parameters(
      ('one', 1), ('seven', 7), ('more_than_a_block', 150)
  )
  def test_positions_are_seekable(self, step):
    sizes = random_sizes(1000, 512)
    budget = planning.estimate_budget(sizes, 4, 512)
    sizes = sizes.take(np.flatnonzero(~planning.oversize(sizes, budget)))
    expected = []
    for epoch in range(3):
      expected += planning.plan_epoch(sizes, budget, 0, epoch)
    plan = planning.Plan(sizes, budget, 0)
    self.assertGreater(plan.num_blocks, 1)
    position, taken = (0, 0), []
    while len(taken) + step <= len(expected):
      if len(taken) % 200 < step:  # A restart: only the position is known.
        plan = planning.Plan(sizes, budget, 0)
      packs, position = plan.advance(position, step)
      self.assertLen(packs, step)
      taken += packs
    self.assertEqual(taken, expected[: len(taken)])

  def test_what_fits_nowhere_is_an_error(self):
    sizes = random_sizes(50, 512)
    budget = planning.estimate_budget(sizes, 1, 512)
    self.assertTrue(planning.oversize(sizes, budget).any())
    with self.assertRaisesRegex(ValueError, 'does not fit an empty pack'):
      planning.plan_epoch(sizes, budget, 0, 0)

  def test_no_examples(self):
    with self.assertRaisesRegex(ValueError, 'no examples'):
      planning.estimate_budget(planning.measure([], 64), 4, 64)

  def test_sizes_are_those_of_the_examples(self):
    rng = np.random.default_rng(0)
    examples = [
        testing.random_example(rng, 64, num_tokens=n) for n in (20, 40, 20)
    ]
    sizes = planning.measure(examples, 32)
    self.assertEqual(sizes.nodes.tolist(), [12, 12, 12])
    self.assertEqual(sizes.edges.tolist(), [30, 30, 30])
    self.assertEqual(sizes.texts.tolist(), [6, 6, 6])
    self.assertEqual(np.diff(sizes.window_offset).tolist(), [1, 2, 1])
    # Tokens, [CLS] of each window, one [SEP].
    self.assertEqual(sizes.tokens.tolist(), [22, 43, 22])
    again = sizes.take(np.array([1])).join(sizes.take(np.array([0, 2])))
    self.assertEqual(again.tokens.tolist(), [43, 22, 22])


if __name__ == '__main__':
  absltest.main()
