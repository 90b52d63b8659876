"""Nothing that is loaded can run code: no pickles, no `eval`, no YAML."""

import ast
import io
import pathlib
import tempfile

import numpy as np
from absl.testing import absltest

from mirencoder_jax.inference import vectors

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ROOT / 'mirencoder_jax'
FORBIDDEN = {'dill', 'joblib', 'marshal', 'shelve', 'yaml', 'cloudpickle'}
# Pickles that no other program can have written: of memory, of pipes between
# this program's processes. `passes` knows modules and arrays and nothing else.
OF_OUR_OWN = {
    'corpus/beam.py',
    'corpus/first_pass.py',
    'corpus/passes.py',
    'corpus/worker_pool.py',
}


def loaders(path: pathlib.Path):
  """What in a module could run what a file says."""
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Import):
      for alias in node.names:
        if alias.name.split('.')[0] in FORBIDDEN | {'pickle'}:
          yield alias.name
    elif isinstance(node, ast.ImportFrom):
      if (node.module or '').split('.')[0] in FORBIDDEN | {'pickle'}:
        yield node.module
    elif isinstance(node, ast.Call):
      name = getattr(node.func, 'id', '')
      if name in ('eval', 'exec', 'compile', '__import__'):
        yield name
      for keyword in node.keywords:
        if keyword.arg == 'allow_pickle' and (
            getattr(keyword.value, 'value', None) is not False
        ):
          yield 'allow_pickle'


class NoCodeTest(absltest.TestCase):

  def test_the_library_loads_no_code(self):
    found = {}
    for path in sorted(LIBRARY.rglob('*.py')):
      name = path.relative_to(LIBRARY).as_posix()
      what = sorted(set(loaders(path)))
      if name in OF_OUR_OWN:
        self.assertEqual(what, ['pickle'], name)
      elif what:
        found[name] = what
    self.assertEmpty(found)

  def test_an_array_of_objects_is_refused(self):
    folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    path = folder / 'x.npz'
    buffer = io.BytesIO()
    np.savez(buffer, vectors=np.array([print], object))
    path.write_bytes(buffer.getvalue())
    with self.assertRaisesRegex(vectors.VectorsError, 'damaged'):
      vectors.read_vectors(path)


if __name__ == '__main__':
  absltest.main()
