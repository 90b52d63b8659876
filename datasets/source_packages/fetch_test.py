"""Tests of bringing sources: archives made here, no network."""

import dataclasses
import io
import pathlib
import tarfile
import tempfile
import zipfile

from absl.testing import absltest
from absl.testing.absltest import mock

from datasets.source_packages import fetch, packages
from mirencoder_jax.storage import sums

_PACKAGE = packages.Package(
    name='tiny',
    version='1.0',
    origin='pypi',
    sha256='',
    licence='MIT',
    languages=('c',),
)


class FetchTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.folder = pathlib.Path(folder.name)
    self.cache = self.folder / 'cache'
    self.downloads = 0

  def archive(self, members: dict[str, str]) -> pathlib.Path:
    path = self.folder / 'tiny-1.0.tar.gz'
    with tarfile.open(path, 'w:gz') as file:
      for name, text in members.items():
        member = tarfile.TarInfo(name)
        member.size = len(text)
        file.addfile(member, io.BytesIO(text.encode()))
    return path

  def fetch(self, archive: pathlib.Path, **fields) -> pathlib.Path:
    """As if `archive` were what the index has."""

    def download(package, scratch):
      del package
      self.downloads += 1
      return pathlib.Path(scratch, archive.name).write_bytes(
          archive.read_bytes()
      ) and pathlib.Path(scratch, archive.name)

    fields.setdefault('sha256', sums.content_of(archive))
    package = dataclasses.replace(_PACKAGE, **fields)
    with mock.patch.object(fetch, '_from_pypi', download):
      return fetch.fetch(package, self.cache)

  def test_unpacks_without_the_folder_at_the_top(self):
    archive = self.archive({'tiny-1.0/a.c': 'int a;', 'tiny-1.0/b/c.h': ''})
    root = self.fetch(archive)
    self.assertEqual((root / 'a.c').read_text(), 'int a;')
    self.assertTrue((root / 'b' / 'c.h').exists())
    self.assertEqual(self.fetch(archive, root='b'), root / 'b')
    self.assertEqual(self.downloads, 1)

  def test_zip(self):
    path = self.folder / 'tiny.zip'
    with zipfile.ZipFile(path, 'w') as file:
      file.writestr('a.c', 'int a;')
    self.assertTrue((self.fetch(path) / 'a.c').exists())

  def test_unpacks_again_from_the_cache(self):
    archive = self.archive({'a.c': ''})
    root = self.fetch(archive)
    (root / 'a.c').unlink()
    root.rmdir()
    self.assertTrue((self.fetch(archive) / 'a.c').exists())
    self.assertEqual(self.downloads, 1)

  def test_a_changed_hash_is_refused_and_leaves_nothing(self):
    archive = self.archive({'a.c': ''})
    with self.assertRaisesRegex(fetch.FetchError, 'pins sha256 abc, there is'):
      self.fetch(archive, sha256='abc')
    self.assertFalse((self.cache / 'sources').exists())
    self.assertEmpty(list((self.cache / 'archives').iterdir()))

  def test_a_broken_archive_is_named(self):
    path = self.folder / 'tiny-1.0.tar.gz'
    path.write_bytes(self.archive({'a.c': 'x' * 5000}).read_bytes()[:60])
    with self.assertRaisesRegex(fetch.FetchError, 'tiny-1.0.tar.gz cannot be'):
      self.fetch(path)
    self.assertEmpty(list((self.cache / 'sources').iterdir()))

  def test_a_flipped_archive_is_named(self):
    path = self.folder / 'tiny.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as file:
      file.writestr('a.c', bytes(range(97, 110)) * 9)
    content = path.read_bytes()
    for number in range(40):  # of the header and the data
      flipped = bytearray(content)
      flipped[number] ^= 2
      path.write_bytes(flipped)
      try:
        fetch._unpack(path, self.folder / f'unpacked{number}')
      except fetch.FetchError as error:
        self.assertIn('tiny.zip cannot be unpacked', str(error))

  def test_nothing_is_written_outside(self):
    archive = self.archive({'top/../../evil.c': 'x', 'top/a.c': ''})
    self.assertTrue((self.fetch(archive) / 'a.c').exists())
    self.assertEmpty(list(self.folder.rglob('evil.c')))

  def test_no_such_folder_in_the_archive(self):
    with self.assertRaisesRegex(fetch.FetchError, 'has no folder src'):
      self.fetch(self.archive({'a.c': ''}), root='src')

  def test_folder_is_checked_as_a_whole(self):
    source = self.folder / 'tiny'
    source.mkdir()
    (source / 'a.c').write_text('int a;')
    package = dataclasses.replace(
        _PACKAGE, origin='folder', sha256=fetch.tree_hash(source)
    )
    self.assertEqual(fetch.fetch(package, self.cache, self.folder), source)
    (source / 'a.c').write_text('int b;')
    with self.assertRaisesRegex(fetch.FetchError, 'its hash changed'):
      fetch.fetch(package, self.cache, self.folder)

  def test_no_apt(self):
    package = dataclasses.replace(_PACKAGE, origin='debian')
    with mock.patch.object(fetch.shutil, 'which', return_value=None):
      with self.assertRaisesRegex(fetch.FetchError, 'there is no apt-get here'):
        fetch.fetch(package, self.cache)


if __name__ == '__main__':
  absltest.main()
