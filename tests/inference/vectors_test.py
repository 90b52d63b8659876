"""Vectors and what is made of them: files, pairs, nearest, a sklearn step."""

import dataclasses
import os
import pathlib
import pickle
import resource
import sys
import tempfile
from unittest import mock

import numpy as np
import testing_encoder
from absl.testing import absltest, parameterized
from sklearn import base, exceptions, linear_model, pipeline
from testing import DAMAGE
from testing_encoder import AXPY, SQUARE

import mirencoder_jax as mir
from mirencoder_jax.inference import comparison, embedding, search
from mirencoder_jax.inference import vectors as vectors_lib


def random_vectors(num: int, width: int = 8, seed: int = 0) -> mir.Vectors:
  rng = np.random.default_rng(seed)
  return mir.Vectors(
      vectors=rng.normal(size=(num, width)).astype(np.float32),
      files=[f'{i}.ll' for i in range(num)],
      functions=[f'f{i}' for i in range(num)],
      num_instructions=np.arange(num, dtype=np.int32),
      level='function',
      modality='joint',
      encoder='test',
  )


class FilesTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )

  @parameterized.parameters('v.npz', 'v.parquet')
  def test_saved_vectors_are_read_back(self, name):
    if name.endswith('parquet'):
      try:
        import pyarrow  # noqa: F401
      except ImportError:
        self.skipTest('pyarrow is not installed')
    before = dataclasses.replace(
        random_vectors(5),
        unverified=np.arange(5) == 2,
        cut_tokens=np.arange(5, dtype=np.int32),
    )
    before.save(self.folder / name)
    after = mir.read_vectors(self.folder / name)
    np.testing.assert_array_equal(before.vectors, after.vectors)
    for array in ('num_instructions', 'unverified', 'cut_tokens'):
      np.testing.assert_array_equal(
          getattr(before, array), getattr(after, array)
      )
    for field in ('files', 'functions', 'level', 'modality', 'encoder'):
      self.assertEqual(getattr(before, field), getattr(after, field))

  @parameterized.product(
      name=('v.npz', 'v.parquet'), damage=('cut', 'emptied', 'flipped')
  )
  def test_damage_is_told_with_the_file(self, name, damage):
    if name.endswith('parquet'):
      try:
        import pyarrow  # noqa: F401
      except ImportError:
        self.skipTest('pyarrow is not installed')
    path = self.folder / name
    random_vectors(50).save(path)
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    message = f'{path} .*damaged'
    with self.assertRaisesRegex(vectors_lib.VectorsError, message) as caught:
      mir.read_vectors(path)
    self.assertNotIn('\n', str(caught.exception))

  @parameterized.parameters('vectors', 'num_instructions', 'files', 'encoder')
  def test_what_was_altered_is_told_and_old_files_are_read(self, name):
    """A file of version 0.3 has no checksum."""
    path = self.folder / 'v.npz'
    random_vectors(5).save(path)
    with np.load(path) as file:
      arrays = dict(file)
    changed = arrays[name].copy()
    changed.ravel()[:1] = 1
    np.savez(path, **arrays | {name: changed})
    with self.assertRaisesRegex(
        vectors_lib.VectorsError, 'its checksum is wrong'
    ):
      mir.read_vectors(path)
    del arrays['sha256']
    np.savez(path, **arrays)
    self.assertLen(mir.read_vectors(path), 5)

  def test_what_does_not_fit_leaves_the_file_as_it_was(self):
    path = self.folder / 'v.npz'
    random_vectors(5).save(path)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
      with self.assertRaisesRegex(OSError, f'too large: .{path}'):
        random_vectors(500).save(path)
    finally:
      resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    self.assertEqual(path.read_bytes(), before)
    self.assertLen(list(self.folder.iterdir()), 1)

  def test_rows_say_what_was_doubtful_or_cut(self):
    arguments = ', '.join(['i32 %a'] * 5000)
    (self.folder / 'b.ll').write_text(
        'declare void @g(...)\ndefine void @f(i32 %a) {\n'
        f'  call void (...) @g({arguments})\n  ret void\n}}\n'
    )
    (self.folder / 'a.ll').write_text(SQUARE)
    (self.folder / 'c.ll').write_text(SQUARE.replace('mul', 'mul newflag'))
    encoder = testing_encoder.create_encoder()
    for level in ('function', 'module'):
      found = mir.embed_files(encoder, [self.folder], level=level)
      self.assertEqual(found.unverified.tolist(), [False, False, True])
      self.assertEqual((found.cut_tokens > 0).tolist(), [False, True, False])
      self.assertEqual(found.cut_tokens.sum(), found.report['cut_tokens'])

  def test_files_of_version_0_3_have_neither(self):
    path = self.folder / 'v.npz'
    random_vectors(3).save(path)
    with np.load(path) as file:
      kept = dict(file)
    for name in ('sha256', 'unverified', 'cut_tokens'):
      del kept[name]
    np.savez(path, **kept)
    self.assertEqual(mir.read_vectors(path).unverified.tolist(), [False] * 3)

  def test_parquet_is_refused_before_the_work(self):
    with (
        mock.patch.dict(sys.modules, {'pyarrow': None}),
        self.assertRaisesRegex(vectors_lib.VectorsError, 'needs pyarrow'),
    ):
      vectors_lib.check_path(self.folder / 'v.parquet')

  def test_clear_errors(self):
    (self.folder / 'bad.npz').write_bytes(b'PK\x03\x04 nothing')
    np.savez(self.folder / 'other.npz', x=np.zeros(3))
    for name, message in (
        ('none.npz', 'mirencoder embed'),
        ('v.txt', '.npz or .parquet'),
        ('nowhere/v.npz', 'no folder'),
        ('bad.npz', 'holds no vectors'),
        ('other.npz', 'holds no vectors'),
    ):
      with self.assertRaisesRegex(vectors_lib.VectorsError, message):
        mir.read_vectors(self.folder / name)

  def test_a_name_that_is_no_utf8_costs_nothing(self):
    names = {'latin': b'caf\xe9.ll', 'bad': b'\xff.ll'}
    for (_, name), text in zip(names.items(), (AXPY, 'no IR'), strict=True):
      path = os.fsdecode(os.fsencode(self.folder) + b'/' + name)
      pathlib.Path(path).write_text(text)
    encoder = testing_encoder.create_encoder()
    found = mir.embed_files(encoder, [self.folder])
    self.assertEqual(list(found.errors), [f'{self.folder}/\\xff.ll'])
    found.save(self.folder / 'v.npz')
    after = mir.read_vectors(self.folder / 'v.npz')
    self.assertEqual(set(after.files), {f'{self.folder}/caf\\xe9.ll'})

  def test_more_files_than_are_embedded_at_once(self):
    encoder = testing_encoder.create_encoder()
    for number in range(5):
      text = (SQUARE + AXPY) if number == 3 else SQUARE
      (self.folder / f'{number}.ll').write_text(text)
    (self.folder / '4.ll').write_text('broken')
    with mock.patch.object(embedding, '_FILES_AT_ONCE', 2):
      found = mir.embed_files(encoder, [self.folder])
    names = [
        pathlib.Path(f).stem + g
        for f, g in zip(found.files, found.functions, strict=True)
    ]
    self.assertEqual(
        names, ['0square', '1square', '2square', '3square', '3axpy']
    )
    self.assertLen(found.errors, 1)
    self.assertEqual(found.report['functions'], 5)
    np.testing.assert_allclose(found.vectors[0], found.vectors[3], atol=1e-5)


class ComparisonTest(absltest.TestCase):

  def test_greatest_sum_wins_over_the_greatest_pair(self):
    similarities = np.array([[0.9, 0.8], [0.85, 0.1]])
    pairs, left_a, left_b = comparison.match(
        similarities, ['a', 'b'], ['x', 'y'], [1, 2], [3, 4]
    )
    self.assertEqual([(p.a, p.b) for p in pairs], [('b', 'x'), ('a', 'y')])
    self.assertAlmostEqual(pairs[0].runner_up, 0.1)
    self.assertEqual(pairs[0].num_instructions, (2, 3))
    self.assertEmpty(left_a + left_b)

  def test_more_functions_than_partners(self):
    pairs, left_a, left_b = comparison.match(
        np.array([[0.2], [0.7], [0.5]]), ['a', 'b', 'c'], ['x'], [1] * 3, [1]
    )
    self.assertEqual((pairs[0].a, left_a, left_b), ('b', ['a', 'c'], []))
    self.assertTrue(np.isnan(pairs[0].runner_up))

  def test_names_pair_before_code(self):
    # By code alone, each would get the other.
    similarities = np.array([[0.1, 0.9, 0.2], [0.9, 0.1, 0.3], [0.2, 0.3, 0.4]])
    sides = ['f', 'g', 'old'], ['f.llvm.7', 'g', 'new'], [1] * 3, [1] * 3
    pairs, _, _ = comparison.match(similarities, *sides, use_names=True)
    self.assertEqual(
        sorted((p.a, p.b, p.by_name) for p in pairs),
        [('f', 'f.llvm.7', True), ('g', 'g', True), ('old', 'new', False)],
    )
    pairs, _, _ = comparison.match(similarities, *sides)
    self.assertIn(('f', 'g', False), [(p.a, p.b, p.by_name) for p in pairs])

  def test_a_name_that_stands_twice_says_nothing(self):
    pairs, left, _ = comparison.match(
        np.array([[0.1], [0.9]]), ['f', 'f.1'], ['f'], [1, 2], [2],
        use_names=True,
    )  # fmt: skip
    self.assertEqual(
        (pairs[0].a, pairs[0].by_name, left), ('f.1', False, ['f'])
    )

  def test_order_of_functions_does_not_matter(self):
    encoder = testing_encoder.create_encoder()
    found = mir.compare(encoder, AXPY + SQUARE, SQUARE + AXPY)
    self.assertEqual(
        sorted((p.a, p.b) for p in found.pairs),
        [('axpy', 'axpy'), ('square', 'square')],
    )
    self.assertAlmostEqual(found.module_similarity, 1, places=4)


class SearchTest(absltest.TestCase):

  def test_every_row_finds_itself_first(self):
    corpus = random_vectors(40)
    index = search.Index(corpus)
    hits = index.search(corpus, 3)
    self.assertEqual([h[0].row for h in hits], list(range(40)))
    for found in hits:
      values = [hit.similarity for hit in found]
      self.assertEqual(values, sorted(values, reverse=True))
    self.assertAlmostEqual(hits[7][0].similarity, 1, places=5)

  def test_length_of_vectors_does_not_matter(self):
    corpus = random_vectors(10)
    scaled = mir.Vectors(**{**vars(corpus), 'vectors': corpus.vectors * 7})
    first = search.Index(corpus).search(corpus, 4)
    second = search.Index(scaled).search(corpus, 4)
    for a, b in zip(first, second, strict=True):
      self.assertEqual([h.row for h in a], [h.row for h in b])

  def test_ties_and_rows_without_a_vector(self):
    corpus = random_vectors(6)
    corpus.vectors[:] = corpus.vectors[0]
    corpus.vectors[1] = np.nan
    (hits,) = search.Index(corpus).search(corpus.select([3]), 4)
    self.assertEqual([hit.row for hit in hits], [0, 2, 3, 4])
    self.assertEqual((hits[1].file, hits[1].function), ('2.ll', 'f2'))

  def test_empty_corpus(self):
    with self.assertRaisesRegex(vectors_lib.VectorsError, 'no vectors'):
      search.Index(random_vectors(0))


class IREncoderTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = pathlib.Path(
        cls.enterClassContext(tempfile.TemporaryDirectory())
    )
    cls.encoder = testing_encoder.create_encoder()
    testing_encoder.save_encoder(cls.encoder, cls.folder / 'weights')
    cls.step = mir.IREncoder(cls.folder / 'weights')

  def test_in_a_pipeline(self):
    model = pipeline.make_pipeline(self.step, linear_model.LogisticRegression())
    model.fit([AXPY, SQUARE, AXPY], ['loop', 'none', 'loop'])
    self.assertEqual(model.predict([SQUARE, AXPY]).tolist(), ['none', 'loop'])
    again = pickle.loads(pickle.dumps(model))
    self.assertEqual(again.predict([SQUARE]).tolist(), ['none'])
    self.assertLess(len(pickle.dumps(model)), 4000)  # without the weights

  def test_gives_what_embed_gives(self):
    fitted = base.clone(self.step).set_params(modality='all').fit([AXPY])
    np.testing.assert_allclose(
        fitted.transform(np.array([[AXPY], [SQUARE]], object)),
        mir.load(self.folder / 'weights').embed([AXPY, SQUARE], modality='all'),
        atol=1e-6,
    )
    names = fitted.get_feature_names_out()
    self.assertLen(names, 3 * self.encoder.width)
    self.assertEqual(names[1], 'irencoder1')

  def test_bad_programs(self):
    with self.assertRaises(exceptions.NotFittedError):
      self.step.__class__('small').transform([AXPY])
    fitted = mir.IREncoder(self.encoder, on_error='nan').fit([AXPY])
    found = fitted.transform([AXPY, 'nowhere.ll', SQUARE])
    self.assertEqual(np.isnan(found).any(1).tolist(), [False, True, False])
    with self.assertRaisesRegex(mir.IRError, 'nowhere'):
      mir.IREncoder(self.encoder).fit_transform(['nowhere.ll'])
    for wrong, message in (
        (AXPY, 'one program'),
        ([], 'no programs'),
        ([1.5], 'expected paths'),
        (np.zeros((2, 3)), 'one column'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        mir.IREncoder(self.encoder).fit(wrong)


if __name__ == '__main__':
  absltest.main()
