"""The command line for a person: embed, inspect, compare, search, predict.

    python -m mirencoder_jax embed kernel.ll

Also installed as `mirencoder`. Every command is one call of the library, which
its `--help` names. Results go to stdout (with `--json` as one JSON document),
everything else to stderr. Exit codes are in `EXIT_CODES`.
"""

import sys
from collections.abc import Sequence

import click

from mirencoder_jax.cli import console, program
from mirencoder_jax.cli.console import EXIT_CODES

__all__ = ['EXIT_CODES', 'main']


def main(argv: Sequence[str] | None = None) -> int:
  """Runs a command.

  Args:
    argv: words behind the program's name; those of the process by default.

  Returns:
    One of `EXIT_CODES`.
  """
  words = sys.argv[1:] if argv is None else list(argv)
  try:
    code = program.create_program().main(
        words, prog_name=program.NAME, standalone_mode=False
    )
  except click.exceptions.NoArgsIsHelpError as error:
    console.show(error.ctx.get_help() if error.ctx else error.format_message())
    return console.USAGE
  except click.UsageError as error:
    console.say(f'error: {program.explain(error)}')
    return console.USAGE
  except click.Abort:
    console.say('interrupted')
    return console.INTERRUPTED
  return code or console.OK
