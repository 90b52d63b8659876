"""Tests of the whole table, with an encoder that is made up."""

import dataclasses
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from absl.testing import absltest, parameterized

from configs import tasks as tasks_config
from mirencoder_jax import ir
from mirencoder_jax.downstream.tasks import features, tasks
from mirencoder_jax.evaluation import recipe as recipe_lib
from mirencoder_jax.evaluation import table, task_evaluation
from mirencoder_jax.evaluation.report import selection, task_tables
from mirencoder_jax.inference import encoding
from mirencoder_jax.inference import vectors as vectors_lib

ROOT = pathlib.Path(__file__).resolve().parents[2]
DUMMY = ROOT / 'datasets' / 'device_mapping' / 'dummy_data'

FUNCTION = """
define float @f(float %x) {{
  %a = {} float %x, %x
  ret float %a
}}
"""


class FakeEncoder:
  """Embeds a module as three of its text's properties."""

  width = 3

  def untrained(self):
    return self

  def encode(self, texts, on_error):
    assert on_error == 'nan'
    assert len(set(texts)) == len(texts), 'each text is embedded once'
    errors, vectors = {}, np.full((len(texts), 3), np.nan, np.float32)
    for number, text in enumerate(texts):
      if b'define' in text:
        vectors[number] = [b'fadd' in text, b'fmul' in text, len(text)]
      else:
        errors[number] = ir.IRError('not IR')
    read = [i for i in range(len(texts)) if i not in errors]
    return encoding.Encoding(
        vectors={m: vectors[read] for m in ('ir', 'graph', 'joint')},
        functions=['f'] * len(read),
        modules=np.array(read, np.int32),
        num_instructions=np.ones(len(read), np.int32),
        num_modules=len(texts),
        errors=errors,
        report={},
        unverified=np.zeros(len(texts), bool),
        cut_tokens=np.zeros(len(read), np.int32),
    )


def make_task(num_programs=8):
  examples = []
  for number in range(num_programs):
    opcode = ('fadd', 'fmul')[number % 2]
    for size in (1.0, 1000.0):
      cpu, gpu = (1, 2) if number % 2 else (2 * size, 1)
      example = dict(
          benchmark=f'b{number}'.encode(),
          dataset=str(size).encode(),
          kernel=f'b{number}'.encode(),
          program=f'b{number}'.encode(),
          suite=f's{number % 4}'.encode(),
          module=f'm{number}'.encode(),
          ir=FUNCTION.format(opcode).encode(),
      )
      for platform in ('amd', 'nvidia'):
        example |= {
            f'{platform}_transfer': size,
            f'{platform}_wgsize': 64.0,
            f'{platform}_runtime_cpu': float(cpu),
            f'{platform}_runtime_gpu': float(gpu),
            f'{platform}_label': b'CPU' if cpu < gpu else b'GPU',
        }
      examples.append(example)
  examples[-1]['ir'] = examples[-2]['ir'] = b'no IR at all'
  examples[0]['amd_runtime_cpu'] = 0.0
  config = tasks_config.get_config('device_mapping').to_dict()
  return tasks.build_task(tasks.TaskConfig(**config['task']), examples)


def small_recipe():
  config = tasks_config.get_config('device_mapping').to_dict()
  del config['evals']
  config['splits']['program']['num_folds'] = 4
  config['table'] |= dict(
      splits=('program',), num_seeds=1, num_inner_folds=2, num_null=1
  )
  config['fit'] |= dict(
      heads=('kernel',),
      grids=dict(kernel=dict(penalty=(0.1,), group_variance=(0.1,))),
  )
  config['trees'] |= dict(num_trees=3)
  config['report'] |= dict(num_resamples=20)
  return recipe_lib.Recipe.read(config, 'config')


class TableTest(parameterized.TestCase):

  def test_table(self):
    task = make_task()
    with tempfile.TemporaryDirectory() as folder:
      others = pathlib.Path(folder) / 'others.npz'
      names = np.array([f'm{i}' for i in range(7)])
      np.savez(others, names=names, vecs=np.eye(7, dtype=np.float32))
      recipe = small_recipe()
      found = table.evaluate(
          recipe,
          task,
          encoder=FakeEncoder(),
          compared={'others': str(others)},
          workdir=folder,
      )
      saved, missing = features.load_vectors(f'{folder}/mirencoder.npz', task)
      results = json.loads(pathlib.Path(folder, 'results.json').read_text())
      text = pathlib.Path(folder, 'results.md').read_text()
    self.assertEqual(text, task_tables.format_report(found) + '\n')
    self.assertEqual(
        selection.Results.from_dict(results).as_dict(), found.as_dict()
    )
    self.assertEmpty(missing)
    np.testing.assert_array_equal(saved[0, :2], [1, 0])
    found = {(r['features'], r['kind']) for r in results['results']}
    for row in (
        ('default choice', 'rule'),
        ('oracle', 'rule'),
        ('inputs only', 'baseline'),
        ('opcodes', 'baseline'),
        ('opcodes+types', 'baseline'),
        ('others', 'compared'),
        ('MIREncoder', 'ours'),
        ('text only', 'ablation'),
        ('not pre-trained', 'ablation'),
        ('random 0', 'null'),
    ):
      self.assertIn(row, found)
    # Every row is there for every method; what is wrong is named once.
    usable = {k: t['judged_rows'] for k, t in results['targets'].items()}
    self.assertEqual(usable, {'amd': 15, 'nvidia': 16})
    self.assertEqual(results['modules'], {'all': 8, 'with_ir': 8})
    (fact,) = results['splits']
    self.assertNotIn('program', fact['leaks'])
    self.assertIn('suite', fact['leaks'])
    errors = {(e['split'], e['target']) for e in results['errors']}
    self.assertEqual(errors, {('program', 'amd'), ('program', 'nvidia')})
    self.assertLen(results['confusion'], 4)  # ours and a baseline, two targets
    self.assertLen(results['map'], 2)
    self.assertIn('kernel cost, over others', text)  # ours in pairs with it
    # And with itself before training.
    before = r'\| MIREncoder +\| kernel cost +\| not pre-trained +\| [-+]\d'
    self.assertRegex(text, before)
    evaluation = task_evaluation.TaskEvaluation('device_mapping', recipe)
    summary = evaluation.summary(results)
    ours = [
        c
        for c in summary
        if (c.vector, c.target, c.metric) == ('MIREncoder', 'amd', 'accuracy')
    ]
    self.assertLen(ours, 2)  # the best baseline first
    self.assertEqual(ours[1].baseline, 'not pre-trained, kernel cost')
    row = next(r for r in results['results'] if r['features'] == 'MIREncoder')
    self.assertEqual(
        ours[1].difference,
        row['against']['not pre-trained']['accuracy']['value'],
    )
    wheres = [problem['where'] for problem in results['problems']]
    self.assertIn('b0 1.0 (amd)', wheres)
    whats = [p['what'] for p in results['problems'] if p['where'] == 'm7']
    self.assertLen(whats, 3)  # our reader, our encoder, the other's vectors
    self.assertIn('b0 1.0 (amd)', text)
    ours = next(
        r
        for r in results['results']
        if r['features'] == 'MIREncoder' and r['head'] == 'kernel cost'
    )
    self.assertGreater(ours['accuracy']['value'], 0.8)

  def test_groups_that_are_listed(self):
    task = make_task()  # a kernel is a program, and a suite has two
    self.assertEqual(table._listed_groups(task), ['kernel', 'suite'])

  def test_vectors_of_another_data_set(self):
    task = make_task()
    with tempfile.TemporaryDirectory() as folder:
      path = f'{folder}/v.npz'
      np.savez(path, names=np.array(['x']), vecs=np.ones((1, 2)))
      with self.assertRaisesRegex(ValueError, "no vector of 'm0'"):
        features.load_vectors(path, task)
      np.savez(path, names=np.array(['m0']), vecs=np.ones((2, 2)))
      with self.assertRaisesRegex(ValueError, 'do not match'):
        features.load_vectors(path, task)
      np.savez(path, vecs=np.ones((2, 2)))
      with self.assertRaisesRegex(ValueError, 'holds no vectors'):
        features.load_vectors(path, task)

  @parameterized.parameters('v.npz', 'v.parquet')
  def test_vectors_of_the_command_line(self, name):
    if name.endswith('parquet') and not importlib.util.find_spec('pyarrow'):
      self.skipTest('pyarrow is not installed')
    task = make_task(3)
    embedded = vectors_lib.Vectors(
        vectors=np.array([[0, 3], [4, 0], [5, 5], [6, 6]], np.float32),
        files=['ir/m0.ll', 'ir/m0.ll', 'ir/m1.ll', 'other/m1.ll'],
        functions=['f', 'g', 'f', 'f'],
        num_instructions=np.array([1, 3, 2, 2], np.int32),
        level='function', modality='joint', encoder='test',
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
      embedded.save(f'{folder}/{name}')
      found, problems = features.load_vectors(f'{folder}/{name}', task)
      np.testing.assert_allclose(found[0], [3, 0.75])  # by instructions
      # Two files could be m1, none is m2.
      self.assertEqual([p.where for p in problems], ['m1', 'm2'])
      embedded.select([2]).save(f'{folder}/{name}')
      with self.assertRaisesRegex(ValueError, "'m0' .*it has 'ir/m1.ll'"):
        features.load_vectors(f'{folder}/{name}', make_task(1))

  def test_named_ablation_has_a_head_where_rows_are_many(self):
    recipe = small_recipe()
    grids = dict(recipe.fit.grids, neighbour=dict(neighbours=(1,)))
    recipe = dataclasses.replace(
        recipe,
        fit=dataclasses.replace(
            recipe.fit,
            heads=('kernel', 'neighbour'),
            max_rows=dict(kernel=2),
            grids=grids,
        ),
        trees=dataclasses.replace(recipe.trees, num_trees=0),
    )
    found = table.evaluate(recipe, make_task(), encoder=FakeEncoder())
    heads = {
        name: {r['head'] for r in found.measured if r['features'] == name}
        for name in ('MIREncoder', 'not pre-trained', 'text only')
    }
    self.assertEqual(heads['MIREncoder'], heads['not pre-trained'])
    self.assertIn('neighbour cost', heads['MIREncoder'])
    self.assertEmpty(heads['text only'])
    # The fake encoder learned nothing: the same answers, row by row.
    ours = next(r for r in found.measured if r['features'] == 'MIREncoder')
    pair = ours['against']['not pre-trained']['accuracy']
    self.assertEqual(pair, {'value': 0, 'low': 0, 'high': 0})

  def test_named_vector_that_is_not_there(self):
    recipe = small_recipe()
    report = dataclasses.replace(recipe.report, against=('not pretrained',))
    recipe = dataclasses.replace(recipe, report=report)
    with self.assertRaisesRegex(ValueError, "against.*'not pre-trained'"):
      table.evaluate(recipe, make_task())

  def test_command(self):
    """Takes 15 s: starts Python twice and compiles a head."""
    with tempfile.TemporaryDirectory() as folder:
      command = [
          sys.executable,
          str(ROOT / 'eval.py'),
          f'--config={ROOT}/configs/tasks.py:device_mapping',
          f'--data_dir={folder}/data',
          f'--manual_dir={DUMMY}',
          f'--workdir={folder}/work',
          "--config.table.splits=('kernel',)",
          '--config.table.num_seeds=1',
          '--config.table.num_inner_folds=2',
          '--config.table.num_null=0',
          "--config.fit.heads=('kernel',)",
          '--config.trees.num_trees=2',
      ]
      output = subprocess.run(
          command, check=True, capture_output=True, text=True, cwd=folder
      )
      self.assertIn('| opcodes | kernel cost |', output.stdout)
      self.assertTrue(pathlib.Path(folder, 'work', 'results.json').exists())
      *_, last = output.stdout.strip().splitlines()
      self.assertStartsWith(last, 'Verdict: device mapping, split kernel')
      self.assertIn('no --checkpoint was named; the best baseline (', last)
      # Our own lines and warnings, with the time of day: none of a library's.
      for line in output.stderr.splitlines():
        self.assertNotIn('load.py', line)
        self.assertNotIn('dataset_info.py', line)
      summary = pathlib.Path(folder, 'work', 'summary.json').read_text()
      self.assertEqual(json.loads(summary), [])  # no vectors to compare


if __name__ == '__main__':
  absltest.main()
