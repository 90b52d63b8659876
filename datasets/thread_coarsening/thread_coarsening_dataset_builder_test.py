"""Tests of the thread_coarsening builder, on made-up rows."""

import pathlib

import measurements_testing
import numpy as np
from absl.testing import absltest

from datasets.thread_coarsening import (
    thread_coarsening_dataset_builder as builder_module,
)

_HERE = pathlib.Path(__file__).parent
_REAL = _HERE.parents[2] / 'shared' / 'data' / 'thread_coarsening'


class BuilderTest(measurements_testing.BuilderTestCase):

  builder_class = builder_module.Builder
  dummy_data = _HERE / 'dummy_data'

  def test_rows(self):
    examples = self.prepare()
    self.assertLen(examples, 12)
    first = examples['square', 'Fermi']
    self.assertEqual(first['module'], b'square')
    self.assertIn(b'fmul float', first['ir'])
    np.testing.assert_array_equal(
        first['runtimes'], [8, 5, 4, np.nan, np.nan, np.nan]
    )
    self.assertEqual((first['on_Fermi'], first['on_Tahiti']), (1, 0))
    np.testing.assert_array_equal(
        examples['shift', 'Kepler']['runtimes'],
        [13.5, 10.5, 10.5, 9, 12, 13.5],
    )

  def test_row_without_ir_or_time_is_kept(self):
    path = self.manual_dir / 'pact-2014-runtimes.csv'
    text = path.read_text().replace('halve', 'lost').replace('13.5', 'n/a', 1)
    path.write_text(text)
    examples = self.prepare()
    self.assertLen(examples, 12)
    self.assertEqual(examples['lost', 'Fermi']['ir'], b'')
    self.assertTrue(np.isnan(examples['shift', 'Kepler']['runtimes'][0]))

  def test_unknown_factor(self):
    path = self.manual_dir / 'pact-2014-runtimes.csv'
    path.write_text(path.read_text().replace('square,4', 'square,3'))
    with self.assertRaisesRegex(ValueError, "row 3: cf is '3'"):
      self.prepare()

  def test_published_data(self):
    examples = self.prepare(self.real(_REAL))
    self.assertLen(examples, 17 * 4)
    self.assertTrue(all(example['ir'] for example in examples.values()))
    self.assertTrue(all(e['runtimes'][0] > 0 for e in examples.values()))
    # mt and mtLocal have one IR.
    self.assertLen({e['code'] for e in examples.values()}, 16)

  def prepare(self, manual_dir=None):
    rows = self.prepare_rows(manual_dir)
    return {(e['kernel'].decode(), e['gpu'].decode()): e for e in rows}


if __name__ == '__main__':
  absltest.main()
