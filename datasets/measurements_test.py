"""Tests of what the builders of tasks share: bad files are named."""

import gzip
import io
import math
import pathlib
import tarfile
import tempfile

from absl.testing import absltest

from datasets import measurements


class MeasurementsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = self.enter_context(tempfile.TemporaryDirectory())
    self.folder = pathlib.Path(folder)

  def test_tables(self):
    text = 'a,b\n1,"x\ny"\n,2\n'
    plain = self.folder / 'plain.csv'
    plain.write_text(text)
    packed = self.folder / 'packed.csv.gz'
    packed.write_bytes(gzip.compress(text.encode()))
    rows = measurements.read_table(plain, ('a', 'b'))
    self.assertEqual(rows, measurements.read_table(packed, ('a',)))
    self.assertEqual(rows[0]['b'], 'x\ny')
    self.assertEqual(measurements.number(rows[0], 'a'), 1)
    for row, column in ((rows[0], 'b'), (rows[1], 'a')):
      self.assertTrue(math.isnan(measurements.number(row, column)))

  def test_bad_tables(self):
    path = self.folder / 'table.csv.gz'
    whole = gzip.compress(b'a,b\n1,2\n')
    for content, message in (
        (whole[:-9], 'table.csv.gz: '),
        (b'a,b\n1,2\n', 'gzip'),
        (gzip.compress(b'a,b\n'), 'no rows'),
        (gzip.compress(b'a,c\n1,2\n'), 'no column b'),
        (gzip.compress(b'a,b\n\xff,2\n'), 'utf-8'),
    ):
      path.write_bytes(content)
      with self.assertRaisesRegex(measurements.ManualDataError, message):
        measurements.read_table(path, ('a', 'b'))
    with self.assertRaisesRegex(measurements.ManualDataError, 'gone.csv'):
      measurements.read_table(self.folder / 'gone.csv', ())

  def test_ir(self):
    path = self.folder / 'ir.tar.xz'
    with tarfile.open(path, 'w:xz') as archive:
      for name in ('deep/er/a.ll', 'readme.txt', 'b.ll'):
        info = tarfile.TarInfo(name)
        info.size = 1
        archive.addfile(info, io.BytesIO(name[-4:-3].encode()))
    self.assertEqual(measurements.read_archive(path), {'a': 'a', 'b': 'b'})
    whole = path.read_bytes()
    for content in (b'', b'nothing', whole[:60]):
      path.write_bytes(content)
      with self.assertRaisesRegex(measurements.ManualDataError, 'ir.tar.xz'):
        measurements.read_archive(path)
    (self.folder / 'c.ll').write_text('c')
    self.assertEqual(measurements.read_folder(self.folder), {'c': 'c'})
    self.assertEqual(measurements.read_folder(self.folder / 'gone'), {})


if __name__ == '__main__':
  absltest.main()
