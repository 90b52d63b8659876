"""Weights: what is exported loads again and embeds the same; clear errors."""

import json
import pathlib
import tempfile
from unittest import mock

import fsspec
import jax
import numpy as np
import testing_encoder
from absl.testing import absltest
from fsspec.implementations import memory
from testing_encoder import AXPY, SQUARE

import mirencoder_jax as mir
from mirencoder_jax.inference import encoder
from mirencoder_jax.pages import model_card
from mirencoder_jax.storage import weights

CORPUS = {
    'splits': {'train': {'examples': 3988, 'programs': 73}},
    'totals': dict.fromkeys(('instructions', 'tokens', 'nodes', 'edges'), 9),
    'functions': {'found': 6802, 'written': 4458},
    'files': {'read': 585},
    'content_hash': 'abc',
    'language': {'c': 12, 'rust': 3},
    'licence': {'MIT': 15},
}


class Bucket(memory.MemoryFileSystem):
  """Stands in for a bucket, behind the same names."""

  protocol = ('gcs', 'gs')

  @classmethod
  def _strip_protocol(cls, path):
    return super()._strip_protocol(path.removeprefix('gs://'))


class WeightsTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.encoder = testing_encoder.create_encoder()
    cls.checkpoint = testing_encoder.create_checkpoint(cls.encoder)

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )

  def export(self, name='tiny'):
    target = self.folder / name
    weights.export(self.checkpoint, target, '# card')
    return target

  def test_embeds_as_before_but_for_rounding(self):
    target = self.export()
    loaded = mir.load(target)
    self.assertEqual(loaded.tokenizer.hash, self.encoder.tokenizer.hash)
    expected = self.encoder.embed([AXPY, SQUARE])
    actual = loaded.embed([AXPY, SQUARE])
    cosine = (expected * actual).sum(-1) / (
        np.linalg.norm(expected, axis=-1) * np.linalg.norm(actual, axis=-1)
    )
    np.testing.assert_allclose(cosine, 1, atol=1e-3)

  def test_matrices_are_rounded_to_bfloat16_and_vectors_kept(self):
    loaded = encoder.load_checkpoint(self.export())
    pairs = zip(
        jax.tree.leaves(self.encoder.params),
        jax.tree.leaves(loaded.params),
        strict=True,
    )
    for before, after in pairs:
      self.assertEqual(after.dtype, np.float32)
      tolerance = 2**-8 if np.ndim(before) > 1 else 0
      np.testing.assert_allclose(after, before, rtol=tolerance)

  def test_weights_can_be_exported_again_unchanged(self):
    first = self.export('first')
    again = encoder.load_checkpoint(first)
    weights.export(again, self.folder / 'second', '# card')
    for name in ('params.npz', 'config.json', 'vocab.json'):
      second = self.folder / 'second' / name
      self.assertEqual((first / name).read_bytes(), second.read_bytes())

  def test_name_means_what_ships(self):
    target = self.export('small')
    with mock.patch.object(weights, 'shipped', return_value={'small': target}):
      self.assertEqual(weights.find('small'), target)
      self.assertEqual(mir.load('small').width, self.encoder.width)

  def test_unknown_name_says_how_to_get_weights(self):
    with mock.patch.object(weights, 'shipped', return_value={}):
      with self.assertRaisesRegex(
          mir.CheckpointError, "'huge' .*none ship.*train.py"
      ):
        mir.load('huge')
    with self.assertRaisesRegex(mir.CheckpointError, 'there is no ./nowhere'):
      mir.load('./nowhere')

  def test_loads_from_a_bucket(self):
    fsspec.register_implementation('gcs', Bucket, clobber=True)
    bucket, target = fsspec.filesystem('gcs'), self.export()
    for file in target.iterdir():
      bucket.pipe(f'gs://bucket/w/{file.name}', file.read_bytes())
    loaded = mir.load('gs://bucket/w')
    np.testing.assert_array_equal(
        loaded.embed(SQUARE), mir.load(target).embed(SQUARE)
    )

  def test_damage_is_found(self):
    target = self.export()
    file = target / 'config.json'
    info = json.loads(file.read_text())
    for change, message in (
        ({'checksum': 1}, 'checksum of .* is wrong'),
        ({'format': 99}, 'format 99, .* update mirencoder_jax'),
    ):
      file.write_text(json.dumps(info | change))
      with self.assertRaisesRegex(mir.CheckpointError, message):
        mir.load(target)
    file.write_text('{')
    with self.assertRaisesRegex(mir.CheckpointError, 'no whole folder'):
      mir.load(target)

  def test_export_does_not_write_among_other_files(self):
    (self.folder / 'notes.txt').write_text('mine')
    with self.assertRaisesRegex(mir.CheckpointError, r'other files \(notes'):
      weights.export(self.checkpoint, self.folder, '# card')

  def test_card_says_what_is_known_and_what_is_not(self):
    card = model_card.model_card(
        self.checkpoint,
        'tiny',
        metrics={'eval/mlm_accuracy': 0.343, 'eval/loss': 4.3},
        cost=dict(seconds=7200.0, tokens=3e6, watts=50.0),
        corpus=CORPUS,
    )
    self.assertIn("mir.load('tiny')", card)
    self.assertIn('| masked tokens predicted | 34.3% |', card)
    self.assertIn('4,458 distinct of 6,802 in 585 modules', card)
    self.assertIn('MIT (15)', card)
    self.assertIn('3,000,000 tokens were read in 2.00 hours', card)
    self.assertIn('0.1 kWh', card)
    self.assertIn('Not evaluated on a task', card)
    bare = model_card.model_card(self.checkpoint, 'tiny')
    self.assertIn('its report was not handed over', bare)
    self.assertIn('The run left no evaluation', bare)
    self.assertIn('no record of its time', bare)

  def test_metrics_up_to_the_step(self):
    rows = [{'step': s, 'eval/loss': 9.0 - s} for s in (2, 4, 6)]
    rows.insert(1, {'step': 3, 'train/loss': 1.0})
    text = '\n'.join(map(json.dumps, rows)) + '\n{"step": 8, "ev'
    (self.folder / 'metrics.jsonl').write_text(text)
    found = model_card.read_metrics(self.folder, 5)
    self.assertEqual(found, {'step': 4, 'eval/loss': 5.0})
    self.assertIsNone(model_card.read_metrics(self.folder / 'none', 5))

  def test_cost_up_to_the_step(self):
    rows = [
        {'step': s, 'speed/seconds': 10.0, 'speed/tokens': 100}
        for s in (2, 4, 6)
    ]
    text = '\n'.join(map(json.dumps, rows)) + '\n{"step": 8, "sp'
    (self.folder / 'metrics.jsonl').write_text(text)
    self.assertEqual(
        model_card.read_cost(self.folder, 5), dict(seconds=20.0, tokens=200.0)
    )


if __name__ == '__main__':
  absltest.main()
