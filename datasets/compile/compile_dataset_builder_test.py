"""Tests of the `compile` builder on a Parquet file of ComPile's schema."""

import pathlib
import tarfile
import tempfile

import llvmlite.binding
import pyarrow as pa
import pyarrow.parquet
import tensorflow_datasets as tfds
from absl.testing import absltest, parameterized

from datasets import prepare
from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.corpus import parquet

_STARTER = pathlib.Path(__file__).parents[1] / 'starter_ir'
_SCHEMA = pa.schema(
    [
        ('content', pa.binary()),
        ('license_expression', pa.string()),
        ('license_source', pa.string()),
        (
            'license_files',
            pa.list_(pa.struct([('file', pa.string()), ('hash', pa.string())])),
        ),
        ('package_source', pa.string()),
        ('language', pa.string()),
    ]
)


def rows() -> list[dict]:
  """Programs of the starter corpus as bitcode, and a row that is none."""
  result = []
  with tarfile.open(_STARTER / 'starter_ir.tar.xz') as tar:
    for member in tar:
      parts = member.name.split('/')
      if parts[:2] != ['llvm22', 'O1'] or parts[2] not in ('c', 'c++', 'rust'):
        continue
      if len(result) == 9:
        break
      text = tar.extractfile(member).read().decode()
      module = llvmlite.binding.parse_assembly(text)
      number = len(result)
      result.append(
          {
              'content': module.as_bitcode(),
              'license_expression': 'MIT' if number % 3 else 'Apache-2.0',
              'license_source': 'manifest',
              'license_files': [{'file': 'LICENSE', 'hash': '00'}],
              # Two versions of one package.
              'package_source': f'https://x.org/{parts[-2]}-1.{number}.tar.gz',
              'language': parts[2],
          }
      )
  return [*result, dict(result[0], content=b'BC\xc0\xde none', language='c')]


class CompileTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    folder = tempfile.TemporaryDirectory(prefix='with blanks ')
    cls.addClassCleanup(folder.cleanup)
    cls.root = pathlib.Path(folder.name)
    cls.rows = rows()
    cls.source = cls.root / 'ComPile'
    (cls.source / 'licenses').mkdir(parents=True)
    table = pa.Table.from_pylist(cls.rows, _SCHEMA)
    pa.parquet.write_table(
        table, cls.source / 'train-0.parquet', row_group_size=4
    )
    pa.parquet.write_table(
        pa.table({'hash': ['00'], 'text': ['MIT License']}),
        cls.source / 'licenses' / 'licenses-0.parquet',
    )
    (cls.source / 'damaged.parquet').write_bytes(b'PAR1 and no more')

  def test_rows_are_listed_with_their_origin_and_streamed(self):
    files = parquet.ParquetFiles(self.source)
    self.assertLen(files.files, len(self.rows))
    read = {file.name: data for file, data in files.read(files.files)}
    names = [f'train-0.parquet/{i // 4}-{i % 4}' for i in range(10)]
    contents = [row['content'] for row in self.rows]
    self.assertEqual([read[name] for name in names], contents)
    origin = files.origin(names[0])
    self.assertEqual(origin.licence, 'Apache-2.0')
    self.assertEqual(origin.language, self.rows[0]['language'])
    self.assertNotIn('1.0', origin.program)
    self.assertEqual(
        set(files.problems), {'licenses/licenses-0.parquet', 'damaged.parquet'}
    )
    # Some rows only, in any order.
    some = [files.files[8], files.files[1]]
    self.assertEqual(
        {file.name for file, _ in files.read(some)}, {f.name for f in some}
    )

  def test_rows_are_chosen(self):
    files = parquet.ParquetFiles(
        self.source, languages=['c'], licences=['MIT'], max_modules=2
    )
    self.assertLen(files.files, 2)
    for file in files.files:
      self.assertEqual(files.origin(file.name)[1], 'c')
    left = sum(files.others.values())
    self.assertEqual(left + 2, len(self.rows))

  def test_what_cannot_be_read_is_an_error_that_says_so(self):
    for source, message in (
        (self.root / 'nowhere', 'no .parquet file'),
        (self.source / 'licenses', 'it has hash, text'),
        (self.source / 'damaged.parquet', 'damaged.parquet'),
    ):
      with self.assertRaisesRegex(corpus_files.CorpusError, message):
        parquet.ParquetFiles(source)
    with self.assertRaisesRegex(corpus_files.CorpusError, 'passed over'):
      parquet.ParquetFiles(self.source, languages=['fortran'])

  @parameterized.parameters(
      ('https://x.org/zlib/archive/refs/tags/v1.2.11.tar.gz', 'zlib'),
      ('https://static.x.io/crates/serde/serde-1.0.100.crate', 'serde'),
      ('https://x.org/openblas-0.3.21-rc1.zip', 'openblas'),
      ('git@x.org:someone/Thing.git', 'Thing'),
      ('plain', 'plain'),
      ('1.0', '1.0'),
  )
  def test_package_without_its_version(self, source, expected):
    self.assertEqual(parquet.package_of(source), expected)

  def test_command_line_writes_shards(self):
    data_dir = str(self.root / 'data')
    code = prepare.main(
        [
            'compile',
            f'--source={self.source}',
            f'--data_dir={data_dir}',
            '--languages=c',
            '--processes=1',
            '--views=O2',
        ]
    )
    self.assertEqual(code, 0)
    builder = tfds.builder('compile', data_dir=data_dir)
    examples = [
        example
        for split in builder.info.splits
        for example in builder.as_data_source(split)
    ]
    self.assertEqual({e['language'] for e in examples}, {b'c'})
    self.assertContainsSubset({b'O2', b''}, {e['opt_level'] for e in examples})
    self.assertTrue(all(b'.parquet/' in e['module'] for e in examples))
    report = (pathlib.Path(builder.data_dir) / 'report.md').read_text()
    # The row that holds no bitcode is named.
    self.assertIn('train-0.parquet/2-1', report)
    self.assertIn('Apache-2.0', report)


if __name__ == '__main__':
  absltest.main()
