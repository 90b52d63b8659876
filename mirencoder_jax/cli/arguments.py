"""What can be typed: commands, options, and help that begins with examples."""

import argparse
import difflib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from mirencoder_jax import version
from mirencoder_jax.cli.console import EXIT_CODES, USAGE

PROGRAM = 'mirencoder'
_OPT_LEVELS = ('O0', 'O1', 'O2', 'O3')

_EXAMPLES = {
    None: (
        'mirencoder embed kernel.ll',
        'mirencoder inspect kernel.c --html kernel.html',
        'mirencoder compare old.ll new.ll',
    ),
    'embed': (
        'mirencoder embed kernel.ll',
        'mirencoder embed my_folder -o vectors.npz',
        'mirencoder embed kernel.c --opt-level O3 --level module --json',
    ),
    'inspect': (
        'mirencoder inspect kernel.ll',
        'mirencoder inspect kernel.c --html kernel.html',
        'mirencoder inspect kernel.ll --function saxpy --lines 100',
    ),
    'compare': (
        'mirencoder compare old.ll new.ll',
        'mirencoder compare kernel_O0.ll kernel_O3.ll --json',
    ),
    'search': (
        'mirencoder embed my_folder -o corpus.npz',
        'mirencoder search kernel.ll corpus.npz',
        'mirencoder search kernel.ll:saxpy corpus.npz --hits 5',
    ),
    'predict': (
        'mirencoder predict kernel.ll --task device_mapping '
        '--input transfer=4194304 --input wgsize=256',
    ),
    'export': ('mirencoder export runs/small weights/small',),
    'completion': ('mirencoder completion bash >> ~/.bash_completion',),
}


class _Parser(argparse.ArgumentParser):
  """Help that begins with examples; a misspelt word gets a suggestion."""

  examples: Sequence[str] = ()

  def format_help(self) -> str:
    lines = ''.join(f'  {line}\n' for line in self.examples)
    return f'examples:\n{lines}\n{super().format_help()}'

  def error(self, message: str) -> NoReturn:
    hint = self._suggestion()
    self.exit(
        USAGE, f'error: {message}{hint}; `{self.prog} --help` shows examples\n'
    )

  def _suggestion(self) -> str:
    known = list(self._option_string_actions)
    for action in self._actions:
      if isinstance(action, argparse._SubParsersAction):
        known += action.choices
    for word in sys.argv[1:]:
      word = word.partition('=')[0]
      if word not in known:
        near = difflib.get_close_matches(word, known, 1, 0.75)
        if near:
          return f' (did you mean {near[0]}?)'
    return ''


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
  """Understands the words of a command, or ends with exit code 2."""
  options = create_parser().parse_args(argv)
  if options.module is None:
    create_parser().print_help()
    raise SystemExit(USAGE)
  return options


def create_parser() -> argparse.ArgumentParser:
  """The parser of all commands."""
  codes = '\n'.join(f'  {code:>3}  {text}' for code, text in EXIT_CODES.items())
  parser = _Parser(
      prog=PROGRAM,
      description='Reads LLVM IR, or source files, and embeds it.',
      epilog=f'exit codes:\n{codes}',
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.examples = _EXAMPLES[None]
  parser.add_argument('--version', action='version', version=_version())
  parser.set_defaults(module=None, debug=False)
  commands = parser.add_subparsers(title='commands', metavar='COMMAND')
  _add_embed(commands)
  _add_inspect(commands)
  _add_compare(commands)
  _add_search(commands)
  _add_predict(commands)
  _add_export(commands)
  _add_completion(commands)
  return parser


def _add(
    commands: Any, name: str, title: str, call: str, module: str | None = None
) -> argparse.ArgumentParser:
  """A command, with what all of them have."""
  parser = commands.add_parser(
      name,
      help=title,
      description=f'{title[0].upper()}{title[1:]}. In Python: {call}.',
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.examples = _EXAMPLES[name]
  parser.set_defaults(module=module or name)
  parser.add_argument(
      '--json', action='store_true', help='print one JSON document'
  )
  parser.add_argument(
      '--quiet', action='store_true', help='no progress, no compilers named'
  )
  parser.add_argument(
      '--debug', action='store_true', help='show the traceback of an error'
  )
  return parser


def _add_checkpoint(
    parser: argparse.ArgumentParser,
    default: str | None = 'small',
    title: str = 'weights that ship, or what train.py wrote (default: small)',
) -> None:
  parser.add_argument(
      '-c',
      '--checkpoint',
      default=default,
      metavar='NAME|FOLDER',
      help=title,
  )


def _add_embedding(parser: argparse.ArgumentParser) -> None:
  """How files become vectors."""
  parser.add_argument(
      '--modality',
      choices=('joint', 'ir', 'graph', 'all'),
      default='joint',
      help='which embedding (default: joint)',
  )
  _add_checkpoint(parser)
  _add_compiler(parser)


def _add_compiler(parser: argparse.ArgumentParser) -> None:
  group = parser.add_argument_group('source files')
  group.add_argument(
      '--compiler',
      metavar='NAME',
      help='name on the PATH, path, or ziglang (default: the first of clang, '
      'clang-22 to clang-14, ziglang)',
  )
  group.add_argument(
      '--opt-level',
      choices=_OPT_LEVELS,
      default='O1',
      help='at which sources are compiled (default: O1)',
  )
  group.add_argument(
      '--flag',
      action='append',
      default=[],
      metavar='FLAG',
      help='another for the compiler, as in --flag=-Iinclude; repeatable',
  )
  group.add_argument(
      '--cuda-toolkit',
      action='store_true',
      help='headers of the CUDA toolkit, in place of our few declarations',
  )


def _add_embed(commands: Any) -> None:
  parser = _add(
      commands,
      'embed',
      'embed IR or source files, or folders of them',
      'mir.embed_files(encoder, paths).save(path)',
  )
  parser.add_argument('paths', nargs='+', metavar='FILE')
  parser.add_argument(
      '-o',
      '--output',
      metavar='FILE',
      help='keep the vectors in a .npz or .parquet file',
  )
  parser.add_argument(
      '--level',
      choices=('function', 'module'),
      default='function',
      help='what gets a vector each (default: function)',
  )
  _add_embedding(parser)


def _add_inspect(commands: Any) -> None:
  parser = _add(
      commands,
      'inspect',
      'show what was read of a file: functions, pieces, graph, what was cut',
      'mir.inspect_module(mir.read_module(path), tokenizer)',
      'inspect_command',
  )
  parser.add_argument('path', metavar='FILE')
  parser.add_argument('--function', metavar='NAME', help='this one only')
  parser.add_argument(
      '--lines',
      type=int,
      default=12,
      metavar='N',
      help='instructions shown with their pieces (default: 12; 0: none)',
  )
  parser.add_argument('--dot', metavar='FILE', help='write the graph, Graphviz')
  parser.add_argument('--html', metavar='FILE', help='write a drawing, a page')
  _add_checkpoint(parser)
  _add_compiler(parser)


def _add_compare(commands: Any) -> None:
  parser = _add(
      commands,
      'compare',
      'find which function of A became which of B',
      'mir.compare(encoder, a, b)',
  )
  parser.add_argument('a', metavar='A')
  parser.add_argument('b', metavar='B')
  _add_embedding(parser)


def _add_search(commands: Any) -> None:
  parser = _add(
      commands,
      'search',
      'find the nearest functions of an embedded corpus',
      'mir.Index(mir.read_vectors(corpus)).search(queries)',
  )
  parser.add_argument(
      'query', metavar='QUERY', help='a file, or FILE:FUNCTION for one of it'
  )
  parser.add_argument(
      'corpus', metavar='CORPUS', help='what `embed -o` wrote, or a folder'
  )
  parser.add_argument(
      '--hits', type=int, default=10, metavar='N', help='of each (default: 10)'
  )
  parser.add_argument(
      '--approximate',
      action='store_true',
      help='with an index of faiss, for millions of functions',
  )
  _add_embedding(parser)


def _add_predict(commands: Any) -> None:
  parser = _add(
      commands,
      'predict',
      'decide for a program with a fitted head',
      'mir.load_predictor(path).predict(ir, inputs)',
  )
  parser.add_argument('paths', nargs='+', metavar='FILE')
  parser.add_argument(
      '--task',
      required=True,
      metavar='NAME|FOLDER',
      help='a predictor: its folder, or the name of a task in runs/ or of one '
      'that ships',
  )
  parser.add_argument(
      '--target', metavar='NAME', help='this machine only (default: all)'
  )
  parser.add_argument(
      '--input',
      action='append',
      default=[],
      metavar='NAME=NUMBER',
      help='a run-time input of the task; repeatable',
  )
  _add_checkpoint(
      parser, None, 'the encoder, if the predictor does not hold it'
  )
  _add_compiler(parser)


def _add_export(commands: Any) -> None:
  parser = _add(
      commands,
      'export',
      'make weights of a run: bfloat16 parameters, vocabulary, model card',
      'mirencoder_jax.storage.weights.export(checkpoint, folder, card)',
  )
  parser.add_argument('run', metavar='RUN', help='what train.py wrote')
  parser.add_argument('folder', metavar='FOLDER', help='to write')
  parser.add_argument('--name', help='on the card (default: of the folder)')
  parser.add_argument(
      '--licence',
      metavar='SPDX',
      help='of the weights, for the card, as in apache-2.0; none by default',
  )
  parser.add_argument(
      '--corpus', metavar='report.json', help='beside the shards, for the card'
  )
  parser.add_argument(
      '--results', metavar='results.md', help='of eval.py, for the card'
  )
  parser.add_argument(
      '--watts',
      type=float,
      help='what the machine draws, to estimate the energy in the card',
  )


def _add_completion(commands: Any) -> None:
  parser = _add(
      commands,
      'completion',
      'print the completion script of a shell',
      'shtab.complete(create_parser(), shell)',
  )
  parser.add_argument('shell', choices=('bash', 'zsh', 'tcsh'))


def _version() -> str:
  return f'{PROGRAM} {version.__version__}'
