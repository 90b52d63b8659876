"""What a build's commands say of its sources."""

import json
import pathlib
import tempfile

from absl.testing import absltest

from mirencoder_jax.frontend import compile_database
from mirencoder_jax.ir import IRError


class CompileDatabaseTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )

  def _read(self, *entries):
    path = self.folder / 'compile_commands.json'
    path.write_text(json.dumps(entries))
    return compile_database.read_database(self.folder)

  def test_keeps_what_says_what_is_compiled(self):
    command = (
        'cc -DNAME="a b" -Iinclude -std=c99 -O3 -g -MD -MF x.d -flto -Wall '
        '-march=native -o out/x.o -c ./src/x.c'
    )
    (unit,) = self._read(
        dict(directory=str(self.folder), command=command, file='src/x.c')
    )
    kept = ('-DNAME=a b', '-Iinclude', '-std=c99', '-Wall', '-march=native')
    self.assertEqual(unit.flags, kept)
    self.assertEqual(unit.compiler, 'cc')
    self.assertEqual(unit.path, self.folder / 'src/x.c')

  def test_arguments_and_a_source_that_is_there_twice(self):
    entry = dict(directory='.', arguments=['c++', '-c', 'a.cc'], file='a.cc')
    again = dict(entry, file='./a.cc', arguments=['c++', '-DB', 'a.cc'])
    (unit,) = self._read(entry, again)
    self.assertEqual(unit.flags, ())

  def test_says_what_is_wrong(self):
    with self.assertRaisesRegex(IRError, 'no such file; CMake'):
      compile_database.read_database(self.folder)
    with self.assertRaisesRegex(IRError, 'entry 1 needs `file`'):
      self._read(dict(command='cc -c a.c'))
    path = self.folder / 'compile_commands.json'
    path.write_text('{}')
    with self.assertRaisesRegex(IRError, 'no list of entries'):
      compile_database.read_database(path)


if __name__ == '__main__':
  absltest.main()
