"""Tests of the archive, its manifest and `build.py`; they need no compiler."""

import collections
import csv
import io
import pathlib
import re
import tarfile
import tempfile

from absl.testing import absltest
from llvmlite import binding

from datasets.starter_ir import build
from mirencoder_jax.frontend import compilers

_FOLDER = pathlib.Path(__file__).resolve().parent
# Every n-th module is parsed here; `build.py` has parsed all of them.
_SAMPLE = 29
# A string that starts with a slash and names two folders.
_ABSOLUTE_PATH = re.compile(r'"(?:/[\w.+-]+){2,}|"[A-Z]:\\\\')


class ArchiveTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    with (_FOLDER / 'manifest.csv').open(newline='') as file:
      cls.rows = list(csv.DictReader(file))
    cls.texts = {}
    with tarfile.open(_FOLDER / 'starter_ir.tar.xz') as tar:
      cls.members = tar.getmembers()
      for member in cls.members:
        cls.texts[member.name] = tar.extractfile(member).read().decode()

  def test_manifest_and_archive_list_the_same_modules(self):
    paths = [row['path'] for row in self.rows]
    self.assertEqual(paths, sorted(set(paths)))
    self.assertCountEqual(paths, [member.name for member in self.members])
    self.assertSameElements(self.rows[0], build.COLUMNS)
    for row in self.rows:
      self.assertLen(self.texts[row['path']].encode(), int(row['num_bytes']))

  def test_programs_and_manifest_name_one_another(self):
    sources = {
        str(source.relative_to(_FOLDER / 'programs').with_suffix('')): source
        for source in (_FOLDER / 'programs').glob('*/*')
    }
    self.assertGreaterEqual(len(sources), 60)
    self.assertSameElements(sources, {row['program'] for row in self.rows})
    for row in self.rows:
      language = compilers.language_of(sources[row['program']])
      self.assertEqual(row['language'], language)
      self.assertEqual(row['family'], sources[row['program']].parent.name)

  def test_names_of_programs_are_unique_without_their_suffix(self):
    names = [
        source.relative_to(_FOLDER / 'programs').with_suffix('')
        for source in (_FOLDER / 'programs').glob('*/*')
    ]
    self.assertEqual(len(names), len(set(names)))

  def test_every_program_has_the_levels_that_matter(self):
    levels = collections.defaultdict(set)
    for row in self.rows:
      levels[row['program'], row['llvm_version']].add(row['opt_level'])
    for (program, version), found in levels.items():
      self.assertContainsSubset({'O0', 'O1'}, found, f'{program} {version}')

  def test_no_module_is_there_twice(self):
    self.assertLen(set(self.texts.values()), len(self.texts))

  def test_no_module_names_a_folder_of_the_machine(self):
    for path, text in self.texts.items():
      self.assertNotRegex(text, _ABSOLUTE_PATH, path)

  def test_archive_holds_nothing_of_the_machine_or_the_moment(self):
    for member in self.members:
      self.assertTrue(member.isfile())
      self.assertEqual((member.mtime, member.mode), (0, 0o644))
      self.assertEqual((member.uid, member.uname), (0, ''))
      self.assertEqual((member.gid, member.gname), (0, ''))

  def test_sample_parses_and_has_the_counts_of_the_manifest(self):
    for row in self.rows[::_SAMPLE]:
      with self.subTest(row['path']):
        module = binding.parse_assembly(self.texts[row['path']])
        module.verify()
        defined = [f for f in module.functions if not f.is_declaration]
        self.assertLen(defined, int(row['num_functions']))


class BuildTest(absltest.TestCase):

  def test_make_portable_drops_the_hint_that_newer_llvm_refuses(self):
    text = 'getelementptr inbounds (%t, %t* @v, i64 0, inrange i32 0, i64 2)'
    self.assertEqual(
        build.make_portable(text),
        'getelementptr inbounds (%t, %t* @v, i64 0, i32 0, i64 2)',
    )

  def test_make_portable_shortens_the_names_of_fortran_sources(self):
    path = f'{build.FOLDER}/programs/a/b.f90'
    text = (
        f'@_QQclXab = linkonce constant [{len(path) + 1} x i8] c"{path}\\00"\n'
        'call void @f(ptr @_QQclXab)\n'
    )
    first, second = build.make_portable(text).splitlines()
    self.assertRegex(
        first, r'@_QQclX\w+ = linkonce constant \[8 x i8\] c"a/b.f90\\00"'
    )
    self.assertEqual(second, f'call void @f(ptr {first.split()[0]})')

  def test_archive_does_not_depend_on_the_order_of_the_results(self):
    compiler = build.Compiler('clang', ('clang',), '14.0.6', '14.0.6')
    results = [
        build.Result(
            build.Unit(compiler, pathlib.PurePosixPath(f'f/{name}.c'), level),
            text=f'; {name} {level}',
        )
        for name in 'ab'
        for level in compilers.OPT_LEVELS
    ]
    with tempfile.TemporaryDirectory() as name:
      folder = pathlib.Path(name)
      build.write_archive(folder / '1', results)
      build.write_archive(folder / '2', results[::-1])
      data = (folder / '1').read_bytes()
      self.assertEqual(data, (folder / '2').read_bytes())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
      self.assertIn('llvm14/O2/c/f/b.ll', tar.getnames())

  def test_find_compiler_says_none_for_what_is_not_there(self):
    self.assertIsNone(build.find_compiler('c', 'no-such-compiler'))


if __name__ == '__main__':
  absltest.main()
