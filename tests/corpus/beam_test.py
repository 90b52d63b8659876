"""A corpus over Apache Beam is the corpus that processes make.

Apache Beam is an extra and may be missing; then only what is said of that is
tested. `python -m pip install apache-beam` for the rest.
"""

import importlib.util
import pathlib
import tempfile

import pytest
import tensorflow_datasets as tfds
from absl.testing import absltest

from datasets.ir_folder import ir_folder_dataset_builder
from mirencoder_jax.corpus import corpus, files

_HAS_BEAM = importlib.util.find_spec('apache_beam') is not None
_OPERATIONS = ('add', 'sub', 'mul', 'and', 'or', 'xor')
# Beam and what it imports warn of what is theirs.
pytestmark = pytest.mark.filterwarnings('default')


def kernel(name: str, seed: int, changed: bool = False) -> str:
  """Thirty instructions; `changed` is a near-duplicate of what is not."""
  lines, last = [], '%v'
  for i in range(30):
    operation = _OPERATIONS[(seed * 7 + i * (seed + 1)) % 6]
    operand = 1234 if changed and i == 15 else i + seed
    lines.append(f'  %x{i} = {operation} i32 {last}, {operand}')
    last = f'%x{i}'
  return (
      f'define void @{name}(ptr %p) {{\n  %s = alloca i32\n'
      '  %v = load i32, ptr %p\n  store i32 %v, ptr %s\n'
      + '\n'.join(lines)
      + f'\n  store i32 {last}, ptr %p\n  ret void\n}}\n'
  )


@absltest.skipUnless(_HAS_BEAM, 'apache_beam is not installed')
class CorpusBeamTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    folder = tempfile.TemporaryDirectory(prefix='with blanks ')
    cls.addClassCleanup(folder.cleanup)
    cls.root = pathlib.Path(folder.name)
    texts = {
        f'p{i}/O{i % 3}/own{k}.c.ll': kernel(f'own{k}', 3 * i + k)
        for i in range(8)
        for k in range(2)
    }
    # Equal ones, near-duplicates and a function that all share.
    for i in (1, 3, 5, 6):
      texts[f'p{i}/equal.ll'] = kernel('equal', 40)
      texts[f'p{i}/near.ll'] = kernel('near', 41, changed=i > 1)
    texts = {
        name: text + 'define void @shared() {\n  ret void\n}\n'
        for name, text in texts.items()
    }
    texts['p2/kernel.ll'] = kernel('planted', 50)
    texts['p2/bad.ll'] = 'define void @cut('
    texts['benchmark/kernel.ll'] = kernel('of_the_benchmark', 50)
    for name, text in texts.items():
      part = 'suite' if name.startswith('benchmark') else 'corpus'
      path = cls.root / part / name
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_text(text)
    cls.settings = corpus.CorpusConfig(
        processes=1,
        progress=False,
        views=('O2', 'random1'),
        validation_rate=0.25,
        vocab_functions=40,
        decontaminate=[f'{cls.root}/suite'],
    )
    cls.builders = {
        name: cls.prepare(name, options)
        for name, options in (('processes', None), ('beam', ()))
    }

  @classmethod
  def prepare(cls, name: str, beam_options, source: str = 'corpus'):
    builder = ir_folder_dataset_builder.Builder(
        data_dir=cls.root / 'data' / name,
        source=cls.root / source,
        settings=cls.settings,
        beam_options=beam_options,
    )
    builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(
            download_mode=tfds.GenerateMode.REUSE_CACHE_IF_EXISTS
        )
    )
    return builder

  def test_reports_are_equal_and_what_was_planted_is_counted(self):
    reports = {n: b.report.as_dict() for n, b in self.builders.items()}
    self.assertEqual(reports['beam'], reports['processes'])
    functions = reports['beam']['functions']
    for name in ('duplicates', 'near_duplicates', 'contaminated', 'written'):
      self.assertGreater(functions[name], 0, name)
    self.assertGreater(
        functions['in_both_splits'] + functions['near_in_both_splits'], 0
    )
    self.assertEqual(
        [row['file'] for row in reports['beam']['failures']], ['p2/bad.ll']
    )
    self.assertLess(reports['beam']['vocabulary']['sample']['functions'], 80)

  def test_shards_hold_the_same_examples(self):
    for split in ('train', 'validation'):
      rows = {}
      for name, builder in self.builders.items():
        source = builder.as_data_source(split)
        rows[name] = sorted(
            (row['module'], row['hash'], row['tokens'].tobytes())
            for row in source
        )
      self.assertNotEmpty(rows['beam'])
      self.assertEqual(rows['beam'], rows['processes'])

  def test_nothing_of_the_work_is_left(self):
    self.assertFalse((self.root / 'data' / 'beam' / '.reading').exists())

  def test_a_corpus_of_bad_files_is_an_error(self):
    (self.root / 'bad').mkdir()
    (self.root / 'bad' / 'cut.ll').write_text('define void @cut(')
    with self.assertRaisesRegex(files.CorpusError, 'cut.ll'):
      self.prepare('none', (), source='bad')


class WithoutBeamTest(absltest.TestCase):

  @absltest.skipIf(_HAS_BEAM, 'apache_beam is installed')
  def test_error_says_what_to_install(self):
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    builder = ir_folder_dataset_builder.Builder(
        data_dir=folder.name,
        source=__file__,
        beam_options=(),
    )
    with self.assertRaisesRegex(files.CorpusError, 'pip install'):
      builder.download_and_prepare()


if __name__ == '__main__':
  absltest.main()
