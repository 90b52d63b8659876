"""Tests of the device_mapping builder, on made-up rows."""

import gzip
import pathlib
import shutil
import tempfile

import numpy as np
import tensorflow_datasets as tfds
from absl.testing import absltest

from datasets.device_mapping import (
    device_mapping_dataset_builder as builder_module,
)

_HERE = pathlib.Path(__file__).parent
_DUMMY = _HERE / 'dummy_data'
_REAL = _HERE.parents[2] / 'shared' / 'data' / 'device_mapping'


def _prepare(manual_dir, data_dir) -> list[dict]:
  builder = builder_module.Builder(data_dir=data_dir)
  builder.download_and_prepare(
      download_config=tfds.download.DownloadConfig(manual_dir=manual_dir),
      download_dir=pathlib.Path(data_dir) / 'downloads',
  )
  opened = tfds.builder('device_mapping', data_dir=data_dir)
  return sorted(
      opened.as_data_source(split='train'), key=lambda example: example['row']
  )


class BuilderTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.manual_dir = self.enter_context(tempfile.TemporaryDirectory())
    shutil.copytree(_DUMMY, self.manual_dir, dirs_exist_ok=True)
    self.data_dir = self.enter_context(tempfile.TemporaryDirectory())

  def test_rows(self):
    examples = _prepare(self.manual_dir, self.data_dir)
    self.assertLen(examples, 8)
    first = examples[0]
    self.assertEqual(first['benchmark'], b'made-up-1.0-Square-square')
    self.assertEqual(first['program'], b'made-up-1.0-Square')
    self.assertEqual(first['suite'], b'made')
    self.assertEqual(first['amd_transfer'], 1024)
    self.assertEqual(first['amd_label'], b'CPU')
    self.assertIn(b'fmul float', first['ir'])

  def test_same_source_is_one_kernel(self):
    examples = _prepare(self.manual_dir, self.data_dir)
    kernels = {e['benchmark']: e['kernel'] for e in examples}
    self.assertLen(set(kernels.values()), 3)
    self.assertEqual(
        kernels[b'made-up-1.0-Double-twice'],
        kernels[b'invented-Twice-twice_kernel'],
    )

  def test_row_without_ir_or_time_is_kept(self):
    folder = pathlib.Path(self.manual_dir)
    names = (folder / 'row_to_ir.csv').read_text()
    (folder / 'row_to_ir.csv').write_text(
        names.replace('square.ll', 'lost.ll', 1)
    )
    path = folder / 'cgo17-amd.csv.gz'
    table = gzip.decompress(path.read_bytes()).decode().splitlines()
    table[1] = table[1].replace('0.6024', 'unknown')
    path.write_bytes(gzip.compress('\n'.join(table).encode()))
    examples = _prepare(self.manual_dir, self.data_dir)
    self.assertLen(examples, 8)
    self.assertEqual(examples[0]['ir'], b'')
    self.assertTrue(np.isnan(examples[0]['amd_runtime_cpu']))

  def test_clear_errors(self):
    folder = pathlib.Path(self.manual_dir)
    path = folder / 'cgo17-nvidia.csv.gz'
    path.write_bytes(path.read_bytes()[:-20])
    with self.assertRaisesRegex(ValueError, 'cgo17-nvidia.csv.gz'):
      _prepare(self.manual_dir, self.data_dir)

  def test_other_rows_in_one_table(self):
    folder = pathlib.Path(self.manual_dir)
    path = folder / 'cgo17-nvidia.csv.gz'
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    path.write_bytes(gzip.compress('\n'.join(lines[:-1]).encode()))
    with self.assertRaisesRegex(ValueError, 'differ in rows'):
      _prepare(self.manual_dir, self.data_dir)

  def test_published_data(self):
    if not _REAL.is_dir():
      self.skipTest(f'{_REAL} is not there')
    examples = _prepare(_REAL, self.data_dir)
    self.assertLen(examples, 680)
    for group, count in (('kernel', 247), ('program', 71), ('suite', 7)):
      self.assertLen({example[group] for example in examples}, count)
    self.assertTrue(all(example['ir'] for example in examples))
    self.assertEqual(sum(e['amd_label'] == b'GPU' for e in examples), 280)
    self.assertEqual(sum(e['nvidia_label'] == b'GPU' for e in examples), 387)


if __name__ == '__main__':
  absltest.main()
