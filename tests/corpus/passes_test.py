"""Tests of `corpus.passes`: what a reading cache hangs on."""

import pathlib
from unittest import mock

from absl.testing import absltest

from mirencoder_jax import ir
from mirencoder_jax.corpus import passes


class CodeStampTest(absltest.TestCase):

  def test_any_file_of_reading_changes_it(self):
    passes.code_stamp.cache_clear()
    before = passes.code_stamp()
    read = pathlib.Path.read_bytes
    seen = set()
    room = pathlib.Path(ir.__file__).parent
    for path in [room / 'reader.py', room / 'parsing' / 'plan.py']:

      def changed(self, path=path):
        return read(self) + b'#' * (self == path)

      with mock.patch.object(pathlib.Path, 'read_bytes', changed):
        seen.add(passes.code_stamp.__wrapped__())
    self.assertLen(seen, 2)
    self.assertNotIn(before, seen)


if __name__ == '__main__':
  absltest.main()
