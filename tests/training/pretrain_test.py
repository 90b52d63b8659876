"""Tests of the loop: it goes on exactly where it was, whatever happened."""

import functools
import json
import os
import pathlib
import shutil
import signal
import tempfile
from unittest import mock

import jax
import numpy as np
import orbax.checkpoint as ocp
import testing
from absl.testing import absltest, parameterized
from jax.experimental.compilation_cache import compilation_cache

from configs import pretrain as recipe
from mirencoder_jax.inference import encoder
from mirencoder_jax.storage import checkpoint, checkpoint_writer, machine
from mirencoder_jax.training import (
    experiment,
    preemption,
    pretrain,
    recorder,
)

NUM_STEPS = 5


def get_config(variant='tiny'):
  """A run of a few seconds that evaluates and saves after steps 2, 4 and 5."""
  config = recipe.get_config(variant)
  config.model.update(
      width=12,
      token_layers=1,
      num_heads=1,
      graph_layers=1,
      code_width=4,
  )
  config.objectives.update(
      edge_weight=0.0, edge_position_weight=0.0, node_text_weight=0.0
  )
  config.data.update(name='synthetic', batch_size=8, num_rows=4, num_tokens=32)
  config.optimizer.num_warmup_steps = 1
  config.train.update(
      num_steps=NUM_STEPS,
      every_log_steps=2,
      every_eval_steps=2,
      every_checkpoint_steps=2,
      num_eval_batches=1,
      compilation_cache='',
  )
  return config


class Runs:
  """A run of a recipe that was left alone, and others that were not."""

  variant = 'tiny'

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    folder = cls.enterClassContext(tempfile.TemporaryDirectory())
    cls.data_dir = pathlib.Path(folder) / 'data'
    testing.write_dataset(cls.data_dir)
    # The runs of this file are compiled once.
    for name, value in (
        ('jax_compilation_cache_dir', os.path.join(folder, 'compiled')),
        ('jax_persistent_cache_min_compile_time_secs', 0),
    ):
      before = getattr(jax.config, name)
      jax.config.update(name, value)
      cls.addClassCleanup(jax.config.update, name, before)
    cls.addClassCleanup(compilation_cache.reset_cache)
    cls.workdir = pathlib.Path(folder) / 'whole'
    cls.values = pretrain.train_and_evaluate(
        get_config(cls.variant), cls.workdir, cls.data_dir
    )
    cls.expected = cls.curve(cls.workdir)

  @staticmethod
  def curve(workdir):
    """What was logged of every step and evaluation, rates left out."""
    lines = (workdir / 'metrics.jsonl').read_text().splitlines()
    lines = [json.loads(line) for line in lines]
    return [x for x in lines if not any(k.startswith('speed/') for k in x)]

  def setUp(self):
    super().setUp()
    self.interrupted = pathlib.Path(
        self.enterContext(tempfile.TemporaryDirectory())
    )

  def train(self, config=None, stop_after=None):
    """Trains; as if SIGTERM had come during a step."""

    def is_noticed(self, step):
      if step == stop_after:
        os.kill(os.getpid(), signal.SIGTERM)
      return self._noticed

    with mock.patch.object(preemption.Preemption, 'is_noticed', is_noticed):
      return pretrain.train_and_evaluate(
          config or get_config(self.variant), self.interrupted, self.data_dir
      )

  def steps(self, workdir):
    return sorted(int(path.name) for path in checkpoint.find(workdir))

  def assert_same_as_uninterrupted(self):
    self.assertEqual(self.curve(self.interrupted), self.expected)
    self.assert_same_state()

  def assert_same_state(self):
    for item in ('params', 'train'):
      expected, actual = (
          self.read(workdir, item)
          for workdir in (self.workdir, self.interrupted)
      )
      jax.tree.map(np.testing.assert_array_equal, actual, expected)

  def read(self, workdir, item):
    with ocp.StandardCheckpointer() as checkpointer:
      path = workdir / checkpoint.FOLDER / str(NUM_STEPS) / item
      return checkpointer.restore(path.absolute())

  def test_goes_on_after_sigterm_and_after_damage(self):
    self.train(stop_after=3)
    self.assertEqual(max(self.steps(self.interrupted)), 3)
    self.assertEqual(self.curve(self.interrupted)[-1]['step'], 3)
    after_sigterm = self.interrupted / 'after_sigterm'
    shutil.copytree(
        self.interrupted / checkpoint.FOLDER, after_sigterm / checkpoint.FOLDER
    )
    self.assertEqual(self.train(), self.values)
    self.assert_same_as_uninterrupted()

    self.interrupted = after_sigterm
    newest = after_sigterm / checkpoint.FOLDER / '3' / 'train'
    largest = max(
        (p for p in newest.rglob('*') if p.is_file()),
        key=lambda p: p.stat().st_size,
    )
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 255
    largest.write_bytes(content)
    with self.assertLogs(level='WARNING') as logs:
      self.train()
    self.assertRegex(logs.output[0], r'/3 is damaged .* trying .*/2')
    self.assert_same_state()


class TokensTest(Runs, absltest.TestCase):
  variant = 'tiny_tokens'


class PretrainTest(Runs, parameterized.TestCase):

  def test_starts_from_an_encoder_that_was_trained(self):
    config = get_config()
    config.train.update(start_from=str(self.workdir), seed=3)
    run = experiment.Experiment(config, self.data_dir)
    fresh = jax.jit(run.create_state)()
    state = run.start(fresh)
    trained = encoder.load_checkpoint(self.workdir)
    of_encoder = encoder.abstract_params(trained.config).keys()
    self.assertNotEmpty(state.params.keys() - of_encoder)  # decoders
    for name, params in state.params.items():
      wanted = trained.params if name in of_encoder else fresh.params
      jax.tree.map(np.testing.assert_array_equal, params, wanted[name])
    self.assertEqual(self.train(config).keys(), self.values.keys())

    config.model.width = 24
    self.interrupted /= 'another'
    with self.assertRaisesRegex(
        pretrain.ConfigError, r'is of other sizes \(width\); take the recipe'
    ):
      self.train(config)
    config.train.start_from = 'nothing'
    with self.assertRaisesRegex(
        checkpoint.CheckpointError, "no weights are named 'nothing'"
    ):
      self.train(config)

  def test_a_step_that_does_not_fit_is_refused_before_it_is_computed(self):
    with mock.patch.object(machine, 'available_memory', return_value=10**5):
      with self.assertRaisesRegex(
          pretrain.ConfigError, 'of memory, this machine has 0.0 GB left: '
      ):
        self.train()
      self.assertEmpty(self.curve(self.interrupted))
      config = get_config()
      config.train.check_memory = False
      self.train(config, stop_after=1)

  def test_goes_on_with_another_mapping(self):
    """Steps and evaluations of both, bit for bit as of one."""
    config = get_config()
    config.train.mapping = 'shard_map'
    self.train(config, stop_after=1)
    self.train(stop_after=3)
    self.assertEqual(self.train(config), self.values)
    self.assert_same_as_uninterrupted()

  def test_what_a_run_leaves(self):
    # The last step is there though nothing divides it; of the others the last
    # and the best.
    self.assertContainsSubset([4, 5], self.steps(self.workdir))
    self.assertEqual(
        [x['step'] for x in self.expected if 'train/loss' in x],
        list(range(1, NUM_STEPS + 1)),
    )
    self.assertEqual(
        [x['step'] for x in self.expected if 'eval/loss' in x], [2, 4, 5]
    )
    self.assertNotEmpty(list(self.workdir.glob('events.*')))
    self.assertContainsSubset(
        {
            'loss',
            'loss/mlm',
            'mlm_accuracy',
            'mlm_unigram_accuracy',
            'matching_accuracy',
            'retrieval_recall_at_1',
        },
        self.values,
    )

  def test_a_run_says_what_it_was_made_of(self):
    lines = (self.workdir / recorder.STARTS).read_text().splitlines()
    first = json.loads(lines[0])
    self.assertEqual(first['config']['train']['num_steps'], NUM_STEPS)
    self.assertEqual(first['config']['data']['on_corrupt'], 'raise')
    self.assertEqual(first['data']['name'], 'synthetic/1.0.0')
    self.assertLen(set(first['data']['fingerprints']), 2)
    self.assertEqual(first['data']['skipped'], 0)
    self.assertLen(first['devices'], jax.device_count())
    self.assertContainsSubset(
        {'jax', 'jaxlib', 'flax', 'numpy', 'mirencoder_jax'}, first['versions']
    )
    self.assertContainsSubset({'commit', 'command', 'hardware', 'date'}, first)

  def test_another_vocabulary(self):
    with tempfile.TemporaryDirectory() as other:
      testing.write_dataset(other, 12, 4, vocab_size=64)
      with self.assertRaisesRegex(
          checkpoint.CheckpointError, 'vocabulary .* vocabulary .* --workdir'
      ):
        pretrain.train_and_evaluate(get_config(), self.workdir, other)

  def test_another_model(self):
    config = get_config()
    config.model.code_width = 6
    with self.assertRaisesRegex(
        checkpoint.CheckpointError, 'model.code_width = 4, now it is 6'
    ):
      pretrain.train_and_evaluate(config, self.workdir, self.data_dir)

  def test_a_full_disk_does_not_stop_training(self):
    usage = mock.Mock(free=1000)
    with (
        mock.patch.object(
            checkpoint_writer.shutil, 'disk_usage', return_value=usage
        ) as disk,
        mock.patch.object(recorder, '_RETRY_SECONDS', 0.01),
        self.assertLogs(level='ERROR') as logs,
    ):
      # There is room again when the run asks for the third time.
      sleep = functools.partial(setattr, usage, 'free', 1 << 40)
      with mock.patch.object(
          recorder.time, 'sleep', side_effect=lambda _: sleep()
      ):
        self.train()
    self.assertIn('no room for the checkpoint of step 2', logs.output[0])
    self.assertTrue(disk.called)
    self.assert_same_as_uninterrupted()

  def test_a_finished_run_is_evaluated(self):
    self.assertEqual(
        pretrain.train_and_evaluate(get_config(), self.workdir, self.data_dir),
        self.values,
    )

  @parameterized.named_parameters(
      ('too_few', 3, 1, 'divisible by 8 devices; use 8 '),
      ('between', 12, 1, 'use 8 or 16'),
      ('parts', 24, 2, 'by 8 devices in 2 parts; use 16 or 32'),
  )
  def test_batch_size(self, batch_size, num_parts, message):
    config = get_config()
    config.data.batch_size = batch_size
    config.train.accumulation_steps = num_parts
    with self.assertRaisesRegex(pretrain.ConfigError, message):
      self.train(config)

  @parameterized.named_parameters(
      (
          'mapping',
          dict(mapping='pmpa'),
          "'pmpa' is unknown; did you mean 'pmap",
      ),
      (
          'one_of_three',
          dict(coordinator='a:1'),
          'coordinator without num_processes, process_id; give all of',
      ),
      (
          'not_distributed',
          dict(coordinator='a:1', num_processes=2, process_id=0),
          'without distributed=True',
      ),
      (
          'port',
          dict(
              coordinator='a', num_processes=2, process_id=0, distributed=True
          ),
          "coordinator is 'a', no HOST:PORT",
      ),
      (
          'process',
          dict(
              coordinator='a:1', num_processes=2, process_id=2, distributed=True
          ),
          'process_id is 2; 0 to 1 of num_processes=2',
      ),
  )
  def test_processes_that_are_not_said_whole(self, fields, message):
    config = get_config()
    config.train.update(fields)
    with self.assertRaisesRegex(pretrain.ConfigError, message):
      self.train(config)

  def test_a_typo_is_an_error(self):
    config = get_config()
    with config.unlocked():
      config.train.num_step = 3
    with self.assertRaisesRegex(pretrain.ConfigError, "mean 'num_steps'"):
      self.train(config)


if __name__ == '__main__':
  absltest.main()
