"""Tests of windows: they fit rows and end where instructions end."""

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.data import windows


class CutWindowsTest(parameterized.TestCase):

  @parameterized.named_parameters(
      # [CLS] and [SEP] beside six tokens are eight.
      ('fits', 6, [1, 3, 6], 8, [0, 6]),
      ('one_too_many', 7, [1, 3, 6, 7], 8, [0, 6, 7]),
      ('at_boundaries', 12, [0, 3, 6, 9, 12], 8, [0, 6, 12]),
      ('long_instruction', 20, [0, 2, 20], 8, [0, 2, 9, 16, 20]),
      ('no_instruction', 9, [9], 8, [0, 7, 9]),
      ('empty', 0, [0], 8, [0, 0]),
  )
  def test_bounds(self, num_tokens, offset, row_tokens, expected):
    bounds = windows.cut_windows(num_tokens, np.array(offset), row_tokens)
    self.assertEqual(bounds.tolist(), expected)

  def test_windows_fit_and_end_where_an_instruction_ends(self):
    rng = np.random.default_rng(0)
    for _ in range(100):
      lengths = rng.integers(1, 12, rng.integers(1, 60))
      offset = np.concatenate([[0], np.cumsum(lengths)]) + 3
      bounds = windows.cut_windows(int(offset[-1]), offset, 16)
      self.assertLessEqual(windows.window_lengths(bounds).max(), 16)
      self.assertTrue((np.diff(bounds) > 0).all())
      self.assertContainsSubset(bounds[1:].tolist(), offset.tolist())

  def test_placed_windows_fit_their_rows(self):
    free = np.array([8, 10, 3])
    lengths = [3, 9, 5]
    rows = windows.place_windows(lengths, free)
    self.assertEqual(rows, [0, 1, 0])
    self.assertEqual(free.tolist(), [0, 1, 3])
    self.assertIsNone(windows.place_windows([3, 2], free))
    self.assertEqual(free.tolist(), [0, 1, 3])


if __name__ == '__main__':
  absltest.main()
