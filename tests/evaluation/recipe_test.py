"""Tests of recipes: one of one's own table is completed from it."""

import numpy as np
from absl.testing import absltest

from configs import tasks as tasks_config
from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import recipe as recipe_lib


def own_recipe(**table):
  config = tasks_config.get_config('custom').to_dict()
  del config['evals']
  config['table'] |= table
  return recipe_lib.Recipe.read(config, 'config')


def make_task(has_costs=True):
  """Four rows of three programs, two codes."""
  target = tasks.Target(
      name='machine',
      choices=('a', 'b'),
      default=0,
      inputs=np.zeros((4, 0)),
      costs=np.array([[1, 2], [2, 1], [1, 2], [1, 2]]) if has_costs else None,
      labels=np.array([0, 1, 0, 0]),
      valid=np.ones(4, bool),
  )
  return tasks.Task(
      name='custom',
      rows=tuple('wxyz'),
      modules=('m',),
      ir=(b'x',),
      module_index=np.zeros(4, int),
      groups={
          'code': np.array([0, 0, 1, 1]),
          'program': np.array([0, 0, 1, 2]),
      },
      group_names={'code': ('c', 'd'), 'program': ('p', 'q', 'r')},
      targets=(target,),
      problems=(),
  )


class RecipeTest(absltest.TestCase):

  def test_splits_are_those_of_the_groups(self):
    task = make_task()
    found = own_recipe().complete(task)
    self.assertEqual(found.table.splits, ('random', 'program'))
    self.assertEqual(found.splits[1].num_folds, 0)
    self.assertEqual((found.report.group, found.report.metric),
                     ('program', 'geomean'))  # fmt: skip
    self.assertEqual(found.table.recipe, 'kernel cost')
    self.assertEqual(found.complete(task), found)

  def test_labels_only_are_classified(self):
    found = own_recipe().complete(make_task(has_costs=False))
    self.assertEqual(found.report.metric, 'accuracy')
    self.assertEqual(found.table.recipe, 'kernel class')

  def test_group_that_the_table_has_not(self):
    recipe = own_recipe(splits=('progam',))
    with self.assertRaisesRegex(ValueError, "'progam' .*'program'"):
      recipe.complete(make_task())

  def test_splits_are_asked_for(self):
    config = tasks_config.get_config('device_mapping').to_dict()
    del config['evals']
    config['table']['splits'] = ()
    with self.assertRaisesRegex(
        ValueError, 'splits is empty; there are kernel'
    ):
      recipe_lib.Recipe.read(config, 'config')


if __name__ == '__main__':
  absltest.main()
