"""Tests of metrics, intervals and the table as text."""

import dataclasses
import json
import pathlib
import tempfile

import numpy as np
from absl.testing import absltest

from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import measures, metrics
from mirencoder_jax.evaluation.report import selection, task_tables

CONFIG = metrics.ReportConfig(group='program', num_resamples=200)


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
  return metrics.Entry(split, features, 'head', kind, choices[None, None])


def measure(task, *entries):
  return metrics.measure(task, entries, CONFIG)


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
    (result,) = metrics.measure(
        task,
        [
            metrics.Entry('random', 'any', 'head', 'baseline', choices),
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
    for metric in measures.names_of('choice'):
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

  def test_leads_only_by_a_margin(self):
    rng = np.random.default_rng(0)
    task = make_task(np.exp(rng.standard_normal((80, 2))))
    labels = task.targets[0].labels
    rows = np.arange(80)
    weak = np.where(rows % 2, labels, 1 - labels)  # half of each program
    near = np.where(rows == 0, 1 - labels, labels)
    entries = [
        entry(weak, 'weak', 'baseline'),
        entry(labels, 'oracle', 'rule'),
        entry(labels),
    ]
    self.assertIn('accuracy', measure(task, *entries)[-1]['leads'])
    rival = entry(near, 'near', 'compared')
    for result in measure(task, *entries, rival):
      self.assertNotIn('accuracy', result['leads'])
    # A second row of ours does not contest the lead.
    results = measure(task, *entries, entry(near, 'part', 'ablation'))
    self.assertIn('accuracy', results[2]['leads'])

  def test_pairs_with_compared(self):
    task = make_task([[1, 2], [2, 1], [1, 3], [1, 3]])
    results = measure(
        task,
        entry([0, 0, 0, 0], 'default', 'rule'),
        entry([0, 0, 1, 1], 'theirs', 'compared'),
        entry([0, 1, 0, 0]),
    )
    versus = results[-1]['versus_compared']['theirs']
    self.assertEqual(versus['accuracy']['value'], 0.75)
    self.assertEqual(versus['slowdowns']['value'], -0.5)
    self.assertNotIn('versus_compared', results[1])

  def test_pairs_with_named_vectors(self):
    rng = np.random.default_rng(0)
    task = make_task(np.exp(rng.standard_normal((80, 2))))
    labels = task.targets[0].labels
    rows = np.arange(80)
    after = np.where(rows % 4 == 0, 1 - labels, labels)  # 75 %
    before = np.where(rows % 2 == 0, 1 - labels, labels)  # 50 %
    config = dataclasses.replace(CONFIG, against=('before', 'after', 'absent'))
    results = metrics.measure(
        task,
        [
            entry(before, 'before', 'ablation'),
            entry(labels, 'before', 'ablation')._replace(head='other'),
            entry(after, 'after'),
            entry(after, 'after')._replace(head='third'),
            entry(after, 'equal', 'compared'),
        ],
        config,
    )
    first, _, ours, third, equal = results
    self.assertEqual(set(ours['against']), {'before'})  # and not itself
    pair = ours['against']['before']
    # Under the same head, although that is not its best one.
    self.assertEqual((pair['head'], pair['accuracy']['value']), ('head', 0.25))
    # Of each program one row differs: hard programs are so for both.
    self.assertGreater(pair['accuracy']['low'], 0)
    back = first['against']['after']['accuracy']
    for one, other in (('value', 'value'), ('low', 'high'), ('high', 'low')):
      self.assertAlmostEqual(back[one], -pair['accuracy'][other], places=4)
    # A head that it lacks: its best one.
    self.assertEqual(third['against']['before']['head'], 'other')
    self.assertEqual(third['against']['before']['accuracy']['value'], -0.25)
    nothing = {'value': 0, 'low': 0, 'high': 0}
    self.assertEqual(equal['against']['after']['geomean'], nothing)

  def test_pooled(self):
    task = make_task([[1, 2], [2, 1], [1, 3], [1, 4]])
    (box,) = task.targets
    part = box._replace(name='part', valid=np.array([True, True, False, False]))
    task = task._replace(targets=(box, part))
    one = entry([0, 0, 1, 1], kind='baseline')
    both = one._replace(choices=np.repeat(one.choices, 2, axis=0))
    results = {r['target']: r for r in measure(task, both)}
    self.assertEqual(results['all']['rows'], 6)
    self.assertAlmostEqual(results['all']['accuracy']['value'], 2 / 6, places=4)
    self.assertAlmostEqual(
        results['all']['geomean']['value'], (1 / 12) ** (1 / 6), places=4
    )

  def test_unmeasured_choice(self):
    task = make_task([[1, 2], [2, 1]])
    (target,) = task.targets
    costs = np.array([[1.0, np.nan], [2, 1]])
    target = target._replace(costs=costs, fallback=np.array([[0, 0], [0, 1]]))
    (result,) = measure(
        task._replace(targets=(target,)), entry([1, 1], kind='baseline')
    )
    self.assertEqual(result['accuracy']['value'], 1)
    self.assertEqual(result['slowdowns']['value'], 0)

  def test_interval_is_over_groups(self):
    # Rows of a group agree: the interval is as wide as that of 10 rows.
    task = make_task([[1, 2]] * 200)
    groups = np.arange(200) // 20
    task = task._replace(groups={'program': groups})
    (result,) = measure(task, entry(groups % 2, kind='baseline'))
    summary = result['accuracy']
    self.assertEqual(summary['value'], 0.5)
    self.assertBetween(summary['high'] - summary['low'], 0.5, 0.8)

  def test_only_rows_that_a_split_tests_on_count(self):
    task = make_task([[1, 2], [2, 1], [1, 3], [1, 3]])
    tested = np.array([True, True, False, False])
    answers = entry([0, 1, 1, 1], kind='baseline')
    (result,) = metrics.measure(task, [answers], CONFIG, {'random': tested})
    self.assertEqual((result['accuracy']['value'], result['rows']), (1, 2))
    line = metrics.one_line(task, answers, tested)
    self.assertIn('accuracy % 100.0', line)

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
    (null,) = metrics.summarise_null(results)
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
    names = [field.name for field in dataclasses.fields(selection.Results)]
    results = selection.Results(
        **dict.fromkeys(names)
        | {
            'task': 'toy',
            'metric': 'accuracy',
            'recipe': 'head',
            'num_rows': 4,
            'rows_with_ir': 3,
            'modules': {'all': 4, 'with_ir': 3},
            'groups': {'kernel': 4, 'program': 2},
            'targets': {
                'box': {'num_choices': 2, 'judged_rows': 4, 'unmeasured': 1}
            },
            'splits': [
                {'name': 'random', 'folds': 2, 'leaks': {'kernel': 0.5}},
            ],
            'trees': 'none',
            'date': 'today',
            'commit': 'abc',
            'hardware': 'box',
            'seconds': 60,
            'measured': measured,
            'null': metrics.summarise_null(measured),
            'problems': [{'where': 'row 9', 'what': 'is not there'}],
        }
    )
    text = task_tables.format_report(results)
    self.assertIn('| ours | head | 100.0 |', text)
    self.assertIn('random (leaks)', text)
    self.assertIn('Rows without IR', text)
    self.assertIn('not measured: box 1.', text)
    self.assertLess(text.index('| *rules* |'), text.index('| *ours* |'))
    self.assertIn('row 9: is not there', text)
    self.assertIn('1 random embeddings, median', text)
    self.assertIn('Best baseline: default, head.', text)
    with tempfile.TemporaryDirectory() as folder:
      workdir = pathlib.Path(folder) / 'new'
      results.save(workdir)
      saved = json.loads((workdir / 'results.json').read_text())
    self.assertEqual(saved['rows'], 4)
    self.assertEqual(saved['results'], measured)
    self.assertEqual(selection.Results.from_dict(saved), results)


if __name__ == '__main__':
  absltest.main()
