"""Tests of `frontend.program_files`: folders as people have them."""

import os
import pathlib
import tempfile

from absl.testing import absltest

from mirencoder_jax.frontend import program_files

_TEXT = 'define i32 @a() {\n  ret i32 1\n}\n'


class FolderTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.root = pathlib.Path(folder.name)

  def read(self) -> dict[str, program_files.Program]:
    files = program_files.find([self.root])
    return {
        os.path.basename(program.path): program
        for program in program_files.read_all(files)
    }

  def test_what_is_no_file_is_named_and_not_waited_for(self):
    (self.root / 'good.ll').write_text(_TEXT)
    os.mkfifo(self.root / 'pipe.bc')
    os.mkfifo(self.root / 'pipe.c')
    (self.root / 'endless.ll').symlink_to('/dev/zero')
    (self.root / 'gone.ll').symlink_to(self.root / 'nowhere')
    self.assertEqual(set(self.read()), {'good.ll'})
    (left,) = program_files.left_in([self.root])
    self.assertEqual(
        sorted(map(os.path.basename, left.special)),
        ['endless.ll', 'gone.ll', 'pipe.bc', 'pipe.c'],
    )
    # One by one they are an error each, and no wait.
    for program, what in zip(
        program_files.read_all(sorted(left.special)),
        ('a device', 'no such file', 'a named pipe', 'a named pipe'),
        strict=True,
    ):
      self.assertIn(what, str(program.error))
      self.assertIn(program.path, str(program.error))

  def test_a_name_that_is_no_utf8_can_be_written(self):
    path = os.fsdecode(os.fsencode(self.root) + b'/caf\xe9.ll')
    pathlib.Path(path).write_text(_TEXT)
    (program,) = self.read().values()
    self.assertEqual(program.module.name, f'{self.root}/caf\\xe9.ll')
    program.module.name.encode()

  def test_names_with_controls_and_capitals(self):
    text = 'define i32 @f() {\n  ret i32 1\n}\n'
    for name in ('a\nb.ll', 'a\x1b[31mb.ll', 'A.LL'):
      (self.root / name).write_text(text)
    found = program_files.find([self.root])
    programs = list(program_files.read_all(found))
    self.assertEqual([p.error for p in programs], [None] * len(found))
    names = {p.module.name for p in programs}
    for name in ('a\\nb.ll', 'a\\x1b[31mb.ll', 'A.LL'):
      self.assertIn(f'{self.root}/{name}', names)


if __name__ == '__main__':
  absltest.main()
