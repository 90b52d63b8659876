"""Rooms import what their table says, and start-up stays light."""

import ast
import pathlib
import re
import subprocess
import sys

from absl.testing import absltest

ROOT = pathlib.Path(__file__).resolve().parents[1]
LIBRARY = ROOT / 'mirencoder_jax'

CONTRIBUTING = ROOT / 'CONTRIBUTING.md'
# What of others' packages only some rooms may import.
HEAVY = {'jax', 'flax', 'optax', 'orbax', 'tensorflow_datasets', 'tensorboardX'}
# Room -> which of these it needs. Any other room may import none of them.
NEEDS = {
    'data': {'jax', 'tensorflow_datasets'},
    'models': {'jax', 'flax'},
    'objectives': {'jax', 'flax', 'optax'},
    'storage': {'jax', 'flax', 'orbax'},
    'training': HEAVY,
    'inference': {'jax', 'flax'},
    'pages': {'jax'},
    'downstream': {'jax', 'flax', 'optax', 'orbax', 'tensorflow_datasets'},
    'evaluation': {'jax', 'optax', 'tensorflow_datasets'},
}


def table_of_rooms() -> dict[str, set[str]]:
  """Room -> rooms that it may import, as CONTRIBUTING.md's table has them."""
  row = re.compile(r'^\| `(\w+)/` \|[^|]*\|([^|]*)\|$', re.MULTILINE)
  return {
      room: set(re.findall(r'`(\w+)`', allowed))
      for room, allowed in row.findall(CONTRIBUTING.read_text())
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


def room_of(path: pathlib.Path) -> str:
  parts = path.relative_to(LIBRARY).parts
  return parts[0] if len(parts) > 1 else ''


class BoundariesTest(absltest.TestCase):

  def test_rooms_import_what_the_table_says(self):
    table = table_of_rooms()
    folders = {path.parent.name for path in LIBRARY.glob('*/*.py')}
    self.assertEqual(set(table), folders)
    wrong = []
    for path in sorted(LIBRARY.rglob('*.py')):
      room = room_of(path)
      for name in imports_of(path) if room else ():
        parts = name.split('.')
        if parts[0] != 'mirencoder_jax' or len(parts) < 2:
          continue
        if parts[1] == 'version' or parts[1] in table[room] | {room}:
          continue
        wrong.append(f'{path.relative_to(ROOT)} imports {name}')
    self.assertEmpty(wrong)

  def test_table_has_no_circle(self):
    table = table_of_rooms()
    while table:
      free = {room for room, uses in table.items() if not uses & set(table)}
      self.assertNotEmpty(free, f'these import each other: {sorted(table)}')
      table = {room: a for room, a in table.items() if room not in free}

  def test_rooms_do_without_what_they_do_not_need(self):
    wrong = []
    for path in sorted(LIBRARY.rglob('*.py')):
      forbidden = HEAVY - NEEDS.get(room_of(path), set())
      for name in imports_of(path):
        if name.split('.')[0] in forbidden:
          wrong.append(f'{path.relative_to(ROOT)} imports {name}')
    self.assertEmpty(wrong)

  def test_modules_are_one_idea(self):
    for path in sorted(LIBRARY.rglob('*.py')):
      num_lines = len(path.read_text().splitlines())
      self.assertLessEqual(num_lines, 400, f'{path}: two ideas?')

  def test_root_is_nearly_empty(self):
    self.assertLessEqual(len(list(LIBRARY.glob('*.py*'))), 5)

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
