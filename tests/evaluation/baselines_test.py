"""Tests of baselines: rules, histograms, trees."""

import pathlib
import tempfile
from unittest import mock

import numpy as np
import tensorflow_datasets as tfds
from absl.testing import absltest, parameterized

from configs import tasks as tasks_config
from datasets.device_mapping import device_mapping_dataset_builder
from mirencoder_jax import ir
from mirencoder_jax.downstream.tasks import (
    counts as counts_lib,
)
from mirencoder_jax.downstream.tasks import features, splits, tasks
from mirencoder_jax.evaluation import baselines

ROOT = pathlib.Path(__file__).resolve().parents[2]
REAL = ROOT.parent / 'shared' / 'data' / 'device_mapping'
TREES = baselines.TreesConfig(num_trees=5)

IR = """
define float @twice(float %x) {
  %a = fadd float %x, %x
  %b = fadd float %a, 1.0
  ret float %b
}
define i32 @one(i32 %x) {
  %a = add i32 %x, 1
  ret i32 %a
}
"""


def make_task(costs, texts=None, inputs=None, default=0):
  costs = np.asarray(costs, float)
  n = len(costs)
  target = tasks.Target(
      name='box',
      choices=tuple(f'c{i}' for i in range(costs.shape[1])),
      default=default,
      inputs=np.zeros((n, 0)) if inputs is None else inputs,
      costs=costs,
      labels=costs.argmin(axis=1),
      valid=np.ones(n, bool),
  )
  return tasks.Task(
      name='toy',
      rows=tuple(f'row {i}' for i in range(n)),
      modules=tuple(f'm{i}' for i in range(n)),
      ir=tuple(texts or [b''] * n),
      module_index=np.arange(n),
      groups={'program': np.arange(n) // 2},
      group_names={'program': tuple(f'p{i}' for i in range((n + 1) // 2))},
      targets=(target,),
      problems=(),
  )


def make_protocol(task, num_folds=3, num_seeds=2):
  return splits.build_protocol(
      splits.SplitConfig('program', 'program', num_folds),
      task.strata,
      task.groups,
      num_seeds=num_seeds,
      num_inner_folds=2,
  )


class BaselinesTest(parameterized.TestCase):

  def test_rules(self):
    task = make_task([[1, 2]] * 4 + [[8, 1]] * 4, default=0)
    protocol = make_protocol(task)
    default = baselines.default_choices(task, protocol)
    oracle = baselines.oracle_choices(task, protocol)
    self.assertEqual(default.shape, (1, 2, 8))
    np.testing.assert_array_equal(default, 0)
    np.testing.assert_array_equal(oracle[0, 1], [0] * 4 + [1] * 4)

  def test_constant_is_the_trainings_best(self):
    # Choice 1 is right for two rows only, and by far.
    task = make_task([[1, 1.1]] * 6 + [[900, 1]] * 2)
    protocol = make_protocol(task, num_folds=0)
    choices = baselines.constant_choices(task, protocol)[0, 0]
    # With the two rows held out, nothing speaks for choice 1.
    np.testing.assert_array_equal(choices, [1] * 6 + [0] * 2)

  def test_histograms(self):
    modules = [ir.read_module(IR), None]
    counts = counts_lib.count(modules, 'opcodes')
    # add, fadd, ret
    np.testing.assert_array_equal(counts, [[1, 2, 2], [0, 0, 0]])
    typed = counts_lib.count(modules, 'opcodes+types')
    # and add i32, fadd float, ret void
    np.testing.assert_array_equal(typed[0], [1, 1, 2, 2, 2, 2])
    self.assertTrue(features.is_histogram(counts))
    self.assertFalse(features.is_histogram(counts + 0.5))

  def test_unreadable_module_is_named(self):
    task = make_task(
        [[1, 2]] * 3, [IR.encode(), b'', b'define float @twice(\n']
    )
    modules, problems = features.read_modules(task)
    self.assertEqual([m is None for m in modules], [False, True, True])
    (problem,) = problems  # the empty one is a problem of the task already
    self.assertEqual(problem.where, 'm2')

  def test_random_vectors_repeat(self):
    first, again, other = (
        features.random_vectors(4, 8, seed) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    self.assertFalse(np.array_equal(first, other))

  @parameterized.parameters('xgboost', 'scikit-learn')
  def test_trees(self, library):
    if library == 'xgboost' and baselines.trees_name() != library:
      self.skipTest('xgboost is not installed')
    rng = np.random.default_rng(0)
    signal = rng.integers(0, 2, 60)
    task = make_task(np.where(signal[:, None], [[2, 1]], [[1, 2]]))
    protocol = make_protocol(task)
    # No label may come through what only test rows have.
    canary = np.where(protocol.test[0], signal, 0)[:, None]
    with mock.patch.object(baselines, 'trees_name', lambda: library):
      seen = baselines.fit_trees(signal[:, None], task, protocol, TREES)
      silent = baselines.fit_trees(canary, task, protocol, TREES)
    self.assertEqual(seen.shape, (1, 2, 60))
    np.testing.assert_array_equal(seen[0], np.stack([signal, signal]))
    test = protocol.test[0]
    self.assertLen(set(silent[0, 0, test]), 1)

  def test_trees_with_one_class_in_a_fold(self):
    task = make_task([[1, 2]] * 6, inputs=np.arange(6.0)[:, None])
    choices = baselines.fit_trees(
        np.zeros((6, 0)), task, make_protocol(task), TREES
    )
    np.testing.assert_array_equal(choices, 0)

  def test_trees_where_folds_train_alike(self):
    # Rows without a measurement are no training rows: folds of such rows train
    # on the same, and still each of them answers for its own.
    signal = np.random.default_rng(0).integers(0, 2, 90)
    task = make_task(np.where(signal[:, None], [[2, 1]], [[1, 2]]))
    valid = np.arange(90) < 60
    task = task._replace(
        targets=tuple(t._replace(valid=valid) for t in task.targets)
    )
    protocol = make_protocol(task, num_folds=45)
    choices = baselines.fit_trees(signal[:, None], task, protocol, TREES)
    np.testing.assert_array_equal(choices[0], np.stack([signal, signal]))


class PublishedDataTest(parameterized.TestCase):
  """Takes 15 s: reads 669 modules and fits 114 times."""

  def test_opcode_histogram_lands_where_others_measured(self):
    if not REAL.is_dir():
      self.skipTest(f'{REAL} is not there')
    if baselines.trees_name() != 'xgboost':
      self.skipTest('the figures are for xgboost, which is not installed')
    config = tasks_config.get_config('device_mapping').to_dict()
    with tempfile.TemporaryDirectory() as folder:
      builder = device_mapping_dataset_builder.Builder(data_dir=folder)
      builder.download_and_prepare(
          download_config=tfds.download.DownloadConfig(manual_dir=REAL),
          download_dir=pathlib.Path(folder) / 'downloads',
      )
      task_config = tasks.TaskConfig(**config['task'])
      task = tasks.load_task(task_config, data_dir=folder)
    self.assertEmpty(task.problems)
    modules, problems = features.read_modules(task)
    self.assertEmpty(problems)
    vectors = counts_lib.count(modules, 'opcodes')
    vectors = vectors[task.module_index]
    published = {
        'random': (92.0, 90.0),
        'kernel': (87.8, 86.1),
        'program': (81.4, 66.8),
        'suite': (69.4, 40.1),
    }
    for name, expected in published.items():
      protocol = splits.build_protocol(
          splits.SplitConfig(name=name, **config['splits'][name]),
          task.strata,
          task.groups,
          # Programs are few: their folds differ by two points.
          num_seeds=3 if name == 'program' else 1,
          num_inner_folds=2,
      )
      choices = baselines.fit_trees(
          vectors, task, protocol, baselines.TreesConfig(**config['trees'])
      )
      for target, answer, accuracy in zip(
          task.targets, choices, expected, strict=True
      ):
        self.assertAlmostEqual(
            100 * (answer == target.labels).mean(),
            accuracy,
            delta=1.5,
            msg=f'{name}, {target.name}',
        )


if __name__ == '__main__':
  absltest.main()
