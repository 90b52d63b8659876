"""Tests of `corpus.plan`: what is written, and to which side."""

import hashlib

from absl.testing import absltest

from mirencoder_jax.corpus import first_pass
from mirencoder_jax.corpus import plan as corpus_plan


def module(name: str, *contents: str) -> first_pass.ModuleRead:
  functions = [
      [
          f'function{i}',
          hashlib.blake2b(c.encode(), digest_size=16).hexdigest(),
          9,
      ]
      for i, c in enumerate(contents)
  ]
  summary = {
      'name': name,
      'file': name,
      'view': '',
      'opt_level': '',
      'functions': functions,
      'unverified': False,
      'llvm': '',
      'counts': {},
  }
  return first_pass.module_read(summary, [0, 0, 0, 0])


class PlanTest(absltest.TestCase):

  def test_equal_functions_are_written_once_and_to_the_training_side(self):
    held_out = next(
        iter(corpus_plan.held_out_groups(dict.fromkeys('abc', 1), rate=0.0001))
    )
    other, third = sorted({'a', 'b', 'c'} - {held_out})
    reads = [
        module('1', 'w', 'x', 'x'),
        module('2', 'x', 'y', 'y'),
        module('3', 'x', 'z'),
    ]
    plan = corpus_plan.plan(reads, [other, held_out, third], 0.0001)
    self.assertEqual(
        {
            split: {p.read.name: p.indices for p in plans}
            for split, plans in plan.splits.items()
        },
        {'train': {'1': [0, 1], '3': [1]}, 'validation': {'2': [1]}},
    )
    self.assertEqual(plan.num_in_both_splits, 1)
    self.assertEqual(plan.num_duplicates, 3)
    self.assertEqual(plan.split_by, 'program')

  def test_finer_groups_where_there_is_one_program(self):
    two = [module('1', 'x', 'y'), module('2', 'z')]
    self.assertEqual(corpus_plan.plan(two, ['p', 'p'], 0.1).split_by, 'file')
    plan = corpus_plan.plan(two[:1], ['p'], 0.1)
    self.assertEqual(plan.split_by, 'function')
    self.assertLen(plan.splits['train'][0].indices, 1)
    self.assertLen(plan.splits['validation'][0].indices, 1)

  def test_a_single_function_is_trained_on(self):
    plan = corpus_plan.plan([module('1', 'x')], ['p'], 0.9999)
    self.assertLen(plan.splits['train'], 1)
    self.assertEmpty(plan.splits['validation'])

  def test_no_function_at_all(self):
    plan = corpus_plan.plan([module('1')], ['p'], 0.1)
    self.assertEqual(plan.splits, {'train': [], 'validation': []})


class HeldOutGroupsTest(absltest.TestCase):

  def test_a_group_stays_where_it_is_when_others_come(self):
    few = {f'program{i}': 1 for i in range(100)}
    many = {f'program{i}': 1 for i in range(1000)}
    held_out = corpus_plan.held_out_groups(many, 0.12)
    self.assertEqual(
        corpus_plan.held_out_groups(few, 0.12), held_out & set(few)
    )
    self.assertBetween(len(held_out), 90, 150)

  def test_both_sides_have_one(self):
    for rate in (0.0001, 0.9999):
      for n in (2, 3):
        groups = {f'program{i}': 1 for i in range(n)}
        self.assertBetween(
            len(corpus_plan.held_out_groups(groups, rate)), 1, n - 1
        )

  def test_a_single_group_is_trained_on(self):
    self.assertEmpty(corpus_plan.held_out_groups({'one': 7}, 0.9999))

  def test_share_of_the_functions_is_kept_where_groups_differ_in_size(self):
    # A program of a third of all functions among sixty, whatever its name.
    for name in 'abcdefghijklmnop':
      sizes = {f'{name}{i}': 10 + 40 * (i % 7) for i in range(60)}
      sizes[name] = sum(sizes.values()) // 2
      held_out = corpus_plan.held_out_groups(sizes, 0.08)
      share = sum(sizes[g] for g in held_out) / sum(sizes.values())
      self.assertBetween(share, 0.04, 0.12)


if __name__ == '__main__':
  absltest.main()
