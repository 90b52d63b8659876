"""Every recipe of `configs/tasks.py` is made of fields that exist."""

import importlib.util
import pathlib

from absl.testing import absltest

from mirencoder_jax.downstream.tasks import targets
from mirencoder_jax.evaluation import results

ROOT = pathlib.Path(__file__).resolve().parents[1]


def _load_recipes():
  path = ROOT / 'configs' / 'tasks.py'
  spec = importlib.util.spec_from_file_location('tasks_recipes', path)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


class TasksRecipesTest(absltest.TestCase):

  def test_every_task(self):
    """All of them are read, which checks every field and name."""
    config = _load_recipes().get_config('all').to_dict()
    evaluations = {e.name: e for e in results.read(config)}
    self.assertIn('thread_coarsening', evaluations)
    self.assertIn('heldout', evaluations)
    for name in evaluations.keys() - {'heldout'}:
      recipe = evaluations[name].recipe
      self.assertEqual(recipe.task.name, name)
      for target, keywords in recipe.task.targets.items():
        target_config = targets.TargetConfig(name=target, **keywords)
        self.assertIn(target_config.unmeasured, targets.FALLBACKS)
      folder = ROOT / 'datasets' / recipe.task.data_set
      self.assertTrue((folder / 'README.md').is_file())

  def test_all(self):
    recipes = _load_recipes()
    every = recipes.get_config('all').to_dict()['evals']
    alone = recipes.get_config('device_mapping').to_dict()['evals']
    self.assertEqual(alone, {'device_mapping': every['device_mapping']})
    names = ('cuda_block', 'device_mapping')
    several = recipes.get_config(','.join(names)).to_dict()['evals']
    self.assertEqual(several, {name: every[name] for name in names})

  def test_sections_of_one_stand_at_the_top_too(self):
    """What is typed as --config.table.num_seeds is what runs."""
    for name in ('device_mapping', 'custom'):
      config = _load_recipes().get_config(name)
      config.table.num_seeds = 7
      config.task.split = 'train[:9]'
      (evaluation,) = results.read(config.to_dict())
      self.assertEqual(evaluation.recipe.table.num_seeds, 7)
      self.assertEqual(evaluation.recipe.task.split, 'train[:9]')

  def test_quick_has_the_same_tasks_and_splits(self):
    recipes = _load_recipes()
    every = recipes.get_config('all').to_dict()['evals']
    quick = recipes.get_config('quick').to_dict()['evals']
    self.assertEqual(quick.pop('heldout'), every.pop('heldout'))
    self.assertEqual(quick.keys(), every.keys())
    for name, config in quick.items():
      self.assertEqual(config['task'], every[name]['task'])
      self.assertEqual(config['splits'], every[name]['splits'])
      self.assertIn(
          every[name]['table']['recipe'].split()[0], config['fit']['heads']
      )
      self.assertLessEqual(config['table']['num_seeds'], 2)

  def test_unknown(self):
    with self.assertRaisesRegex(ValueError, "mean 'device_mapping'"):
      _load_recipes().get_config('device_maping')
    with self.assertRaisesRegex(ValueError, "'all' is unknown"):
      _load_recipes().get_config('device_mapping,all')


if __name__ == '__main__':
  absltest.main()
