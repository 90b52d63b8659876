"""Tests of reading CMake's compile commands."""

import pathlib
import tempfile

from absl.testing import absltest

from datasets.source_packages import cmake_flags


class ParseCommandsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.root = pathlib.Path(folder.name, 'source')
    self.build = pathlib.Path(folder.name, 'build')
    self.root.mkdir()
    self.build.mkdir()

  def parse(self, *entries: dict):
    return cmake_flags.parse_commands(list(entries), self.root, self.build)

  def entry(self, command: str, file: str = 'src/a.c') -> dict:
    return {
        'directory': str(self.build),
        'command': command,
        'file': str(self.root / file),
    }

  def test_keeps_what_says_what_is_compiled(self):
    flags = self.parse(
        self.entry(
            f'cc -DX=1 -D"NAME=\\"a b\\"" -I{self.root}/include -I. -Igen '
            f'-isystem {self.root}/extern -std=gnu99 -O3 -Wall -fPIC -fopenmp '
            '-o a.o -c a.c'
        )
    )
    self.assertEqual(
        flags,
        {
            'src/a.c': (
                '-DX=1',
                '-DNAME="a b"',
                '-Iinclude',
                '-I{cmake}',
                '-I{cmake}/gen',
                '-isystem',
                'extern',
                '-std=gnu99',
                '-fopenmp',
            )
        },
    )

  def test_first_command_of_a_file_counts(self):
    flags = self.parse(
        self.entry('cc -DSHARED -c a.c'), self.entry('cc -DSTATIC -c a.c')
    )
    self.assertEqual(flags, {'src/a.c': ('-DSHARED',)})

  def test_words_may_come_split(self):
    entry = self.entry('') | {'arguments': ['cc', '-I', str(self.root), 'a.c']}
    self.assertEqual(self.parse(entry), {'src/a.c': ('-I.',)})

  def test_generated_sources_and_the_machines_folders(self):
    entry = self.entry('cc -I/usr/include/x -c g.c')
    entry['file'] = str(self.build / 'g.c')
    self.assertEqual(
        self.parse(entry), {'{cmake}/g.c': ('-I/usr/include/x',)}
    )


if __name__ == '__main__':
  absltest.main()
