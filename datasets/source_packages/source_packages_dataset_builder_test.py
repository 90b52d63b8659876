"""Tests of the `source_packages` builder, on a package made here."""

import collections
import importlib.util
import pathlib
import shutil
import tempfile

from absl.testing import absltest
from tensorflow_datasets.core import dataset_metadata

from datasets import prepare
from datasets.source_packages import fetch
from datasets.source_packages import (
    source_packages_dataset_builder as source_packages,
)

_MANIFEST = """
licences = ['MIT']
[[package]]
name = 'tiny'
version = '1.0'
origin = 'folder'
sha256 = '{}'
licence = 'MIT'
languages = ['c']
"""


class BuilderTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.folder = pathlib.Path(folder.name)
    (self.folder / 'tiny').mkdir()
    for name in 'abcd':
      (self.folder / 'tiny' / f'{name}.c').write_text(
          f'int {name}(int *x, int n) {{ int sum = {ord(name)};\n'
          f'for (int i = 0; i < n; ++i) sum {"+-*^"[ord(name) - 97]}= x[i];\n'
          'return sum; }\n'
      )
    self.manifest = self.folder / 'manifest.toml'
    self.manifest.write_text(
        _MANIFEST.format(fetch.tree_hash(self.folder / 'tiny'))
    )
    self.flags = [
        'source_packages',
        f'--data_dir={self.folder / "data"}',
        f'--packages_manifest={self.manifest}',
        '--processes=1',
    ]

  def test_is_named_and_described(self):
    builder = source_packages.Builder(data_dir=self.folder)
    self.assertEqual(builder.info.full_name, 'source_packages/default/1.0.0')
    self.assertIn('# source_packages', builder.info.description)
    self.assertIn('@misc', builder.info.citation)
    tags = builder.get_metadata().tags
    self.assertNotEmpty(tags)
    self.assertContainsSubset(tags, dataset_metadata.valid_tags())

  @absltest.skipIf(
      importlib.util.find_spec('ziglang') is None, 'needs the wheel ziglang'
  )
  def test_one_command_from_packages_to_shards(self):
    self.assertEqual(prepare.main([*self.flags, '--bitcode_only']), 0)
    bitcode = self.folder / 'data' / 'bitcode' / 'default'
    self.assertLen(list(bitcode.glob('bc/tiny/*.bc')), 4)
    # Left by an earlier manifest, and by a run that was cut: not read.
    (bitcode / '.cut').mkdir()
    for name in ('bc/tiny/gone.c.bc', '.cut/unit.bc'):
      shutil.copy(bitcode / 'bc' / 'tiny' / 'a.c.bc', bitcode / name)
    self.assertEqual(prepare.main([*self.flags, '--views=O1']), 0)
    builder = source_packages.Builder(data_dir=self.folder / 'data')
    levels = collections.Counter()
    for split in builder.info.splits:
      for example in builder.as_data_source(split):
        levels[example['opt_level']] += 1
        self.assertEqual(example['language'], b'c')
    self.assertEqual(levels, {b'O2-raw': 4, b'O1': 4})

  def test_nothing_to_be_had_is_an_error(self):
    (self.folder / 'tiny' / 'a.c').write_text('')
    self.assertEqual(prepare.main(self.flags), 1)

  def test_bad_manifest_is_an_error(self):
    self.manifest.write_text('licences = 1 2')
    self.assertEqual(prepare.main(self.flags), 1)


if __name__ == '__main__':
  absltest.main()
