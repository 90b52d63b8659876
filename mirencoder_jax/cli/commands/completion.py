"""`mirencoder completion`: what makes a shell complete commands and options."""

import click
from click import shell_completion

from mirencoder_jax.cli import console, options, program


@options.command(
    examples=('mirencoder completion bash >> ~/.bash_completion',),
    call='click.shell_completion, which a shell asks',
)
@click.argument('shell', type=options.Choice(('bash', 'zsh', 'fish')))
def command(shell: str, as_json: bool, is_quiet: bool) -> int:
  """Print the completion script of a shell."""
  del is_quiet
  kind = shell_completion.get_completion_class(shell)
  assert kind is not None
  variable = f'_{program.NAME.upper()}_COMPLETE'
  made = kind(program.create_program(), {}, program.NAME, variable)
  # Not `source()`, which asks the bash of this machine for its version.
  script = made.source_template % made.source_vars()
  if as_json:
    console.show_json({'shell': shell, 'script': script})
  else:
    console.show(script)
  return console.OK
