"""Tests of reading CMake's compile commands."""

import pathlib
import sys
import tempfile

from absl.testing import absltest
from absl.testing.absltest import mock

from datasets.source_packages import cmake_flags, packages, toolchain


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
    self.assertEqual(self.parse(entry), {'{cmake}/g.c': ('-I/usr/include/x',)})


class ConfigureTest(absltest.TestCase):
  """With a program in the place of CMake: zig makes the real one slow."""

  def flags(self, code: str, cmake: tuple[str, ...] | None = ('-DWITH=yes',)):
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    root = pathlib.Path(folder.name, 'tiny')
    root.mkdir()
    program = root / 'cmake'
    program.write_text(
        f'#!{sys.executable} -S\nimport json, sys\n'
        f"build = sys.argv[sys.argv.index('-B') + 1]\n{code}\n"
    )
    program.chmod(0o755)
    patch = mock.patch.object(
        cmake_flags, 'find_cmake', return_value=str(program)
    )
    self.enter_context(patch)
    package = packages.Package(
        name='tiny',
        version='1.0',
        origin='folder',
        sha256='',
        licence='MIT',
        languages=('c',),
        cmake=cmake,
    )
    tools = toolchain.Toolchain(
        pathlib.Path('/with space/zig'), pathlib.Path('/lib'), '22'
    )
    return cmake_flags.CMakeFlags(package, root, tools, root.parent / 'build')

  def test_configures_once_and_finds_the_flags(self):
    flags = self.flags("""
option = [word for word in sys.argv if word.startswith('-DWITH')][0]
assert '-DCMAKE_EXPORT_COMPILE_COMMANDS=ON' in sys.argv
compiler = [w for w in sys.argv if w.startswith('-DCMAKE_C_COMPILER=')][0]
assert "'/with space/zig' cc" in open(compiler.split('=')[1]).read()
with open(build + '/compile_commands.json', 'x') as file:
  json.dump([{'directory': build, 'file': 'SOURCE/a.c',
              'arguments': ['cc', option, '-I' + build]}], file)
""".replace('SOURCE', "' + sys.argv[sys.argv.index('-S') + 1] + '"))
    self.assertEqual(flags.find('a.c'), ('-DWITH=yes', '-I{cmake}'))
    self.assertIsNone(flags.find('b.c'))
    self.assertEqual(flags.error, '')

  def test_a_project_that_cannot_be_configured_has_no_flags(self):
    flags = self.flags("sys.exit('CMake Error at CMakeLists.txt:3: no zlib')")
    self.assertIsNone(flags.find('a.c'))
    self.assertEqual(
        flags.error, 'CMake: exit 1 CMake Error at CMakeLists.txt:3: no zlib'
    )

  def test_nothing_is_run_unless_the_manifest_says_so(self):
    flags = self.flags('sys.exit(1)', cmake=None)
    self.assertIsNone(flags.find('a.c'))
    self.assertFalse(flags.folder.exists())
    self.assertEqual(flags.error, '')


if __name__ == '__main__':
  absltest.main()
