"""Tests of the label space: the fewest choices worth telling apart."""

import numpy as np
from absl.testing import absltest

from mirencoder_jax.downstream.tasks import label_space, tasks


def make_target(costs):
  costs = np.asarray(costs, float)
  return tasks.Target(
      name='box',
      choices=tuple(f'c{i}' for i in range(costs.shape[1])),
      default=0,
      inputs=np.zeros((len(costs), 0)),
      costs=costs,
      labels=costs.argmin(axis=1),
      valid=np.ones(len(costs), bool),
  )


class CoverTest(absltest.TestCase):

  def test_by_hand(self):
    # 2 is never best and never bad; 0 and 1 share the rows.
    costs = np.array([[1, 8, 2], [1, 8, 2], [8, 1, 2], [8, 1, 2]])
    np.testing.assert_array_equal(label_space.cover(costs, 0.5), [0])
    np.testing.assert_array_equal(label_space.cover(costs, 0.99), [0, 1])
    costs[0] = costs[1] = [1, 8, 1.25]
    # Now 2 is the best constant, and only 1 is missing to a full cover.
    np.testing.assert_array_equal(label_space.cover(costs, 0.9), [2, 1])

  def test_keeps_the_share_and_stops(self):
    costs = np.exp(np.random.default_rng(0).standard_normal((30, 100)))
    kept = label_space.cover(costs, 0.9)
    share = costs.min(axis=1) / costs[:, kept].min(axis=1)
    without_last = costs.min(axis=1) / costs[:, kept[:-1]].min(axis=1)
    self.assertGreaterEqual(share.mean(), 0.9)
    self.assertLess(without_last.mean(), 0.9)
    self.assertLen(set(kept), len(kept))
    everything = label_space.cover(costs, 1.0)
    np.testing.assert_array_equal(
        costs[:, everything].min(axis=1), costs.min(axis=1)
    )

  def test_errors(self):
    with self.assertRaisesRegex(ValueError, 'no rows'):
      label_space.cover(np.zeros((0, 3)), 0.9)
    with self.assertRaisesRegex(ValueError, 'min_share 0'):
      label_space.cover(np.ones((2, 3)), 0)

  def test_each_run_has_its_own(self):
    target = make_target([[1, 9, 9], [1, 9, 9], [9, 1, 9], [9, 9, 1]])
    runs = np.array([[1, 1, 0, 1], [1, 1, 1, 0]], bool)
    keywords = dict(max_choices=2, min_share=0.99)
    spaces = label_space.reduce(target, runs, **keywords)
    np.testing.assert_array_equal(spaces[0], [0, 2])
    np.testing.assert_array_equal(spaces[1], [0, 1])
    np.testing.assert_array_equal(
        label_space.pad([*spaces, np.array([1])]), [[0, 2], [0, 1], [1, -1]]
    )
    np.testing.assert_array_equal(
        label_space.pad(spaces, 4), [[0, 2, -1, -1], [0, 1, -1, -1]]
    )
    none = label_space.reduce(target, runs & False, **keywords)
    np.testing.assert_array_equal(none, [[0], [0]])
    few = label_space.reduce(target, runs, max_choices=3, min_share=0.99)
    self.assertIsNone(few)
    labels_only = target._replace(costs=None)
    self.assertIsNone(label_space.reduce(labels_only, runs, **keywords))

  def test_scores_stand_where_their_choices_are(self):
    wide = label_space.widen(
        np.array([[[1.0, 2, 9]], [[3, 9, 9]]]),
        np.array([[0, 2, -1], [1, -1, -1]]),
        num_choices=3,
        fill=np.inf,
    )
    np.testing.assert_array_equal(
        wide, [[[1, np.inf, 2]], [[np.inf, 3, np.inf]]]
    )


if __name__ == '__main__':
  absltest.main()
