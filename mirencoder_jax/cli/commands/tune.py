"""`mirencoder tune`: makes a program better, and checks that it is."""

import os
import pathlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from mirencoder_jax.cli import console, options

if TYPE_CHECKING:
  from mirencoder_jax.tuning.tuned import Settings, Tuned

# What each goal looks for: of what, and beside what.
GOALS = {
    'size': 'flags beside clang -Oz that make units smaller (default)',
    'functions': 'pipelines of passes that make functions smaller',
}
_WRITTEN = ('.ll', '.bc', '.o')


@options.command(
    examples=(
        'mirencoder tune kernel.c',
        'mirencoder tune kernel.bc --trials 40 -o kernel.o',
        'mirencoder tune kernel.c --for functions -o kernel.bc',
        'mirencoder tune build/compile_commands.json --cmake sizes.cmake',
    ),
    call='mir.tune(path)',
)
@click.argument('path', metavar='FILE', type=options.FILE)
@click.option(
    '--for',
    'goal',
    type=options.Choice(tuple(GOALS)),
    default='size',
    help='; '.join(f'{goal}: {title}' for goal, title in GOALS.items()),
)
@click.option(
    '--of',
    'kind',
    type=options.Choice(('text', 'image')),
    default='text',
    help='text: what is run; image: with read-only data and unwind tables '
    '(default: text)',
)
@click.option(
    '--trials',
    type=click.IntRange(0),
    default=16,
    show_default=True,
    help='sets of flags for a unit, or pipelines for a function',
)
@click.option('--seconds', type=click.FloatRange(0), help='for a unit, at most')
@click.option(
    '-o',
    '--output',
    type=options.FILE,
    help='gets the object of a single unit; .ll or .bc: its IR behind passes',
)
@click.option(
    '--cmake',
    type=options.FILE,
    metavar='FILE',
    help='gets flags by source, for include() in a CMakeLists.txt beside it',
)
@click.option(
    '--table',
    type=options.FILE,
    help='keeps every size; a second run goes on from it',
)
@click.option(
    '--compiler', default='', metavar='NAME', help='a clang, by name or path'
)
@click.option('--target', default='', metavar='TRIPLE', help='of the object')
@click.option(
    '--flag',
    'flags',
    multiple=True,
    metavar='FLAG',
    help='another for the compiler of a source, as in --flag=-Iinclude; '
    'repeatable',
)
def command(
    path: str,
    goal: str,
    kind: str,
    trials: int,
    seconds: float | None,
    output: str | None,
    cmake: str | None,
    table: str | None,
    compiler: str,
    target: str,
    flags: tuple[str, ...],
    as_json: bool,
    is_quiet: bool,
) -> int:
  """Try what makes a program better, and say what did."""
  from mirencoder_jax.tuning import build_flags, tuned

  is_build = path.endswith('.json') or os.path.isdir(path)
  if is_build and goal != 'size':
    raise console.UsageError(f'--for {goal} is for one unit, not for a build')
  if output and is_build:
    raise console.UsageError('-o is for one unit; --cmake is for a build')
  if output and goal == 'functions' and not output.endswith(_WRITTEN):
    raise console.UsageError(f'-o {output}: .ll, .bc or .o are written')
  if cmake and goal != 'size':
    raise console.UsageError('--cmake takes flags, which --for size finds')
  for place in filter(None, (output, cmake, table)):
    if not (folder := pathlib.Path(place).resolve().parent).is_dir():
      raise console.UsageError(f'{place}: there is no folder {folder}')
  settings = tuned.Settings(kind, trials, seconds, compiler, flags, target)

  def tell(name: str, tried: str, found: int | str) -> None:
    if not is_quiet and not is_build:
      console.say(f'  {found if isinstance(found, str) else f"{found:,}"} '
                  f'{tried or "-Oz"}')  # fmt: skip

  found = []
  for one in _tune(goal, path, settings, output, table, tell):
    found.append(one)
    if not as_json:
      _show(one, kind)
      if output and not one.error:
        console.show(f'  {output} is written')
  if cmake:
    root = pathlib.Path(cmake).resolve().parent
    pathlib.Path(cmake).write_text(build_flags.as_cmake(found, root))
  if as_json:
    console.show_json([_document(one, goal) for one in found])
  elif is_build:
    _show_sum(found, kind)
  failed = [one for one in found if one.error]
  if any(one.stopped == 'Ctrl-C' for one in found):
    return console.INTERRUPTED
  if len(failed) == len(found):
    return console.FAILED
  return console.PARTLY if failed else console.OK


def _tune(
    goal: str,
    path: str,
    settings: 'Settings',
    output: str | None,
    table: str | None,
    tell: Callable,
) -> Iterator['Tuned']:
  from mirencoder_jax.tuning import functions, size

  tune = {'size': size.tune, 'functions': functions.tune}[goal]
  return tune(path, settings, output=output, table=table, on_trial=tell)


def _show(tuned: 'Tuned', kind: str) -> None:
  if tuned.error:
    console.say(f'{tuned.path}: {tuned.error}')
    return
  ended = f', stopped by {tuned.stopped}' if tuned.stopped == 'Ctrl-C' else ''
  tried = f'{len(tuned.trials)} tried in {tuned.seconds:.1f} s{ended}'
  found = f'{tuned.path}: {kind} {tuned.base:,} bytes by clang -Oz, '
  if tuned.choice:
    with_ = tuned.choice
    if '=' in with_:  # of each function, which the notes say
      with_ = f'pipelines for {console.count(with_.count("="), "function")}'
    found += f'{tuned.best:,} with {with_}: {tuned.gain:.1%} less'
  else:
    found += 'and nothing is smaller'
  console.show(f'{found} ({tried})')
  for line in (*tuned.notes, tuned.command):
    if line and (tuned.choice or line in tuned.notes):
      console.show(f'  {line}')


def _show_sum(found: list['Tuned'], kind: str) -> None:
  known = [tuned for tuned in found if not tuned.error]
  base = sum(tuned.base for tuned in known)
  best = sum(tuned.best for tuned in known)
  console.show(
      f'{console.count(len(known), "unit")}: {kind} {base:,} bytes by clang '
      f'-Oz, {best:,} with flags by unit'
      + (f': {1 - best / base:.1%} less' if base else '')
  )


def _document(tuned: 'Tuned', goal: str) -> dict:
  from mirencoder_jax.measure import size_flags

  flags = size_flags.words_of(tuned.choice) if goal == 'size' else ()
  return {
      'file': tuned.path,
      'for': goal,
      'choice': tuned.choice or None,
      'flags': list(flags),
      'base': tuned.base,
      'best': tuned.best,
      'gain': round(tuned.gain, 6),
      'interval': tuned.interval,
      'trials': tuned.trials,
      'stopped': tuned.stopped or None,
      'seconds': round(tuned.seconds, 3),
      'command': tuned.command,
      'notes': tuned.notes,
      'error': tuned.error or None,
  }
