"""Options that several commands have, as decorators of their functions."""

import difflib
import functools
from collections.abc import Callable, Sequence
from typing import Any

import click

from mirencoder_jax.cli import program, reading

OPT_LEVELS = ('O0', 'O1', 'O2', 'O3')
FILE = click.Path()  # for completion; whether it is there is said when read


class Choice(click.Choice):
  """One of some words; a misspelt one gets a suggestion."""

  def convert(self, value, param, ctx):
    try:
      return super().convert(value, param, ctx)
    except click.BadParameter as error:
      near = difflib.get_close_matches(str(value), self.choices, 1)
      if near:
        error.message = f'{error.message[:-1]} (did you mean {near[0]}?)'
      raise


def command(*, examples: Sequence[str], call: str) -> Callable:
  """Makes a command of a function, whose docstring is its description.

  The function gets `as_json` and, without `sources`, `is_quiet` beside what its
  own options say, and returns an exit code.

  Args:
    examples: what can be typed; help begins with it.
    call: of the library, which does the same in Python.
  """

  def decorate(function: Callable) -> program.Command:
    made = click.command(
        cls=program.Command,
        help=f'{function.__doc__} In Python: {call}.',
        short_help=(function.__doc__ or '').partition('.')[0],
        context_settings=program.SETTINGS,
    )(function)
    made.params += [
        click.Option([flag, name], is_flag=True, help=title)
        for flag, name, title in (
            ('--json', 'as_json', 'print one JSON document'),
            ('--quiet', 'is_quiet', 'no progress, no compilers named'),
            ('--debug', 'debug', 'show the traceback of an error'),
        )
    ]
    made.examples = tuple(examples)
    return made

  return decorate


def checkpoint(
    function: Callable | None = None,
    *,
    default: str | None = 'small',
    title: str = 'weights that ship, or what train.py wrote (default: small)',
) -> Callable:
  """Adds which encoder to use."""
  option = click.option(
      *('-c', '--checkpoint'),
      default=default,
      type=FILE,
      metavar='NAME|FOLDER',
      help=title,
  )
  return option(function) if function else option


def paths(function: Callable) -> Callable:
  """Adds the files and folders that are read."""
  return click.argument(
      'paths', nargs=-1, required=True, metavar='FILE...', type=FILE
  )(function)


def level(function: Callable) -> Callable:
  """Adds what gets a vector each."""
  return click.option(
      '--level',
      type=Choice(('function', 'module')),
      default='function',
      help='what gets a vector each (default: function)',
  )(function)


def modality(function: Callable) -> Callable:
  """Adds which embedding is taken."""
  return click.option(
      '--modality',
      type=Choice(('joint', 'ir', 'graph', 'all')),
      default='joint',
      help='which embedding (default: joint)',
  )(function)


def flags(function: Callable) -> Callable:
  """Adds what a compiler is told beside our own."""
  return click.option(
      *('--flag', 'flags'),
      multiple=True,
      metavar='FLAG',
      help='another for the compiler of sources, as in --flag=-Iinclude; '
      'repeatable',
  )(function)


def sources(function: Callable) -> Callable:
  """Adds how sources are compiled; the function gets a `reading.Reader`."""

  @click.option(
      '--compiler',
      metavar='NAME',
      help='of sources: name on the PATH, path, or ziglang (default: the first '
      'of clang, clang-22 to clang-14, ziglang)',
  )
  @click.option(
      '--opt-level',
      type=Choice(OPT_LEVELS),
      default='O1',
      help='at which sources are compiled (default: O1)',
  )
  @flags
  @click.option(
      '--cuda-toolkit',
      is_flag=True,
      help='headers of the CUDA toolkit, in place of our few declarations',
  )
  @functools.wraps(function)
  def with_reader(*, is_quiet: bool, **given: Any):
    names = ('compiler', 'opt_level', 'flags', 'cuda_toolkit')
    reader = reading.Reader({name: given.pop(name) for name in names}, is_quiet)
    return function(reader=reader, **given)

  return with_reader
