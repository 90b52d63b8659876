"""Tests of running one task and all of them, and of the page of results."""

import copy
import dataclasses
import json
import pathlib
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from configs import tasks as tasks_config
from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import results as results_lib
from mirencoder_jax.evaluation import table, task_evaluation
from mirencoder_jax.evaluation.evaluation import Part
from mirencoder_jax.evaluation.report import page as results_page
from mirencoder_jax.evaluation.report import pictures, selection, task_tables
from mirencoder_jax.storage import provenance

# What a picture or the page needs of a task.
SPLITS = dict(
    random=dict(group='', num_folds=3),
    program=dict(group='program', num_folds=3),
)


def make_examples(num_programs=9):
  rng = np.random.default_rng(0)
  examples = []
  for number in range(num_programs):
    opcode = ('fadd', 'fmul')[number % 2]
    text = f'define float @f(float %x) {{\n  %a = {opcode} float %x, %x\n'
    for size in (1.0, 64.0):
      cost = np.exp(rng.standard_normal(2)).tolist()
      names = {k: f'{k}{number}' for k in ('kernel', 'program', 'module')}
      example = {k: v.encode() for k, v in names.items()} | dict(
          benchmark=names['kernel'].encode(),
          dataset=str(size).encode(),
          suite=f's{number % 3}'.encode(),
          ir=f'{text}  ret float %a\n}}\n'.encode() * (number != 4),
      )
      for platform in ('amd', 'nvidia'):
        example |= {
            f'{platform}_transfer': size,
            f'{platform}_wgsize': 64.0,
            f'{platform}_runtime_cpu': cost[0],
            f'{platform}_runtime_gpu': cost[1],
            f'{platform}_label': b'CPU' if cost[0] < cost[1] else b'GPU',
        }
      examples.append(example)
  return examples


class OursByHand:
  """An encoder whose vectors are lengths of texts."""

  width = 2

  def untrained(self):
    return self

  def encode(self, texts, on_error):
    del on_error

    class Encoding:
      report = {}
      errors = {}

      def module_vectors(self, modality):
        return np.array([[len(t), len(modality)] for t in texts], np.float32)

    return Encoding()


def small_config():
  """Of one entry of `evals`."""
  config = tasks_config.get_config('device_mapping').to_dict()
  config = config['evals']['device_mapping']
  config['splits'] = copy.deepcopy(SPLITS)
  config['table'] |= dict(
      splits=tuple(SPLITS), num_seeds=1, num_inner_folds=2, num_null=2
  )
  config['fit'] |= dict(
      heads=('kernel',),
      grids=dict(kernel=dict(penalty=(0.1,), group_variance=(0.1,))),
  )
  config['trees'] |= dict(num_trees=2)
  config['report'] |= dict(num_resamples=20)
  return config


def small_evaluation():
  config = {'evals': {'device_mapping': small_config()}}
  (evaluation,) = results_lib.read(config)
  return evaluation


class ResultsTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.evaluation = small_evaluation()
    recipe = cls.evaluation.recipe
    task = tasks.build_task(recipe.task, make_examples())
    cls.results = table.evaluate(recipe, task, encoder=OursByHand())
    cls.part = Part(cls.evaluation, cls.results.as_dict())

  def test_every_picture_is_drawn(self):
    with tempfile.TemporaryDirectory() as folder:
      names = pictures.draw_all(self.results, folder)
      self.assertEqual(names, list(pictures.PICTURES))
      for name in names:
        self.assertGreater(pathlib.Path(folder, name).stat().st_size, 5000)

  def test_pictures_without_data_are_left_out(self):
    results = dataclasses.replace(self.results, map=[], confusion=[], errors=[])
    with tempfile.TemporaryDirectory() as folder:
      stale = pathlib.Path(folder, 'map.png')
      stale.write_bytes(b'of an earlier run')
      self.assertEqual(pictures.draw_all(results, folder), ['comparison.png'])
      self.assertFalse(stale.exists())

  def test_ticks_of_ratios(self):
    self.assertEqual(pictures._round_ratios(0.3, 5), [0.5, 1, 2, 4])
    self.assertEqual(
        pictures._round_ratios(0.005, 300), [0.01, 0.1, 1, 10, 100]
    )

  def test_rows_in_pictures(self):
    """Baselines under their best head, ours under the recipe."""
    rows = selection.choose_rows(self.results, 'program', 'amd')
    by_name = {r['features']: r for r in rows}
    self.assertLen(by_name, len(rows))
    self.assertEqual(by_name['MIREncoder']['head'], 'kernel cost')
    for r in self.results.measured:
      if (r['split'], r['target'], r['features']) == (
          'program', 'amd', 'opcodes'
      ):  # fmt: skip
        self.assertLessEqual(
            r['accuracy']['value'], by_name['opcodes']['accuracy']['value']
        )

  def test_page(self):
    with tempfile.TemporaryDirectory() as folder:
      page = pathlib.Path(folder, 'docs', 'RESULTS.md')
      failures = [results_lib.Failure('other', 'no data')]
      results_page.write(page, [self.part], failures)
      text = page.read_text()
      for name in pictures.PICTURES:
        self.assertTrue(
            (page.parent / 'results' / 'device_mapping' / name).exists()
        )
    self.assertIn('(results/device_mapping/comparison.png)', text)
    self.assertIn('* other: no data', text)
    self.assertIn('| device_mapping (amd / nvidia) | random (leaks) |', text)
    self.assertIn('IR found for 8 of 9 modules', text)
    self.assertIn('Rows without IR', text)
    # Where ours is wrong, by suite and by program.
    self.assertIn('| suite | rows | ours wrong %', text)
    self.assertIn('| s0 | 6 |', text)
    self.assertIn('<summary>split random (leaks)</summary>', text)
    width = None  # of a table: its lines have as many cells as its header
    for line in text.splitlines():
      if not line.startswith('|'):
        width = None
      else:
        width = width or line.count('|')
        self.assertEqual(line.count('|'), width, line)

  def test_overview_between_the_marks_of_a_file(self):
    with tempfile.TemporaryDirectory() as folder:
      page = pathlib.Path(folder, 'README.md')
      self.assertFalse(results_page.update(page, [self.part]))
      results_page.check(page)  # it is new
      page.write_text('no marks')
      self.assertFalse(results_page.update(page, [self.part]))
      with self.assertRaisesRegex(
          ValueError, 'README.md is no page of results'
      ):
        results_page.check(page)
      start, end = results_page.MARKERS
      page.write_text(f'before\n{start}\nold\n{end}\nafter\n')
      for _ in range(2):  # the second time changes nothing
        self.assertTrue(results_page.update(page, [self.part]))
        text = page.read_text()
        self.assertEqual(text.count('| task | split |'), 1)
      results_page.check(page)
      results_page.write(page.with_name('RESULTS.md'), [self.part], [])
      results_page.check(page.with_name('RESULTS.md'))
    self.assertTrue(text.startswith(f'before\n{start}\n'))
    self.assertTrue(text.endswith(f'{end}\nafter\n'))
    self.assertNotIn('old', text)

  def test_overview_has_ours_and_the_margin(self):
    ours = next(
        r
        for r in self.results.measured
        if (r['split'], r['target'], r['features'], r['head'])
        == ('program', 'amd', 'MIREncoder', 'kernel cost')
    )
    changed = copy.deepcopy(self.results)
    for r in changed.measured:
      if r['features'] == 'MIREncoder':
        r['versus']['accuracy'] = {'value': 0.1, 'low': 0.01, 'high': 0.2}
    lines = '\n'.join(results_page.format_overview([changed]))
    self.assertIn(f'**{100 * ours["accuracy"]["value"]:.1f}**', lines)
    self.assertIn('**+10.0 [+1.0, +20.0]**', lines)

  def with_margin(self, low, high):
    """Ours differs from the best baseline by an interval, everywhere."""
    changed = copy.deepcopy(self.results)
    for r in changed.measured:
      if r['features'] == 'MIREncoder':
        r['versus']['accuracy'] = {
            'value': (low + high) / 2, 'low': low, 'high': high
        }  # fmt: skip
    return changed.as_dict()

  @parameterized.parameters(
      (0.01, 0.2, 'is better than'),
      (-0.2, -0.01, 'is worse than'),
      (-0.01, 0.2, 'cannot be told from'),
  )
  def test_verdict(self, low, high, words):
    text = self.evaluation.verdict(self.with_margin(low, high))
    self.assertStartsWith(text, 'device mapping, split program: MIREncoder ')
    self.assertIn(f'MIREncoder {words} the best baseline (', text)
    self.assertIn(f'95 % interval {100 * low:+.1f} to {100 * high:+.1f}', text)

  def test_summary_has_every_comparison(self):
    results = self.with_margin(-0.1, 0.3)
    with tempfile.TemporaryDirectory() as folder:
      part = Part(self.evaluation, results)
      path = pathlib.Path(folder, 'summary.json')
      path.write_text(json.dumps([{'task': 'other'}, {'task': part[0].name}]))
      results_lib.write_summary(folder, [part])
      other, *rows = json.loads(path.read_text())
    self.assertEqual(other, {'task': 'other'})  # and nothing old of this one
    keys = ('split', 'target', 'vector', 'baseline')
    self.assertLen({tuple(r[key] for key in keys) for r in rows}, len(rows))
    # Beside the best baseline, then beside the encoder before training.
    is_pair = [r['baseline'].startswith('not pre-trained') for r in rows]
    self.assertEqual(is_pair, sorted(is_pair))
    self.assertIn(True, is_pair)
    vectors = {r['vector'] for r in rows}
    self.assertContainsSubset({'MIREncoder', 'text only'}, vectors)
    self.assertNotIn('opcodes', vectors)
    self.assertEqual({r['target'] for r in rows}, {'amd', 'nvidia', 'all'})
    for row in rows:
      self.assertEqual(row['task'], 'device_mapping')
      self.assertEqual((row['metric'], row['oracle']), ('accuracy', 1))
      is_ours = row['vector'] == 'MIREncoder'
      if is_ours and row['baseline'] != 'not pre-trained, kernel cost':
        margin = (row['difference'], row['low'], row['high'])
        np.testing.assert_allclose(margin, (0.1, -0.1, 0.3))
      else:
        self.assertAlmostEqual(
            row['difference'], row['value'] - row['baseline_value'], places=4
        )

  def test_summary_leaves_out_what_a_baseline_does_not_say(self):
    changed = copy.deepcopy(self.results)
    nothing = {'value': None, 'low': None, 'high': None}
    for row in changed.measured:
      if row['features'] == 'text only':
        row['versus'] = dict.fromkeys(row['versus'], nothing)
        row['against'] = {}
    results = changed.as_dict()
    rows = self.evaluation.summary(results)
    self.assertNotIn('text only', {r.vector for r in rows})
    self.assertIn('MIREncoder', {r.vector for r in rows})

  def test_plurals(self):
    for number, noun, text in (
        (64, 'family', '64 families'), (1, 'family', '1 family'),
        (3, 'loop', '3 loops'), (2, 'class', '2 classes'), (2, 'key', '2 keys'),
    ):  # fmt: skip
      self.assertEqual(tasks.count(number, noun), text)

  def test_leaking_split_is_named_in_every_table(self):
    text = task_tables.format_report(self.results)
    for line in text.splitlines():
      if line.startswith(('| features', '##', '* **')) and 'random' in line:
        self.assertIn('random (leaks)', line)


class RunTest(parameterized.TestCase):

  def test_all_names_what_is_absent_and_goes_on(self):
    with tempfile.TemporaryDirectory() as folder:
      request = results_lib.Request(
          workdir=f'{folder}/work', data_dir=f'{folder}/data'
      )
      evals = {'device_mapping': small_config(), 'broken': small_config()}
      with mock.patch.object(
          task_evaluation.TaskEvaluation, 'run', autospec=True
      ) as run:
        run.side_effect = FileNotFoundError('bring it'), KeyError('a bug')
        failures = results_lib.run({'evals': evals}, request)
      self.assertEqual([f.task for f in failures], ['device_mapping', 'broken'])
      self.assertEqual(failures[0].reason, 'bring it')
      # Each has a folder of its own.
      folders = [call.args[2].workdir for call in run.call_args_list]
      self.assertEqual(
          folders, [f'{folder}/work/device_mapping', f'{folder}/work/broken']
      )
      summary = pathlib.Path(folder, 'work', 'summary.md').read_text()
      self.assertIn('* broken: KeyError', summary)

  def test_data_that_are_not_there(self):
    with tempfile.TemporaryDirectory() as folder:
      request = results_lib.Request(data_dir=f'{folder}/data')
      with self.assertRaisesRegex(FileNotFoundError, 'pass --manual_dir'):
        results_lib.run({'evals': {'x': small_config()}}, request)

  @parameterized.parameters(
      (('kind',), 'tsk', "x: kind 'tsk' is unknown; did you mean 'task'"),
      (('tabel',), {}, "evals.x has no 'tabel'; did you mean 'table'"),
      (('table', 'num_sed'), 3, "x.table has no 'num_sed'; .*'num_seeds'"),
      (('table', 'num_seeds'), '3', "x.table.num_seeds is '3', and no int"),
      (('table', 'splits'), ('progam',), "'progam' is .*'program'"),
      (('table', 'recipe'), 'kernl cost', "head 'kernl' is .*'kernel'"),
      (('fit', 'heads'), ('kernl',), "head 'kernl' is .*'kernel'"),
      (('fit', 'heads'), ('mlp',), "fit.grids has none for head 'mlp'"),
      (('report', 'metric'), 'acuracy', "'acuracy' is .*'accuracy'"),
      (('report', 'group'), 'progam', "'progam' is .*'program'"),
      (('splits', 'random', 'groop'), '', "splits.random has no 'groop'"),
      (
          ('splits', 'random', 'group'),
          'sweet',
          "'sweet' is .* there are kernel",
      ),
      (('task', 'targets', 'amd', 'cost'), (), "targets.amd has no 'cost'"),
  )
  def test_typo_fails_before_data_are_read(self, place, value, message):
    config = small_config()
    section = config
    for name in place[:-1]:
      section = section[name]
    section[place[-1]] = value
    with mock.patch.object(tasks, 'load_task') as load_task:
      with self.assertRaisesRegex(ValueError, message):
        results_lib.run({'evals': {'x': config}}, results_lib.Request())
      load_task.assert_not_called()

  def test_predictor_is_that_of_the_recipe(self):
    evaluation = small_evaluation()
    task = tasks.build_task(evaluation.recipe.task, make_examples())
    request = results_lib.Request(
        checkpoint='/not/there', predictor='/somewhere/device_mapping'
    )
    with mock.patch.object(
        task_evaluation.predictor_writer, 'save_predictor', autospec=True
    ) as save:
      task_evaluation.save_predictor(
          evaluation.recipe, task, OursByHand(), request
      )
      (path, *_), keywords = save.call_args
      self.assertEqual(path, '/somewhere/device_mapping')
      self.assertEqual(keywords['head'], 'kernel')
      self.assertEqual(keywords['group'], 'program')
    with self.assertRaisesRegex(ValueError, 'needs --checkpoint'):
      evaluation.run(None, request)

  @parameterized.parameters(
      ('IR2Vec={}', {'IR2Vec': '{}'}),
      ('toy:IR2Vec={}', {'IR2Vec': '{}'}),
      ('other:IR2Vec={}', {}),
  )
  def test_compared(self, value, expected):
    with tempfile.NamedTemporaryFile() as file:
      expected = {k: v.format(file.name) for k, v in expected.items()}
      request = results_lib.Request(compared=(value.format(file.name),))
      found = request.compared_with('toy')
    self.assertEqual(found, expected)

  def test_compared_is_not_there(self):
    with self.assertRaisesRegex(ValueError, 'there is no file'):
      results_lib.Request(compared=('a=/nowhere.npz',)).compared_with('toy')


class ProvenanceTest(absltest.TestCase):

  def test_command_names_no_path_of_this_machine(self):
    inside = str(pathlib.Path.cwd() / 'runs' / 'tiny')
    command = provenance.format_command([
        '/somewhere/eval.py', f'--checkpoint={inside}',
        '--manual_dir=/a/b/data',
        '--compare=toy:X=/c/x.npz', '--config=configs/tasks.py:all',
        "--config.fit.heads=('mlp',)",
    ])  # fmt: skip
    self.assertEqual(
        command,
        'python eval.py --checkpoint=runs/tiny --manual_dir=FOLDER/data '
        '--compare=toy:X=FOLDER/x.npz --config=configs/tasks.py:all '
        '"--config.fit.heads=(\'mlp\',)"',
    )

  def test_facts_are_plain(self):
    facts = provenance.collect(['eval.py'])
    self.assertEqual(json.loads(json.dumps(facts)), facts)
    self.assertRegex(facts['hardware'], r'^\d+ core')


if __name__ == '__main__':
  absltest.main()
