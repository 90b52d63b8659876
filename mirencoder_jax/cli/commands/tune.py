"""`mirencoder tune`: makes a program better, and checks that it is."""

import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import click

from mirencoder_jax.cli import console, options
from mirencoder_jax.cli.commands import predict

if TYPE_CHECKING:
  from mirencoder_jax.tuning.tuned import Settings, Tuned

# What each goal looks for.
GOALS = {
    'size': 'flags beside clang -Oz that make units smaller (default)',
    'functions': 'pipelines of passes that make functions smaller',
    'loops': 'vector width and interleave count of a C loop, measured',
    'openmp': 'threads, schedule and chunk of an OpenMP region, measured',
    'branches': 'is `mirencoder profile`, which tries nothing',
}
MEASURED = ('loops', 'openmp')
_WRITTEN = ('.ll', '.bc', '.o')


@options.command(
    examples=(
        'mirencoder tune kernel.c',
        'mirencoder tune kernel.bc --trials 40 -o kernel.o',
        'mirencoder tune kernel.c --for functions -o kernel.bc',
        'mirencoder tune axpy.c --for loops --table labels.jsonl',
        'mirencoder tune build/compile_commands.json --cmake sizes.cmake',
        'mirencoder tune build --for functions --seconds 60 -o objects',
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
    help='sets of flags for a unit (default: 16; 0: the one that serves '
    'everyone, checked), pipelines for a function, or choices that are '
    'measured (default: all)',
)
@click.option('--seconds', type=click.FloatRange(0), help='for a unit, at most')
@click.option(
    '-o',
    '--output',
    type=options.FILE,
    help='gets the object of a single unit; .ll or .bc: its IR behind passes; '
    'of functions of a build a folder: objects, where the build has its own',
)
@click.option(
    '--cmake',
    type=options.FILE,
    metavar='FILE',
    help='gets flags by source, for include() in a CMakeLists.txt beside it '
    'or as -DCMAKE_PROJECT_INCLUDE',
)
@click.option(
    '--table',
    type=options.FILE,
    help='keeps what was tried; a second run goes on from it. Of loops and '
    'openmp it is as `measure` writes it, a table.csv for eval.py beside it',
)
@click.option(
    '--task',
    metavar='NAME|FOLDER',
    help='a predictor whose choices are measured first (default for loops: '
    'loop_vectorization, which ships; `none` for none)',
)
@click.option(
    '--without',
    multiple=True,
    metavar='FLAG',
    help='for size: is in no set, such as no-inline; repeatable',
)
@click.option('--compiler', default='', metavar='NAME', help='by name or path')
@click.option('--target', default='', metavar='TRIPLE', help='of the object')
@options.flags
def command(
    path: str,
    goal: str,
    kind: str,
    trials: int | None,
    seconds: float | None,
    output: str | None,
    cmake: str | None,
    table: str | None,
    task: str | None,
    without: tuple[str, ...],
    compiler: str,
    target: str,
    flags: tuple[str, ...],
    as_json: bool,
    is_quiet: bool,
) -> int:
  """Try what makes a program better, and say what did."""
  from mirencoder_jax.tuning import build_flags, sources, tuned

  is_build = sources.is_build(pathlib.Path(path))
  _refuse(goal, is_build, trials, output, cmake, target or flags, task)
  _check_without(goal, without)
  for place in filter(None, (output, cmake, table)):
    if not (folder := pathlib.Path(place).resolve().parent).is_dir():
      raise console.UsageError(f'{place}: there is no folder {folder}')
  settings = tuned.Settings(
      kind, trials, seconds, compiler, flags, target, without
  )

  def tell(name: str, tried: str, found: float | str) -> None:
    if not is_quiet and not is_build:
      shown = found if isinstance(found, str) else _amount(found, goal)
      console.say(f'  {shown} {tried or "-Oz"}')

  found = []
  for one in _tune(goal, path, settings, output, table, task, tell):
    found.append(one)
    if not as_json:
      _show(one, goal, kind, is_build)
      if output and not one.error and not is_build:
        console.show(f'  {output} is written')
      elif goal == 'functions' and one.choice and not is_build:
        console.show(f'  -o FILE{", ".join(_WRITTEN)} writes it')
  if cmake:
    root = pathlib.Path(cmake).resolve().parent
    pathlib.Path(cmake).write_text(build_flags.as_cmake(found, root))
  if as_json:
    console.show_json([_document(one, goal) for one in found])
  elif is_build:
    _show_sum(found, goal, kind)
    if output:
      build = path if os.path.isdir(path) else os.path.dirname(path) or '.'
      console.show(f'  cp -a {output}/. {build}/ and building again links them')
  failed = [one for one in found if one.error]
  if any(one.stopped == 'Ctrl-C' for one in found):
    return console.INTERRUPTED
  if len(failed) == len(found):
    return console.FAILED
  return console.PARTLY if failed else console.OK


def _refuse(goal, is_build, trials, output, cmake, compiled, task) -> None:
  """What makes no sense together."""
  if goal == 'branches':
    raise console.UsageError(
        'weights of branches are guessed, none is tried: `mirencoder profile '
        'FILE --out FOLDER` writes them into IR'
    )
  if is_build and goal in MEASURED:
    raise console.UsageError(f'--for {goal} is for one file, not for a build')
  if output and is_build and goal == 'size':
    raise console.UsageError('-o is for one unit; --cmake is for a build')
  if output and is_build and os.path.isfile(output):
    raise console.UsageError(f'-o {output}: of a build, a folder is written')
  if (
      output
      and not is_build
      and goal == 'functions'
      and not output.endswith(_WRITTEN)
  ):
    raise console.UsageError(f'-o {output}: .ll, .bc or .o are written')
  if cmake and goal != 'size':
    raise console.UsageError('--cmake takes flags, which --for size finds')
  if goal in MEASURED and (output or compiled):
    raise console.UsageError(
        f'-o, --flag and --target are not for {goal}: what is found is a line '
        'to paste, and flags are those of `python -m mirencoder_jax.measure`'
    )
  if goal in MEASURED and trials == 0:
    raise console.UsageError('--trials 0 measures nothing; give 1 or more')
  if task and goal not in MEASURED:
    raise console.UsageError(f'no prediction is asked --for {goal}')


def _check_without(goal: str, without: tuple[str, ...]) -> None:
  from mirencoder_jax.measure import size_flags
  from mirencoder_jax.storage import command_line

  if without and goal != 'size':
    raise console.UsageError('--without leaves out flags, which are for size')
  try:
    for name in without:
      command_line.choose(name, size_flags.FLAGS, '--without: flag')
  except ValueError as error:
    raise console.UsageError(str(error)) from error


def _tune(
    goal: str,
    path: str,
    settings: 'Settings',
    output: str | None,
    table: str | None,
    task: str | None,
    tell: Callable,
) -> Iterator['Tuned']:
  from mirencoder_jax.tuning import functions, kernels, size

  if goal in MEASURED:
    if task is None and goal == 'loops':
      task = 'loop_vectorization'
    rank = None if task in (None, 'none') else _ranker(task)
    return kernels.tune(
        path, goal, settings, table=table, rank=rank, on_trial=tell
    )
  tune = {'size': size.tune, 'functions': functions.tune}[goal]
  return tune(path, settings, output=output, table=table, on_trial=tell)


def _ranker(task: str) -> Callable:
  """What a predictor thinks of choices, the best first."""
  place = predict.find(task)

  def rank(ir: pathlib.Path, inputs: Mapping[str, float]) -> list[str]:
    from mirencoder_jax.downstream.predictor import predictor as predictor_lib
    from mirencoder_jax.downstream.predictor import predictor_checkpoint

    predictor = predictor_checkpoint.load_predictor(place)
    target = next(iter(predictor.targets.values()))
    asked = {
        predictor_lib.input_name(name, target.name) for name in target.inputs
    }
    decision = predictor.predict(
        ir,
        {name: value for name, value in inputs.items() if name in asked},
        target=target.name,
    )
    shares = decision.probabilities
    order = sorted(shares, key=lambda name: -shares[name])
    return [*dict.fromkeys([decision.choice, *order])]

  return rank


def _amount(value: float, goal: str) -> str:
  return f'{1e6 * value:.4g} us' if goal in MEASURED else f'{value:,} bytes'


def _show(tuned: 'Tuned', goal: str, kind: str, is_build: bool) -> None:
  if tuned.error:
    console.say(f'{tuned.path}: {tuned.error}')
    return
  base, best = (_amount(v, goal) for v in (tuned.base, tuned.best))
  if goal in MEASURED:
    found = f'{tuned.path}: {base} a call as it is, '
  else:
    found = f'{tuned.path}: {kind} {base} by clang -Oz, '
  if tuned.choice:
    with_ = tuned.choice
    if '=' in with_:  # of each function, which the notes say
      with_ = f'pipelines for {console.count(with_.count("="), "function")}'
    found += (
        f'{best.removesuffix(" bytes")} with {with_}: {tuned.gain:.1%} less'
    )
    if tuned.interval:
      found += ' [{:.1f}, {:.1f}]'.format(*(100 * x for x in tuned.interval))
  else:
    found += f'and nothing is {"faster" if goal in MEASURED else "smaller"}'
  ended = f', stopped by {tuned.stopped}' if tuned.stopped == 'Ctrl-C' else ''
  tried = f'{len(tuned.trials)} tried in {tuned.seconds:.1f} s{ended}'
  console.show(f'{found} ({tried})')
  if is_build and goal == 'functions':
    return  # hundreds of lines, which --json has
  for line in (*tuned.notes, tuned.command):
    if line and (tuned.choice or line in tuned.notes):
      console.show(f'  {line}')


def _show_sum(found: list['Tuned'], goal: str, kind: str) -> None:
  known = [tuned for tuned in found if not tuned.error]
  base = sum(tuned.base for tuned in known)
  best = sum(tuned.best for tuned in known)
  console.show(
      f'{console.count(len(known), "unit")}: {kind} {base:,} bytes by clang '
      f'-Oz, {best:,} with '
      + ('flags by unit' if goal == 'size' else 'pipelines by function')
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
