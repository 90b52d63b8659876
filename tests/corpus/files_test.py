"""Tests of `corpus.files`: what is listed, what is read, where from."""

import io
import os
import pathlib
import random
import socket
import tarfile
import tempfile

from absl.testing import absltest, parameterized

from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.corpus import origins as corpus_origins

_FILES = {
    'gzip/O0/inflate.c.ll': b'first',
    'gzip/O2/inflate.c.ll': b'second',
    'zlib/notes.md': b'text',
    'zlib/a b.bc': b'third',
}


class CorpusFilesTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.temp = pathlib.Path(folder.name)
    self.root = self.temp / 'ir files'
    for name, data in _FILES.items():
      path = self.root / name
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_bytes(data)

  def read(self, files: corpus_files.CorpusFiles) -> dict[str, bytes]:
    return {
        file.name: pathlib.Path(file.path).read_bytes() if file.path else data
        for file, data in files.read(files.files)
    }

  def archive(self, mode: str = 'w:xz') -> pathlib.Path:
    path = self.temp / 'ir.tar'
    with tarfile.open(path, mode) as tar:
      tar.add(self.root, '.')
    return path

  @parameterized.parameters('folder', 'w:', 'w:gz', 'w:xz', 'w:bz2')
  def test_folder_and_archives_hold_the_same(self, kind):
    source = self.root if kind == 'folder' else self.archive(kind)
    files = corpus_files.CorpusFiles(source)
    self.assertEqual(
        [file.name for file in files.files],
        ['gzip/O0/inflate.c.ll', 'gzip/O2/inflate.c.ll', 'zlib/a b.bc'],
    )
    expected = {name: _FILES[name] for name in _FILES if '.md' not in name}
    self.assertEqual(self.read(files), expected)
    self.assertEqual(files.others, {'.md': 1})
    self.assertEmpty(files.problems)

  def test_glob_takes_what_matches(self):
    files = corpus_files.CorpusFiles(f'{self.root}/**/*.ll')
    self.assertLen(files.files, 2)
    self.assertEqual(files.origin(files.files[0].name).opt_level, 'O0')

  def test_single_file(self):
    files = corpus_files.CorpusFiles(self.root / 'zlib' / 'a b.bc')
    self.assertEqual(self.read(files), {'a b.bc': b'third'})

  @parameterized.parameters(
      ('nowhere', 'no such file or folder'),
      ('ir files/zlib/notes.md', 'neither a .ll or .bc file nor an archive'),
      ('empty', r'it is empty'),
      ('others', r'no .ll or .bc file in it \(found 1 .c\)'),
      ('ir files/*.c', 'no file matches'),
  )
  def test_source_without_ir_is_an_error(self, name, message):
    (self.temp / 'empty').mkdir()
    (self.temp / 'others').mkdir()
    (self.temp / 'others' / 'main.c').write_text('int main() {}')
    with self.assertRaisesRegex(corpus_files.CorpusError, message):
      corpus_files.CorpusFiles(self.temp / name)

  def test_dangling_link_is_a_problem_of_its_own(self):
    (self.root / 'gone.ll').symlink_to(self.temp / 'nowhere')
    files = corpus_files.CorpusFiles(self.root)
    self.assertLen(files.files, 3)
    self.assertIn('gone.ll', files.problems)

  def test_what_is_no_file_is_named_and_not_waited_for(self):
    os.mkfifo(self.root / 'pipe.ll')
    os.mkfifo(self.root / 'manifest.csv')
    (self.root / 'endless.bc').symlink_to('/dev/zero')
    with socket.socket(socket.AF_UNIX) as server:
      server.bind(os.path.relpath(self.root / 'talk.ll'))
    for source in (self.root, f'{self.root}/**/*'):
      files = corpus_files.CorpusFiles(source)
      self.assertLen(files.files, 3)
      self.assertEqual(
          {
              name: why.message.split(' and ')[0]
              for name, why in files.problems.items()
          },
          {
              'pipe.ll': 'this is a named pipe',
              'manifest.csv': 'this is a named pipe',
              'endless.bc': 'this is a device',
              'talk.ll': 'this is a socket',
          },
      )
    with self.assertRaisesRegex(corpus_files.CorpusError, 'a named pipe'):
      corpus_files.CorpusFiles(self.root / 'pipe.ll')

  def test_a_name_that_is_no_utf8_is_shown_and_its_file_read(self):
    path = os.fsencode(self.root) + b'/caf\xe9.ll'
    pathlib.Path(os.fsdecode(path)).write_bytes(b'fourth')
    for source in (self.root, self.archive()):
      files = corpus_files.CorpusFiles(source)
      self.assertEqual(self.read(files)['caf\\xe9.ll'], b'fourth')

  def test_cut_archive_gives_what_it_holds(self):
    path = self.archive('w:')
    data = path.read_bytes()
    place = data.index(b'second')
    path.write_bytes(data[: place + 3])
    files = corpus_files.CorpusFiles(path)
    actual = self.read(files)
    self.assertEqual(actual.get('gzip/O0/inflate.c.ll'), b'first')
    self.assertNotIn('gzip/O2/inflate.c.ll', actual)
    self.assertNotEmpty(files.problems)

  @parameterized.parameters('w:gz', 'w:bz2', 'w:xz')
  def test_a_flip_in_a_compressed_archive_is_not_read_in_silence(self, mode):
    (self.root / 'long.ll').write_bytes(random.Random(0).randbytes(20_000))
    path = self.archive(mode)
    expected = self.read(corpus_files.CorpusFiles(path))
    content = path.read_bytes()
    rng = random.Random(1)
    num_named = 0
    for _ in range(40):
      flipped = bytearray(content)
      flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
      path.write_bytes(flipped)
      try:
        files = corpus_files.CorpusFiles(path)
        actual = self.read(files)
      except corpus_files.CorpusError:
        num_named += 1
      else:
        num_named += bool(files.problems)
        if not files.problems:
          self.assertEqual(actual, expected)
    self.assertGreater(num_named, 30)

  def test_an_archive_that_is_damaged_in_its_manifest(self):
    (self.root / 'manifest.csv').write_bytes(b'path\n' + 5000 * b'x\n')
    path = self.archive('w:')
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b'path\nx') + 3])
    with self.assertRaisesRegex(
        corpus_files.CorpusError, 'damaged or cut in its manifest.csv'
    ):
      corpus_files.CorpusFiles(path)

  def test_an_archive_writes_nothing_and_leads_nowhere(self):
    secret = self.temp / 'secret.ll'
    secret.write_text('not of the archive')
    path = self.temp / 'in' / 'evil.tar'
    path.parent.mkdir()
    with tarfile.open(path, 'w') as tar:
      for name in ('../up.ll', '/tmp/absolute.ll', 'plain.ll'):
        member = tarfile.TarInfo(name)
        member.size = 4
        tar.addfile(member, io.BytesIO(b'text'))
      for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        member = tarfile.TarInfo(f'link{kind.decode()}.ll')
        member.type, member.linkname = kind, str(secret)
        tar.addfile(member)
    before = sorted(self.temp.rglob('*'))
    found = self.read(corpus_files.CorpusFiles(path))
    self.assertLen(found, 3)
    self.assertEqual(set(found.values()), {b'text'})
    self.assertEqual(sorted(self.temp.rglob('*')), before)

  def test_manifest_says_where_files_come_from(self):
    (self.root / 'manifest.csv').write_text(
        'path,Program,opt level,LLVM version,family\n'
        'gzip/O0/inflate.c.ll,deflater,-O3,17.0.6,compression\n'
        'gzip/gone.ll,deflater,-O3,17.0.6,compression\n'
    )
    files = corpus_files.CorpusFiles(self.root)
    self.assertEqual(
        files.origin('gzip/O0/inflate.c.ll'),
        corpus_origins.Origin(
            'deflater', 'c', 'O3', '17.0.6', unit='gzip/inflate.c'
        ),
    )
    self.assertEqual(files.origin('zlib/a b.bc').program, 'zlib')
    self.assertEqual(list(files.problems), ['gzip/gone.ll'])

  @parameterized.parameters(
      # Levels, compilers and languages are no programs.
      ('llvm-14/O0/c/sort/quick.ll', 'sort', 'c', 'O0', '14'),
      ('17.0.6/Os/rust/sort/heap.ll', 'sort', 'rust', 'Os', '17.0.6'),
      ('bench/deep/er/x.ll', 'bench', '', '', ''),
      # A file at the top is a program, whatever its level.
      ('gemm.O2.ll', 'gemm', '', 'O2', ''),
      ('gemm.cpp-O0.bc', 'gemm', 'c++', 'O0', ''),
      ('npb-3.3-BT-x_solve.ll', 'npb-3.3-BT-x_solve', '', '', ''),
  )
  def test_path_says_where_a_file_comes_from(self, name, *expected):
    path = self.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'')
    files = corpus_files.CorpusFiles(self.root)
    self.assertEqual(files.origin(name)[:4], expected)

  def test_views_of_a_unit_share_it_and_others_do_not(self):
    names = [
        f'{llvm}/{level}/{unit}'
        for llvm in ('llvm14', 'llvm-22')
        for level in ('O0', 'Os')
        for unit in ('c/sort/quick.c.ll', 'rust/sort/quick.ll', 'sort/q.ll')
    ]
    origins = corpus_origins.PathOrigins(names)
    units = [origins.origin(name).unit for name in names]
    self.assertEqual(units, ['c/sort/quick.c', 'rust/sort/quick', 'sort/q'] * 4)

  def test_folders_that_all_share_are_no_programs(self):
    files = corpus_files.CorpusFiles(self.root / 'gzip')
    programs = {files.origin(file.name).program for file in files.files}
    self.assertEqual(programs, {'inflate'})


if __name__ == '__main__':
  absltest.main()
