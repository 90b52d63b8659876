"""Every recipe of `configs/tasks.py` is made of fields that exist."""

import importlib.util
import pathlib

from absl.testing import absltest

from mirencoder_jax.downstream.tasks import splits, targets, tasks

ROOT = pathlib.Path(__file__).resolve().parents[1]


def _load_recipes():
  path = ROOT / 'configs' / 'tasks.py'
  spec = importlib.util.spec_from_file_location('tasks_recipes', path)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


class TasksRecipesTest(absltest.TestCase):

  def test_every_task(self):
    recipes = _load_recipes()
    every = recipes.get_config('all').to_dict()['tasks']
    self.assertIn('thread_coarsening', every)
    for name, config in every.items():
      task = tasks.TaskConfig(**config['task'])
      self.assertEqual(task.name, name)
      for target, keywords in task.targets.items():
        target_config = targets.TargetConfig(name=target, **keywords)
        self.assertIn(target_config.unmeasured, targets.FALLBACKS)
      for split, keywords in config['splits'].items():
        group = splits.SplitConfig(name=split, **keywords).group
        self.assertIn(group, (*task.groups, ''))
      self.assertIn(config['report']['group'], task.groups)
      self.assertTrue((ROOT / 'datasets' / name / 'README.md').is_file())

  def test_all(self):
    recipes = _load_recipes()
    every = recipes.get_config('all').to_dict()['tasks']
    alone = recipes.get_config('device_mapping').to_dict()
    self.assertEqual(every['device_mapping'], alone)

  def test_quick_has_the_same_tasks_and_splits(self):
    recipes = _load_recipes()
    every = recipes.get_config('all').to_dict()
    quick = recipes.get_config('quick').to_dict()
    self.assertEqual(quick['heldout'], every['heldout'])
    self.assertEqual(quick['tasks'].keys(), every['tasks'].keys())
    for name, config in quick['tasks'].items():
      self.assertEqual(config['task'], every['tasks'][name]['task'])
      self.assertEqual(config['splits'], every['tasks'][name]['splits'])
      self.assertIn(
          every['tasks'][name]['table']['recipe'].split()[0],
          config['fit']['heads'],
      )
      self.assertLessEqual(config['table']['num_seeds'], 2)

  def test_unknown(self):
    with self.assertRaisesRegex(ValueError, "mean 'device_mapping'"):
      _load_recipes().get_config('device_maping')


if __name__ == '__main__':
  absltest.main()
