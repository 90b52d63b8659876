"""Every command that a page or a docstring tells a person to type.

Commands are found by parsing, so that a new one without a row in `CHECKS`
fails here. Those of the command line are run, on small files and weights; what
would train or prepare for minutes has its words understood by the parser it is
for, and names the test that runs the same at tiny size.
"""

import ast
import contextlib
import dataclasses
import io
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from unittest import mock

import testing_encoder
from absl.testing import absltest
from testing_encoder import AXPY, SQUARE

import mirencoder_jax as mir
from mirencoder_jax import cli
from mirencoder_jax.frontend import compile_units, compilers
from mirencoder_jax.storage import weights
from mirencoder_jax.tuning import functions, kernels, size

ROOT = pathlib.Path(__file__).resolve().parents[1]
CODE = ('benchmarks', 'colabs', 'configs', 'datasets', 'mirencoder_jax')
_FENCE = re.compile(r'^```(\w*)\n(.*?)^```', re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r'(?:^ {4,}\S.*\n)+', re.MULTILINE)
_COMMAND = re.compile(
    r'(?:[A-Z_]+=\S+ )*(python|pip|mirencoder|jupytext|ruff|pyink) '
)


@dataclasses.dataclass(frozen=True)
class Command:
  """Something to type, and where it is written."""

  words: tuple[str, ...]
  place: str

  def __str__(self):
    return f'{self.place}: {shlex.join(self.words)}'


def commands_in(text: str, place: str) -> list[Command]:
  """Commands of a shell, whole: continued lines joined, `&&` taken apart."""
  found = []
  for line in re.sub(r' *\\\n\s*', ' ', text).splitlines():
    line = line.strip().removeprefix('$ ')
    if not _COMMAND.match(line):
      continue
    for part in re.split(r' && | \| | >>? ', line):
      # An option in brackets may be left out.
      words = shlex.split(re.sub(r'\[-.*?\]', '', part), comments=True)
      # Variables that are set for the command are its environment's.
      while words and re.match(r'[A-Z_]+=', words[0]):
        words.pop(0)
      if words and _COMMAND.match(part):
        found.append(Command(tuple(words), place))
  return found


def all_commands() -> list[Command]:
  found = []
  pages = [*ROOT.glob('*.md'), *ROOT.glob('docs/*.md')]
  for page in [*pages, *ROOT.glob('datasets/*/README.md')]:
    text, place = page.read_text(), str(page.relative_to(ROOT))
    for _, body in _FENCE.findall(text):
      found += commands_in(body, place)
    for block in _INDENTED.findall(_FENCE.sub('', text)):
      found += commands_in(block, place)
  files = [ROOT / 'train.py', ROOT / 'eval.py']
  for folder in CODE:
    files += (ROOT / folder).rglob('*.py')
  for path in files:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ''
    for block in _INDENTED.findall(docstring + '\n'):
      found += commands_in(block, str(path.relative_to(ROOT)))
  return found


def check_pip(test, command):
  """Requirement files and extras are there; nothing is installed."""
  project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
  extras = project['optional-dependencies']
  for before, word in zip(command.words, command.words[1:], strict=False):
    if before == '-r':
      test.assertTrue((ROOT / word).is_file(), command)
    for extra in re.findall(r'^(?:\.|mirencoder_jax)\[(.*)\]', word):
      for name in extra.split(','):
        test.assertIn(name, extras, command)


def check_known(test, command):
  """Tools whose words are few: nothing to be wrong about."""
  del test, command


def check_script(test, command):
  """The script is there, and it or what it imports knows the flags."""
  words = list(command.words[1:])
  if words[0] == '-m':
    name = words[1].replace('.', '/')
    path = ROOT / name / '__main__.py'
    path = path if path.is_file() else ROOT / f'{name}.py'
  else:
    path = ROOT / words[0]
    if not path.is_file():  # typed in the folder of the page
      path = (ROOT / command.place).parent / words[0]
  test.assertTrue(path.is_file(), command)
  text = path.read_text()
  if path.name == '__main__.py':  # whose flags may stand in files beside it
    text = ''.join(p.read_text() for p in sorted(path.parent.glob('*.py')))
  for word in words:
    if word == '--':  # what follows is another program's
      break
    flag = re.match(r'--([\w-]+)', word)
    if flag:
      test.assertRegex(text, rf"""['"](--)?{flag[1]}['"]""", command)


def check_prepare(test, command):
  """The parser of datasets/prepare.py understands it."""
  from datasets import prepare

  name, *words = command.words[2:]
  given = name if '/' in name else None
  with contextlib.redirect_stderr(io.StringIO()) as errors:
    try:
      parser = prepare._parser(prepare._data_sets(given))
      parser.parse_args([pathlib.Path(name).name, *words])
    except SystemExit:
      test.fail(f'{command}: {errors.getvalue()}')


def check_flags(test, command):
  """Collected, and understood by the script's own flags, all at once."""
  test.flagged.append(command)


def check_command_line(test, command):
  """Run, in a folder that has the files it names, on small weights."""
  words = list(command.words)
  words = words[1:] if words[0] == 'mirencoder' else words[3:]
  out, errors = io.StringIO(), io.StringIO()
  with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
    code = cli.main(words)
  test.assertEqual(code, 0, f'{command}: {errors.getvalue()}')


@dataclasses.dataclass(frozen=True)
class Check:
  """How commands of a kind are checked.

  Attributes:
    pattern: of their beginning.
    run: the check.
    run_by: test that runs such a command for real at tiny size.
  """

  pattern: str
  run: Callable
  run_by: str = ''


_BUILDERS = 'datasets/{0}/{0}_dataset_builder_test.py'
CHECKS = (
    Check(r'(python -m )?pip install', check_pip),
    Check(r'python -m pytest|ruff check|pyink --check|jupytext --to ipynb',
          check_known),
    Check(r'(python -m mirencoder_jax|mirencoder) ', check_command_line),
    Check(r'python train\.py', check_flags, 'tests/train_script_test.py'),
    Check(r'python eval\.py', check_flags, 'tests/evaluation/table_test.py'),
    Check(r'python datasets/prepare\.py', check_prepare,
          _BUILDERS.format('ir_folder')),
    Check(r'python (datasets/(starter_ir/)?)?build\.py', check_script,
          'datasets/starter_ir/build_test.py'),
    Check(r'python (datasets|benchmarks)/\S+\.py', check_script),
    Check(r'python -m mirencoder_jax\.(measure|frontend\.extract)',
          check_script),
)  # fmt: skip

# Lets absl understand words as the script would, many times over.
_UNDERSTAND = """
import ast, importlib, json, os, sys
from absl import flags
script, default = sys.argv[1:]
for node in ast.parse(open(script + '.py').read()).body:
  if isinstance(node, (ast.Import, ast.ImportFrom)):
    exec(compile(ast.Module([node], []), script, 'exec'))  # once, for all
for words in json.load(sys.stdin):
  if not (child := os.fork()):
    # Where config_flags looks for overrides, when flags are defined.
    sys.argv = [script, *words]
    importlib.import_module(script)
    command_line._parse(sys.argv, default)
    flags.FLAGS.config
    os._exit(0)
  assert os.waitpid(child, 0)[1] == 0, words
"""


class DocsCommandsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.flagged: list[Command] = []
    folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
    testing_encoder.save_encoder(
        testing_encoder.create_encoder(), folder / 'small'
    )
    for name in ('kernel.ll', 'old.ll', 'kernel_O0.ll', 'my_folder/a.ll'):
      (folder / name).parent.mkdir(exist_ok=True)
      (folder / name).write_text(AXPY.replace('@axpy', '@saxpy'))
    for name in ('new.ll', 'kernel_O3.ll', 'my_folder/b.ll'):
      (folder / name).write_text(SQUARE + AXPY)
    own = folder / 'FOLDER' / 'OF' / 'YOUR_OWN'  # what pages call a folder
    own.mkdir(parents=True)
    (own / 'YOUR_OWN_dataset_builder.py').write_text(
        'from datasets.ir_folder.ir_folder_dataset_builder import Builder\n'
    )
    (folder / 'kernel.c').write_text('int square(int x) { return x * x; }')
    compiled = compilers.Compiled(
        'kernel.c', SQUARE, compilers.Compiler('clang', ('clang',), '19.1.7'),
        ('clang', 'kernel.c'), '',
    )  # fmt: skip
    (folder / 'build').mkdir()
    database = json.dumps([dict(file='kernel.c', command='cc -c kernel.c')])
    for name in ('compile_commands.json', 'build/compile_commands.json'):
      (folder / name).write_text(database)
    piece = compile_units.Piece('kernel.o', 'kernel.c', ir='kernel.ll')
    shipped = {'small': folder / 'small'}
    for owner, name, value in (
        (compilers, 'compile_source', lambda *_, **__: compiled),
        (compile_units, 'compile_units', lambda *_, **__: [[piece]]),
        (weights, 'shipped', lambda: shipped),
        # Needs a new clang; tests/tuning/size_test.py runs it.
        (size, 'tune', lambda *_, **__: [size.Tuned('kernel.c')]),
        (functions, 'tune', lambda *_, **__: [size.Tuned('kernel.c')]),
        (kernels, 'tune', lambda *_, **__: [size.Tuned('kernel.c')]),
    ):
      self.enter_context(mock.patch.object(owner, name, value))
    self.enter_context(contextlib.chdir(folder))

  def test_every_command_is_checked(self):
    commands = all_commands()
    self.assertGreater(len(commands), 20)
    seen = set()
    for command in commands:
      typed = ' '.join(command.words)
      with self.subTest(str(command)):
        chosen = [c for c in CHECKS if re.match(c.pattern, typed)]
        self.assertNotEmpty(
            chosen, f'{command}: say in CHECKS how it is tested'
        )
        if typed not in seen:
          chosen[0].run(self, command)
        seen.add(typed)
    for check in CHECKS:
      self.assertTrue((ROOT / check.run_by).exists(), check.run_by)
    for script in ('train', 'eval'):
      mine = [
          list(command.words[2:])
          for command in self.flagged
          if command.words[1] == f'{script}.py'
      ]
      text = (ROOT / f'{script}.py').read_text()
      (default,) = re.findall(r"/(configs/[\w.:]+)'\)", text)
      done = subprocess.run(
          [sys.executable, '-c', _UNDERSTAND, script, default],
          input=json.dumps(mine), text=True, capture_output=True, cwd=ROOT,
          check=False,
      )  # fmt: skip
      self.assertEqual(done.returncode, 0, done.stderr[-2000:])

  def test_links_between_pages_lead_somewhere(self):
    folders = ('colabs', 'configs', 'datasets', 'docs', 'mirencoder_jax')
    pages = [*ROOT.glob('*.md')]
    for folder in folders:
      pages += (ROOT / folder).rglob('*.md')
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r'\]\(([^)#\s]+)[^)]*\)', page.read_text())
        if '://' not in link
    ]
    self.assertGreater(len(links), 20)
    for page, link in links:
      self.assertTrue((page.parent / link).exists(), f'{page}: {link}')

  def test_help_examples_run(self):
    from mirencoder_jax.cli import program

    listed = [c.examples for c in program.all_commands().values()]
    for examples in (program.EXAMPLES, *listed):
      for example in examples:
        for command in commands_in(example, 'cli --help'):
          # predict_test runs the others, with what ships; distil_test.
          others = ('predict', 'export', 'tasks', 'distil')
          if command.words[1] not in others:
            check_command_line(self, command)

  def test_lines_of_python_run(self):
    text = (ROOT / 'README.md').read_text()
    blocks = [body for kind, body in _FENCE.findall(text) if kind == 'python']
    self.assertNotEmpty(blocks)
    encoder = testing_encoder.create_encoder()
    with mock.patch.object(mir, 'load', lambda _: encoder, create=True):
      for block in blocks:
        names = {'inputs': {}}
        with contextlib.redirect_stdout(io.StringIO()):
          exec(compile(block, 'README.md', 'exec'), names)
        if 'vectors' in names:
          self.assertLen(names['vectors'], 1)

  def test_commands_are_found(self):
    text = 'x\n    python a.py --b=1 \\\n     --c && mirencoder embed f  # g\n'
    found = [c.words for c in commands_in(text, '')]
    self.assertEqual(
        found,
        [('python', 'a.py', '--b=1', '--c'), ('mirencoder', 'embed', 'f')],
    )


if __name__ == '__main__':
  absltest.main()
