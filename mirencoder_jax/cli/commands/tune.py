"""`mirencoder tune`: makes a program better, and checks that it is."""

import os
import pathlib
import typing

import click

from mirencoder_jax.cli import console, options

if typing.TYPE_CHECKING:
  from mirencoder_jax.tuning import size


@options.command(
    examples=(
        'mirencoder tune kernel.c',
        'mirencoder tune kernel.bc --trials 40 -o kernel.o',
        'mirencoder tune build/compile_commands.json --cmake sizes.cmake',
    ),
    call='mir.tune(path)',
)
@click.argument('path', metavar='FILE', type=options.FILE)
@click.option(
    '--for',
    'goal',
    type=options.Choice(('size',)),
    default='size',
    help='size: flags beside clang -Oz that make units smaller (default)',
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
    help='sets of flags that are compiled for a unit',
)
@click.option('--seconds', type=click.FloatRange(0), help='for a unit, at most')
@click.option(
    '-o',
    '--output',
    type=options.FILE,
    help='gets the object of a single unit; .ll or .bc: its IR after passes',
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
  del goal
  from mirencoder_jax.tuning import build_flags, size

  is_build = path.endswith('.json') or os.path.isdir(path)
  if output and is_build:
    raise console.UsageError('-o is for one unit; --cmake is for a build')
  for place in filter(None, (output, cmake, table)):
    if not (folder := pathlib.Path(place).resolve().parent).is_dir():
      raise console.UsageError(f'{place}: there is no folder {folder}')
  settings = size.Settings(kind, trials, seconds, compiler, flags, target)

  def tell(name: str, tried: str, found: int | str) -> None:
    if not is_quiet and not is_build:
      console.say(f'  {found if isinstance(found, str) else f"{found:,}"} '
                  f'{tried or "-Oz"}')  # fmt: skip

  found = []
  for tuned in size.tune(
      path, settings, output=output, table=table, on_trial=tell
  ):
    found.append(tuned)
    if not as_json:
      _show(tuned, kind)
  if cmake:
    root = pathlib.Path(cmake).resolve().parent
    pathlib.Path(cmake).write_text(build_flags.as_cmake(found, root))
  if as_json:
    console.show_json([_document(tuned) for tuned in found])
  elif is_build:
    _show_sum(found, kind)
  failed = [tuned for tuned in found if tuned.error]
  if any(tuned.stopped == 'Ctrl-C' for tuned in found):
    return console.INTERRUPTED
  if len(failed) == len(found):
    return console.FAILED
  return console.PARTLY if failed else console.OK


def _show(tuned: 'size.Tuned', kind: str) -> None:
  if tuned.error:
    console.say(f'{tuned.path}: {tuned.error}')
    return
  ended = f', stopped by {tuned.stopped}' if tuned.stopped == 'Ctrl-C' else ''
  tried = f'{len(tuned.trials)} tried in {tuned.seconds:.1f} s{ended}'
  if not tuned.flags:
    console.show(
        f'{tuned.path}: {kind} {tuned.base:,} bytes by clang -Oz, and nothing '
        f'is smaller ({tried})'
    )
    return
  console.show(
      f'{tuned.path}: {kind} {tuned.base:,} bytes by clang -Oz, '
      f'{tuned.best:,} with {tuned.flags}: {tuned.gain:.1%} less ({tried})'
  )
  console.show(f'  {tuned.command}')


def _show_sum(found: list['size.Tuned'], kind: str) -> None:
  known = [tuned for tuned in found if not tuned.error]
  base = sum(tuned.base for tuned in known)
  best = sum(tuned.best for tuned in known)
  console.show(
      f'{console.count(len(known), "unit")}: {kind} {base:,} bytes by clang '
      f'-Oz, {best:,} with flags by unit'
      + (f': {1 - best / base:.1%} less' if base else '')
  )


def _document(tuned: 'size.Tuned') -> dict:
  return {
      'file': tuned.path,
      'flags': list(tuned.words),
      'set': tuned.flags,
      'bytes_oz': tuned.base,
      'bytes': tuned.best,
      'gain': round(tuned.gain, 6),
      'trials': tuned.trials,
      'stopped': tuned.stopped or None,
      'seconds': round(tuned.seconds, 3),
      'command': tuned.command,
      'error': tuned.error or None,
  }
