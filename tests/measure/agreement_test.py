"""Closed forms of the agreement of two passes."""

import numpy as np
from absl.testing import absltest

from mirencoder_jax.measure import agreement


class AgreementTest(absltest.TestCase):

  def test_rank_correlation(self):
    costs = np.array([3.0, 1.0, 2.0, 9.0])
    self.assertAlmostEqual(agreement.rank_correlation(costs, costs**3), 1)
    self.assertAlmostEqual(agreement.rank_correlation(costs, -costs), -1)
    # 1 - 6 sum(d^2) / (n (n^2 - 1)) with one swap of neighbours.
    self.assertAlmostEqual(
        agreement.rank_correlation([1, 2, 3, 4], [2, 1, 3, 4]), 0.8
    )

  def test_ties_share_their_rank(self):
    self.assertAlmostEqual(agreement.rank_correlation([1, 1, 2], [5, 5, 7]), 1)
    self.assertTrue(np.isnan(agreement.rank_correlation([1, 1], [1, 2])))

  def test_regret(self):
    self.assertEqual(agreement.regret([1, 2], [3, 2]), 1.5)
    self.assertEqual(agreement.regret([2, 1], [3, 2]), 1.0)


if __name__ == '__main__':
  absltest.main()
