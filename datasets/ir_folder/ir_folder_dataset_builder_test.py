"""Tests of the `ir_folder` builder on its dummy data."""

import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
from unittest import mock

import numpy as np
import tensorflow_datasets as tfds
from absl.testing import absltest
from etils import epath
from tensorflow_datasets.core import dataset_metadata

from datasets import prepare
from datasets.ir_folder import ir_folder_dataset_builder
from mirencoder_jax import ir
from mirencoder_jax.corpus import corpus
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import packed_dataset, shards

_DUMMY_DATA = pathlib.Path(__file__).parent / 'dummy_data'


class BuilderTest(absltest.TestCase):
  """What `tfds.testing.DatasetBuilderTestCase` asks; it needs TensorFlow."""

  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.builder = ir_folder_dataset_builder.Builder(
        data_dir=folder.name,
        source=_DUMMY_DATA,
        settings=corpus.CorpusConfig(processes=1, progress=False),
    )

  def test_is_named_and_described(self):
    self.assertEqual(self.builder.info.full_name, 'ir_folder/1.1.0')
    self.assertIn('# ir_folder', self.builder.info.description)
    self.assertIn('@misc', self.builder.info.citation)
    metadata = self.builder.get_metadata()
    self.assertContainsSubset(metadata.tags, dataset_metadata.valid_tags())

  def test_shards_are_read_without_builder_and_without_tensorflow(self):
    self.builder.download_and_prepare()
    read_only = tfds.builder_from_directory(self.builder.data_path)
    hashes = {}
    for split, number in {'train': 4, 'validation': 1}.items():
      source = read_only.as_data_source(split)
      self.assertEqual(read_only.info.splits[split].num_examples, number)
      hashes[split] = {example['hash'] for example in source}
      self.assertLen(hashes[split], number)
    self.assertEmpty(hashes['train'] & hashes['validation'])
    self.assertNotIn('tensorflow', sys.modules)

  def test_a_kill_behind_the_shards_costs_nothing_of_them(self):
    """As if it came as soon as the folder has its name."""
    left = self.builder.data_path.parent / 'incomplete.OFKILL_1.1.0'
    left.mkdir(parents=True)
    with mock.patch.object(
        ir_folder_dataset_builder.Builder,
        '_post_download_and_prepare_hook',
        side_effect=KeyboardInterrupt,
    ):
      with self.assertRaises(KeyboardInterrupt):
        self.builder.download_and_prepare()
    self.assertFalse(left.exists())
    report = json.loads((self.builder.data_path / 'report.json').read_text())
    builder = packed_dataset.open_builder(
        'ir_folder', self.builder.data_path.parent.parent
    )
    self.assertEqual(shards.content_hash(builder), report['content_hash'])
    self.assertTrue((self.builder.data_path / shards.MANIFEST).exists())
    packed_dataset.PreparedSource(builder, 'train').__getitems__(range(4))

  def test_prepared_twice_it_has_the_same_content(self):
    self.builder.download_and_prepare()
    with tempfile.TemporaryDirectory() as folder:
      again = ir_folder_dataset_builder.Builder(
          data_dir=folder,
          source=_DUMMY_DATA,
          settings=corpus.CorpusConfig(processes=2, progress=False),
      )
      again.download_and_prepare()
      for name in (shards.MANIFEST, 'vocab.json'):
        self.assertEqual(
            (again.data_path / name).read_text(),
            (self.builder.data_path / name).read_text(),
        )
      self.assertEqual(
          shards.content_hash(again), shards.content_hash(self.builder)
      )


class PrepareTest(absltest.TestCase):
  """The command line, once, and what it leaves on disk."""

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = tempfile.TemporaryDirectory(prefix='with blanks ')
    cls.addClassCleanup(cls.folder.cleanup)
    cls.data_dir = str(pathlib.Path(cls.folder.name) / 'data')
    cls.exit_code = cls.prepare()
    cls.builder = tfds.builder('ir_folder/mine', data_dir=cls.data_dir)

  @classmethod
  def prepare(cls, *more: str) -> int:
    return prepare.main(
        [
            'ir_folder',
            f'--source={_DUMMY_DATA}',
            '--name=mine',
            f'--data_dir={cls.data_dir}',
            '--processes=2',
            *more,
        ]
    )

  def test_what_is_read_back_is_what_featurize_gave(self):
    self.assertEqual(self.exit_code, 0)
    tokenizer = ir.Tokenizer.load(self.builder.data_path / 'vocab.json')
    examples = self.builder.as_data_source('validation')
    actual = next(e for e in examples if e['function'] == b'dot')
    module = ir.read_module(_DUMMY_DATA / 'dot' / 'dot.c.ll')
    expected = example_lib.featurize(module, tokenizer, provenance={})[0]
    for name, dtype in example_lib.ARRAYS.items():
      np.testing.assert_array_equal(actual[name], expected[name])
      self.assertEqual(actual[name].dtype, dtype)
    self.assertEqual(actual['module'], b'dot/dot.c.ll')
    self.assertEqual(actual['source'], b'dot/dot.c/dot')
    self.assertEqual(actual['language'], b'c')

  def test_views_of_a_function_share_their_source(self):
    examples = [
        example
        for example in self.builder.as_data_source('train')
        if example['function'] == b'saxpy'
    ]
    self.assertEqual({e['source'] for e in examples}, {b'saxpy/saxpy.c/saxpy'})
    self.assertEqual({e['opt_level'] for e in examples}, {b'O0', b'O2'})

  def test_report_and_metadata_stand_beside_the_shards(self):
    folder = epath.Path(self.builder.data_path)
    report = json.loads((folder / 'report.json').read_text())
    self.assertEqual(report['functions']['duplicates'], 1)
    self.assertEqual(report['unknown_tokens'], 0)
    self.assertIn('5 functions written', (folder / 'report.md').read_text())
    tokenizer = ir.Tokenizer.load(folder / 'vocab.json')
    self.assertEqual(self.builder.info.metadata['vocab_hash'], tokenizer.hash)
    # Nothing of the work is left.
    left = [path.name for path in epath.Path(self.data_dir).iterdir()]
    self.assertEqual(left, ['ir_folder'])

  def test_second_run_finds_it_done(self):
    with mock.patch.object(
        corpus.Corpus, 'prepare', side_effect=AssertionError
    ):
      self.assertEqual(self.prepare(), 0)

  def test_other_source_under_the_same_name_is_an_error(self):
    self.assertEqual(self.prepare(f'--source={_DUMMY_DATA}/dot'), 1)

  @absltest.skipUnless(os.path.exists('/dev/full'), 'no /dev/full')
  def test_a_full_disk_is_an_error_that_says_so(self):
    # Writing to this device fails as on a full disk.
    name = f'ir_folder-mine-{ir_folder_dataset_builder.Builder.VERSION}'
    work = pathlib.Path(self.data_dir) / '.reading' / name
    work.mkdir(parents=True)
    (work / 'modules.bin').symlink_to('/dev/full')
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
      self.assertEqual(self.prepare('--overwrite'), 1)
    self.assertIn('is full; make room', errors.getvalue())
    # What was there is there still; with room, the same command goes on.
    self.assertLen(self.builder.as_data_source('train'), 4)
    (work / 'modules.bin').unlink()
    self.assertEqual(self.prepare('--overwrite'), 0)

  def test_source_without_ir_is_an_error(self):
    with tempfile.TemporaryDirectory() as empty:
      self.assertEqual(self.prepare(f'--source={empty}', '--overwrite'), 1)
    # And leaves alone what was there.
    self.assertLen(self.builder.as_data_source('train'), 4)


if __name__ == '__main__':
  absltest.main()
