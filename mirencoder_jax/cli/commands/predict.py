"""`mirencoder predict`: a decision for each program."""

import dataclasses
import difflib
import pathlib
import typing

import click

from mirencoder_jax.cli import console, options, reading

if typing.TYPE_CHECKING:
  from mirencoder_jax.downstream.predictor import predictor as predictor_lib

RUNS = pathlib.Path('runs')


@options.command(
    examples=(
        'mirencoder tasks',
        'mirencoder predict kernel.ll --task loop_vectorization '
        '--input trip_count=4096 --input iterations=4096 --input bytes=32768',
    ),
    call='mir.load_predictor(path).predict(ir, inputs)',
)
@options.paths
@click.option(
    '--task',
    required=True,
    metavar='NAME|FOLDER',
    shell_complete=lambda *_: sorted(known_tasks()),
    help='a predictor: its folder, or the name of a task in runs/ or of one '
    'that ships; `mirencoder tasks` lists them',
)
@click.option(
    '--target', metavar='NAME', help='this machine only (default: all)'
)
@click.option(
    '--input',
    'pairs',
    multiple=True,
    metavar='NAME=NUMBER',
    help='a run-time input of the task; repeatable. `mirencoder tasks` says '
    'what each is, and its unit; NAME is taken for log_NAME',
)
@options.checkpoint(
    default=None, title='the encoder, if the predictor does not hold it'
)
@options.sources
def command(
    paths: tuple[str, ...],
    task: str,
    target: str | None,
    pairs: tuple[str, ...],
    checkpoint: str | None,
    reader: reading.Reader,
    as_json: bool,
) -> int:
  """Decide for a program with a fitted head."""
  from mirencoder_jax.downstream.predictor import predictor_checkpoint

  inputs = _inputs(pairs)
  place = find(task)
  files = reader.find(paths)
  programs = reader.read_all(files)
  errors = {p.path: p.error for p in programs if p.error}
  console.tell_errors(errors, len(files))
  programs = [program for program in programs if program.module]
  if not programs:
    raise console.UsageError('no file could be read: nothing to decide')
  predictor = predictor_checkpoint.load_predictor(place, checkpoint)
  decisions = {
      name: _decide(predictor, programs, inputs, name)
      for name in _targets(predictor, target)
  }
  files = [program.path for program in programs]
  if as_json:
    console.show_json(_document(predictor, files, decisions, errors))
  else:
    _show(predictor, files, decisions)
  return console.PARTLY if errors else console.OK


def find(name: str) -> pathlib.Path:
  """The folder of a predictor, from a path or the name of a task.

  Raises:
    UsageError: if there is none; says what there is.
  """
  from mirencoder_jax.downstream.predictor import predictor_checkpoint

  given = pathlib.Path(name).expanduser()
  shipped = predictor_checkpoint.shipped()
  places = [given, given / 'predictor', RUNS / name / 'predictor']
  if name in shipped:
    places.append(shipped[name])
  for place in places:
    if predictor_checkpoint.is_predictor(place):
      return place
  fitted = sorted(p.parent.name for p in RUNS.glob('*/predictor'))
  known = list(known_tasks())
  near = difflib.get_close_matches(name, known, 1, 0.6)
  if near:
    hint = f'did you mean {near[0]}?'
  else:
    hint = (
        f'{RUNS}/ has {", ".join(fitted) or "none"}, those that ship are '
        f'{", ".join(shipped) or "none"}; `python eval.py '
        '--config=configs/tasks.py:TASK --checkpoint=NAME '
        '--save_predictor=runs/TASK/predictor` fits one'
    )
  raise console.UsageError(f'there is no predictor {name}: {hint}')


def known_tasks() -> dict[str, pathlib.Path]:
  """Predictors by the name of their task: those of runs/, and that ship."""
  from mirencoder_jax.downstream.predictor import predictor_checkpoint

  fitted = {p.parent.name: p for p in sorted(RUNS.glob('*/predictor'))}
  return fitted | {
      name: path
      for name, path in predictor_checkpoint.shipped().items()
      if name not in fitted
  }


def _targets(predictor: 'predictor_lib.Predictor', wanted: str | None):
  known = list(predictor.targets)
  if wanted is None:
    return known
  if wanted not in known:
    raise console.UsageError(
        f'{predictor.task} decides for {", ".join(known)}, not for {wanted}'
    )
  return [wanted]


def _decide(predictor, programs, inputs, target):
  from mirencoder_jax.downstream.predictor import meaning
  from mirencoder_jax.downstream.predictor import predictor as predictor_lib
  from mirencoder_jax.ir import IRError

  known = {
      predictor_lib.input_name(name, target)
      for name in predictor.targets[target].inputs
  }
  known |= {name.removeprefix(meaning.LOG) for name in known}
  mine = {k: v for k, v in inputs.items() if k in known} or inputs
  try:
    return predictor.predict(
        [program.module for program in programs], mine, target=target
    )
  except ValueError as error:  # inputs missing, unknown, out of range
    if isinstance(error, IRError):
      raise
    raise console.UsageError(
        f'{error}; give inputs as --input NAME=NUMBER, `mirencoder tasks` says '
        'which'
    ) from None


def _inputs(pairs: tuple[str, ...]) -> dict[str, float]:
  inputs = {}
  for pair in pairs:
    name, equals, value = pair.partition('=')
    try:
      inputs[name] = float(value)
    except ValueError:
      equals = ''
    if not name or not equals:
      raise console.UsageError(f'--input {pair}: expected NAME=NUMBER')
  return inputs


def _show(predictor, paths, decisions) -> None:
  from mirencoder_jax.downstream.predictor import meaning

  head = (
      'file', 'target', 'choice', 'probability', 'gain', 'default',
      'remoteness', '',
  )  # fmt: skip
  rows = [
      (
          path,
          target,
          decision.choice,
          decision.probabilities.get(decision.choice, float('nan')),
          float('nan') if decision.gain is None else decision.gain,
          decision.default or '-',
          decision.remoteness,
          _doubts(decision),
      )
      for target, found in decisions.items()
      for path, decision in zip(paths, found, strict=True)
  ]
  console.show_table(head, rows)
  for target, found in decisions.items():
    for path, decision in zip(paths, found, strict=True):
      use = meaning.use(predictor.task, decision.choice)
      if use:
        console.show(f'{path}, {target}: {use}')
      for note in decision.notes:
        console.show(f'{path}, {target}: {note}')


def _doubts(decision) -> str:
  if not decision.far:
    return ''
  is_remote = not decision.notes
  return f'{"far from all it has seen" if is_remote else "far"}: a guess'


def _document(predictor, paths, decisions, errors) -> dict:
  from mirencoder_jax.downstream.predictor import meaning

  return {
      'task': predictor.task,
      'decisions': [
          {
              'file': path,
              'target': target,
              **dataclasses.asdict(decision),
              'use': meaning.use(predictor.task, decision.choice) or None,
          }
          for target, found in decisions.items()
          for path, decision in zip(paths, found, strict=True)
      ],
      'errors': console.failures(errors),
  }
