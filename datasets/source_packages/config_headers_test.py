"""Tests of the headers that a configure script would have written."""

import pathlib
import tempfile

from absl.testing import absltest

from datasets.source_packages import config_headers, includes, packages

_HEADERS = {'given.h': '#define GIVEN 1', 'a.h': '@lib/config.h.in'}


class FillTemplateTest(absltest.TestCase):

  def fill(self, text: str) -> str:
    answers = {'HAVE_STDIO_H': '1', 'SIZEOF_INT': '4', 'HAVE_FSEEKO': '1'}
    return config_headers.fill_template(text, answers.get, '2.5')

  def test_autoconf(self):
    self.assertEqual(
        self.fill('#undef HAVE_STDIO_H\n# undef HAVE_WINDOWS_H\n#define X 1\n'),
        '#ifndef HAVE_STDIO_H\n#define HAVE_STDIO_H 1\n#endif\n'
        '/* HAVE_WINDOWS_H is not defined */\n#define X 1\n',
    )

  def test_cmake_and_meson(self):
    self.assertEqual(
        self.fill(
            '#cmakedefine HAVE_STDIO_H\n#cmakedefine HAVE_IO_H 1\n'
            '#cmakedefine01 HAVE_FSEEKO\n#cmakedefine01 HAVE_IO_H\n'
            '#mesondefine SIZEOF_INT\n#cmakedefine HAVE_FSEEKO (yes)\n'
        ),
        '#define HAVE_STDIO_H 1\n/* HAVE_IO_H is not defined */\n'
        '#define HAVE_FSEEKO 1\n#define HAVE_IO_H 0\n'
        '#define SIZEOF_INT 4\n#define HAVE_FSEEKO (yes)\n',
    )

  def test_substitutions(self):
    self.assertEqual(
        self.fill(
            'V "@PACKAGE_VERSION@" @LIB_MAJOR@ ${LIB_MINOR} @LIB_PATCH@ '
            '@SIZEOF_INT@ @WITH_X@\n@DIRECTIVE@\n'
        ),
        'V "2.5" 2 5 0 4 0\n\n',
    )


class ConfigHeadersTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.root = pathlib.Path(folder.name, 'package')
    self.libc = pathlib.Path(folder.name, 'libc')
    for path, text in (
        (self.root / 'lib/config.h.in', '#undef HAVE_UNISTD_H\n#undef HAVE_OK'),
        (self.root / 'lib/own/settings.h.cmake', '#cmakedefine HAVE_GETPID\n'),
        (self.libc / 'unistd.h', '/* int\nparallel */ int getpid(void);\n'),
        (self.libc / 'sys/stat.h', ''),
    ):
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_text(text)

  def headers(self, is_given=False) -> config_headers.ConfigHeaders:
    # Stands for a toolchain with this C library only.
    class Tools:
      libc_dirs = (self.libc, self.libc)

    package = packages.Package(
        name='tiny',
        version='1.0',
        origin='folder',
        sha256='',
        licence='MIT',
        languages=('c',),
        headers=_HEADERS if is_given else {},
        answers={'HAVE_OK': 'maybe'} if is_given else {},
    )
    return config_headers.ConfigHeaders(
        package,
        self.root,
        includes.IncludeResolver(self.root, frozenset()),
        Tools(),
        self.root.parent / 'made',
    )

  def test_fills_templates_from_what_the_c_library_has(self):
    headers = self.headers()
    self.assertTrue(headers.make(('config.h', 'own/settings.h', 'gone.h')))
    made = {
        path.relative_to(headers.folder).as_posix(): path.read_text()
        for path in headers.folder.rglob('*.h')
    }
    self.assertCountEqual(made, ['config.h', 'own/settings.h'])
    self.assertIn('#define HAVE_UNISTD_H 1', made['config.h'])
    self.assertIn('HAVE_OK is not defined', made['config.h'])
    self.assertEqual(made['own/settings.h'], '#define HAVE_GETPID 1\n')

  def test_without_a_template_it_says_what_there_is(self):
    (self.root / 'lib/config.h.in').unlink()
    headers = self.headers()
    self.assertTrue(headers.make(('config.h',)))
    text = (headers.folder / 'config.h').read_text()
    self.assertIn('#define HAVE_SYS_STAT_H 1', text)
    self.assertIn('#define HAVE_GETPID 1', text)
    self.assertIn('#define SIZEOF_LONG 8', text)
    self.assertNotIn('WINDOWS', text)
    self.assertNotIn('PARALLEL', text)

  def test_the_manifest_may_give_headers_and_answers(self):
    headers = self.headers(is_given=True)
    self.assertTrue(headers.make(('given.h', 'a.h')))
    given = (headers.folder / 'given.h').read_text()
    self.assertEqual(given, '#define GIVEN 1')
    template = (headers.folder / 'a.h').read_text()
    self.assertIn('#define HAVE_OK maybe', template)

  def test_a_prefix_of_the_packages_own_is_no_other_question(self):
    template = self.root / 'lib/config.h.in'
    template.write_text('#undef TINY_HAVE_UNISTD_H\n#undef TINY__SIZEOF_INT')
    headers = self.headers()
    self.assertTrue(headers.make(('config.h',)))
    text = (headers.folder / 'config.h').read_text()
    self.assertIn('#define TINY_HAVE_UNISTD_H 1', text)
    self.assertIn('#define TINY__SIZEOF_INT 4', text)

  def test_what_it_cannot_make_is_not_made(self):
    headers = self.headers()
    self.assertFalse(headers.make(('zlib.h',)))
    self.assertFalse(headers.folder.exists())

  def test_a_name_cannot_lead_out_of_the_folder(self):
    headers = self.headers()
    self.assertTrue(headers.make(('../../config.h',)))
    self.assertTrue((headers.folder / 'config.h').exists())
    self.assertFalse((self.root.parent / 'config.h').exists())


if __name__ == '__main__':
  absltest.main()
