"""Tests of tasks: prepared examples -> arrays, with every problem named."""

import math
import pathlib
import tempfile

import numpy as np
import testing
from absl.testing import absltest, parameterized

from mirencoder_jax.downstream.tasks import tasks

CONFIG = tasks.TaskConfig(
    name='toy',
    row=('kernel', 'size'),
    module='module',
    ir='ir',
    groups=('kernel',),
    targets={
        'box': dict(
            choices=('CPU', 'GPU'),
            default='GPU',
            costs=('cpu', 'gpu'),
            label='best',
            inputs=('bytes',),
        )
    },
)


def _examples():
  return [
      dict(
          kernel=f'k{i // 2}'.encode(),
          size=b'small' if i % 2 else b'large',
          module=f'm{i // 2}'.encode(),
          ir=f'text {i // 2}'.encode(),
          cpu=1.0 + i,
          gpu=3.0,
          best=b'CPU' if i <= 2 else b'GPU',
          bytes=64.0,
      )
      for i in range(6)
  ]


class TasksTest(parameterized.TestCase):

  def test_arrays(self):
    task = tasks.build_task(CONFIG, _examples())
    self.assertEqual(task.rows[:2], ('k0 large', 'k0 small'))
    self.assertEqual(task.modules, ('m0', 'm1', 'm2'))
    self.assertEqual(task.ir, (b'text 0', b'text 1', b'text 2'))
    np.testing.assert_array_equal(task.module_index, [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(task.groups['kernel'], [0, 0, 1, 1, 2, 2])
    (target,) = task.targets
    self.assertEqual(target.default, 1)
    np.testing.assert_array_equal(target.labels, [0, 0, 0, 1, 1, 1])
    self.assertTrue(target.valid.all())
    self.assertEmpty(task.problems)

  def test_rows_without_any_cost_are_counted(self):
    examples = _examples()
    for row in (2, 4):
      examples[row] |= dict(cpu=math.nan, gpu=math.nan)
    task = tasks.build_task(CONFIG, examples)
    np.testing.assert_array_equal(task.targets[0].valid, [1, 1, 0, 1, 0, 1])
    (problem,) = task.problems
    self.assertEqual(problem.where, 'box')
    self.assertIn('2 row(s) have no cost at all, such as k1', problem.what)

  @parameterized.parameters(0.0, -1.0, math.nan, math.inf)
  def test_bad_cost_is_named_and_marked(self, cost):
    examples = _examples()
    examples[3]['gpu'] = cost
    task = tasks.build_task(CONFIG, examples)
    (target,) = task.targets
    np.testing.assert_array_equal(np.flatnonzero(~target.valid), [3])
    self.assertTrue(np.isfinite(target.decision_costs).all())
    (problem,) = task.problems
    self.assertEqual(problem.where, 'k1 small (box)')
    self.assertIn(f'cost of GPU is {cost}', problem.what)

  def test_unmeasured_choices(self):
    costs = [
        [4, 2, 3, 1],
        [4, 2, math.nan, math.nan],
        [4, math.nan, 5, 0],  # 0 is wrong, NaN is not
        [math.nan, 1, 2, 3],
        [4, math.nan, -1, math.nan],
    ]
    examples = [
        {**_examples()[0], 'kernel': f'k{i}', 'times': row}
        for i, row in enumerate(costs)
    ]
    for unmeasured, fallback, outcome in (
        ('default', [[0, 1, 0, 0], [0, 0, 2, 0]], [[4, 2, 4, 4], [4, 4, 5, 4]]),
        (
            'largest_below',
            [[0, 1, 1, 1], [0, 0, 2, 2]],
            [[4, 2, 2, 2], [4, 4, 5, 5]],
        ),
    ):
      box = dict(
          choices=('1', '2', '4', '8'),
          default='1',
          costs='times',
          unmeasured=unmeasured,
      )
      config = tasks.TaskConfig(**{**vars(CONFIG), 'targets': {'box': box}})
      task = tasks.build_task(config, examples)
      (target,) = task.targets
      np.testing.assert_array_equal(target.valid, [1, 1, 1, 0, 0])
      np.testing.assert_array_equal(target.labels[:3], [3, 1, 0])
      np.testing.assert_array_equal(target.fallback[1:3], fallback)
      np.testing.assert_array_equal(target.decision_costs[1:3], outcome)
      np.testing.assert_array_equal(target.decision_costs[3:], 1)
      np.testing.assert_array_equal(
          target.known.sum(axis=1),
          [4, 4, 4, 0, 0] if unmeasured == 'largest_below' else [4, 2, 2, 0, 0],
      )
      np.testing.assert_array_equal(
          target.outcome(np.array([[3] * 5, [0] * 5]))[0, :3],
          [1, outcome[0][3], outcome[1][3]],
      )
      np.testing.assert_array_equal(
          target.taken(np.full(5, 3))[:3], [3, fallback[0][3], fallback[1][3]]
      )
      where = [problem.where for problem in task.problems]
      self.assertEqual(
          where, [f'k{i} large (box)' for i in (2, 3, 4)] + ['box'] * 2
      )
      self.assertIn('cost of 8 is 0', task.problems[0].what)
      self.assertIn('4 costs of 2 rows', task.problems[3].what)
      self.assertIn('3 label(s) have one row', task.problems[4].what)

  def test_each_row_has_its_own_default(self):
    examples = _examples()
    for example, usual in zip(examples, ['CPU', 'GPU'] * 3, strict=True):
      example['usual'] = usual
    examples[1]['cpu'] = math.nan
    box = {**CONFIG.targets['box'], 'default': 'usual', 'label': ''}
    config = tasks.TaskConfig(**{**vars(CONFIG), 'targets': {'box': box}})
    (target,) = tasks.build_task(config, examples).targets
    np.testing.assert_array_equal(target.defaults, [0, 1] * 3)
    np.testing.assert_array_equal(target.valid, [1, 0, 1, 1, 1, 1])
    examples[2]['usual'] = 'TPU'
    (target,) = tasks.build_task(config, examples).targets
    self.assertFalse(target.valid[2])
    box['default'] = 'neither'
    config = tasks.TaskConfig(**{**vars(CONFIG), 'targets': {'box': box}})
    with self.assertRaisesRegex(ValueError, "'neither' is neither"):
      tasks.build_task(config, examples)

  def test_rows_of_other_machines_do_not_judge(self):
    box = {**CONFIG.targets['box'], 'judged': ('size', 'small')}
    config = tasks.TaskConfig(**{**vars(CONFIG), 'targets': {'box': box}})
    (target,) = tasks.build_task(config, _examples()).targets
    self.assertTrue(target.valid.all())
    np.testing.assert_array_equal(target.judges, [0, 1] * 3)

  def test_vector_of_another_length(self):
    box = {**CONFIG.targets['box'], 'costs': 'times', 'label': ''}
    config = tasks.TaskConfig(**{**vars(CONFIG), 'targets': {'box': box}})
    examples = [{**e, 'times': [1.0, 2, 3]} for e in _examples()]
    with self.assertRaisesRegex(ValueError, '3 costs a row, and 2 choices'):
      tasks.build_task(config, examples)

  def test_labels_only_have_no_outcome(self):
    box = {**CONFIG.targets['box'], 'costs': ()}
    config = tasks.TaskConfig(**{**vars(CONFIG), 'targets': {'box': box}})
    (target,) = tasks.build_task(config, _examples()).targets
    with self.assertRaisesRegex(ValueError, 'labels only'):
      target.outcome(target.labels)

  def test_missing_ir_keeps_the_rows(self):
    examples = _examples()
    examples[4]['ir'] = examples[5]['ir'] = b''
    task = tasks.build_task(CONFIG, examples)
    self.assertTrue(task.targets[0].valid.all())
    (problem,) = task.problems
    self.assertEqual(
        problem, ('m2', 'no IR; used by 2 row(s), such as k2 large')
    )

  def test_input_that_is_not_a_number(self):
    examples = _examples()
    examples[0]['bytes'] = math.nan
    task = tasks.build_task(CONFIG, examples)
    self.assertFalse(task.targets[0].valid[0])
    self.assertIn('not finite', task.problems[0].what)

  def test_label_that_is_not_the_cheapest(self):
    examples = _examples()
    examples[0]['best'] = b'GPU'
    task = tasks.build_task(CONFIG, examples)
    self.assertEqual(task.targets[0].labels[0], 0)
    self.assertTrue(task.targets[0].valid[0])
    self.assertIn('label GPU', task.problems[0].what)

  def test_unknown_label(self):
    examples = _examples()
    examples[1]['best'] = b'TPU'
    task = tasks.build_task(CONFIG, examples)
    self.assertFalse(task.targets[0].valid[1])
    self.assertIn("'TPU'", task.problems[0].what)

  def test_row_without_a_group_is_alone(self):
    examples = _examples()
    examples[0]['kernel'] = b''
    task = tasks.build_task(CONFIG, examples)
    codes = task.groups['kernel']
    self.assertEqual((codes == codes[0]).sum(), 1)
    self.assertIn('no kernel', task.problems[0].what)

  def test_labels_only(self):
    box = {**CONFIG.targets['box'], 'costs': ()}
    config = tasks.TaskConfig(**{**vars(CONFIG), 'targets': {'box': box}})
    (target,) = tasks.build_task(config, _examples()).targets
    self.assertIsNone(target.costs)
    np.testing.assert_array_equal(target.labels, [0, 0, 0, 1, 1, 1])

  def test_no_rows(self):
    with self.assertRaisesRegex(ValueError, 'no rows'):
      tasks.build_task(CONFIG, [])

  def test_no_usable_row(self):
    examples = [{**e, 'cpu': 0.0} for e in _examples()]
    with self.assertRaisesRegex(ValueError, "'box' has no usable row"):
      tasks.build_task(CONFIG, examples)

  def test_not_prepared(self):
    with tempfile.TemporaryDirectory() as folder:
      with self.assertRaisesRegex(FileNotFoundError, 'toy/README.md'):
        tasks.load_task(CONFIG, data_dir=folder)

  def test_named_paths(self):
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder) / 'a.npz'
      path.write_bytes(b'')
      self.assertEqual(tasks.parse_named_paths([f'a={path}']), {'a': str(path)})
      for bad in ('a', f'={path}', f'a={path}.gone'):
        with self.assertRaises(ValueError):
          tasks.parse_named_paths([bad])
      with self.assertRaisesRegex(ValueError, 'twice'):
        tasks.parse_named_paths([f'a={path}', f'a={path}'])

  def test_a_damaged_shard_is_named(self):
    folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    config = tasks.TaskConfig(
        name='toy',
        data=testing.write_dataset(folder),
        row=('hash',),
        module='hash',
        ir='source',
        groups=(),
        targets={},
    )
    (shard,) = folder.glob('*/*/*-train.array_record-*')
    content = bytearray(shard.read_bytes())
    content[len(content[: -(1 << 16)].rstrip(b'\0')) // 2] ^= 1
    shard.write_bytes(content)
    with self.assertRaisesRegex(
        OSError, f'{shard.parent} is damaged .*mismatch.*--overwrite'
    ):
      tasks.load_task(config, data_dir=str(folder))


if __name__ == '__main__':
  absltest.main()
