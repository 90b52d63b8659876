"""Tests of the cuda_block builder, on made-up rows."""

import gzip
import pathlib

import measurements_testing
import numpy as np
from absl.testing import absltest

from datasets.cuda_block import cuda_block_dataset_builder as builder_module

_HERE = pathlib.Path(__file__).parent
_REAL = _HERE.parents[2] / 'shared' / 'data' / 'cuda_thread_block'


class BuilderTest(measurements_testing.BuilderTestCase):

  builder_class = builder_module.Builder
  dummy_data = _HERE / 'dummy_data'

  def test_rows(self):
    examples = self.prepare()
    self.assertLen(examples, 8)  # of 12: sizes below 512 are no rows
    choices = list(self.opened.info.metadata['choices'])
    self.assertLen(set(choices), 51)
    row = examples['MADE_twice', 512]
    self.assertEqual(row['program'], b'MADE')
    self.assertEqual(row['usual'], b'32x8')
    self.assertEqual(examples['MVT_mvt_kernel1', 512]['usual'], b'256x1')
    self.assertTrue(np.isnan(row['c2075_runtimes']).all())
    self.assertEqual(np.isfinite(row['gtx1080ti_runtimes']).sum(), 4)

  def test_median_of_the_repeats(self):
    examples = self.prepare()
    choices = list(self.opened.info.metadata['choices'])
    time = examples['MADE_twice', 512]['rtx2070super_runtimes']
    # Its three runs: 1.1, 1.15 and 1.2 and 0.18 more, by the made-up formula.
    self.assertAlmostEqual(time[choices.index('16x16')], 1.21, places=4)

  def test_failed_run_is_not_measured(self):
    examples = self.prepare()
    choices = list(self.opened.info.metadata['choices'])
    time = examples['MADE_square', 1024]['gtx1080ti_runtimes']
    self.assertTrue(np.isnan(time[choices.index('1x1024')]))
    self.assertTrue(np.isfinite(time[choices.index('32x8')]))

  def test_programs_with_equal_kernels_are_a_family(self):
    examples = self.prepare()
    family = {e['program']: e['family'] for e in examples.values()}
    self.assertEqual(family, {b'MADE': b'MADE', b'UP': b'MADE', b'MVT': b'MVT'})

  def test_missing_ir_keeps_the_row(self):
    self.assertEqual(self.prepare()['MVT_mvt_kernel1', 512]['ir'], b'')

  def test_unknown_shape(self):
    path = self.manual_dir / 'klaraptor_runs.csv.gz'
    table = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(table.replace('16,16', '16,15').encode()))
    with self.assertRaisesRegex(ValueError, 'row 3: .* the shape 16x15'):
      self.prepare()

  def test_published_data(self):
    examples = self.prepare(self.real(_REAL))
    self.assertLen(examples, 155)
    self.assertLen({e['module'] for e in examples.values()}, 30)
    self.assertLen({e['program'] for e in examples.values()}, 15)
    choices = list(self.opened.info.metadata['choices'])
    for example in examples.values():
      usual = choices.index(example['usual'].decode())
      times = example['rtx2070super_runtimes']
      if np.isfinite(times).any():
        self.assertTrue(np.isfinite(times[usual]))

  def prepare(self, manual_dir=None):
    rows = self.prepare_rows(manual_dir)
    return {(e['module'].decode(), int(e['n'])): e for e in rows}


if __name__ == '__main__':
  absltest.main()
