"""Imports follow the flow, and start-up stays light."""

import ast
import pathlib
import subprocess
import sys

from absl.testing import absltest

ROOT = pathlib.Path(__file__).resolve().parents[1]
LIBRARY = ROOT / 'mirencoder_jax'

# Stations of the flow, upstream first: a module may import what stands before
# it, and its neighbours.
STATIONS = (
    ('ir', 'output_file', 'log_files', 'plot_style'),
    ('data', 'measure'),
    ('models',),
    ('objectives', 'optimizer', 'checkpoint', 'testing', 'preemption'),
    ('training_log', 'update', 'weights', 'model_card', 'checkpoint_writer'),
    ('buckets',),
    ('inference', 'testing_encoder'),
    ('vectors', 'comparison', 'search', 'states', 'sklearn'),
    ('inspection', 'drawing', 'drawing_layout'),
    ('downstream', 'evaluation', 'view_retrieval', 'heldout_markdown'),
    ('recorder', 'experiment', 'heldout'),
    ('pretrain', 'results', 'cli'),
    ('__main__',),
)
# What a station may import of others' packages is what the stations before it
# may not do without.
FORBIDDEN = {
    'ir': {'jax', 'flax', 'optax', 'orbax', 'tensorflow_datasets'},
    'data': {'flax', 'optax', 'orbax'},
    'measure': {'jax', 'flax', 'optax', 'orbax', 'tensorflow_datasets'},
    'models': {'optax', 'orbax', 'tensorflow_datasets'},
    'objectives': {'orbax', 'tensorflow_datasets'},
    'inference': {'tensorflow_datasets', 'tensorboardX'},
}


def imports_of(path: pathlib.Path) -> set[str]:
  """Full names of the modules that a file imports anywhere."""
  names = set()
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Import):
      names.update(alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      names.add(node.module)
      names.update(f'{node.module}.{alias.name}' for alias in node.names)
  return names


def station_of(path: pathlib.Path) -> str:
  return path.relative_to(LIBRARY).parts[0].removesuffix('.py')


class BoundariesTest(absltest.TestCase):

  def test_imports_point_up_the_flow(self):
    order = {name: i for i, names in enumerate(STATIONS) for name in names}
    wrong = []
    for path in sorted(LIBRARY.rglob('*.py')):
      station = station_of(path)
      if station == '__init__':
        continue
      self.assertIn(station, order, f'{path} has no place in the flow')
      for name in imports_of(path):
        parts = name.split('.')
        if parts[0] != 'mirencoder_jax' or len(parts) < 2:
          continue
        if parts[1] in order and order[parts[1]] > order[station]:
          wrong.append(f'{path.relative_to(ROOT)} imports {name}')
    self.assertEmpty(wrong)

  def test_stations_do_without_what_comes_later(self):
    wrong = []
    for path in sorted(LIBRARY.rglob('*.py')):
      forbidden = FORBIDDEN.get(station_of(path), set())
      for name in imports_of(path):
        if name.split('.')[0] in forbidden:
          wrong.append(f'{path.relative_to(ROOT)} imports {name}')
    self.assertEmpty(wrong)

  def test_nothing_imports_tensorflow_clu_or_the_builders(self):
    wrong = []
    entry_points = [ROOT / 'train.py', ROOT / 'eval.py']
    for path in [*LIBRARY.rglob('*.py'), *entry_points]:
      for name in imports_of(path):
        if name.split('.')[0] in ('tensorflow', 'clu', 'datasets'):
          wrong.append(f'{path.relative_to(ROOT)} imports {name}')
    self.assertEmpty(wrong)

  def test_entry_points_are_short(self):
    for name in ('train.py', 'eval.py'):
      self.assertLessEqual(len((ROOT / name).read_text().splitlines()), 60)

  def test_import_is_light(self):
    heavy = '{"jax", "tensorflow", "tensorflow_datasets", "torch"}'
    subprocess.run(
        [
            sys.executable,
            '-c',
            'import sys, mirencoder_jax\n'
            f'loaded = {heavy} & set(sys.modules)\n'
            'assert not loaded, loaded',
        ],
        check=True,
        cwd=ROOT,
    )

  def test_no_attic(self):
    attics = {'utils', 'helpers', 'common', 'misc', 'core', 'base', 'lib'}
    found = [p for p in LIBRARY.rglob('*') if p.stem in attics]
    self.assertEmpty(found)


if __name__ == '__main__':
  absltest.main()
