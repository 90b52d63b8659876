"""Tests of running one task and all of them, and of the page of results."""

import copy
import json
import pathlib
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from configs import tasks as tasks_config
from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import provenance, table
from mirencoder_jax.evaluation import results as results_lib
from mirencoder_jax.evaluation.report import overview, pictures, task_tables
from mirencoder_jax.evaluation.report import page as results_page

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
  config = tasks_config.get_config('device_mapping').to_dict()
  config['splits'] = SPLITS
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


class ResultsTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    config = small_config()
    task = tasks.build_task(tasks.TaskConfig(**config['task']), make_examples())
    cls.results, _ = table.evaluate(config, task, encoder=OursByHand())

  def test_every_picture_is_drawn(self):
    with tempfile.TemporaryDirectory() as folder:
      names = pictures.draw_all(self.results, folder)
      self.assertEqual(names, list(pictures.PICTURES))
      for name in names:
        self.assertGreater(pathlib.Path(folder, name).stat().st_size, 5000)

  def test_pictures_without_data_are_left_out(self):
    results = self.results | {'map': [], 'confusion': [], 'errors': []}
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
    rows = pictures.choose_rows(self.results, 'program', 'amd')
    by_name = {r['features']: r for r in rows}
    self.assertLen(by_name, len(rows))
    self.assertEqual(by_name['MIREncoder']['head'], 'kernel cost')
    for r in self.results['results']:
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
      results_page.write(page, [self.results], failures)
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
      self.assertFalse(results_page.update(page, [self.results]))
      page.write_text('no marks')
      self.assertFalse(results_page.update(page, [self.results]))
      start, end = results_page.MARKERS
      page.write_text(f'before\n{start}\nold\n{end}\nafter\n')
      for _ in range(2):  # the second time changes nothing
        self.assertTrue(results_page.update(page, [self.results]))
        text = page.read_text()
        self.assertEqual(text.count('| task | split |'), 1)
    self.assertTrue(text.startswith(f'before\n{start}\n'))
    self.assertTrue(text.endswith(f'{end}\nafter\n'))
    self.assertNotIn('old', text)

  def test_overview_has_ours_and_the_margin(self):
    ours = next(
        r
        for r in self.results['results']
        if (r['split'], r['target'], r['features'], r['head'])
        == ('program', 'amd', 'MIREncoder', 'kernel cost')
    )
    changed = copy.deepcopy(self.results)
    for r in changed['results']:
      if r['features'] == 'MIREncoder':
        r['versus']['accuracy'] = {'value': 0.1, 'low': 0.01, 'high': 0.2}
    lines = '\n'.join(overview.format_overview([changed]))
    self.assertIn(f'**{100 * ours["accuracy"]["value"]:.1f}**', lines)
    self.assertIn('**+10.0 [+1.0, +20.0]**', lines)

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
      config = small_config()
      configs = {'device_mapping': config, 'broken': {'task': {'name': 'x'}}}
      failures = results_lib.run({'tasks': configs}, request)
      self.assertEqual([f.task for f in failures], ['device_mapping', 'broken'])
      self.assertIn('pass --manual_dir', failures[0].reason)
      summary = pathlib.Path(folder, 'work', 'summary.md').read_text()
      self.assertIn('* broken: ', summary)

  def test_predictor_is_that_of_the_recipe(self):
    config = small_config()
    task = tasks.build_task(tasks.TaskConfig(**config['task']), make_examples())
    request = results_lib.Request(
        checkpoint='/not/there', predictor='/somewhere/device_mapping'
    )
    with mock.patch.object(
        results_lib.predictor_writer, 'save_predictor', autospec=True
    ) as save:
      results_lib._save_predictor(config, task, request, OursByHand())
      (path, *_), keywords = save.call_args
      self.assertEqual(path, '/somewhere/device_mapping')
      self.assertEqual(keywords['head'], 'kernel')
      self.assertEqual(keywords['group'], 'program')
      with self.assertRaisesRegex(ValueError, 'needs --checkpoint'):
        results_lib._save_predictor(config, task, request, None)

  @parameterized.parameters(
      ('IR2Vec={}', {'IR2Vec': '{}'}),
      ('toy:IR2Vec={}', {'IR2Vec': '{}'}),
      ('other:IR2Vec={}', {}),
  )
  def test_compared(self, value, expected):
    with tempfile.NamedTemporaryFile() as file:
      expected = {k: v.format(file.name) for k, v in expected.items()}
      found = results_lib.compared_of('toy', [value.format(file.name)])
    self.assertEqual(found, expected)

  def test_compared_is_not_there(self):
    with self.assertRaisesRegex(ValueError, 'there is no file'):
      results_lib.compared_of('toy', ['a=/nowhere.npz'])


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
