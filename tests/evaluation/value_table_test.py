"""Tests of the table of values and probabilities: one path with choices."""

import dataclasses
import json
import pathlib
import tempfile

import numpy as np
from absl.testing import absltest, parameterized

from configs import tasks as tasks_config
from mirencoder_jax.downstream.heads import fit
from mirencoder_jax.downstream.tasks import splits, targets, tasks
from mirencoder_jax.evaluation import recipe as recipe_lib
from mirencoder_jax.evaluation import table, task_evaluation
from mirencoder_jax.evaluation.report import task_tables

FUNCTION = """
define float @f(float %x) {{
  %a = {} float %x, %x
  ret float %a
}}
"""


def make_examples(num_programs=16):
  """Programs that multiply are slow and compute-bound, and size counts."""
  rng = np.random.default_rng(0)
  return [
      dict(
          kernel=f'k{form}{number}',
          target=form,
          program=f'p{number}',
          form=form,
          module=f'{form}{number}',
          ir=FUNCTION.format(('fadd', 'fmul')[number % 2]),
          # Functions are equal, but we say that they are not.
          code=f'{form}{number}',
          grid=float(size),
          block=128.0,
          compute_bound=float(number % 2),
          log_time=number % 2 + np.log(size) + 0.1 * rng.normal(),
          bandwidth_share=0.5,
          seen=[float(number % 2), 1.0],
          guess=0.7,
      )
      for number in range(num_programs)
      for form in ('cuda', 'openmp')
      for size in (10, 1000)
  ]


def make_recipe(name, heads=('forest',), **task):
  config = tasks_config.get_config(name).to_dict()
  del config['evals']
  config['task'] |= task
  config['splits'] |= dict(program=dict(group='program', num_folds=4))
  config['table'] |= dict(
      splits=('program', 'cuda_to_openmp'),
      num_seeds=1,
      num_null=2,
      null_head='forest',
      recipe='forest value',
  )
  config['fit'] |= dict(heads=heads)
  config['fit']['grids']['forest']['num_trees'] = (10,)
  config['report'] |= dict(num_resamples=50)
  return recipe_lib.Recipe.read(config, 'config')


class ValueTableTest(parameterized.TestCase):

  def test_probability(self):
    recipe = make_recipe('gpu_roofline', vectors={'seen by hand': 'seen'})
    task = tasks.build_task(recipe.task, make_examples())
    with tempfile.TemporaryDirectory() as folder:
      found = table.evaluate(recipe, task, workdir=folder)
      saved = json.loads(pathlib.Path(folder, 'results.json').read_text())
    rows = {(r['split'], r['features'], r['head']): r for r in saved['results']}
    for split, num_rows in (('program', 64), ('cuda_to_openmp', 32)):
      for features in ('opcodes', 'seen by hand'):
        row = rows[split, features, 'forest value']
        self.assertEqual(row['rows'], num_rows)
        self.assertEqual(row['auc']['value'], 1, features)
      blind = rows[split, 'inputs only', 'forest value']
      self.assertBetween(blind['auc']['value'], 0.2, 0.8)
      constant = rows[split, 'best constant', 'rule']
      self.assertAlmostEqual(constant['mae']['value'], 0.5, delta=0.1)
      self.assertEqual(rows[split, 'oracle', 'rule']['auc']['value'], 1)
      self.assertNotIn((split, 'default choice', 'rule'), rows)
    n, _ = [n for n in saved['null'] if n['split'] == 'program'], None
    self.assertTrue(n)
    leaks = {fact['name']: set(fact['leaks']) for fact in saved['splits']}
    self.assertEqual(leaks, {'program': set(), 'cuda_to_openmp': {'program'}})
    evaluation = task_evaluation.TaskEvaluation('gpu_roofline', recipe)
    verdict = evaluation.verdict(saved)
    self.assertIn('AUC 1.000', verdict)
    self.assertEqual(evaluation.summary(saved), [])  # no vector of anybody
    text = '\n'.join(evaluation.section(saved, {}))
    self.assertIn('balanced accuracy', text)
    self.assertNotIn('direction', text)  # the accuracy once more
    self.assertEqual(found.kind, 'probability')

  def test_values(self):
    recipe = make_recipe('gpu_time')
    examples = make_examples()
    examples[3]['log_time'] = float('nan')
    task = tasks.build_task(recipe.task, examples)
    (problem,) = task.problems
    self.assertIn('log_time is nan, which is not finite', problem.what)
    with tempfile.TemporaryDirectory() as folder:
      path = f'{folder}/theirs.npz'
      np.savez(
          path,
          names=np.array(task.modules),
          vecs=np.array([[b'fmul' in text] for text in task.ir], np.float32),
      )
      found = table.evaluate(recipe, task, compared={'theirs': path})
    rows = {
        (r['split'], r['target'], r['features'], r['head']): r
        for r in found.measured
    }
    row = rows['program', 'time', 'opcodes', 'forest value']
    self.assertEqual(row['rows'], 63)
    self.assertGreater(row['r2']['value'], 0.9)
    nothing = rows['program', 'time', 'inputs only', 'forest value']
    self.assertBetween(nothing['r2']['value'], 0.5, 0.99)
    self.assertLess(row['mae']['value'], nothing['mae']['value'])
    # A share that is the same everywhere has nothing to explain.
    constant = rows['program', 'bandwidth', 'best constant', 'rule']
    self.assertIsNone(constant['r2']['value'])
    self.assertAlmostEqual(constant['mae']['value'], 0)
    evaluation = task_evaluation.TaskEvaluation('gpu_time', recipe)
    compared = {
        (c.split, c.target, c.metric): c
        for c in evaluation.summary(found.as_dict())
    }
    error = compared['program', 'time', 'mae']
    self.assertEqual(error.oracle, 0)
    # Less is better: what is gained is what the error is lower by.
    self.assertAlmostEqual(
        error.difference, error.baseline_value - error.value, places=4
    )
    self.assertIn('gpu time, time, split', evaluation.verdict(found.as_dict()))
    text = '\n'.join(evaluation.section(found.as_dict(), {}))
    self.assertIn('### bandwidth, split program', text)
    self.assertIn('R²', '\n'.join(evaluation.overview([found.as_dict()])))
    with tempfile.TemporaryDirectory() as folder:
      drawn = evaluation.draw(found.as_dict(), folder)
    self.assertIn(drawn, ([], ['comparison.png']))  # if matplotlib is there

  def test_guess_of_a_compiler_is_the_default(self):
    recipe = make_recipe('gpu_roofline', heads=('forest',))
    recipe.task.targets['compute_bound']['default'] = 'guess'
    examples = make_examples()
    examples[0]['guess'] = 1.5
    task = tasks.build_task(recipe.task, examples)
    self.assertIn('guess is 1.5, which is not in 0 to 1', task.problems[0].what)
    self.assertTrue(task.targets[0].valid.all())
    found = table.evaluate(recipe, task)
    row = next(r for r in found.measured if r['features'] == 'default choice')
    self.assertAlmostEqual(row['mae']['value'], 0.5, places=2)

  def test_heads_learn_and_see_no_test_label(self):
    """Values of test rows may be anything: what is said stays the same."""
    recipe = make_recipe('gpu_time')
    task = tasks.build_task(recipe.task, make_examples())
    protocol = splits.build_protocol(
        next(s for s in recipe.splits if s.name == 'cuda_to_openmp'),
        task.strata,
        task.groups,
        num_seeds=1,
        num_inner_folds=2,
        group_names=task.group_names,
    )
    (test,) = protocol.test
    vectors = np.random.default_rng(0).random((len(task.rows), 3))
    vectors = vectors.astype(np.float32)
    spoiled = task._replace(
        targets=tuple(
            t._replace(values=np.where(test, 1e6, t.values))
            for t in task.targets
        )
    )
    vectors[:, 0] = [b'fmul' in task.ir[i] for i in task.module_index]
    number = [t.name for t in task.targets].index('time')
    for head in ('kernel', 'forest', 'network'):
      said, again = (
          fit.fit_protocol(head, vectors, t, protocol, recipe.fit)[
              'value'
          ].choices
          for t in (task, spoiled)
      )
      said, again = said[number, 0, test], again[number, 0, test]
      np.testing.assert_allclose(said, again, rtol=1e-5, atol=1e-5)
      truth = task.targets[number].values[test]
      error = np.square(said - truth).mean() / truth.var()
      self.assertLess(error, 0.2, head)

  def test_a_planted_copy_of_a_function_is_refused(self):
    """A test program's function stands in another one, under other names."""
    recipe = make_recipe('gpu_roofline')
    examples = make_examples()
    for number, example in enumerate(examples):
      del example['code']  # is found in the IR
      constant = FUNCTION.format('fadd').replace('%x, %x', f'%x, {number}.0')
      example['ir'] = constant
    victim, thief = examples[0], examples[-1]
    thief['ir'] = victim['ir'].replace('%x', '%y').replace('@f', '@stolen')
    thief['module'] = 'stolen'
    task = tasks.build_task(recipe.task, examples)
    self.assertEqual(task.groups['code'][0], task.groups['code'][-1])

    def build(**changed):
      config = next(s for s in recipe.splits if s.name == 'program')
      return splits.build_protocol(
          dataclasses.replace(config, **changed),
          task.strata,
          task.groups,
          num_seeds=1,
          num_inner_folds=2,
      )

    self.assertIn('code', splits.find_leaks(build(refused=''), task.groups))
    protocol = build(refused='code')
    self.assertNotIn('code', splits.find_leaks(protocol, task.groups))
    self.assertGreater(protocol.num_refused, 0)
    of_victim = protocol.test[:, 0]
    self.assertFalse(protocol.train[of_victim, -1].any())

  def test_heads_with_too_many_rows_are_left_out_and_named(self):
    recipe = make_recipe('gpu_roofline', heads=('kernel', 'forest'))
    recipe = dataclasses.replace(
        recipe, table=dataclasses.replace(recipe.table, splits=('program',))
    )
    recipe.fit.max_rows['kernel'] = 40  # of 48 in a fold
    task = tasks.build_task(recipe.task, make_examples())
    found = table.evaluate(recipe, task)
    heads = {r['head'] for r in found.measured}
    self.assertEqual(heads, {'rule', 'forest value'})
    (fact,) = found.splits
    self.assertEqual(fact['left_out'], ['kernel'])
    self.assertIn(
        'Left out for many rows: kernel.',
        '\n'.join(task_tables.format_splits(found)),
    )

  def test_kinds_are_checked(self):
    with self.assertRaisesRegex(ValueError, 'a choice none'):
      targets.TargetConfig('x', 'a', value='time')
    with self.assertRaisesRegex(ValueError, 'a value or a probability has one'):
      targets.TargetConfig('x', kind='value')
    for field, value, message in (
        ('metric', 'geomean', 'metric of a probability'),
        ('also', ('r2',), 'metric of a probability'),
    ):
      config = tasks_config.get_config('gpu_roofline').to_dict()
      del config['evals']
      config['report'][field] = value
      with self.assertRaisesRegex(ValueError, message):
        recipe_lib.Recipe.read(config, 'config')


if __name__ == '__main__':
  absltest.main()
