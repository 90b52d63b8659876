"""What the commands of `python -m mirencoder_jax.measure` have in common."""

import json
import pathlib
from collections.abc import Callable
from typing import Any

import click

PATH = click.Path(path_type=pathlib.Path)


class _Command(click.Command):
  """Its description is text that is laid out already."""

  def format_help_text(self, ctx: click.Context, formatter) -> None:
    formatter.write(f'\n{self.help}\n')


def command(about: str, description: str | None) -> Callable:
  """Makes a command of a function that gives a summary, and prints that.

  Args:
    about: a line for the list of commands.
    description: of the module.
  """

  def decorate(function: Callable[..., dict[str, Any]]) -> click.Command:
    made = click.command(cls=_Command, help=description, short_help=about)(
        click.option('--json', 'as_json', is_flag=True, help='print JSON')(
            function
        )
    )
    made.callback = lambda as_json, **options: _print(
        function(**options), as_json
    )
    return made

  return decorate


def _print(summary: dict[str, Any], as_json: bool) -> None:
  if as_json:
    click.echo(json.dumps(summary, indent=2))
    return
  families = summary.pop('families', {})
  for key, value in summary.items():
    click.echo(f'{key}: {value}')
  for name, row in sorted(families.items()):
    click.echo(f'{name or "(no family)"}: {row}')


def limit(of: str) -> Callable:
  """`--limit`: stop behind so many."""
  return click.option('--limit', type=int, help=f'stop behind so many {of}')


def minutes(function: Callable) -> Callable:
  """`--minutes`: stop when they are over."""
  text = 'stop behind so many minutes'
  return click.option('--minutes', type=float, help=text)(function)


def fields(config: Any, **texts: str) -> Callable:
  """An option for each of some fields of a config, of its type and default."""

  def decorate(function: Callable) -> Callable:
    for name, text in reversed(texts.items()):
      default = getattr(config, name)
      function = click.option(
          *(f'--{name}', name),
          type=type(default),
          default=default,
          show_default=True,
          help=text,
      )(function)
    return function

  return decorate


def folder_of(source: pathlib.Path) -> pathlib.Path:
  """The folder that labels of a source go to, where none is named."""
  return source if source.is_dir() else source.parent
