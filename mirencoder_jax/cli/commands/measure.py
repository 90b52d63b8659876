"""`mirencoder measure`: labels made here, by `mirencoder_jax.measure`.

That program has flags of its own; what follows `measure` is handed on.
"""

import click

from mirencoder_jax.cli import console, program


@click.command(
    cls=program.Command,
    short_help='Measure sizes, branches, loops and regions on this machine',
    context_settings=dict(
        program.SETTINGS,
        ignore_unknown_options=True,
        allow_interspersed_args=False,
    ),
)
@click.argument('what', metavar='size|branches|guesses|loops|openmp')
@click.argument('words', nargs=-1, type=click.UNPROCESSED, metavar='...')
def command(what: str, words: tuple[str, ...]) -> int:
  """Measure what passes, flags, inputs or pragmas do to your programs.

  `mirencoder measure size --help` and so on have the rest. In Python: the
  rooms of mirencoder_jax.measure.
  """
  from mirencoder_jax.measure import __main__ as measure

  measure.main([what, *words])
  return console.OK


command.examples = (
    'mirencoder measure size my_folder',
    'mirencoder measure size my_folder --limit 2 --json',
)
