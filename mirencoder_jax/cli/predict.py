"""`mirencoder predict`: a decision for each program."""

import argparse
import dataclasses
import difflib
import pathlib

from mirencoder_jax.cli import console, reading
from mirencoder_jax.downstream.predictor import predictor as predictor_lib
from mirencoder_jax.downstream.predictor import predictor_checkpoint
from mirencoder_jax.frontend import program_files
from mirencoder_jax.ir import IRError

RUNS = pathlib.Path('runs')


def run(options: argparse.Namespace) -> int:
  """Decides for each file; prints a table or JSON."""
  inputs = _inputs(options.input)
  path = find(options.task)
  files = program_files.find(options.paths)
  programs = list(
      program_files.read_all(files, reading.compile_options(options))
  )
  errors: dict[str, IRError] = {}
  for program in programs:
    reading.tell_compiled(program, options)
    reading.tell_unverified(program)
    if program.error:
      errors[program.path] = program.error
  if len(files) == 1 and errors:
    raise errors[files[0]]
  console.tell_errors(errors, len(files))
  programs = [program for program in programs if program.module]
  if not programs:
    raise console.UsageError('no file could be read: nothing to decide')
  predictor = predictor_checkpoint.load_predictor(path, options.checkpoint)
  decisions = {
      name: _decide(predictor, programs, inputs, name)
      for name in _targets(predictor, options.target)
  }
  paths = [program.path for program in programs]
  if options.json:
    console.show_json(_document(predictor, paths, decisions, errors))
  else:
    _show(paths, decisions)
  return console.PARTLY if errors else console.OK


def find(name: str) -> pathlib.Path:
  """The folder of a predictor, from a path or the name of a task.

  Raises:
    UsageError: if there is none; says what there is.
  """
  given = pathlib.Path(name).expanduser()
  shipped = predictor_checkpoint.shipped()
  places = [given, given / 'predictor', RUNS / name / 'predictor']
  if name in shipped:
    places.append(shipped[name])
  for place in places:
    if (place / 'config').exists():
      return place
  fitted = sorted(p.parent.name for p in RUNS.glob('*/predictor'))
  known = [*fitted, *shipped]
  near = difflib.get_close_matches(name, known, 1, 0.6)
  if near:
    hint = f'did you mean {near[0]}?'
  else:
    hint = (
        f'{RUNS}/ has {", ".join(fitted) or "none"}, and '
        f'{", ".join(shipped) or "none"} ship; `python eval.py '
        '--config=configs/tasks.py:TASK --checkpoint=NAME '
        '--save_predictor=runs/TASK/predictor` fits one'
    )
  raise console.UsageError(f'there is no predictor {name}: {hint}')


def _targets(predictor: predictor_lib.Predictor, wanted: str | None):
  known = list(predictor.targets)
  if wanted is None:
    return known
  if wanted not in known:
    raise console.UsageError(
        f'{predictor.task} decides for {", ".join(known)}, not for {wanted}'
    )
  return [wanted]


def _decide(predictor, programs, inputs, target):
  known = {
      predictor_lib.input_name(name, target)
      for name in predictor.targets[target].inputs
  }
  mine = {k: v for k, v in inputs.items() if k in known} or inputs
  try:
    return predictor.predict(
        [program.module for program in programs], mine, target=target
    )
  except ValueError as error:  # inputs missing, unknown, out of range
    if isinstance(error, IRError):
      raise
    raise console.UsageError(
        f'{error}; give inputs as --input NAME=NUMBER'
    ) from None


def _inputs(pairs: list[str]) -> dict[str, float]:
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


def _show(paths, decisions) -> None:
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
          'far from all it has seen: a guess' if decision.far else '',
      )
      for target, found in decisions.items()
      for path, decision in zip(paths, found, strict=True)
  ]
  console.show(console.table(head, rows))


def _document(predictor, paths, decisions, errors) -> dict:
  return {
      'task': predictor.task,
      'decisions': [
          {'file': path, 'target': target, **dataclasses.asdict(decision)}
          for target, found in decisions.items()
          for path, decision in zip(paths, found, strict=True)
      ],
      'errors': [
          {'file': path, 'message': console.sentence(error)}
          for path, error in errors.items()
      ],
  }
