"""The command line for a person: embed, inspect, compare, search, predict.

    python -m mirencoder_jax embed kernel.ll

Also installed as `mirencoder`. Every command is one call of the library, which
its `--help` names. Results go to stdout (with `--json` as one JSON document),
everything else to stderr. Exit codes are in `EXIT_CODES`.
"""

import importlib
import sys
from collections.abc import Sequence

from mirencoder_jax.cli import arguments, console
from mirencoder_jax.cli.console import EXIT_CODES

__all__ = ['EXIT_CODES', 'main']


def main(argv: Sequence[str] | None = None) -> int:
  """Runs a command.

  Args:
    argv: words behind the program's name; those of the process by default.

  Returns:
    One of `EXIT_CODES`.
  """
  options = arguments.parse(argv)
  try:
    # Commands import what they need: `--help` should not wait for JAX.
    command = importlib.import_module(f'mirencoder_jax.cli.{options.module}')
    return command.run(options)
  except KeyboardInterrupt:
    print('interrupted', file=sys.stderr)
    return console.INTERRUPTED
  except BrokenPipeError:  # `| head`
    console.close_stdout()
    return console.OK
  except Exception as error:
    if options.debug or not console.is_expected(error):
      raise
    console.say(f'error: {console.sentence(error)}')
    return console.FAILED
