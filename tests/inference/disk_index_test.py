"""An index on disk: as exact search finds, appended to, and damaged."""

import importlib.util
import itertools
import os
import pathlib
import resource
import sys
import tempfile
import unittest
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from testing import DAMAGE

import mirencoder_jax as mir
from mirencoder_jax.inference import disk_index, search
from mirencoder_jax.inference import vectors as vectors_lib


def vectors_of(files: dict[str, list[int]], seed: int = 0) -> mir.Vectors:
  """Random vectors; a number is a function and always the same vector."""
  rng = np.random.default_rng(seed)
  known = rng.normal(size=(1000, 16)).astype(np.float32)
  numbers = [n for found in files.values() for n in found]
  return mir.Vectors(
      vectors=known[numbers],
      files=[file for file, found in files.items() for _ in found],
      functions=[f'f{n}' for n in numbers],
      num_instructions=np.array(numbers, np.int32),
      level='function',
      modality='joint',
      encoder='test',
  )


@unittest.skipUnless(
    importlib.util.find_spec('usearch'), 'usearch is not installed'
)
class DiskIndexTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    folder = self.enter_context(tempfile.TemporaryDirectory())
    self.path = pathlib.Path(folder) / 'index'

  def create(self) -> mir.DiskIndex:
    return mir.DiskIndex.create(self.path, 'test', 'joint', 'function')

  def test_finds_what_exact_search_finds(self):
    corpus = vectors_of({f'{i}.ll': [2 * i, 2 * i + 1] for i in range(400)})
    self.create().add(corpus)
    index = mir.DiskIndex(self.path)
    self.assertLen(index, 800)
    queries = vectors_of({'q.ll': list(range(790, 840))})
    expected = search.Index(corpus).search(queries, 5)
    for exact, at_least in ((True, 1), (False, 0.98)):
      found = index.search(queries, 5, exact=exact)
      same = [
          len({h.function for h in a} & {h.function for h in b}) / 5
          for a, b in zip(found, expected, strict=True)
      ]
      self.assertGreaterEqual(np.mean(same), at_least)
    self.assertEqual((found[0][0].file, found[0][0].function),
                     ('395.ll', 'f790'))  # fmt: skip
    for hit, other in zip(found[0], expected[0], strict=True):
      self.assertAlmostEqual(hit.similarity, other.similarity, delta=1e-3)

  def test_only_what_is_new_is_appended(self):
    index = self.create()
    self.assertEqual(
        index.add(vectors_of({'a.ll': [1, 2], 'b.ll': [3]})), (2, 0, 0)
    )
    before = sorted(p.name for p in self.path.iterdir())
    self.assertEqual(
        index.add(vectors_of({'a.ll': [1, 2], 'b.ll': [3]})), (0, 0, 2)
    )
    self.assertEqual(before, sorted(p.name for p in self.path.iterdir()))
    # In another process, say: a function less, another one, a new file.
    again = mir.DiskIndex(self.path)
    self.assertEqual(
        again.add(vectors_of({'a.ll': [2, 4], 'b.ll': [3], 'c.ll': [5]})),
        (1, 1, 1),
    )
    for found in (again, mir.DiskIndex(self.path)):
      self.assertLen(found, 4)
      hits = found.search(vectors_of({'q': [1]}), 10)[0]
      self.assertEqual(
          {(hit.file, hit.function) for hit in hits},
          {('a.ll', 'f2'), ('a.ll', 'f4'), ('b.ll', 'f3'), ('c.ll', 'f5')},
      )
    self.assertLen(list(self.path.iterdir()), 3)  # nothing old is left

  def test_contents_that_the_caller_knows(self):
    index = self.create()
    index.add(vectors_of({'a.ll': [1]}), {'a.ll': 'x'})
    self.assertTrue(index.is_known('a.ll', 'x'))
    self.assertFalse(index.is_known('a.ll', 'y'))
    self.assertFalse(index.is_known('b.ll', None))
    self.assertEqual(
        index.add(vectors_of({'a.ll': [2]}), {'a.ll': 'x'}), (0, 0, 1)
    )

  def test_a_failure_leaves_the_index_as_it_was(self):
    index = self.create()
    index.add(vectors_of({'a.ll': [1]}))

    def parts():
      yield vectors_of({'b.ll': [2]})
      raise RuntimeError('stopped')

    with self.assertRaisesRegex(RuntimeError, 'stopped'):
      index.add(parts())

    def unreadable():
      yield vectors_of({'b.ll': [2]})
      raise mir.IRError('no IR', 'c.ll')

    with self.assertRaisesRegex(mir.IRError, '^c.ll: no IR$'):
      index.add(unreadable())  # is no damage of the index
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
    try:
      with self.assertRaises(OSError):
        index.add(vectors_of({'b.ll': list(range(990))}))
    finally:
      resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    for found in (index, mir.DiskIndex(self.path)):
      self.assertLen(found, 1)
      self.assertLen(found.search(vectors_of({'q': [2]}))[0], 1)
    self.assertLen(list(self.path.glob('graph*')), 1)

  def test_hits_say_what_was_cut(self):
    index, part = self.create(), vectors_of({'a.ll': [1, 2]})
    part.cut_tokens[1] = 38_488
    index.add(part)
    for found in (index, search.Index(part)):
      hits = found.search(vectors_of({'q': [2]}))[0]
      self.assertEqual(
          [(hit.function, hit.cut_tokens) for hit in hits],
          [('f2', 38_488), ('f1', 0)],
      )

  def test_two_writers(self):
    first, second = self.create(), self.create()
    first.add(vectors_of({'a.ll': [1]}))
    second.add(vectors_of({'b.ll': [2]}))
    self.assertLen(mir.DiskIndex(self.path), 2)
    with first._reading(), first._writing():
      second._table.execute('pragma busy_timeout = 10')
      with self.assertRaisesRegex(vectors_lib.VectorsError, 'another process'):
        second.add(vectors_of({'c.ll': [3]}))

  @parameterized.parameters(
      *itertools.product(
          ('rows.sqlite', 'graph'), ('cut', 'emptied', 'flipped')
      ),
      ('rows.sum', 'cut'),
      ('rows.sum', 'emptied'),
  )
  def test_damage_is_told_with_the_folder(self, name, damage):
    self.create().add(vectors_of({'a.ll': list(range(200))}))
    (path,) = self.path.glob(f'{name}*')
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    with self.assertRaisesRegex(vectors_lib.VectorsError, str(self.path)) as e:
      mir.DiskIndex(self.path)
    self.assertIn('damaged', str(e.exception))
    self.assertNotIn('\n', str(e.exception))

  def test_a_name_that_was_edited(self):
    self.create().add(vectors_of({'a.ll': [1]}))
    path = self.path / 'rows.sqlite'
    data = path.read_bytes()
    self.assertIn(b'a.ll', data)
    path.write_bytes(data.replace(b'a.ll', b'b.ll'))
    with self.assertRaisesRegex(vectors_lib.VectorsError, 'of rows.sqlite is'):
      mir.DiskIndex(self.path)

  def test_a_writer_that_was_killed_before_it_wrote_the_sum(self):
    index = self.create()
    index.add(vectors_of({'a.ll': [1]}))
    with mock.patch.object(disk_index.sums, 'write'):
      index.add(vectors_of({'b.ll': [2]}))
    self.assertLen(mir.DiskIndex(self.path), 2)
    index.add(vectors_of({'c.ll': [3]}))
    with mock.patch.object(disk_index.sums, 'content_of') as read:
      self.assertLen(mir.DiskIndex(self.path), 3)
      read.assert_not_called()

  def test_a_graph_that_is_gone(self):
    self.create().add(vectors_of({'a.ll': [1]}))
    (path,) = self.path.glob('graph*')
    path.unlink()
    with self.assertRaisesRegex(vectors_lib.VectorsError, 'damaged'):
      mir.DiskIndex(self.path)

  def test_a_copy_is_read_once(self):
    self.create().add(vectors_of({'a.ll': [1]}))
    (path,) = self.path.glob('graph*')
    os.utime(path, ns=(0, 0))
    with mock.patch.object(
        disk_index, 'content_of', wraps=disk_index.content_of
    ) as read:
      self.assertLen(mir.DiskIndex(self.path), 1)
      read.assert_called_once()

  def test_clear_errors(self):
    with self.assertRaisesRegex(vectors_lib.VectorsError, 'mirencoder index'):
      mir.DiskIndex(self.path)
    index = self.create()
    with self.assertRaisesRegex(vectors_lib.VectorsError, 'no vectors'):
      index.search(vectors_of({'q': [1]}))
    with self.assertRaisesRegex(vectors_lib.VectorsError, 'another index'):
      mir.DiskIndex.create(self.path, 'other', 'joint', 'function')
    index.add(vectors_of({'a.ll': [1]}))
    other = mir.Vectors(**vars(vectors_of({'q': [1]})) | {'encoder': 'other'})
    with self.assertRaisesRegex(vectors_lib.VectorsError, '--checkpoint'):
      index.search(other)
    with self.assertRaisesRegex(vectors_lib.VectorsError, 'another index'):
      index.add(other)
    (self.path.parent / 'other').mkdir()
    (self.path.parent / 'other' / 'file').write_text('')
    with self.assertRaisesRegex(vectors_lib.VectorsError, 'no index'):
      mir.DiskIndex.create(
          self.path.parent / 'other', 'test', 'joint', 'function'
      )

  def test_rows_without_a_vector_are_left_out(self):
    part = vectors_of({'a.ll': [1, 2]})
    part.vectors[0] = np.nan
    index = self.create()
    index.add(part)
    self.assertLen(index, 1)


class WithoutUsearchTest(absltest.TestCase):

  def test_says_what_is_missing(self):
    with (
        mock.patch.dict(sys.modules, {'usearch': None}),
        self.assertRaisesRegex(vectors_lib.VectorsError, r'jax\[search\]'),
    ):
      mir.DiskIndex('anywhere')


if __name__ == '__main__':
  absltest.main()
