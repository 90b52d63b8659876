"""Tests of checkpoints: whole or not there at all."""

import json
import os
import pathlib
import tempfile
from unittest import mock

import jax
import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.storage import checkpoint, checkpoint_writer

CONFIG = {'model': {'width': 8, 'dtype': 'float32'}, 'budget': {'num_rows': 4}}
VOCAB = {'vocab': ['[PAD]', 'add']}
TRAIN = {'position': np.array([3, 4], np.int32)}


def params(value):
  return {
      'dense': {'kernel': np.full((50, 40), value, np.float32)},
      'scale': np.float32(value) * np.ones((), np.float32),
  }


ABSTRACT = jax.eval_shape(lambda: (params(0), TRAIN))


class CheckpointTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.workdir = pathlib.Path(
        self.enterContext(tempfile.TemporaryDirectory())
    )

  def save(self, *losses, first_step=1):
    """Saves steps 1, 2, ... with these losses; parameters are the step."""
    writer = checkpoint_writer.Writer(self.workdir)
    for step, loss in enumerate(losses, first_step):
      writer.save(step, params(step), TRAIN, CONFIG, VOCAB, 'hash', loss)
    writer.close()

  def folder(self, step):
    return self.workdir / checkpoint.FOLDER / str(step)

  def steps(self):
    return sorted(
        int(p.name)
        for p in (self.workdir / checkpoint.FOLDER).iterdir()
        if p.name.isdigit()
    )

  def restore(self, vocab_hash='hash', config=None):
    return checkpoint.restore_last(
        self.workdir, *ABSTRACT, vocab_hash, config or CONFIG
    )

  def test_everything_comes_back(self):
    self.save(None)
    found = self.restore()
    self.assertEqual(found.step, 1)
    jax.tree.map(np.testing.assert_array_equal, found.params, params(1))
    np.testing.assert_array_equal(found.train['position'], [3, 4])
    self.assertEqual((found.config, found.vocab), (CONFIG, VOCAB))

  def test_nothing_there(self):
    self.assertIsNone(self.restore())
    with self.assertRaisesRegex(checkpoint.CheckpointError, 'no checkpoint at'):
      checkpoint.find(self.workdir)

  def test_the_last_two_and_the_best_stay(self):
    self.save(3.0, 1.0, None, 2.0, 5.0)
    self.assertEqual(self.steps(), [2, 4, 5])
    self.assertEqual(self.restore().step, 5)
    found = checkpoint.find(self.workdir)
    self.assertEqual([p.name for p in found], ['2', '5', '4'])

  def test_without_a_loss_the_last_is_best(self):
    self.save(None, None)
    self.assertEqual(checkpoint.find(self.workdir)[0], self.folder(2))

  @parameterized.named_parameters(
      ('workdir', '.'), ('folder', checkpoint.FOLDER), ('step', 'checkpoints/1')
  )
  def test_parameters_alone(self, path):
    self.save(1.0)
    found = checkpoint.load(
        self.workdir / path, lambda config, vocab: ABSTRACT[0]
    )
    jax.tree.map(np.testing.assert_array_equal, found.params, params(1))
    self.assertIsNone(found.train)

  @parameterized.named_parameters(
      ('params', 'params'), ('train', 'train'), ('config', 'config/metadata')
  )
  def test_damage_anywhere_is_found(self, path):
    self.save(None, None)
    path = self.folder(2) / path
    files = [p for p in path.rglob('*') if p.is_file()] or [path]
    largest = max(files, key=lambda p: p.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 255
    largest.write_bytes(content)
    with self.assertLogs(level='WARNING') as logs:
      self.assertEqual(self.restore().step, 1)
    self.assertRegex(logs.output[0], r'/2 is damaged .* trying .*/1')
    # The step can be saved again, and what was damaged is not lost.
    self.save(None, first_step=2)
    self.assertEqual(self.restore().step, 2)
    self.assertTrue((self.folder('damaged-2') / 'params').is_dir())

  def test_nothing_readable_is_an_error(self):
    self.save(None)
    os.remove(self.folder(1) / 'vocab' / 'metadata')
    with self.assertLogs(level='WARNING'):
      with self.assertRaisesRegex(
          checkpoint.CheckpointError, 'none of the 1 checkpoints .* move'
      ):
        self.restore()

  def test_half_written_ones_are_not_seen(self):
    self.save(None)
    aside = self.folder('2.orbax-checkpoint-tmp')
    (aside / 'params').mkdir(parents=True)
    self.assertEqual(self.restore().step, 1)
    self.save(None, first_step=2)
    self.assertEqual(self.restore().step, 2)
    self.assertFalse(aside.exists())

  def test_another_vocabulary(self):
    self.save(None)
    with self.assertRaisesRegex(
        checkpoint.CheckpointError, 'vocabulary hash, .* vocabulary other'
    ):
      self.restore(vocab_hash='other')

  def test_a_newer_format(self):
    self.save(None, None)
    path = self.folder(2) / 'config' / 'metadata'
    info = json.loads(path.read_text())
    path.write_text(json.dumps(info | {'format': 7}))
    with self.assertRaisesRegex(
        checkpoint.CheckpointError, 'format 7, .* reads up to 1; update'
    ):
      self.restore()

  def test_another_model_but_any_dtype(self):
    self.save(None)
    model = CONFIG['model'] | {'dtype': 'bfloat16'}
    self.assertEqual(self.restore(config=CONFIG | {'model': model}).step, 1)
    with self.assertRaisesRegex(
        checkpoint.CheckpointError, 'model.width = 8, now it is 9'
    ):
      self.restore(config=CONFIG | {'model': {'width': 9}})

  def test_no_room(self):
    self.save(None)
    writer = checkpoint_writer.Writer(self.workdir)
    with mock.patch.object(
        checkpoint_writer.shutil, 'disk_usage', return_value=mock.Mock(free=100)
    ):
      with self.assertRaisesRegex(
          checkpoint.CheckpointError, 'no room for the checkpoint of step 2'
      ):
        writer.save(2, params(2), TRAIN, CONFIG, VOCAB, 'hash')
    self.assertEqual(self.restore().step, 1)
    writer.save(3, params(3), TRAIN, CONFIG, VOCAB, 'hash')
    writer.close()
    self.assertEqual(self.restore().step, 3)

  def test_a_write_that_fails_in_the_background(self):
    writer = checkpoint_writer.Writer(self.workdir)
    error = OSError(28, 'No space left on device')
    with mock.patch.object(
        writer._manager, 'wait_until_finished', side_effect=error
    ):
      with self.assertRaisesRegex(
          checkpoint.CheckpointError, 'failed, .* free there: no space left'
      ):
        writer.wait()
    # The writer is as good as new.
    writer.save(1, params(1), TRAIN, CONFIG, VOCAB, 'hash')
    writer.close()
    self.assertEqual(self.restore().step, 1)


if __name__ == '__main__':
  absltest.main()
