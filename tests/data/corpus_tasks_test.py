"""Tests of `data.corpus_tasks`: what a reading cache hangs on."""

import ast
import pathlib

from absl.testing import absltest

from mirencoder_jax import ir
from mirencoder_jax.data import corpus_tasks


def imported(path: pathlib.Path) -> set[str]:
  """Last parts of all names that a module imports."""
  names = set()
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.ImportFrom):
      names |= {alias.name for alias in node.names}
      names.add((node.module or '').rpartition('.')[2])
    elif isinstance(node, ast.Import):
      names |= {alias.name.rpartition('.')[2] for alias in node.names}
  return names


class CodeStampTest(absltest.TestCase):

  def test_what_is_left_out_of_it_is_not_used_by_what_reads(self):
    paths = pathlib.Path(ir.__file__).parent.glob('*.py')
    by_stem = {path.stem: imported(path) for path in paths}
    self.assertContainsSubset(corpus_tasks.NOT_READING, by_stem)
    for stem, names in by_stem.items():
      if stem not in corpus_tasks.NOT_READING:
        self.assertEmpty(corpus_tasks.NOT_READING & names, stem)


if __name__ == '__main__':
  absltest.main()
