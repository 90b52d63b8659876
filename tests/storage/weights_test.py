"""Weights: what is exported loads again and embeds the same; clear errors."""

import json
import pathlib
import tempfile
from unittest import mock

import flax.traverse_util
import fsspec
import jax
import jax.numpy as jnp
import numpy as np
import testing_encoder
from absl.testing import absltest, parameterized
from fsspec.implementations import memory
from testing import DAMAGE
from testing_encoder import AXPY, SQUARE

import mirencoder_jax as mir
from mirencoder_jax.inference import encoder
from mirencoder_jax.pages import model_card
from mirencoder_jax.storage import bundle, checkpoint, weights

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


class WeightsTest(parameterized.TestCase):

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
    for name in ('params.safetensors', 'info.json', 'vocab.json'):
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

  def test_weights_have_the_fingerprint_of_what_they_round(self):
    first, second = self.export('first'), self.folder / 'second'
    loaded = encoder.load_checkpoint(first)
    self.assertEqual(loaded.fingerprint, self.encoder.fingerprint)
    weights.export(loaded, second, '# card')
    self.assertEqual(mir.load(second).fingerprint, self.encoder.fingerprint)
    # Rounding has changed something; what is made of it has its own.
    untrained = mir.load(first).untrained(1)
    self.assertNotEqual(untrained.fingerprint, self.encoder.fingerprint)

  def test_weights_of_format_1_load(self):
    target = self.export()
    new, old = encoder.load_checkpoint(target), self.write_format_1()
    loaded = encoder.load_checkpoint(old)
    jax.tree.map(np.testing.assert_array_equal, loaded.params, new.params)
    self.assertEqual(loaded.config, new.config)
    self.assertEqual(weights.read_config(old), (new.config, new.vocab))
    np.testing.assert_array_equal(
        mir.load(old).embed(SQUARE), mir.load(target).embed(SQUARE)
    )

  def write_format_1(self):
    """Weights as version 0.3 wrote them."""
    folder = self.folder / 'old'
    folder.mkdir()
    params = flax.traverse_util.flatten_dict(self.checkpoint.params, sep='/')
    stored = {
        name: np.asarray(x)
        if x.ndim < 2
        else np.asarray(x).astype(jnp.bfloat16).view(np.uint16)
        for name, x in params.items()
    }
    np.savez(folder / 'params.npz', **stored)
    info = {
        'format': 1,
        'step': 7,
        'checksum': checkpoint.checksum(dict(sorted(stored.items()))),
        'config': self.checkpoint.config,
    }
    (folder / 'config.json').write_text(json.dumps(info))
    (folder / 'vocab.json').write_text(json.dumps(self.checkpoint.vocab))
    return folder

  @parameterized.product(
      damage=list(DAMAGE), file=('params.npz', 'config.json', 'vocab.json')
  )
  def test_damage_to_format_1_is_told(self, damage, file):
    if file == 'config.json' and damage in ('flipped', 'altered'):
      return  # It has no checksum over its settings.
    folder = self.write_format_1()
    path = folder / file
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    with self.assertRaisesRegex(mir.CheckpointError, f'{folder}.*is damaged'):
      mir.load(folder)

  @parameterized.product(
      damage=[*DAMAGE, 'removed'],
      file=('params.safetensors', 'info.json', 'vocab.json'),
  )
  def test_damage_is_told_with_the_file(self, damage, file):
    target = self.export()
    path = target / file
    if damage == 'removed':
      path.unlink()
      message = 'no checkpoint at' if file == 'info.json' else f'{path} is mis'
    else:
      path.write_bytes(DAMAGE[damage](path.read_bytes()))
      message = f'{path} is damaged'
    with self.assertRaisesRegex(mir.CheckpointError, message) as caught:
      mir.load(target)
    self.assertNotIn('\n', str(caught.exception))

  def test_newer_version_and_other_kind(self):
    target = self.export()
    file = target / 'info.json'
    info = json.loads(file.read_text())
    file.write_text(json.dumps(info | {'format': 99}))
    with self.assertRaisesRegex(
        mir.CheckpointError, 'format 99, .* update mirencoder_jax'
    ):
      mir.load(target)
    other = self.folder / 'other'
    bundle.save(other, 'mirencoder_jax predictor', {}, {})
    with self.assertRaisesRegex(
        mir.CheckpointError, 'holds a mirencoder_jax predictor, not a'
    ):
      mir.load(other)

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
    self.assertIn(f'`{self.encoder.fingerprint}`', card)
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
