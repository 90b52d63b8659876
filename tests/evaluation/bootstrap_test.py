"""Tests of the bootstrap over groups and seeds."""

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.evaluation import bootstrap


def width(samples):
  summary = bootstrap.summarise(samples, 0.95)
  return summary['high'] - summary['low']


class BootstrapTest(parameterized.TestCase):

  def test_sample_is_the_mean(self):
    rng = np.random.default_rng(0)
    values = rng.random((2, 3, 40))
    valid = rng.random(40) < 0.7
    draws = bootstrap.draw(rng.integers(0, 9, 40), valid, 3, 5)
    means = bootstrap.means(values, draws)
    self.assertEqual(means.shape, (2, 6))
    np.testing.assert_allclose(
        means[:, 0], values[:, :, valid].mean(axis=(1, 2))
    )

  def test_rows_that_do_not_count_change_nothing(self):
    valid = np.arange(30) < 20
    draws = bootstrap.draw(np.arange(30) // 5, valid, 2, 50)
    values = np.random.default_rng(0).random((1, 2, 30))
    other = np.where(valid, values, 1e9)
    np.testing.assert_array_equal(
        bootstrap.means(values, draws), bootstrap.means(other, draws)
    )

  @parameterized.parameters(1, 2)
  def test_width_is_that_of_the_binomial(self, rows_of_group):
    # Rows of a group agree: as wide as that of 100 independent rows.
    groups = np.repeat(np.arange(100), rows_of_group)
    values = 1.0 * (groups % 2)[None, None]
    draws = bootstrap.draw(groups, np.ones(len(groups), bool), 1, 4000)
    expected = 2 * 1.96 * np.sqrt(0.25 / 100)
    actual = width(bootstrap.means(values, draws)[0])
    self.assertAlmostEqual(actual, expected, delta=0.02)

  def test_seeds_widen_the_interval(self):
    draws = bootstrap.draw(np.arange(20), np.ones(20, bool), 4, 2000)
    level = np.array([0.0, 0.0, 1.0, 1.0])  # of the seeds
    values = np.broadcast_to(level[None, :, None], (1, 4, 20))
    means = bootstrap.means(values, draws)[0]
    self.assertEqual(means[0], 0.5)
    self.assertGreater(width(means), 0.8)
    same = np.full((1, 4, 20), 0.5)
    self.assertAlmostEqual(width(bootstrap.means(same, draws)[0]), 0)

  def test_equal_numbers_of_seeds_are_drawn_in_pairs(self):
    rng = np.random.default_rng(0)
    draws = bootstrap.draw(np.arange(20) // 2, np.ones(20, bool), 3, 300)
    one = rng.random((1, 3, 20))
    difference = bootstrap.means(one + 0.25, draws) - bootstrap.means(
        one, draws
    )
    np.testing.assert_allclose(difference, 0.25)

  def test_without_resamples(self):
    draws = bootstrap.draw(np.arange(4), np.ones(4, bool), 2, 10)
    means = bootstrap.means(np.ones((1, 2, 4)), draws.only_sample())
    summary = bootstrap.summarise(means[0], 0.95)
    self.assertEqual(summary, {'value': 1.0, 'low': None, 'high': None})

  def test_nothing_counts(self):
    with self.assertRaisesRegex(ValueError, 'no row counts'):
      bootstrap.draw(np.arange(3), np.zeros(3, bool), 1, 1)


if __name__ == '__main__':
  absltest.main()
