"""Tests of the `starter_ir` builder, and of the corpus that is shipped."""

import collections
import pathlib
import tempfile

from absl.testing import absltest
from tensorflow_datasets.core import dataset_metadata

from datasets.starter_ir import starter_ir_dataset_builder
from mirencoder_jax.corpus import corpus, plan
from mirencoder_jax.corpus import files as corpus_files

_FOLDER = pathlib.Path(__file__).parent
_SETTINGS = corpus.CorpusConfig(processes=1, progress=False)


class BuilderTest(absltest.TestCase):

  def builder(self, **kwargs) -> starter_ir_dataset_builder.Builder:
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    return starter_ir_dataset_builder.Builder(
        data_dir=folder.name, settings=_SETTINGS, **kwargs
    )

  def test_is_named_and_described(self):
    builder = self.builder()
    self.assertEqual(builder.name, 'starter_ir')
    self.assertIn('# starter_ir', builder.info.description)
    self.assertIn('@misc', builder.info.citation)
    tags = builder.get_metadata().tags
    self.assertNotEmpty(tags)
    self.assertContainsSubset(tags, dataset_metadata.valid_tags())

  def test_dummy_data_becomes_examples_with_what_the_manifest_says(self):
    builder = self.builder(source=_FOLDER / 'dummy_data')
    builder.download_and_prepare()
    found = {}
    for split in builder.info.splits:
      for example in builder.as_data_source(split):
        key = (example['program'], example['opt_level'])
        found[key] = (split, example['language'], example['llvm'])
    self.assertLen(found, 3)
    self.assertEqual(found[b'prefix_sum', b'O0'][1:], (b'c', b'14.0.6'))
    self.assertEqual(found[b'prefix_sum', b'O2'][1:], (b'c', b'22.1.8'))
    self.assertEqual(found[b'invert', b'O2'][1], b'cuda')
    self.assertEqual(
        found[b'prefix_sum', b'O0'][0], found[b'prefix_sum', b'O2'][0]
    )
    self.assertNotEqual(
        found[b'prefix_sum', b'O0'][0], found[b'invert', b'O2'][0]
    )


class ShippedCorpusTest(absltest.TestCase):
  """Lists the archive; that it can be read is `prepare.py`'s report."""

  def test_archive_is_what_its_manifest_says(self):
    files = corpus_files.CorpusFiles(
        _FOLDER / 'starter_ir.tar.xz', _FOLDER / 'manifest.csv'
    )
    self.assertEmpty(files.problems)
    origins = [files.origin(file.name) for file in files.files]
    for origin in origins:
      self.assertNotIn('', origin._replace(licence='?'))
    by_llvm = collections.Counter(o.llvm.split('.')[0] for o in origins)
    self.assertGreaterEqual(len(by_llvm), 2)
    self.assertContainsSubset(
        {'O0', 'O1', 'O2', 'O3'}, {o.opt_level for o in origins}
    )

  def test_some_programs_are_held_out(self):
    files = corpus_files.CorpusFiles(
        _FOLDER / 'starter_ir.tar.xz', _FOLDER / 'manifest.csv'
    )
    programs = collections.Counter(
        files.origin(file.name).program for file in files.files
    )
    held_out = plan.held_out_groups(programs, _SETTINGS.validation_rate)
    self.assertBetween(len(held_out) / len(programs), 0.05, 0.25)


if __name__ == '__main__':
  absltest.main()
