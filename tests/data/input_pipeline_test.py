"""Tests of prepared datasets as streams of batches."""

import json
import pathlib
import tempfile
import time

import numpy as np
import testing
from absl.testing import absltest

from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import input_pipeline, packed_dataset, planning


class DatasetTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.data_dir = pathlib.Path(
        cls.enterClassContext(tempfile.TemporaryDirectory())
    )
    name = testing.write_dataset(cls.data_dir)
    cls.builder = packed_dataset.open_builder(name, cls.data_dir)

  def source(self, split='train'):
    return packed_dataset.PreparedSource(self.builder, split)

  def dataset(self, num_rows=4):
    return packed_dataset.PackedDataset(self.source(), num_rows, 32)


class PackedDatasetTest(DatasetTest):

  def test_records_are_decoded_as_tfds_does(self):
    source = self.source()
    self.assertLen(source, 40)
    expected = self.builder.as_data_source('train').__getitems__([3, 0])
    for actual, example in zip(
        source.__getitems__([3, 0]), expected, strict=True
    ):
      for name, dtype in example_lib.ARRAYS.items():
        self.assertEqual(actual[name].dtype, dtype)
        np.testing.assert_array_equal(actual[name], example[name])
      self.assertEqual(actual['source'], example['source'].decode())

  def test_sizes_are_measured_once(self):
    first = self.dataset()
    source = self.source()
    source.__getitems__ = self.fail  # All that is needed lies beside the data.
    again = packed_dataset.PackedDataset(source, 4, 32)
    self.assertEqual(first.budget, again.budget)
    for a, b in zip(first.sizes, again.sizes, strict=True):
      np.testing.assert_array_equal(a, b)

  def test_damaged_sizes_are_measured_again(self):
    first = self.dataset()
    for path in pathlib.Path(self.builder.data_dir).glob('*.npz'):
      path.write_bytes(b'PK damaged')
    with self.assertLogs(level='WARNING'):
      again = self.dataset()
    np.testing.assert_array_equal(first.sizes.nodes, again.sizes.nodes)

  def test_a_folder_that_cannot_be_written_is_no_hindrance(self):
    first = self.dataset()
    source = self.source()
    source.cache_dir = pathlib.Path('/proc/nothing')
    again = packed_dataset.PackedDataset(source, 4, 32)
    np.testing.assert_array_equal(first.sizes.nodes, again.sizes.nodes)

  def test_long_functions_are_split(self):
    dataset = packed_dataset.PackedDataset(self.source(), 1, 32)
    self.assertGreater(dataset.cuts.segments, 0)
    self.assertFalse(planning.oversize(dataset.sizes, dataset.budget).any())
    found = dataset.read(range(dataset.sizes.num_examples))
    examples = self.source().__getitems__(range(40))
    self.assertEqual(
        sum(len(e['tokens']) for e in found) + dataset.cuts.tokens,
        sum(len(e['tokens']) for e in examples),
    )
    sizes = planning.measure(found, 32)
    np.testing.assert_array_equal(sizes.tokens, dataset.sizes.tokens)
    np.testing.assert_array_equal(sizes.nodes, dataset.sizes.nodes)

  def test_packs_of_padding_only(self):
    # What a process is left with whose packs of the last batch are empty.
    dataset = self.dataset()
    batch = dataset.read_packs([planning.Pack([], [])] * 2)
    self.assertEqual(batch.tokens.shape, (2, 4, 32))
    self.assertFalse(batch.example_mask.any())

  def test_not_prepared(self):
    with self.assertRaisesRegex(FileNotFoundError, 'datasets/prepare.py nope'):
      packed_dataset.open_builder('nope', self.data_dir)

  def test_vocabulary(self):
    vocab, tokenizer = packed_dataset.read_vocab(self.builder)
    self.assertEqual(vocab['hash'], tokenizer.hash)
    self.assertEqual(tokenizer.vocab_size, 128)

  def test_another_vocabulary(self):
    with tempfile.TemporaryDirectory() as folder:
      name = testing.write_dataset(folder, 2, 1)
      builder = packed_dataset.open_builder(name, folder)
      other = testing.write_dataset(
          pathlib.Path(folder) / 'other', 2, 1, vocab_size=64
      )
      other = packed_dataset.open_builder(other, pathlib.Path(folder) / 'other')
      path = pathlib.Path(builder.data_dir) / 'vocab.json'
      path.write_text((pathlib.Path(other.data_dir) / path.name).read_text())
      hashes = [
          json.loads((pathlib.Path(b.data_dir) / 'metadata.json').read_text())[
              'vocab_hash'
          ]
          for b in (other, builder)
      ]
      with self.assertRaisesRegex(ValueError, '.*'.join(hashes)):
        packed_dataset.read_vocab(builder)


class StreamTest(DatasetTest):

  def test_an_epoch_has_every_example_once(self):
    dataset = self.dataset()
    num_packs = len(planning.plan_epoch(dataset.sizes, dataset.budget, 0, 0))
    stream = input_pipeline.make_train_iterator(dataset, num_packs, seed=0)
    fed = next(stream)
    self.assertEqual(fed.counts['examples'], dataset.sizes.num_examples)
    self.assertEqual(fed.counts['nodes'], dataset.sizes.nodes.sum())
    self.assertEqual(fed.counts['tokens'], dataset.sizes.tokens.sum())
    self.assertEqual(fed.position, (1, 0))

  def test_goes_on_from_a_position(self):
    stream = input_pipeline.make_train_iterator(self.dataset(), 2, seed=0)
    seen = [next(stream) for _ in range(12)]
    again = input_pipeline.make_train_iterator(
        self.dataset(), 2, seed=0, position=seen[4].position
    )
    for expected in seen[5:]:
      actual = next(again)
      self.assertEqual(actual.position, expected.position)
      np.testing.assert_array_equal(actual.batch.tokens, expected.batch.tokens)

  def test_processes_share_a_batch(self):
    dataset = self.dataset()
    whole = next(input_pipeline.make_train_iterator(dataset, 4, 0))
    for local in (np.array([0, 2]), np.array([3, 1])):
      part = next(
          input_pipeline.make_train_iterator(dataset, 4, 0, local_packs=local)
      )
      self.assertEqual(part.position, whole.position)
      np.testing.assert_array_equal(
          part.batch.tokens, whole.batch.tokens[local]
      )
      np.testing.assert_array_equal(
          part.batch.graph.senders, whole.batch.graph.senders[local]
      )

  def test_evaluation_has_every_example_once(self):
    dataset = self.dataset()
    batches = list(input_pipeline.make_eval_iterator(dataset, 4))
    self.assertEqual(
        sum(b.example_mask.sum() for b in batches), dataset.sizes.num_examples
    )
    self.assertEqual({b.tokens.shape for b in batches}, {(4, 4, 32)})
    self.assertLen(list(input_pipeline.make_eval_iterator(dataset, 4, 2)), 2)


class PrefetcherTest(absltest.TestCase):

  def test_order_and_end(self):
    with input_pipeline.Prefetcher(iter(range(20)), 3) as items:
      self.assertEqual(list(items), list(range(20)))
      with self.assertRaises(StopIteration):
        next(items)

  def test_an_error_is_raised_where_items_are_used(self):
    def broken():
      yield 1
      raise OSError('disk gone')

    with input_pipeline.Prefetcher(broken(), 3) as items:
      self.assertEqual(next(items), 1)
      with self.assertRaisesRegex(OSError, 'disk gone'):
        next(items)

  def test_closes_while_the_thread_waits(self):
    items = input_pipeline.Prefetcher(iter(range(1000)), 2)
    next(items)
    items.close()

  def test_measures_waiting(self):
    def slow():
      for i in range(3):
        time.sleep(0.1)
        yield i

    with input_pipeline.Prefetcher(slow(), 2) as items:
      list(items)
    self.assertGreater(items.seconds_waited, 0.2)


if __name__ == '__main__':
  absltest.main()
