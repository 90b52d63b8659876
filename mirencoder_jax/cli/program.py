"""The program of all commands, found in a folder, and what is typed wrongly."""

import difflib
import importlib
import pkgutil
from typing import Any

import click

from mirencoder_jax import version
from mirencoder_jax.cli import commands, console

NAME = 'mirencoder'
EXAMPLES = (
    'mirencoder embed kernel.ll',
    'mirencoder inspect kernel.c --html kernel.html',
    'mirencoder compare old.ll new.ll',
)
STDIN = '<stdin>'  # what `-` is called where more follows
SETTINGS = {'help_option_names': ['-h', '--help'], 'max_content_width': 80}


def write_examples(examples, formatter: click.HelpFormatter) -> None:
  """Help begins with what to type."""
  lines = ''.join(f'  {line}\n' for line in examples)
  formatter.write(f'examples:\n{lines}\n')


class Command(click.Command):
  """A command: help that begins with examples, errors in one sentence.

  Attributes:
    examples: what can be typed, word by word.
  """

  examples: tuple[str, ...] = ()

  def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
    # To click, the `-:f` of a function on standard input is an option.
    args = [STDIN + a[1:] if a.startswith('-:') else a for a in args]
    return super().parse_args(ctx, args)

  def format_help(self, ctx: click.Context, formatter) -> None:
    write_examples(self.examples, formatter)
    super().format_help(ctx, formatter)

  def invoke(self, ctx: click.Context) -> int:
    debug = ctx.params.pop('debug', False)
    try:
      return super().invoke(ctx)
    except click.ClickException:
      raise
    except BrokenPipeError:  # `| head`
      console.close_stdout()
      return console.OK
    except Exception as error:
      if debug or not console.is_expected(error):
        raise
      console.say(f'error: {console.sentence(error)}')
      return console.FAILED


class Program(click.Group):
  """The commands of the folder, each imported when it is asked for."""

  def list_commands(self, ctx: click.Context) -> list[str]:
    found = pkgutil.iter_modules(commands.__path__)
    return sorted(name.replace('_', '-') for _, name, _ in found)

  def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
    if name not in self.list_commands(ctx):
      return None
    module = f'{commands.__name__}.{name.replace("-", "_")}'
    return importlib.import_module(module).command

  def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
    # click offers those that are imported already.
    try:
      return super().resolve_command(ctx, args)
    except click.exceptions.NoSuchCommand as error:
      known = self.list_commands(ctx)
      error.possibilities = difflib.get_close_matches(args[0], known)
      raise

  def format_help(self, ctx: click.Context, formatter) -> None:
    write_examples(EXAMPLES, formatter)
    super().format_help(ctx, formatter)

  def format_epilog(self, ctx: click.Context, formatter) -> None:
    with formatter.section('Exit codes'):
      codes = console.EXIT_CODES.items()
      formatter.write_dl([(f'{code:>3}', text) for code, text in codes])


def create_program() -> Program:
  """`mirencoder`, as click runs and completes it."""
  program = Program(
      NAME,
      help='Reads LLVM IR, or source files, and embeds it.',
      context_settings=SETTINGS,
      no_args_is_help=True,
  )
  option = click.version_option(
      version.__version__, prog_name=NAME, message='%(prog)s %(version)s'
  )
  return option(program)


def all_commands() -> dict[str, Command]:
  """Every command by its name."""
  program = create_program()
  context = click.Context(program)
  return {
      name: program.get_command(context, name)
      for name in program.list_commands(context)
  }


def explain(error: click.UsageError) -> str:
  """What was typed wrongly, in one sentence, with the way out."""
  near = getattr(error, 'possibilities', None)
  hint = f' (did you mean {near[0]}?)' if near else ''
  if isinstance(error, click.exceptions.NoSuchCommand):
    message = f'there is no command {error.command_name}'
  elif isinstance(error, click.NoSuchOption):
    message = f'there is no option {error.option_name}'
  else:
    message = ' '.join(error.format_message().split()).removesuffix('.')
    message = message[:1].lower() + message[1:]
  place = error.ctx.command_path if error.ctx else NAME
  return f'{message}{hint}; `{place} --help` shows examples'
