"""Tests of splits: nothing related on both sides."""

import dataclasses

import numpy as np
from absl.testing import absltest, parameterized
from sklearn import model_selection

from mirencoder_jax.downstream.tasks import splits


def _rows(num_rows=97, num_programs=13, seed=0):
  rng = np.random.default_rng(seed)
  program = rng.integers(0, num_programs, num_rows)
  suite = program % 4
  labels = rng.integers(0, 3, num_rows)
  return labels, {'program': program, 'suite': suite}


def _build(config, labels, groups, num_seeds=2):
  return splits.build_protocol(
      config, labels, groups, num_seeds=num_seeds, num_inner_folds=3
  )


class SplitsTest(parameterized.TestCase):

  @parameterized.product(
      group=('program', 'suite'), num_folds=(0, 3, 10), seed=(0, 1, 2)
  )
  def test_no_group_is_on_both_sides(self, group, num_folds, seed):
    labels, groups = _rows(seed=seed)
    config = splits.SplitConfig('grouped', group, num_folds)
    protocol = _build(config, labels, groups)
    codes = groups[group]
    for train, test, inner in zip(
        protocol.train, protocol.test, protocol.inner, strict=True
    ):
      self.assertEmpty(set(codes[train]) & set(codes[test]))
      for held_out in inner:
        fitted = train & ~held_out
        self.assertEmpty(set(codes[fitted]) & set(codes[held_out]))

  @parameterized.parameters('', 'program', 'suite')
  def test_every_row_is_tested_once_a_seed(self, group):
    labels, groups = _rows()
    protocol = _build(splits.SplitConfig('any', group, 4), labels, groups)
    for seed in range(2):
      tested = protocol.test[protocol.seed == seed].sum(axis=0)
      np.testing.assert_array_equal(tested, 1)
    np.testing.assert_array_equal(protocol.train, ~protocol.test)

  @parameterized.parameters('', 'program')
  def test_inner_folds_partition_the_training_rows(self, group):
    labels, groups = _rows()
    protocol = _build(splits.SplitConfig('any', group, 4), labels, groups)
    np.testing.assert_array_equal(
        protocol.inner.sum(axis=1), protocol.train.astype(int)
    )

  def test_stratified_folds_have_equal_shares(self):
    labels = np.repeat([0, 1, 2], (50, 30, 7))
    folds = splits.stratified_folds(labels, 10, np.random.default_rng(0))
    for label, count in ((0, 50), (1, 30), (2, 7)):
      sizes = np.bincount(folds[labels == label], minlength=10)
      self.assertLessEqual(sizes.max() - sizes.min(), 1)
      self.assertEqual(sizes.sum(), count)
    self.assertLessEqual(np.ptp(np.bincount(folds)), 1)

  @parameterized.parameters(0, 1)
  def test_group_folds_are_those_of_scikit_learn(self, seed):
    groups = np.repeat(np.arange(20), np.arange(1, 21))  # 210 rows
    folds = splits.group_folds(groups, 7, np.random.RandomState(seed))
    other = model_selection.GroupKFold(7, shuffle=True, random_state=seed)
    for fold, (_, test) in enumerate(other.split(groups, groups=groups)):
      np.testing.assert_array_equal(np.flatnonzero(folds == fold), test)

  def test_leave_one_out(self):
    labels, groups = _rows()
    config = splits.SplitConfig('suite', 'suite', 0)
    protocol = _build(config, labels, groups, num_seeds=1)
    self.assertLen(protocol.seed, 4)
    for test in protocol.test:
      self.assertLen(set(groups['suite'][test]), 1)

  def test_seeds_differ_and_repeat(self):
    labels, groups = _rows()
    config = splits.SplitConfig('random')
    first, again = (_build(config, labels, groups) for _ in range(2))
    np.testing.assert_array_equal(first.test, again.test)
    seeds = [first.test[first.seed == seed] for seed in (0, 1)]
    self.assertFalse(np.array_equal(*seeds))

  def test_leaving_one_out_is_the_same_for_all_seeds(self):
    labels, groups = _rows()
    for num_folds, expected in ((0, 13), (5, 10)):
      config = splits.SplitConfig('split', 'program', num_folds)
      protocol = _build(config, labels, groups)
      distinct, again = splits.distinct_runs(protocol)
      self.assertLen(distinct.seed, expected)
      np.testing.assert_array_equal(distinct.train[again], protocol.train)
      np.testing.assert_array_equal(distinct.test[again], protocol.test)

  def test_gather_test_takes_each_runs_test_rows(self):
    labels, groups = _rows()
    protocol = _build(splits.SplitConfig('random'), labels, groups)
    runs = np.arange(len(protocol.seed))
    per_run = np.broadcast_to(runs[:, None], protocol.test.shape)
    gathered = splits.gather_test(protocol, per_run)
    self.assertEqual(gathered.shape, (2, len(labels)))
    for seed in (0, 1):
      for row in range(len(labels)):
        run = gathered[seed, row]
        self.assertTrue(protocol.test[run, row])
        self.assertEqual(protocol.seed[run], seed)

  def test_leave_one_row_out(self):
    labels, groups = _rows()
    config = splits.SplitConfig('row', '', 0)
    protocol = _build(config, labels, groups, num_seeds=1)
    np.testing.assert_array_equal(protocol.test, np.eye(len(labels)))
    np.testing.assert_array_equal(protocol.inner.sum(1), protocol.train)

  @parameterized.parameters('program', 'suite')
  def test_grouped_splits_do_not_leak(self, group):
    labels, groups = _rows()
    protocol = _build(splits.SplitConfig('any', group, 4), labels, groups)
    self.assertNotIn(group, splits.find_leaks(protocol, groups))

  def test_leaks_are_found(self):
    program = np.array([0, 0, 0, 1, 2, 3, 4, 4, 5])
    labels = np.zeros(9, int)
    groups = {'program': program, 'row': np.arange(9)}
    protocol = _build(splits.SplitConfig('row', '', 0), labels, groups)
    leaks = splits.find_leaks(protocol, groups)
    self.assertEqual(leaks, {'program': 5 / 9})

  @parameterized.parameters(0, 1, 2)
  def test_a_planted_copy_is_counted_or_refused(self, seed):
    """Row 0 of one program is once more in another."""
    labels, groups = _rows(seed=seed)
    code = np.arange(97)
    other = int(np.argmax(groups['program'] != groups['program'][0]))
    code[other] = code[0]
    groups['code'] = code
    config = splits.SplitConfig('grouped', 'program', 13)
    leaks = splits.find_leaks(_build(config, labels, groups), groups)
    # Each of the two rows is tested on, once a seed, with its copy in training.
    self.assertAlmostEqual(leaks['code'], 2 / 97)
    refusing = dataclasses.replace(config, refused='code')
    protocol = _build(refusing, labels, groups)
    self.assertNotIn('code', splits.find_leaks(protocol, groups))
    self.assertEqual(protocol.num_refused, 2 * 2)  # two seeds
    for train, test, inner in zip(
        protocol.train, protocol.test, protocol.inner, strict=True
    ):
      if test[0]:
        self.assertFalse(train[other])
      np.testing.assert_array_equal(inner.any(axis=0), train)

  @parameterized.parameters('', 'program')
  def test_one_form_is_trained_on_and_the_others_tested(self, group):
    labels, groups = _rows()
    groups['form'] = np.arange(97) % 3
    names = {'form': ('cuda', 'hip', 'openmp')}
    for num_folds in (1, 4):
      protocol = splits.build_protocol(
          splits.SplitConfig('to', group, num_folds, trained=('form', 'hip')),
          labels,
          groups,
          num_seeds=2,
          num_inner_folds=3,
          group_names=names,
      )
      is_hip = groups['form'] == 1
      self.assertFalse((protocol.train & ~is_hip).any())
      np.testing.assert_array_equal(protocol.tested, ~is_hip)
      for seed in range(2):
        np.testing.assert_array_equal(
            protocol.test[protocol.seed == seed].sum(axis=0), ~is_hip
        )
      if num_folds == 1:
        np.testing.assert_array_equal(protocol.train[0], is_hip)
      elif group:
        self.assertNotIn('program', splits.find_leaks(protocol, groups))

  def test_bad_forms(self):
    labels, groups = _rows()
    with self.assertRaisesRegex(ValueError, 'one fold leaves nothing'):
      splits.SplitConfig('one', '', 1)
    with self.assertRaisesRegex(ValueError, 'a group and the name'):
      splits.SplitConfig('one', '', 1, trained=('form',))
    for trained in (('form', 'cuda'), ('program', 'cuda')):
      with self.assertRaisesRegex(ValueError, 'form|no .cuda. beside'):
        _build(splits.SplitConfig('x', '', 1, trained=trained), labels, groups)

  def test_unknown_group(self):
    labels, groups = _rows()
    with self.assertRaisesRegex(ValueError, "unknown group 'author'"):
      _build(splits.SplitConfig('x', 'author'), labels, groups)

  def test_too_few_groups(self):
    labels, _ = _rows()
    groups = {'suite': (np.arange(len(labels)) > 5).astype(int)}
    with self.assertRaisesRegex(ValueError, 'has 2 member'):
      _build(splits.SplitConfig('x', 'suite'), labels, groups)


if __name__ == '__main__':
  absltest.main()
