"""Tests of `datasets.prepare`: a data set is one folder, wherever it is."""

import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile

import tensorflow_datasets as tfds
from absl.testing import absltest

from datasets import prepare

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_BUILDER = '''"""`{name}`: functions that this test writes.

The first line is what the list of data sets shows.
"""

import pathlib

import tensorflow_datasets as tfds
from etils import epath

from datasets.ir_folder import ir_folder_dataset_builder
from datasets.{name} import writing


class Builder(ir_folder_dataset_builder.Builder):
  """Shards of functions that return numbers."""

  pkg_dir_path = epath.Path(__file__).parent
  VERSION = tfds.core.Version('1.0.0')
  RELEASE_NOTES = {{'1.0.0': 'First version.'}}

  def __init__(self, *, number=1, **kwargs):
    super().__init__(source=writing.write(number), **kwargs)


def add_flags(command):
  command.add_argument('--number', type=int, default=1)


def from_flags(args):
  if args.number < 1:
    raise ValueError(f'number {{args.number}} is less than 1')
  return {{'number': args.number}}
'''
_WRITING = """
import pathlib

def write(number):
  folder = pathlib.Path(__file__).parent / 'ir'
  folder.mkdir(exist_ok=True)
  for i in range(number):
    text = f'define i32 @f{i}() {{\\n  ret i32 {i}\\n}}\\n'
    (folder / f'p{i}.ll').write_text(text)
  return folder
"""
_TASK = '''"""`toy_task`: no corpus, and no flags."""

import numpy as np
import tensorflow_datasets as tfds


class Builder(tfds.core.GeneratorBasedBuilder):
  """Three numbers."""

  VERSION = tfds.core.Version('1.0.0')

  def __init__(self, **kwargs):
    super().__init__(file_format='array_record', **kwargs)

  def _info(self):
    features = tfds.features.FeaturesDict({'x': tfds.features.Scalar(np.int64)})
    return tfds.core.DatasetInfo(builder=self, features=features)

  def _split_generators(self, dl_manager):
    return {'train': ((i, {'x': i}) for i in range(3))}

  def _generate_examples(self):
    pass
'''


class OwnDataSetTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory(prefix='own data sets ')
    self.addCleanup(folder.cleanup)
    self.root = pathlib.Path(folder.name)

  def write(self, name: str, builder: str = _BUILDER) -> pathlib.Path:
    folder = self.root / name
    folder.mkdir()
    text = builder.format(name=name) if builder is _BUILDER else builder
    (folder / f'{name}_dataset_builder.py').write_text(text)
    (folder / 'writing.py').write_text(_WRITING)
    return folder

  def prepare(self, *arguments) -> tuple[int, str]:
    output = io.StringIO()
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
      try:
        code = prepare.main(
            [
                *map(str, arguments),
                f'--data_dir={self.root / "data"}',
            ]
        )
      except SystemExit as error:
        code = error.code
    return code, output.getvalue()

  def test_a_corpus_outside_the_repository_is_prepared_as_it_stands(self):
    # By the command, so that nothing of this process helps.
    folder = self.write('toy_corpus')
    done = subprocess.run(
        [
            sys.executable,
            _ROOT / 'datasets' / 'prepare.py',
            folder,
            '--number=4',
            '--processes=1',
            f'--data_dir={self.root / "data"}',
        ],
        capture_output=True,
        text=True,
        cwd=self.root,
        check=False,
    )
    self.assertEqual(done.returncode, 0, done.stderr)
    self.assertIn('4 functions written', done.stdout)
    self.assertIn('--config.data.name=toy_corpus', done.stdout)
    builder = tfds.builder('toy_corpus', data_dir=self.root / 'data')
    self.assertEqual(builder.info.splits.total_num_examples, 4)

  def test_its_flags_are_its_own(self):
    folder = self.write('toy_flags')
    code, text = self.prepare(folder, '--number=0')
    self.assertEqual(code, 2)
    self.assertIn('number 0 is less than 1', text)
    code, text = self.prepare(folder, '--help')
    self.assertEqual(code, 0)
    self.assertIn('--number', text)
    self.assertIn('--decontaminate', text)
    self.assertNotIn('--manual_dir', text)

  def test_a_builder_of_another_kind_is_prepared_too(self):
    folder = self.write('toy_task', _TASK)
    code, text = self.prepare(folder)
    self.assertEqual(code, 0, text)
    self.assertIn('3 examples written', text)

  def test_a_folder_that_is_none_says_what_one_is(self):
    code, text = self.prepare(self.root / 'nothing')
    self.assertEqual(code, 1)
    self.assertIn('nothing_dataset_builder.py', text)
    self.assertIn('starter_ir', text)

  def test_a_name_of_ours_is_refused(self):
    code, text = self.prepare(self.write('starter_ir'))
    self.assertEqual(code, 1)
    self.assertIn('rename it', text)


class ShippedDataSetsTest(absltest.TestCase):

  def test_every_folder_is_listed_with_what_it_is(self):
    names = {path.parent.name for path in _ROOT.glob('datasets/*/*_builder.py')}
    text = prepare._parser().format_help()
    for name in names:
      self.assertRegex(text, rf'\n +{name}\s+\S+ ')

  def test_what_is_mistyped_is_told_in_one_sentence(self):
    source = '--source=x'
    for words, told in (
        (['ir_foldr', source], "no 'ir_foldr'; did you mean 'ir_folder'?"),
        (['ir_folder', '--sorce=x'], "'--sorce=x'; did you mean '--source'?"),
        (['ir_folder', source, '--overwite'], "did you mean '--overwrite'?"),
        (['ir_folder'], 'required: --source'),
        (['ir_folder', source, 'y'], "no 'y'"),
    ):
      with contextlib.redirect_stderr(io.StringIO()) as said:
        with self.assertRaises(SystemExit):
          prepare.main(words)
      self.assertIn(told, said.getvalue())
      self.assertEqual(said.getvalue().count('\n'), 1)

  def test_tasks_want_their_files_and_the_shipped_one_does_not(self):
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
      for arguments in ([], ['--manual_dir=/no/such/folder']):
        with self.assertRaises(SystemExit):
          prepare.main(['device_mapping', *arguments])
    self.assertIn('required: --manual_dir', errors.getvalue())
    self.assertIn('/no/such/folder is not a folder', errors.getvalue())
    args = prepare._parser().parse_args(['loop_vectorization'])
    self.assertIsNone(args.manual_dir)


if __name__ == '__main__':
  absltest.main()
