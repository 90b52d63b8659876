"""Tests of train.py as a user runs it: killed, preempted, started again."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from absl.testing import absltest

from mirencoder_jax import testing

ROOT = pathlib.Path(__file__).resolve().parents[1]
NUM_STEPS = 30
# A small model that is saved after every step, so that a kill meets a save.
FLAGS = (
    '--config.data.name=synthetic',
    '--config.data.num_rows=4',
    '--config.data.num_tokens=32',
    '--config.model.width=12',
    '--config.model.token_layers=1',
    '--config.model.num_heads=1',
    '--config.model.graph_layers=1',
    '--config.objectives.matching_weight=0',
    f'--config.train.num_steps={NUM_STEPS}',
    f'--config.train.every_eval_steps={NUM_STEPS}',
    '--config.train.every_checkpoint_steps=1',
    '--config.train.every_log_steps=10',
)


class TrainScriptTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    testing.write_dataset(self.folder / 'data')

  def start(self, workdir, *flags):
    environment = os.environ | {
        'JAX_COMPILATION_CACHE_DIR': str(self.folder / 'compiled'),
        'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
        'JAX_DISABLE_MOST_OPTIMIZATIONS': '1',
    }
    command = [
        sys.executable,
        ROOT / 'train.py',
        f'--data_dir={self.folder / "data"}',
        f'--workdir={workdir}',
    ]
    return subprocess.Popen(
        [*command, *FLAGS, *flags],
        cwd=self.folder,  # It works from anywhere.
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

  def finish(self, process, return_code=0):
    output, _ = process.communicate(timeout=300)
    self.assertEqual(process.returncode, return_code, output)
    return output

  def curve(self, workdir):
    lines = (workdir / 'metrics.jsonl').read_text().splitlines()
    return [line for line in lines if 'speed/' not in line]

  def test_killed_preempted_and_started_again(self):
    """The loss curve of all attempts is that of one, bit for bit."""
    whole, broken = self.folder / 'whole', self.folder / 'broken'
    output = self.finish(self.start(whole))
    self.assertIn(f'step {NUM_STEPS} of {NUM_STEPS}', output)
    self.assertIn('evaluation after step', output)

    with self.start(broken) as process:
      checkpoints = broken / 'checkpoints'
      while not (checkpoints.is_dir() and len(os.listdir(checkpoints)) > 1):
        self.assertIsNone(process.poll(), 'ended before it could be killed')
        time.sleep(0.005)
      process.kill()
      process.communicate()
    self.assertLess(len(self.curve(broken)), NUM_STEPS)

    with self.start(broken) as process:
      for line in process.stdout:
        if line.startswith('going on after step'):
          process.send_signal(signal.SIGTERM)
          break
      output = self.finish(process)
    self.assertRegex(output, r'SIGTERM: saved after step \d+ of 30')
    self.assertLess(len(self.curve(broken)), NUM_STEPS)

    self.finish(self.start(broken))
    self.assertEqual(self.curve(broken), self.curve(whole))
    self.assertEqual(json.loads(self.curve(broken)[-2])['step'], NUM_STEPS)

  def test_mistakes_of_the_user(self):
    for flag, message in (
        ('--config.data.name=nope', "dataset 'nope' is not prepared in"),
        ('--config.data.batchsize=3', 'batchsize'),
    ):
      output = self.finish(self.start(self.folder / 'other', flag), 1)
      self.assertIn(message, output)


if __name__ == '__main__':
  absltest.main()
