"""Fine-tuning learns what a frozen vector does not say, of training rows."""

import dataclasses

import numpy as np
import testing_encoder
from absl.testing import absltest, parameterized

from configs import tasks as tasks_config
from mirencoder_jax.downstream.heads import fit
from mirencoder_jax.downstream.tasks import features, splits, tasks
from mirencoder_jax.evaluation import finetune, table
from mirencoder_jax.evaluation import recipe as recipe_lib

NUM_ROWS = 48
FIT = fit.FitConfig(heads=(), grids={})
CONFIG = finetune.FinetuneConfig(
    vectors=(features.MAIN,), num_passes=30, patience=30, learning_rate=1e-2
)


def function(number):
  """The same opcodes in two orders; which one is the value to be told."""
  ops = ['mul', 'add'] if number % 2 else ['add', 'mul']
  lines, last = [], '%x'
  for place in range(2 + number // 2 % 3):
    for op in ops:
      name = f'%v{len(lines)}'
      lines.append(f'  {name} = {op} i32 {last}, {3 + place}')
      last = name
  return (
      f'define i32 @f{number}(i32 %x) {{\n'
      + '\n'.join(lines)
      + f'\n  ret i32 {last}\n}}\n'
  )


def make_task(ir=None):
  ir = ir or tuple(function(i).encode() for i in range(NUM_ROWS))
  values = np.where(np.arange(NUM_ROWS) % 2, 1.0, -1.0)
  target = tasks.Target(
      name='order',
      choices=(),
      default=0,
      inputs=np.ones((NUM_ROWS, 1)),
      costs=None,
      labels=np.zeros(NUM_ROWS, int),
      valid=np.ones(NUM_ROWS, bool),
      kind='value',
      values=values,
  )
  groups = np.arange(NUM_ROWS) // 6
  return tasks.Task(
      name='toy',
      rows=tuple(f'row {i}' for i in range(NUM_ROWS)),
      modules=tuple(f'm{i}' for i in range(NUM_ROWS)),
      ir=ir,
      module_index=np.arange(NUM_ROWS),
      groups={'program': groups},
      group_names={'program': tuple(f'p{i}' for i in range(8))},
      targets=(target,),
      problems=(),
  )


def answers(task, encoder, config=CONFIG):
  protocol = splits.build_protocol(
      splits.SplitConfig('split', 'program', 2),
      task.strata,
      task.groups,
      num_seeds=1,
      num_inner_folds=3,
  )
  tuner = finetune.Tuner(encoder, task, config)
  (found,) = tuner.fit_protocol(task, protocol, FIT).values()
  return found.choices[0, 0], protocol


class FinetuneTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    text = ''.join(function(i) for i in range(NUM_ROWS))
    cls.encoder = testing_encoder.create_encoder(
        32, text=text, reads='instructions'
    )

  def test_learns_more_than_the_read_out(self):
    task = make_task()
    before, _ = answers(
        task, self.encoder, dataclasses.replace(CONFIG, num_passes=0)
    )
    after, _ = answers(task, self.encoder)
    wanted = task.targets[0].values
    errors = [np.mean((x - wanted) ** 2) for x in (before, after)]
    self.assertLess(errors[1], 0.5 * errors[0])
    self.assertLess(errors[1], 0.3)
    again, _ = answers(task, self.encoder)
    np.testing.assert_array_equal(after, again)

  def test_what_is_asked_enters_no_fit(self):
    task = make_task()
    config = dataclasses.replace(CONFIG, num_passes=2)
    first, protocol = answers(task, self.encoder, config)
    asked = protocol.test[0]
    (target,) = task.targets
    values = np.where(asked, -7.0, target.values)
    other = task._replace(targets=(target._replace(values=values),))
    second, _ = answers(other, self.encoder, config)
    np.testing.assert_array_equal(first[asked], second[asked])
    self.assertGreater(np.abs(first - second)[~asked].max(), 0.1)

  def test_functions_that_are_no_functions(self):
    ir = [function(i).encode() for i in range(NUM_ROWS)]
    ir[3] = b'no IR'
    # Longer than a pack: told by the read-out of its segments' sums.
    ir[5] = (
        'define i32 @f5(i32 %x) {\n'
        + '\n'.join(
            f'  %v{i} = add i32 %{f"v{i - 1}" if i else "x"}, 1'
            for i in range(200)
        )
        + '\n  ret i32 %v199\n}\n'
    ).encode()
    config = dataclasses.replace(CONFIG, num_passes=2)
    found, _ = answers(make_task(tuple(ir)), self.encoder, config)
    self.assertTrue(np.isfinite(found).all())
    ir[4] = (function(4) + function(9)).encode()
    with self.assertRaisesRegex(ValueError, 'one function; m4 has 2'):
      finetune.Tuner(self.encoder, make_task(tuple(ir)), config)

  def test_a_row_of_the_table(self):
    config = tasks_config.get_config('code_size').to_dict()
    del config['evals']
    config['finetune'] = dict(vectors=('MIREncoder', 'not pre-trained'))
    self.assertEqual(
        recipe_lib.Recipe.read(config, 'config').finetune.vectors,
        ('MIREncoder', 'not pre-trained'),
    )
    config['finetune'] = dict(vectors=('text only',))
    with self.assertRaisesRegex(ValueError, "'text only'; there are MIREnc"):
      recipe_lib.Recipe.read(config, 'config')
    task = make_task()
    tuned = dataclasses.replace(CONFIG, num_passes=1)
    protocol = splits.build_protocol(
        splits.SplitConfig('split', 'program', 2),
        task.strata,
        task.groups,
        num_seeds=1,
        num_inner_folds=2,
    )
    config['finetune'] = {}
    config['fit']['heads'] = ('forest',)
    recipe = recipe_lib.Recipe.read(config, 'config')
    vectors = np.ones((NUM_ROWS, 2), np.float32)
    entries = table.run_split(
        task,
        protocol,
        [features.Features(features.MAIN, 'ours', vectors)],
        recipe.fit,
        recipe.trees,
        recipe.table,
        tuners={features.MAIN: finetune.Tuner(self.encoder, task, tuned)},
    )
    heads = [e.head for e in entries if e.features == features.MAIN]
    self.assertEqual(heads, ['forest value', 'fine-tuned value'])


if __name__ == '__main__':
  absltest.main()
