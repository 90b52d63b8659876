"""Vectors kept by content: found again, by whom, and what is never found."""

import copy
import multiprocessing
import pathlib
import sqlite3
import tempfile
from unittest import mock

import numpy as np
import testing_encoder
from absl.testing import absltest, parameterized
from sklearn import linear_model, model_selection, pipeline
from testing import DAMAGE
from testing_encoder import AXPY, SQUARE

import mirencoder_jax as mir
from mirencoder_jax.inference import embedding_cache, forward


def counted():
  """Counts what is embedded: functions by call of the model."""
  return mock.patch.object(forward, 'embed_pieces', wraps=forward.embed_pieces)


def made_up():
  """Another number for each piece, instead of a model that is compiled."""

  def embed_pieces(apply, params, pieces, widths, *_):
    tokens = [sum(p['tokens'].sum() for p in some) for some in pieces]
    return {k: np.outer(tokens, np.ones(w)) for k, w in widths.items()}, 1

  return mock.patch.object(forward, 'embed_pieces', embed_pieces)


def write(folder: str, number: int) -> None:
  """Of a process: keeps 50 vectors, half of them those of the others."""
  cache = embedding_cache.EmbeddingCache(folder)
  for i in range(50):
    key = b'shared %d' % i if i % 2 else b'%d %d' % (number, i)
    cache._write({key: np.full(4, i, np.float32)})


class EmbeddingCacheTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )
    self.cache = self.folder / 'a' / 'cache'

  def encoder(self, **settings) -> mir.Encoder:
    """As one that was loaded anew, without what is compiled anew."""
    found = copy.copy(testing_encoder.create_encoder(**settings))
    found.cache = embedding_cache.EmbeddingCache(self.cache)
    return found

  def test_what_was_embedded_is_found_by_another(self):
    plain = testing_encoder.create_encoder()
    expected = plain.encode([AXPY + SQUARE, SQUARE, AXPY])
    first = self.encoder()
    found = first.encode([AXPY + SQUARE, SQUARE])
    self.assertEqual(found.report['cached'], 1)  # the second square
    self.assertLen(first.cache, 2)
    with counted() as calls:
      again = self.encoder().encode([AXPY + SQUARE, SQUARE, AXPY])
    calls.assert_not_called()
    self.assertEqual(again.report['cached'], 4)
    for key in ('functions', 'tokens', 'unknown_tokens', 'segments'):
      self.assertEqual(again.report[key], expected.report[key])
    for modality in ('joint', 'ir', 'graph', 'all'):
      np.testing.assert_allclose(
          again.module_vectors(modality),
          expected.module_vectors(modality),
          atol=1e-5,
      )
    np.testing.assert_array_equal(
        found.function_vectors('all'), again.function_vectors('all')[:3]
    )

  def test_what_is_another_is_not_found(self):
    self.encoder().embed(AXPY)
    report = self.encoder().encode(AXPY.replace('entry', 'entry2')).report
    self.assertEqual(report['cached'], 1)  # a label is a name
    with made_up():
      for encoder, text in (
          (self.encoder(), AXPY.replace('fmul', 'fdiv')),
          (self.encoder(seed=1), AXPY),
          (self.encoder().untrained(3), AXPY),
          (self.encoder(num_tokens=32), AXPY),
      ):
        self.assertEqual(encoder.encode(text).report['cached'], 0)
    with mock.patch.object(embedding_cache, '_code', lambda: b'edited'):
      self.assertEqual(self.encoder().encode(AXPY).report['cached'], 0)

  @parameterized.parameters('tokens', 'instructions')
  def test_sums_and_functions_that_are_cut(self, reads):
    body = ''.join(f'  %a{i} = add i32 %x, {i}\n' for i in range(1600))
    text = f'define i32 @f(i32 %x) {{\n{body}  ret i32 %x\n}}\n' + SQUARE
    with made_up():
      first = self.encoder(reads=reads).encode(text)
    self.assertGreater(first.report['segments'], 1)
    again = self.encoder(reads=reads).encode(text)
    self.assertEqual(again.report['cached'], 2)
    self.assertEqual(again.report['segments'], first.report['segments'])
    np.testing.assert_array_equal(
        first.module_vectors('all'), again.module_vectors('all')
    )

  def test_two_processes_write(self):
    context = multiprocessing.get_context('spawn')
    writers = [
        context.Process(target=write, args=(str(self.cache), i))
        for i in range(2)
    ]
    for writer in writers:
      writer.start()
    for writer in writers:
      writer.join()
      self.assertEqual(writer.exitcode, 0)
    cache = embedding_cache.EmbeddingCache(self.cache)
    self.assertLen(cache, 75)
    self.assertGreater(cache.num_bytes, 75 * 16)
    found = cache._read([b'shared 7', b'1 8', b'none'], 4)
    self.assertEqual(set(found), {b'shared 7', b'1 8'})
    np.testing.assert_array_equal(found[b'1 8'], np.full(4, 8))

  @parameterized.parameters('cut', 'emptied', 'flipped')
  def test_damage_costs_time_and_no_result(self, damage):
    encoder = self.encoder()
    expected = encoder.embed([AXPY, SQUARE])
    path = encoder.cache.path
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    np.testing.assert_allclose(
        self.encoder().embed([AXPY, SQUARE]), expected, atol=1e-5
    )

  def test_a_vector_that_was_altered_is_made_anew(self):
    expected = self.encoder().embed(AXPY)
    with sqlite3.connect(self.cache / 'embeddings.sqlite') as table:
      table.execute('update embeddings set vectors = zeroblob(length(vectors))')
    table.close()
    with counted() as calls:
      found = self.encoder().embed(AXPY)
    calls.assert_called_once()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    self.assertEqual(self.encoder().encode(AXPY).report['cached'], 1)

  def test_cross_validation_embeds_each_program_once(self):
    testing_encoder.save_encoder(
        testing_encoder.create_encoder(), self.folder / 'weights'
    )
    step = mir.IREncoder(self.folder / 'weights', cache=self.cache)
    model = pipeline.make_pipeline(step, linear_model.LogisticRegression())
    with counted() as calls:
      model_selection.cross_val_score(
          model, [AXPY, SQUARE] * 4, ['loop', 'none'] * 4, cv=2
      )
    embedded = sum(len(call.args[2]) for call in calls.call_args_list)
    self.assertEqual(embedded, 2)


if __name__ == '__main__':
  absltest.main()
