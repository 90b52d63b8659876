"""Tests of a user's own task: every bad cell is named, no row is lost."""

import pathlib
import tempfile

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.downstream.tasks import custom, tasks

GOOD = """\
ir,name,group:program,input:n,time:a,time:b,time:c,note:who
twice.ll,one,p,1,3,2,1,me
twice,two,p,2,3,2,,me
copy,three,q,3,1,2,5,
plus,four,r,4,1,2,3,you
"""


def _ir(name, operation):
  return (
      f'define i32 @{name}(i32 %x) {{\n'
      f'  %y = {operation}\n'
      '  ret i32 %y\n}\n'
  )


class CustomTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    folder = self.enter_context(tempfile.TemporaryDirectory())
    self.folder = pathlib.Path(folder)
    (self.folder / 'ir').mkdir()
    for name, operation in (
        ('twice', 'add i32 %x, %x'),
        ('copy', 'add i32 %x, %x'),
        ('plus', 'add i32 %x, 7'),
    ):
      (self.folder / 'ir' / f'{name}.ll').write_text(_ir(name, operation))

  def load(self, table, default=''):
    path = self.folder / 'table.csv'
    path.write_text(table)
    return tasks.load_task(
        tasks.TaskConfig(
            name='mine',
            table=str(path),
            ir_dir=str(self.folder / 'ir'),
            default=default,
        )
    )

  def test_good_table(self):
    task = self.load(GOOD)
    self.assertEqual(task.rows[0], 'table.csv:2 one')
    (target,) = task.targets
    self.assertEqual(target.choices, ('a', 'b', 'c'))
    np.testing.assert_array_equal(target.defaults, 0)
    np.testing.assert_array_equal(target.labels, [2, 1, 0, 0])
    np.testing.assert_array_equal(target.inputs[:, 0], [1, 2, 3, 4])
    np.testing.assert_array_equal(target.decision_costs[1], [3, 2, 3])
    self.assertTrue(target.valid.all())
    # Files of equal code are one group; `twice` is named in two ways.
    self.assertEqual(
        [len(task.group_names[name]) for name in ('code', 'program')], [2, 3]
    )
    self.assertIn('1 costs of 1 rows were not measured', task.problems[0].what)

  def test_default(self):
    np.testing.assert_array_equal(self.load(GOOD, 'b').targets[0].defaults, 1)
    table = GOOD.replace('note:who', 'default').replace(',me', ',c')
    task = self.load(table.replace(',you', ',b'))
    np.testing.assert_array_equal(task.targets[0].defaults, [2, 2, 0, 1])
    np.testing.assert_array_equal(task.targets[0].valid, [1, 0, 1, 1])

  @parameterized.parameters(
      ('1,3,2,1', '1,0,2,1', 'table.csv:2 one (machine)', 'cost of a is 0.0'),
      ('1,3,2,1', '1,-3,2,1', 'table.csv:2 one (machine)', 'cost of a is -3.0'),
      ('1,3,2,1', '1,,2,1', 'table.csv:2 one (machine)', 'cost of a is nan'),
      ('1,3,2,1', '1,3,nan,1', 'table.csv:2 one', "time:b is 'nan'"),
      ('1,3,2,1', '1,3,fast,1', 'table.csv:2 one', "time:b is 'fast', which"),
      ('1,3,2,1', 'many,3,2,1', 'table.csv:2 one', "input:n is 'many', which"),
      ('p,1,3,2,1', ',1,3,2,1', 'table.csv:2 one', 'no program'),
      ('copy', 'gone', 'gone', 'no IR; used by 1 row(s), such as table.csv:4'),
      ('copy', '', '(table.csv:4)', 'no IR; used by 1 row(s)'),
      (',you', '', 'table.csv:5', '7 cells and 8 columns'),
  )
  def test_bad_cell_is_named_and_the_row_stays(self, good, bad, where, what):
    task = self.load(GOOD.replace(good, bad, 1))
    self.assertLen(task.rows, 4)
    found = [p for p in task.problems if p.where == where and what in p.what]
    self.assertLen(found, 1, task.problems)

  def test_unreadable_ir_is_kept_for_the_report(self):
    (self.folder / 'ir' / 'copy.ll').write_text('no IR at all')
    task = self.load(GOOD)
    self.assertIn(b'no IR at all', task.ir)
    self.assertLen(task.group_names['code'], 3)

  def test_several_machines_with_choices_of_their_own(self):
    task = self.load(
        'ir,time:a@x,time:b@x,time:b@y,time:c@y,label@y\n'
        'twice,1,2,3,4,b\ncopy,2,1,4,3,c\nplus,1,2,3,4,c\n'
    )
    x, y = task.targets
    self.assertEqual((x.name, y.name), ('x', 'y'))
    self.assertEqual(x.choices, y.choices)
    np.testing.assert_array_equal(x.labels, [0, 1, 0])
    np.testing.assert_array_equal(y.labels, [1, 2, 1])
    (label,) = (p for p in task.problems if 'label c' in p.what)
    self.assertEqual(label.where, 'table.csv:4 (y)')

  def test_labels_only(self):
    table = 'ir,label\ntwice,fast\ncopy,slow\nplus,slow\ntwice,\n'
    task = self.load(table)
    (target,) = task.targets
    self.assertIsNone(target.costs)
    self.assertEqual(target.choices, ('fast', 'slow'))
    np.testing.assert_array_equal(target.defaults, 1)
    np.testing.assert_array_equal(target.valid, [1, 1, 1, 0])
    what = ' '.join(problem.what for problem in task.problems)
    self.assertIn("label is ''", what)
    self.assertIn('1 label(s) have one row each: fast', what)

  @parameterized.parameters(
      ('', 'no column ir'),
      ('ir,time:a,time:b\n', 'has no rows'),
      ('ir,time:a\nx,1\n', '1 choice'),
      ('ir,name\nx,1\n', 'no column time:CHOICE'),
      ('ir,tme:a,time:b\nx,1,2\n', "table.csv:1: column 'tme:a' means nothing"),
      ('ir,time:a,time:a\nx,1,2\n', "'time:a' is there twice"),
      ('ir,group:code,time:a,time:b\nx,y,1,2\n', 'call the column otherwise'),
  )
  def test_tables_that_mean_nothing(self, table, message):
    with self.assertRaisesRegex(ValueError, message):
      self.load(table)

  def test_not_there(self):
    with self.assertRaisesRegex(ValueError, 'is no choice of .*: a, b, c'):
      self.load(GOOD, default='d')
    with self.assertRaisesRegex(FileNotFoundError, 'no folder .*gone'):
      custom.read_table(self.folder / 'table.csv', self.folder / 'gone')
    with self.assertRaisesRegex(FileNotFoundError, 'no file .*gone.csv'):
      custom.read_table(self.folder / 'gone.csv', self.folder)
    with self.assertRaisesRegex(ValueError, '--config.task.table'):
      tasks.load_task(tasks.TaskConfig(name='custom', table='', ir_dir=''))


if __name__ == '__main__':
  absltest.main()
