"""Tests of command lines: one sentence for a mistyped word, and no stack."""

import dataclasses
import pathlib
import subprocess
import sys
import tempfile

from absl.testing import absltest, parameterized

from mirencoder_jax.storage import command_line

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECIPE = """
import ml_collections

def get_config(name='small'):
  if name != 'small':
    raise ValueError(f'{name!r} is no size')
  config = ml_collections.ConfigDict()
  config.train = dict(num_steps=3, sizes=(1, 2))
  return config
"""
COMMAND = """
from absl import flags
from mirencoder_jax.storage import command_line

config = command_line.define_config()
flags.DEFINE_string('workdir', '', 'A folder.')

def main(argv):
  print(config.value.train.num_steps, argv[1:])

command_line.run(main, 'recipes/train.py:small')
"""


@dataclasses.dataclass(frozen=True)
class Section:
  num_steps: int
  rate: float = 0.5
  name: str = ''
  sizes: tuple[int, ...] = ()
  table: str | None = None

  def __post_init__(self):
    if self.num_steps < 1:
      raise ValueError(f'num_steps is {self.num_steps}; at least 1')


class SectionTest(parameterized.TestCase):

  def test_section(self):
    made = command_line.make_section(
        Section, dict(num_steps=2, rate=1, table='a', sizes=[1]), 'config.x'
    )
    self.assertEqual(made, Section(2, 1, '', [1], 'a'))

  @parameterized.parameters(
      (
          dict(num_stps=2),
          "config.x has no 'num_stps'; did you mean 'num_steps'",
      ),
      (dict(), 'config.x.num_steps is missing'),
      (dict(num_steps='2'), "config.x.num_steps is '2', and no int"),
      (dict(num_steps=2, rate='x'), "config.x.rate is 'x', and no float"),
      (dict(num_steps=2, sizes='ab'), "config.x.sizes is 'ab', and no tuple"),
      (dict(num_steps=2, table=3), 'config.x.table is 3, and no str'),
      (dict(num_steps=0), 'config.x: num_steps is 0; at least 1'),
      (7, 'config.x is 7'),
  )
  def test_wrong_section(self, values, message):
    with self.assertRaisesRegex(ValueError, message):
      command_line.make_section(Section, values, 'config.x')

  def test_suggestions(self):
    known = ['accuracy', 'geomean']
    self.assertEqual(
        command_line.suggest('acuracy', known), "; did you mean 'accuracy'?"
    )
    self.assertEqual(
        command_line.suggest('x', known), '; there are accuracy, geomean'
    )
    self.assertEqual(command_line.choose('geomean', known, 'metric'), 'geomean')
    with self.assertRaisesRegex(ValueError, "metric 'men' is unknown"):
      command_line.choose('men', known, 'metric')


class CommandTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
    (folder / 'recipes').mkdir()
    (folder / 'recipes' / 'train.py').write_text(RECIPE)
    (folder / 'command.py').write_text(COMMAND)
    self.folder = folder

  def run_command(self, *words):
    return subprocess.run(
        [sys.executable, 'command.py', *words],
        cwd=self.folder,
        env={'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

  @parameterized.parameters(
      ([], '3 []'),
      (['--config.train.num_steps=5'], '5 []'),
      (['--config', 'recipes/train.py', '--config.train.num_steps=6'], '6 []'),
  )
  def test_right(self, words, output):
    done = self.run_command(*words)
    self.assertEqual((done.stdout.strip(), done.stderr), (output, ''))

  @parameterized.parameters(
      ('--config=recipes/trian.py', 'no file recipes/trian.py; did you mean'),
      ('--config=recipes/train.py:smal', "recipes/train.py:smal: 'smal' is no"),
      ('--config.train.num_stps=3', "no 'num_stps'; did you mean 'num_steps'"),
      ('--config.trian.num_steps=3', "no 'trian'; did you mean 'train'"),
      ('--config.train.num_steps.x=3', 'is a value and has no fields'),
      ('--config.train.num_steps=x', '--config.train.num_steps=x: invalid'),
      ('--confg=3', "no option --confg; did you mean 'config'"),
      ('word', 'not understood: word'),
  )
  def test_wrong(self, word, message):
    done = self.run_command(word)
    self.assertNotEqual(done.returncode, 0)
    self.assertEqual(done.stdout, '')
    self.assertIn(message, done.stderr)
    self.assertStartsWith(done.stderr, 'command.py: ')
    self.assertEqual(done.stderr.count('\n'), 1)  # one sentence


if __name__ == '__main__':
  absltest.main()
