"""Tests of the include-path resolver, on packages made here."""

import pathlib
import tempfile

from absl.testing import absltest

from datasets.source_packages import includes


class ResolverTest(absltest.TestCase):

  def resolver(self, files: dict[str, str], **kwargs):
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    for name, text in files.items():
      path = pathlib.Path(folder.name, name)
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_text(text)
    known = frozenset({'stdio.h', 'time.h', 'sys/types.h'})
    return includes.IncludeResolver(folder.name, known, **kwargs)

  def test_follows_headers_to_their_folders(self):
    closure = self.resolver(
        {
            'src/a.c': '#include <stdio.h>\n#include "lib/api.h"\n',
            'include/lib/api.h': (
                '  #  include "detail.h"\n#include <deep/x.h>\n'
            ),
            'include/lib/detail.h': '',
            'other/deep/x.h': '',
        }
    ).resolve('src/a.c')
    self.assertEqual(closure.folders, ('include', 'other'))
    self.assertEqual(
        closure.files,
        (
            'src/a.c',
            'include/lib/api.h',
            'include/lib/detail.h',
            'other/deep/x.h',
        ),
    )
    self.assertEmpty(closure.missing)
    self.assertEmpty(closure.late)

  def test_beside_the_file_needs_no_folder(self):
    closure = self.resolver(
        {'a/x.c': '#include "y.h"', 'a/y.h': '', 'b/y.h': ''}
    ).resolve('a/x.c')
    self.assertEmpty(closure.folders)
    self.assertEqual(closure.files, ('a/x.c', 'a/y.h'))

  def test_takes_the_nearest_of_several(self):
    closure = self.resolver(
        {
            'one/src/x.c': '#include "y.h"',
            'one/inc/y.h': '',
            'two/inc/y.h': '',
        }
    ).resolve('one/src/x.c')
    self.assertEqual(closure.folders, ('one/inc',))

  def test_says_what_is_missing(self):
    closure = self.resolver(
        {
            'x.c': '#include "gone.h"\n#include <sys/types.h>\n#include "y.h"',
            'y.h': '#include <also/gone.h>',
        }
    ).resolve('x.c')
    self.assertEqual(closure.missing, ('gone.h', 'also/gone.h'))

  def test_a_folder_that_would_hide_the_compilers_headers_goes_last(self):
    closure = self.resolver(
        {'src/x.c': '#include "port.h"', 'port/port.h': '', 'port/time.h': ''}
    ).resolve('src/x.c')
    self.assertEmpty(closure.folders)
    self.assertEqual(closure.late, ('port',))

  def test_given_folders_come_first_and_hide_what_is_known(self):
    closure = self.resolver(
        {'src/x.c': '#include <stdio.h>', 'own/stdio.h': ''},
        first=('own',),
    ).resolve('src/x.c')
    self.assertEqual(closure.folders, ('own',))
    self.assertEqual(closure.files, ('src/x.c', 'own/stdio.h'))

  def test_names_of_another_package(self):
    closure = self.resolver(
        {'x.c': '#include <Python.h>'}, outside=frozenset({'Python.h'})
    ).resolve('x.c')
    self.assertEqual(closure.outside, ('Python.h',))
    self.assertEmpty(closure.missing)

  def test_circles_end(self):
    closure = self.resolver(
        {
            'x.c': '#include "a.h"',
            'a.h': '#include "b.h"',
            'b.h': '#include "a.h"\n#include "b.h"',
        }
    ).resolve('x.c')
    self.assertEqual(closure.files, ('x.c', 'a.h', 'b.h'))


if __name__ == '__main__':
  absltest.main()
