"""Examples beyond what TFDS keeps in memory are shuffled all the same."""

import pathlib
import sys
import tempfile
from unittest import mock

import tensorflow_datasets as tfds
from absl.testing import absltest
from tensorflow_datasets.core import shuffle

from datasets.ir_folder import ir_folder_dataset_builder
from mirencoder_jax.corpus import corpus

_DUMMY_DATA = pathlib.Path(__file__).parent / 'ir_folder' / 'dummy_data'


class SpillingTest(absltest.TestCase):

  def rows(self, folder: pathlib.Path) -> dict[str, list[str]]:
    builder = ir_folder_dataset_builder.Builder(
        data_dir=folder,
        source=_DUMMY_DATA,
        settings=corpus.CorpusConfig(processes=1, progress=False),
    )
    builder.download_and_prepare()
    self.assertEmpty(list(folder.rglob('bucket_*')))
    read_only = tfds.builder_from_directory(builder.data_path)
    return {
        split: [row['hash'] for row in read_only.as_data_source(split)]
        for split in read_only.info.splits
    }

  def test_spilled_examples_are_those_that_fit_memory_in_the_same_order(self):
    with tempfile.TemporaryDirectory(prefix='with blanks ') as folder:
      in_memory = self.rows(pathlib.Path(folder) / 'memory')
      with mock.patch.object(shuffle, 'MAX_MEM_BUFFER_SIZE', 1):
        spilled = self.rows(pathlib.Path(folder) / 'disk')
    self.assertEqual(spilled, in_memory)
    self.assertNotIn('tensorflow', sys.modules)


if __name__ == '__main__':
  absltest.main()
