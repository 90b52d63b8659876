"""Tests of data and runs in a store: fsspec's in memory, and emulated ones."""

import contextlib
import os
import pathlib
import tempfile
import time
import unittest
from unittest import mock

import emulators
import fsspec
from absl.testing import absltest

from mirencoder_jax.storage import object_store


class ObjectStoreTest(absltest.TestCase):
  """In memory; other stores differ behind the same names."""

  URL = 'memory://bucket'

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    self.system, self.root = fsspec.core.url_to_fs(self.URL)
    self.system.invalidate_cache()
    if not self.system.exists(self.root):
      self.system.mkdir(self.root)
    for path in self.system.find(self.root):  # of the test before
      self.system.rm_file(path)
    self.enterContext(mock.patch.object(object_store, '_RETRY_SECONDS', 0.01))
    self.enterContext(
        mock.patch.object(tempfile, 'tempdir', os.fspath(self.folder))
    )

  def put(self, **contents):
    for name, content in contents.items():
      self.system.pipe_file(f'{self.root}/{name}', content)

  def there(self, path):
    """Name -> content below a path."""
    self.system.invalidate_cache()
    root = f'{self.root}/{path}'
    found = {}
    for name in self.system.find(root):
      # A run that goes on may have removed it since.
      with contextlib.suppress(FileNotFoundError):
        found[name.partition(f'{root}/')[2]] = self.system.cat_file(name)
    return found

  def test_what_is_local_is_left_alone(self):
    self.assertEqual(object_store.local_dataset('/data', 'x'), '/data')
    with object_store.run_folder('runs/x') as folder:
      self.assertEqual(folder, 'runs/x')

  def test_dataset_is_copied_once_and_again_where_it_changed(self):
    self.put(**{'d/x/1/a': b'one', 'd/x/1/b': b'two', 'd/y/c': b'other'})
    cache = self.folder / 'cache'

    def read():
      folder = object_store.local_dataset(f'{self.URL}/d', 'x:1', cache)
      return folder, {
          path.name: (path.read_bytes(), path.stat().st_mtime_ns)
          for path in (folder / 'x').rglob('?')
          if path.is_file()
      }

    folder, first = read()
    self.assertFalse((folder / 'y').exists())
    self.assertEqual(
        {k: v for k, (v, _) in first.items()}, {'a': b'one'} | {'b': b'two'}
    )
    self.assertEqual(read(), (folder, first))
    # What was measured here is kept; what is gone or another there is not.
    (folder / 'x' / '1' / 'm').write_text('sizes')
    self.put(**{'d/x/1/b': b'TWO'})
    self.system.rm_file(f'{self.root}/d/x/1/a')
    _, second = read()
    self.assertEqual(
        {k: v for k, (v, _) in second.items()}, {'b': b'TWO', 'm': b'sizes'}
    )

  def test_a_dataset_that_is_not_there(self):
    with self.assertRaisesRegex(OSError, f"no dataset 'x' in {self.URL}/n"):
      object_store.local_dataset(f'{self.URL}/n', 'x', self.folder)

  def test_names_that_leave_the_folder(self):
    with mock.patch.object(
        self.system,
        'find',
        return_value={f'{self.root}/d/x/../../a': {'type': 'file', 'size': 1}},
    ):
      with self.assertRaisesRegex(OSError, 'leaves the folder'):
        object_store.local_dataset(f'{self.URL}/d', 'x', self.folder)

  def test_a_package_that_is_missing(self):
    with mock.patch.object(
        fsspec.core, 'url_to_fs', side_effect=ImportError('Install s3fs')
    ):
      with self.assertRaisesRegex(OSError, 'Install s3fs.*pip install gcsfs'):
        object_store.local_dataset('s3://b', 'x', self.folder)

  def test_a_run_goes_on_from_what_is_there(self):
    url = f'{self.URL}/run'
    with object_store.run_folder(url) as folder:
      (folder / 'checkpoints' / '1').mkdir(parents=True)
      (folder / 'checkpoints' / '1' / 'params').write_text('p1')
      half = folder / 'checkpoints' / '2.orbax-checkpoint-tmp'
      half.mkdir()
      (half / 'params').write_text('p')
      (folder / 'metrics.jsonl').write_text('1\n')
    self.assertFalse(folder.exists())
    whole = {'checkpoints/1/params': b'p1', 'metrics.jsonl': b'1\n'}
    self.assertEqual(self.there('run'), whole)

    with object_store.run_folder(url, every_seconds=0.01) as folder:
      self.assertEqual((folder / 'metrics.jsonl').read_text(), '1\n')
      # Orbax renames what is whole, and removes what is old.
      (folder / 'checkpoints' / '1').rename(folder / 'checkpoints' / '3')
      with (folder / 'metrics.jsonl').open('a') as file:
        file.write('2\n')
      expected = {'checkpoints/3/params': b'p1', 'metrics.jsonl': b'1\n2\n'}
      end = time.monotonic() + 60
      while self.there('run') != expected and time.monotonic() < end:
        time.sleep(0.01)
      self.assertEqual(self.there('run'), expected)  # while the run goes on

  def test_only_one_process_writes(self):
    with object_store.run_folder(f'{self.URL}/run', False) as folder:
      (folder / 'x').write_text('x')
    self.assertEmpty(self.there('run'))

  def test_a_store_that_is_away_is_waited_for(self):
    pipe = self.system.pipe_file
    failures = [ConnectionError('away')] * 3

    def fail_at_first(*args):
      if failures:
        raise failures.pop()
      return pipe(*args)

    with mock.patch.object(self.system, 'pipe_file', side_effect=fail_at_first):
      with self.assertLogs(level='ERROR') as logs:
        with object_store.run_folder(f'{self.URL}/run') as folder:
          (folder / 'x').write_text('x')
    self.assertIn(f'{self.URL}/run: away; trying again', logs.output[0])
    self.assertEqual(self.there('run'), {'x': b'x'})

  def test_a_store_that_stays_away_costs_no_run(self):
    with (
        mock.patch.object(object_store, '_PATIENCE_SECONDS', 0.0),
        mock.patch.object(
            self.system, 'pipe_file', side_effect=ConnectionError('away')
        ),
        self.assertRaisesRegex(OSError, 'away; the run is in '),
    ):
      with object_store.run_folder(f'{self.URL}/run') as folder:
        (folder / 'x').write_text('x')
    self.assertEqual((folder / 'x').read_text(), 'x')


class S3Test(ObjectStoreTest):
  """The same, of an emulator that listens on this machine."""

  SCHEME = 's3'
  URL = 's3://bucket'

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    if lacking := emulators.missing(cls.SCHEME):
      raise unittest.SkipTest(lacking)
    cls.enterClassContext(emulators.serving(cls.SCHEME))


class GoogleTest(S3Test):
  """And of one of Google's store."""

  SCHEME = 'gs'
  URL = 'gs://bucket'


if __name__ == '__main__':
  absltest.main()
