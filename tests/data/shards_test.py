"""Damaged data are named, or left out and counted; never read as others."""

import json
import pathlib
import random
import shutil
import tempfile
from unittest import mock

import numpy as np
import testing
from absl.testing import absltest, parameterized

from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import packed_dataset, shards

NUM_TRAIN = 40


class ShardsTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = pathlib.Path(
        cls.enterClassContext(tempfile.TemporaryDirectory())
    )
    cls.name = testing.write_dataset(cls.folder / 'whole', NUM_TRAIN)
    builder = packed_dataset.open_builder(cls.name, cls.folder / 'whole')
    shards.write_manifest(builder.data_dir)
    cls.expected = packed_dataset.PreparedSource(builder, 'train').__getitems__(
        range(NUM_TRAIN)
    )

  def setUp(self):
    super().setUp()
    self.data_dir = self.folder / self.id()
    shutil.copytree(self.folder / 'whole', self.data_dir)
    self.shard = self.path('train')
    self.content = self.shard.read_bytes()
    # Behind the records stands nothing until the last 64 KiB, which are the
    # footer's.
    self.end = len(self.content[: -(1 << 16)].rstrip(b'\0'))

  def path(self, split):
    (path,) = self.data_dir.glob(f'*/*/*-{split}.array_record-*')
    return path

  def open(self, on_corrupt='raise'):
    builder = packed_dataset.open_builder(self.name, self.data_dir)
    packed_dataset.read_vocab(builder)
    return packed_dataset.PreparedSource(
        builder, 'train', on_corrupt=on_corrupt
    )

  def assert_same(self, actual, expected):
    for name in example_lib.ARRAYS:
      np.testing.assert_array_equal(actual[name], expected[name])
    self.assertEqual(actual['source'], expected['source'])

  def flip(self, place, bit=0):
    content = bytearray(self.content)
    content[place] ^= 1 << bit
    self.shard.write_bytes(content)

  def test_no_flip_is_read_as_something_else(self):
    rng = random.Random(0)
    num_named = 0
    for _ in range(20):
      self.flip(rng.randrange(self.end), rng.randrange(8))
      try:
        source = self.open()
        for number, expected in enumerate(self.expected):
          self.assert_same(*source.__getitems__([number]), expected)
      except shards.DamagedDataError as error:
        self.assertRegex(str(error), f'{self.shard.name}.*on_corrupt=skip')
        num_named += 1
    # Some bits are read by nobody.
    self.assertGreater(num_named, 15)

  def test_a_flip_costs_its_record(self):
    self.flip(self.end // 2)
    with self.assertRaisesRegex(
        shards.DamagedDataError, r'-00001, record \d+: .*hash mismatch.*skip'
    ):
      self.open().__getitems__(range(NUM_TRAIN))
    with self.assertLogs(level='WARNING') as logs:
      source = self.open('skip')
    self.assertRegex(logs.output[0], r'1 of 40 records .* left out: .*record')
    self.assertLen(source, NUM_TRAIN - 1)
    self.assertEqual(source.num_skipped, 1)
    actual = source.__getitems__(range(NUM_TRAIN - 1))
    lost = next(
        number
        for number, example in enumerate([*actual, actual[-1]])
        if not np.array_equal(
            example['tokens'], self.expected[number]['tokens']
        )
    )
    expected = self.expected[:lost] + self.expected[lost + 1 :]
    for pair in zip(actual, expected, strict=True):
      self.assert_same(*pair)

  def test_sizes_of_what_is_left_are_its_own(self):
    packed_dataset.PackedDataset(self.open(), 4, 32)  # keeps those of all
    self.flip(self.end // 2)
    with self.assertLogs(level='WARNING'):
      dataset = packed_dataset.PackedDataset(self.open('skip'), 4, 32)
    self.assertEqual(dataset.sizes.num_examples, NUM_TRAIN - 1)
    for number, example in enumerate(dataset.read(range(NUM_TRAIN - 1))):
      self.assertLen(example['node_kind'], dataset.sizes.nodes[number])

  def test_nothing_is_skipped_of_whole_data(self):
    with self.assertNoLogs(level='WARNING'):
      source = self.open('skip')
    self.assertEqual(source.num_skipped, 0)
    self.assertEqual(source.fingerprint, self.open().fingerprint)

  def test_another_word_for_it(self):
    with self.assertRaisesRegex(ValueError, "'ignore' is neither raise nor"):
      self.open('ignore')

  def cut(self):
    self.shard.write_bytes(self.content[: len(self.content) // 2])

  def empty(self):
    self.shard.write_bytes(b'')

  def remove(self):
    self.shard.unlink()

  def flip_end(self):
    self.flip(len(self.content) - 8)

  def another(self):
    shutil.copy(self.path('validation'), self.shard)

  def another_preparation(self):
    """As many records as there should be, of other data."""
    other = self.data_dir / 'other'
    testing.write_dataset(other, NUM_TRAIN, rng=1)
    (path,) = other.glob('*/*/*-train.array_record-*')
    shutil.copy(path, self.shard)

  @parameterized.parameters(
      (cut, ''),
      (empty, ''),
      (remove, 'No such file'),
      (flip_end, ''),
      (another, 'has 12 records and not 40: it is of another preparation'),
      (another_preparation, 'as in shards.json: it is of another preparation'),
  )
  def test_a_shard_that_is_not_what_was_written(self, damage, why):
    damage(self)
    with self.assertRaisesRegex(
        shards.DamagedDataError, f'{self.shard.name}: .*{why}.*--overwrite'
    ):
      self.open()
    with self.assertRaisesRegex(
        shards.DamagedDataError, 'nothing of 40 records can be read; prepare'
    ):
      self.open('skip')

  def test_an_older_dataset_has_no_manifest(self):
    (self.shard.parent / shards.MANIFEST).unlink()
    self.assertLen(self.open(), NUM_TRAIN)

  @parameterized.product(
      name=('dataset_info', 'features', 'metadata', 'vocab'), share=(0, 0.5)
  )
  def test_descriptions(self, name, share):
    path = self.shard.with_name(f'{name}.json')
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with self.assertRaisesRegex(
        shards.DamagedDataError, 'damaged.*again.*--overwrite'
    ):
      self.open()

  def test_flips_of_measured_sizes(self):
    """Of a cache nothing is lost: it is measured again."""
    expected = packed_dataset.PackedDataset(self.open(), 4, 32)
    paths = sorted(self.shard.parent.glob('*.npz'))
    self.assertLen(paths, 2)
    rng = random.Random(0)
    num_seen = 0
    for path in paths:
      content = path.read_bytes()
      for _ in range(12):
        damaged = bytearray(content)
        place = rng.randrange(len(damaged))
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged[: rng.choice((None, place))])
        # Without a warning it was what nobody reads, such as a date.
        with mock.patch.object(packed_dataset.logging, 'warning') as warn:
          actual = packed_dataset.PackedDataset(self.open(), 4, 32)
        num_seen += 'damaged' in str(warn.call_args_list)
        self.assertEqual(actual.budget, expected.budget)
        self.assertEqual(actual.cuts, expected.cuts)
        for pair in zip(actual.sizes, expected.sizes, strict=True):
          np.testing.assert_array_equal(*pair)
    self.assertGreater(num_seen, 16)

  def test_a_manifest_names_all_shards(self):
    known = json.loads((self.shard.parent / shards.MANIFEST).read_text())
    self.assertEqual(
        set(known), {self.path(s).name for s in ('train', 'validation')}
    )


if __name__ == '__main__':
  absltest.main()
