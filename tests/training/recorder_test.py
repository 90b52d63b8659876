"""Tests of the recorder: what is said, and what stops a run."""

import json
import pathlib
import tempfile

import numpy as np
from absl.testing import absltest

from mirencoder_jax.storage import checkpoint
from mirencoder_jax.training import recorder, update

COUNTS = {
    'tokens': 90,
    'token_places': 100,
    'nodes': 30,
    'node_places': 40,
    'examples': 4,
}


class RecorderTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.workdir = pathlib.Path(
        self.enterContext(tempfile.TemporaryDirectory())
    )
    self.record = self.enterContext(
        recorder.Recorder(
            self.workdir,
            step=0,
            num_steps=10,
            every_log_steps=2,
            num_last_checkpoints=2,
            describe={'config': {}, 'vocab': {}, 'vocab_hash': 'h'},
        )
    )

  def step(self, number, loss):
    sums = {'loss': (np.float32(loss), np.float32(1))}
    self.record.step(number, sums, COUNTS, 0.0)

  def save(self, step, **kwargs):
    state = update.TrainState(np.int32(step), {'w': np.ones(3)}, ())
    self.record.save(step, state, (0, step), None, **kwargs)

  def test_a_step_is_read_when_the_next_one_runs(self):
    self.step(1, 4.0)
    self.assertEqual((self.workdir / 'metrics.jsonl').read_text(), '')
    self.step(2, 2.0)
    line = json.loads((self.workdir / 'metrics.jsonl').read_text())
    self.assertEqual(line, {'step': 1, 'train/loss': 4.0})

  def test_a_loss_that_is_not_finite_stops_the_run(self):
    self.step(1, 4.0)
    self.save(1, is_final=True)
    self.step(2, float('nan'))
    with self.assertRaisesRegex(
        recorder.NonFiniteLossError,
        'step 2: not finite: loss. Lower .* goes on from .*/1',
    ):
      self.step(3, 1.0)

  def test_a_state_is_not_saved_after_such_a_loss(self):
    self.step(1, float('inf'))
    with self.assertRaisesRegex(
        recorder.NonFiniteLossError, 'There is no checkpoint yet'
    ):
      self.save(1)
    with self.assertRaises(checkpoint.CheckpointError):
      checkpoint.find(self.workdir)


if __name__ == '__main__':
  absltest.main()
