"""Tests of the loop_vectorization builder: shipped loops, and a user's."""

import json
import pathlib
import tempfile

import measurements_testing
import numpy as np
import tensorflow_datasets as tfds
from absl.testing import absltest

from datasets import measurements
from datasets.loop_vectorization import (
    loop_vectorization_dataset_builder as builder_module,
)

_HERE = pathlib.Path(__file__).parent


class BuilderTest(measurements_testing.BuilderTestCase):

  builder_class = builder_module.Builder
  dummy_data = _HERE / 'dummy_data'

  def prepare(self):
    return {e['name'].decode(): e for e in self.prepare_rows()}

  def _change(self, number, **changes):
    """Changes a record of the label file; 0 is its header."""
    path = self.manual_dir / 'labels.jsonl'
    lines = path.read_text().splitlines()
    lines[number] = json.dumps(json.loads(lines[number]) | changes)
    path.write_text('\n'.join(lines) + '\n')

  def test_rows(self):
    examples = self.prepare()
    self.assertEqual(set(examples), {'copy', 'scale', 'scaled', 'total'})
    scale = examples['scale']
    self.assertEqual(scale['family'], b'axpy')
    self.assertIn(b'define', scale['ir'])
    # 1,024 iterations of one entry; two arrays of 4,096 bytes.
    self.assertEqual(scale['log_trip_count'], 10)
    self.assertEqual(scale['log_iterations'], 10)
    self.assertEqual(scale['log_bytes'], 13)
    np.testing.assert_array_equal(
        scale['costs'],
        np.minimum(scale['first_pass'], scale['second_pass']),
    )
    self.assertEqual(list(self.opened.info.metadata['choices'])[-1], 'compiler')
    self.assertEqual(self.opened.info.metadata['cpu'], 'made up')

  def test_loops_of_equal_code_are_one_group(self):
    examples = self.prepare()
    self.assertEqual(examples['scale']['loop'], examples['scaled']['loop'])
    self.assertLen({e['loop'] for e in examples.values()}, 3)

  def test_clone_with_other_results_has_no_cost(self):
    total = self.prepare()['total']
    self.assertTrue(np.isnan(total['costs'][5]))
    self.assertEqual(np.isnan(total['costs']).sum(), 1)

  def test_loops_without_labels_keep_their_place(self):
    self._change(1, status='disagree')
    path = self.manual_dir / 'labels.jsonl'
    failed = dict(name='zz', digest='', status='failed', reason='no loop')
    path.write_text(path.read_text() + json.dumps(failed) + '\n')
    examples = self.prepare()
    self.assertLen(examples, 5)
    self.assertTrue(np.isnan(examples['copy']['costs']).all())
    self.assertFalse(np.isnan(examples['copy']['first_pass']).any())
    self.assertEqual(examples['zz']['reason'], b'no loop')
    self.assertTrue(np.isnan(examples['zz']['log_bytes']))
    self.assertEqual(examples['zz']['ir'], b'')

  def test_other_file(self):
    self._change(0, kind='openmp')
    with self.assertRaisesRegex(
        measurements.ManualDataError, 'labels.jsonl: not a label file'
    ):
      self.prepare()

  def test_no_file(self):
    (self.manual_dir / 'labels.jsonl').unlink()
    with self.assertRaisesRegex(measurements.ManualDataError, 'labels.jsonl'):
      self.prepare()


class ShippedTest(absltest.TestCase):

  def test_what_is_shipped(self):
    header, records = builder_module.read_labels(_HERE / 'labels.jsonl.xz')
    self.assertTrue(header['cpu'])
    self.assertRegex(header['date'], r'\d{4}-\d\d-\d\d')
    kept = [record for record in records if record['status'] == 'ok']
    # Families take turns: whatever was labelled holds all of them.
    self.assertGreater(len(kept), 0.9 * len(records))
    self.assertGreaterEqual(len({record['family'] for record in kept}), 20)
    texts = measurements.read_archive(_HERE / 'loops_ir.tar.xz')
    default = builder_module.CHOICES.index('compiler')
    for record in kept:
      self.assertIn('define', texts[record['name']])
      costs = record['costs']
      self.assertLen(costs, 36)
      self.assertGreater(costs[default], 0)
    size = sum(
        (_HERE / name).stat().st_size
        for name in ('labels.jsonl.xz', 'loops_ir.tar.xz')
    )
    self.assertLess(size, 3 << 20)

  def test_needs_no_manual_dir(self):
    data_dir = self.enter_context(tempfile.TemporaryDirectory())
    builder = builder_module.Builder(data_dir=data_dir)
    builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(),
        download_dir=pathlib.Path(data_dir, 'downloads'),
    )
    _, records = builder_module.read_labels(_HERE / 'labels.jsonl.xz')
    self.assertEqual(builder.info.splits.total_num_examples, len(records))


if __name__ == '__main__':
  absltest.main()
