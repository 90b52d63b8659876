"""`mirencoder completion`: what makes a shell complete commands and options."""

import argparse

from mirencoder_jax.cli import arguments, console


def run(options: argparse.Namespace) -> int:
  """Prints the script of a shell."""
  try:
    import shtab
  except ImportError:
    raise console.UsageError(
        'completion needs shtab: `python -m pip install shtab`'
    ) from None
  console.show(shtab.complete(arguments.create_parser(), options.shell))
  return console.OK
