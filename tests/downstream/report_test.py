"""Tests of metrics, intervals and the table as text."""

import json
import pathlib
import tempfile

import numpy as np
from absl.testing import absltest

from mirencoder_jax.downstream import markdown, report, tasks

CONFIG = report.ReportConfig(group='program', num_resamples=200)


def make_task(costs, valid=None, default=0):
  costs = np.asarray(costs, float)
  n = len(costs)
  target = tasks.Target(
      name='box',
      choices=('CPU', 'GPU'),
      default=default,
      inputs=np.zeros((n, 0)),
      costs=costs,
      labels=costs.argmin(axis=1),
      valid=np.ones(n, bool) if valid is None else np.asarray(valid),
  )
  return tasks.Task(
      name='toy',
      rows=tuple(f'row {i}' for i in range(n)),
      modules=(),
      ir=(),
      module_index=np.arange(n),
      groups={'program': np.arange(n) // 2},
      group_names={'program': tuple(f'p{i}' for i in range((n + 1) // 2))},
      targets=(target,),
      problems=(),
  )


def entry(choices, features='ours', kind='ours', split='random'):
  choices = np.asarray(choices)
  return report.Entry(split, features, 'head', kind, choices[None, None])


def measure(task, *entries):
  return report.measure(task, entries, CONFIG)


class ReportTest(absltest.TestCase):

  def test_closed_forms(self):
    task = make_task([[1, 2], [4, 1], [1, 1], [9, 1]])
    default, oracle, wrong = measure(
        task,
        entry([0, 0, 0, 0], 'default', 'rule'),
        entry([0, 1, 0, 1], 'oracle', 'rule'),
        entry([1, 0, 0, 1]),
    )
    self.assertEqual(default['accuracy']['value'], 0.5)
    self.assertEqual(default['speedup']['value'], 1)
    self.assertEqual(default['slowdowns']['value'], 0)
    self.assertEqual(oracle['accuracy']['value'], 1)
    self.assertEqual(oracle['oracle_share']['value'], 1)
    self.assertAlmostEqual(oracle['speedup']['value'], (1 + 4 + 1 + 9) / 4)
    self.assertAlmostEqual(oracle['geomean']['value'], 36**0.25, places=4)
    self.assertAlmostEqual(
        wrong['speedup']['value'], (0.5 + 1 + 1 + 9) / 4, places=4
    )
    self.assertAlmostEqual(
        wrong['oracle_share']['value'], (0.5 + 0.25 + 1 + 1) / 4, places=4
    )
    self.assertEqual(wrong['slowdowns']['value'], 0.25)

  def test_seeds_are_averaged(self):
    task = make_task([[1, 2], [2, 1]])
    choices = np.array([[[0, 1], [0, 0], [1, 1], [1, 0]]])  # [T, S, n]
    (result,) = report.measure(
        task,
        [
            report.Entry('random', 'any', 'head', 'baseline', choices),
        ],
        CONFIG,
    )
    self.assertEqual(result['accuracy']['value'], 0.5)
    self.assertEqual(result['seeds'], 4)

  def test_invalid_rows_do_not_count(self):
    costs = [[1, 2], [4, 1], [1, 1]]
    choices = [0, 0, 0]
    whole, part = (
        measure(make_task(c, v), entry(k, kind='baseline'))[0]
        for c, v, k in (
            (costs[:2], None, choices[:2]),
            (costs, [True, True, False], choices),
        )
    )
    for metric in report.METRICS:
      self.assertEqual(whole[metric]['value'], part[metric]['value'])

  def test_pairs_against_the_best_baseline(self):
    rng = np.random.default_rng(0)
    task = make_task(np.exp(rng.standard_normal((60, 2))))
    labels = task.targets[0].labels
    good = np.where(np.arange(60) % 4, labels, 1 - labels)
    better = np.where(np.arange(60) % 8, labels, 1 - labels)
    results = measure(
        task,
        entry(1 - labels, 'bad', 'baseline'),
        entry(good, 'good', 'baseline'),
        entry(labels, 'oracle', 'rule'),
        entry(better),
    )
    for result in results:
      self.assertEqual(result['versus']['baseline'], 'good, head')
    same = results[1]['versus']['accuracy']
    self.assertEqual(same, {'value': 0, 'low': 0, 'high': 0})
    ours = results[-1]['versus']['accuracy']
    self.assertAlmostEqual(ours['value'], 7 / 60, places=4)
    self.assertLess(ours['low'], ours['value'])
    self.assertGreater(ours['high'], ours['value'])
    self.assertGreater(ours['low'], 0)  # never worse on any program

  def test_interval_is_over_groups(self):
    # Rows of a group agree: the interval is as wide as that of 10 rows.
    task = make_task([[1, 2]] * 200)
    groups = np.arange(200) // 20
    task = task._replace(groups={'program': groups})
    (result,) = measure(task, entry(groups % 2, kind='baseline'))
    summary = result['accuracy']
    self.assertEqual(summary['value'], 0.5)
    self.assertBetween(summary['high'] - summary['low'], 0.5, 0.8)

  def test_labels_only(self):
    task = make_task([[1, 2], [2, 1]])
    (target,) = task.targets
    task = task._replace(targets=(target._replace(costs=None),))
    (result,) = measure(task, entry([0, 0], kind='baseline'))
    self.assertEqual(result['accuracy']['value'], 0.5)
    self.assertIsNone(result['speedup']['value'])

  def test_null(self):
    task = make_task([[1, 2]] * 4)
    results = measure(
        task,
        entry([0, 0, 0, 0], 'default', 'rule'),
        *(
            entry((np.arange(4) < wrong).astype(int), f'random {wrong}', 'null')
            for wrong in range(5)
        ),
    )
    (null,) = report.summarise_null(results)
    self.assertEqual(null['draws'], 5)
    self.assertEqual(null['accuracy']['median'], 0.5)
    self.assertAlmostEqual(null['accuracy']['quantile_95'], 0.95)

  def test_files(self):
    task = make_task([[1, 2], [2, 1], [1, 3], [1, 3]])
    measured = measure(
        task,
        entry([0, 0, 0, 0], 'default', 'rule'),
        entry([0, 1, 0, 0]),
        entry([0, 1, 0, 1], 'random 0', 'null'),
    )
    results = {
        'rows': 4,
        'valid_rows': {'box': 4},
        'trees': 'none',
        'date': 'today',
        'results': measured,
        'null': report.summarise_null(measured),
        'problems': [{'where': 'row 9', 'what': 'is not there'}],
    }
    text = markdown.format_report(task, results)
    self.assertIn('| ours | head | 100.0 |', text)
    self.assertIn('row 9: is not there', text)
    self.assertIn('1 random embeddings, median', text)
    self.assertIn('Best baseline: default, head.', text)
    with tempfile.TemporaryDirectory() as folder:
      workdir = pathlib.Path(folder) / 'new'
      report.save(str(workdir), results, text)
      saved = json.loads((workdir / 'results.json').read_text())
      self.assertEqual(saved, results)
      self.assertEqual((workdir / 'results.md').read_text(), text + '\n')


if __name__ == '__main__':
  absltest.main()
