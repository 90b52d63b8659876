"""Tests of the code_size builder: shipped figures, and a user's."""

import json
import pathlib
import tempfile

import measurements_testing
import numpy as np
import tensorflow_datasets as tfds
from absl.testing import absltest

from datasets import measurements
from datasets.code_size import code_size_dataset_builder as builder_module
from mirencoder_jax import ir
from mirencoder_jax.measure import pipelines, size_flags

_HERE = pathlib.Path(__file__).parent


class BuilderTest(measurements_testing.BuilderTestCase):

  builder_class = builder_module.Builder
  dummy_data = _HERE / 'dummy_data'

  def prepare(self, split='functions+units'):
    return self.prepare_rows(split=split)

  def _change(self, file, number, **changes):
    """Changes a record of a label file; 0 is its header."""
    path = self.manual_dir / file
    lines = path.read_text().splitlines()
    lines[number] = json.dumps(json.loads(lines[number]) | changes)
    path.write_text('\n'.join(lines) + '\n')

  def test_functions_are_found_by_their_hash(self):
    rows = [r for r in self.prepare() if r['kind'] == b'function']
    self.assertLen(rows, 4)
    for row in rows:
      module = ir.read_module(row['ir'], 'row')
      self.assertLen(module.functions, 1)
      self.assertEqual(module.functions[0].hash, row['name'].decode())
      self.assertLen(row['function_sizes'], len(pipelines.PIPELINES))
      self.assertTrue(np.isnan(row['unit_sizes']).all())
    self.assertEqual({r['package'] for r in rows}, {b'one', b'two'})

  def test_default_and_oracle(self):
    """By hand: `-Oz` is the first size, the least one is the best."""
    records = (self.manual_dir / 'function_sizes.jsonl').read_text()
    sizes = {
        f[0]: f[2]
        for line in records.splitlines()[1:]
        for f in json.loads(line)['functions']
    }
    for row in self.prepare():
      if row['kind'] == b'function':
        expected = sizes[row['name'].decode()]
        self.assertEqual(row['function_sizes'][0], expected[0])
        self.assertEqual(
            np.nanmin(row['function_sizes']),
            min(size for size in expected if size is not None),
        )

  def test_units(self):
    rows = [r for r in self.prepare() if r['kind'] == b'unit']
    self.assertLen(rows, 2)
    for row in rows:
      self.assertLen(row['unit_sizes'], len(size_flags.CHOICES))
      self.assertTrue((row['unit_berkeley_sizes'] >= row['unit_sizes']).all())
      self.assertGreaterEqual(row['ir'].count(b'define '), 2)

  def test_a_choice_that_failed_has_no_size(self):
    path = self.manual_dir / 'function_sizes.jsonl'
    lines = path.read_text().splitlines()
    record = json.loads(lines[1])
    record['functions'][0][2][3] = None
    self._change('function_sizes.jsonl', 1, functions=record['functions'])
    key = record['functions'][0][0].encode()
    (row,) = (r for r in self.prepare() if r['name'] == key)
    self.assertTrue(np.isnan(row['function_sizes'][3]))
    self.assertEqual(np.isnan(row['function_sizes']).sum(), 1)

  def test_rows_without_ir_keep_their_place(self):
    (self.manual_dir / 'one' / 'sums.ll').unlink()
    rows = self.prepare()
    self.assertLen(rows, 6)
    self.assertEqual(sum(row['ir'] == b'' for row in rows), 3)

  def test_labels_of_other_pipelines(self):
    self._change('function_sizes.jsonl', 0, pipelines=['Oz'])
    with self.assertRaisesRegex(
        measurements.ManualDataError, 'other pipelines'
    ):
      self.prepare()

  def test_other_file(self):
    self._change('function_sizes.jsonl', 0, kind='loops')
    with self.assertRaisesRegex(measurements.ManualDataError, 'measure size'):
      self.prepare()

  def test_a_folder_without_labels_has_those_that_ship(self):
    for path in self.manual_dir.glob('*.jsonl'):
      path.unlink()
    labels = builder_module.read_labels(_HERE / 'labels.jsonl.xz')
    key = next(
        k
        for k, row in labels.functions.items()
        if not row[0].startswith('starter/')
    )
    with absltest.mock.patch.object(
        builder_module,
        'read_labels',
        return_value=labels._replace(
            functions={key: labels.functions[key]}, units={}
        ),
    ):
      (row,) = self.prepare('functions')
    self.assertEqual(row['name'].decode(), key)
    self.assertEqual(row['ir'], b'')  # another's IR is not here


class ShippedTest(absltest.TestCase):

  def test_what_is_shipped(self):
    path = _HERE / 'labels.jsonl.xz'
    self.assertLess(path.stat().st_size, 5 << 20)
    labels = builder_module.read_labels(path)
    self.assertRegex(labels.header['date'], r'\d{4}-\d\d-\d\d')
    starter = [
        row
        for row in labels.functions.values()
        if row[0].startswith('starter/')
    ]
    self.assertGreater(len(starter), 500)
    self.assertGreater(len(labels.functions), 4 * len(starter) // 3)
    packages = {row[0] for row in labels.functions.values()}
    self.assertGreater(len(packages), 150)
    for _, sizes in labels.functions.values():
      self.assertLen(sizes, len(pipelines.PIPELINES))
      self.assertGreaterEqual(sizes[0], labels.header['min_bytes'])
      # What undefined behaviour deletes is no gain.
      self.assertGreaterEqual(3 * np.nanmin(sizes), sizes[0])
    for _, text, berkeley in labels.units.values():
      self.assertLen(text, len(size_flags.CHOICES))
      self.assertGreaterEqual(berkeley[0], text[0])

  def test_needs_no_manual_dir(self):
    # A part of the modules, as reading all of them takes a while.
    labels = builder_module.read_labels(_HERE / 'labels.jsonl.xz')
    some = {n for n in labels.modules[0] if n.startswith('llvm22/O0/c/fft/')}
    self.assertNotEmpty(some)
    data_dir = self.enter_context(tempfile.TemporaryDirectory())
    builder = builder_module.Builder(data_dir=data_dir)
    with absltest.mock.patch.object(
        builder_module,
        'read_labels',
        return_value=labels._replace(modules=(some, set())),
    ):
      builder.download_and_prepare(
          download_config=tfds.download.DownloadConfig(),
          download_dir=pathlib.Path(data_dir, 'downloads'),
      )
    rows = list(builder.as_data_source(split='functions'))
    self.assertNotEmpty([row for row in rows if row['ir']])
    self.assertTrue(all(r['package'].startswith(b'starter/') for r in rows))


if __name__ == '__main__':
  absltest.main()
