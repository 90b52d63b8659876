"""Tests of the tables of errors: who adds what to our lead."""

import dataclasses

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.evaluation.report import selection, task_tables


def make_member(name, rows, wrong, wrong_other, lost=0.0, lost_other=0.0):
  return {
      'name': name,
      'rows': rows,
      'wrong': wrong,
      'wrong_other': wrong_other,
      'lost': lost,
      'lost_other': lost_other,
      'speedup': None if lost is None else 1.0,
      'speedup_other': None if lost is None else 1.0,
      'speedup_oracle': None if lost is None else 1.5,
  }


def make_results(members, metric='accuracy'):
  found = {
      'target': 'amd',
      'ours': 'MIREncoder, kernel cost',
      'other': 'opcodes, trees',
      'both': 0.1,
      'only_ours': 0.05,
      'only_other': 0.15,
      'swaps': [{'taken': 'CPU', 'best': 'GPU', 'share': 0.75}],
      'groups': {'program': members},
  }
  nothing = {
      field.name: None for field in dataclasses.fields(selection.Results)
  }
  return selection.Results(
      **nothing
      | {
          'metric': metric,
          'group': 'program',
          'groups': {'program': len(members)},
          'targets': {'amd': {'judged_rows': sum(m['rows'] for m in members)}},
          'splits': [
              {'name': 'random', 'group': '', 'leaks': {'program': 0.9}},
              {'name': 'program', 'group': 'program', 'leaks': {}},
          ],
          'errors': [found | {'split': name} for name in ('random', 'program')],
      }
  )


def table_of(lines):
  """Cells of the first table's rows."""
  start = next(i for i, line in enumerate(lines) if line.startswith('|---'))
  rows = []
  for line in lines[start + 1 :]:
    if not line.startswith('|'):
      break
    rows.append([cell.strip() for cell in line.strip('|').split('|')])
  return rows


class ErrorsMarkdownTest(parameterized.TestCase):

  def test_losses_come_first_and_leads_add_up(self):
    members = [
        make_member('a', 6, 0.0, 0.5),
        make_member('b', 3, 1.0, 0.0),
        make_member('c', 1, 0.5, 0.5),
    ]
    lines = task_tables.format_errors(make_results(members))
    rows = table_of(lines)
    self.assertEqual([row[0] for row in rows], ['b', 'c', 'a'])
    leads = [float(row[-1]) for row in rows]
    self.assertEqual(leads, [-30, 0, 30])
    # Wrong rows of the other less ours, of all rows.
    self.assertAlmostEqual(sum(leads), 100 * ((3 + 0.5) - (3 + 0.5)) / 10)
    self.assertIn('CPU for GPU (75 %)', lines[0])

  def test_speedups_are_compared_by_their_logs(self):
    members = [
        make_member('a', 2, 0.5, 0.5, lost=np.log(2), lost_other=0.0),
        make_member('b', 2, 0.5, 0.5, lost=0.0, lost_other=np.log(8)),
    ]
    rows = table_of(task_tables.format_errors(make_results(members, 'geomean')))
    self.assertEqual([row[0] for row in rows], ['a', 'b'])
    total = sum(float(row[-1]) for row in rows)
    self.assertAlmostEqual(total, 100 * np.log(4) / 4, delta=0.01)

  def test_labels_only_have_no_speedups(self):
    members = [make_member('a', 4, 0.25, 0.5, None, None)]
    rows = table_of(task_tables.format_errors(make_results(members, 'geomean')))
    self.assertEqual(rows, [['a', '4', '25', '50', '', '', '', '+25.00']])

  def test_of_many_the_ten_worst_and_the_five_best(self):
    members = [
        make_member(f'm{i}', 1, max(0, 12 - i) / 20, max(0, i - 12) / 20)
        for i in range(40)
    ]
    rows = table_of(task_tables.format_errors(make_results(members)))
    names = [row[0] for row in rows]
    self.assertEqual(names[:10], [f'm{i}' for i in range(10)])
    self.assertEqual(names[10], '*25 in between*')
    self.assertEqual(names[11:], [f'm{i}' for i in range(35, 40)])
    self.assertEqual(sum(int(row[1]) for row in rows), 40)
    expected = 100 * sum(m['wrong_other'] - m['wrong'] for m in members) / 40
    actual = sum(float(row[-1]) for row in rows)
    self.assertAlmostEqual(actual, expected, delta=0.1)

  def test_every_split_is_there_and_others_are_folded(self):
    members = [make_member('a', 4, 0.25, 0.5)]
    text = '\n'.join(task_tables.format_errors(make_results(members)))
    first, _, folded = text.partition('<details>')
    self.assertIn('split program', first)
    self.assertIn('<summary>split random (leaks)</summary>', folded)
    self.assertEqual(text.count('</details>'), 1)
    empty = dataclasses.replace(make_results(members), errors=[])
    self.assertEqual(task_tables.format_errors(empty), [])


if __name__ == '__main__':
  absltest.main()
