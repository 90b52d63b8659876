"""Results: what `eval.py` calls, from what its flags say to files.

Every entry of the recipe's `evals` is read and checked before the first of them
runs. Files of one stand in the workdir, of several in a folder for each. An
evaluation that has no results is named, costs itself only, and makes the
command fail in the end.
"""

import json
import logging as python_logging
import os
import pathlib
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from absl import logging

from mirencoder_jax.evaluation.evaluation import (
    Comparison,
    Evaluation,
    Part,
    Request,
)
from mirencoder_jax.evaluation.heldout_evaluation import HeldoutEvaluation
from mirencoder_jax.evaluation.report import board
from mirencoder_jax.evaluation.report import page as page_lib
from mirencoder_jax.evaluation.task_evaluation import TaskEvaluation
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.storage import checkpoint, command_line

# What `kind` an entry of `evals` is of.
EVALUATIONS: dict[str, type[Evaluation]] = {
    'task': TaskEvaluation,
    'heldout': HeldoutEvaluation,
}
# What a user can mend; anything else keeps its traceback.
USER_ERRORS = (
    OSError,  # no such file, a damaged shard
    ValueError,
    checkpoint.CheckpointError,
    subprocess.CalledProcessError,
)
_OURS = f'{os.sep}mirencoder_jax{os.sep}'


class Failure(NamedTuple):
  """An evaluation that has no results, and why."""

  task: str
  reason: str


def set_up_log() -> None:
  """Our own messages with the time of day; of libraries, warnings only."""
  logging.set_verbosity(logging.INFO)
  handler = logging.get_absl_handler()
  handler.addFilter(
      lambda record: record.levelno >= python_logging.WARNING
      or _OURS in record.pathname
  )
  handler.setFormatter(
      python_logging.Formatter('%(asctime)s %(message)s', '%H:%M:%S')
  )


def read(config: Mapping[str, Any]) -> list[Evaluation]:
  """The evaluations of a recipe.

  Args:
    config: has `evals`, name -> `kind` and what that reads.

  Raises:
    ValueError: a kind or a field that is wrong.
  """
  evaluations = []
  for name, section in config['evals'].items():
    kind = command_line.choose(
        section.get('kind', ''), EVALUATIONS, f'config.evals.{name}: kind'
    )
    fields = {key: value for key, value in section.items() if key != 'kind'}
    place = f'config.evals.{name}'
    evaluations.append(EVALUATIONS[kind].read(name, fields, place))
  return evaluations


def run_all(
    evaluations: Sequence[Evaluation],
    request: Request,
    encoder: inference.Encoder | None = None,
) -> tuple[list[Part], list[Failure]]:
  """Runs one evaluation after the other, each in folders of its own."""
  parts: list[Part] = []
  failures: list[Failure] = []
  for evaluation in evaluations:
    name, start = evaluation.name, time.monotonic()
    try:
      found = evaluation.run(encoder, request.part_of(name))
      parts.append(Part(evaluation, found))
    except USER_ERRORS as error:
      failures.append(Failure(name, str(error)))
      logging.error('%s is skipped: %s', name, error)
    except Exception as error:  # one never stops the others
      failures.append(Failure(name, f'{type(error).__name__}: {error}'))
      logging.exception('%s failed', name)
    logging.info('%s took %.1f minutes', name, (time.monotonic() - start) / 60)
  summary = '\n'.join(page_lib.overview(parts))
  if failures:
    summary += '\n\nSkipped:\n\n' + '\n'.join(
        f'* {task}: {reason}' for task, reason in failures
    )
  print(summary, flush=True)
  if request.workdir is not None:
    folder = pathlib.Path(request.workdir)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'summary.md').write_text(summary + '\n')
  return parts, failures


def write_summary(
    folder: str | os.PathLike[str], parts: Sequence[Part]
) -> None:
  """Writes summary.json: a row for each `evaluation.Comparison`.

  Rows of other tasks that stand there are kept, so that tasks that are
  evaluated one by one are in one file.
  """
  rows = [
      comparison._asdict()
      for evaluation, results in parts
      for comparison in evaluation.summary(results)
  ]
  path = pathlib.Path(folder, 'summary.json')
  path.parent.mkdir(parents=True, exist_ok=True)
  if path.exists():
    mine = {part.evaluation.name for part in parts}
    there = json.loads(path.read_text())
    rows = [row for row in there if row['task'] not in mine] + rows
  path.write_text(json.dumps(rows, indent=1) + '\n')


def write_board(folder: str | os.PathLike[str]) -> None:
  """Writes board.md, of the summary.json of a folder of pages."""
  path = pathlib.Path(folder, page_lib.FOLDER, 'summary.json')
  rows = [Comparison(**row) for row in json.loads(path.read_text())]
  pathlib.Path(folder, board.NAME).write_text(board.format_board(rows))


def run(
    config: Mapping[str, Any], request: Request, pages: Sequence[str] = ()
) -> list[Failure]:
  """Runs what the config has and writes the page of results, if asked for.

  Args:
    config: its `evals` are run, one or several.
    request: of the command.
    pages: markdown files that are to have everything, with pictures,
      summary.json and the board beside them; in one that has `page.MARKERS`
      the overview only.

  Returns:
    What has no results. Where only one thing was asked for, its error is
    raised instead.
  """
  evaluations = read(config)
  for page in pages:
    page_lib.check(page)  # before the work
  encoder = None
  if request.checkpoint is not None:
    encoder = inference.load(request.checkpoint, cache=request.cache)
  failures: list[Failure] = []
  _tell_cache(encoder, 'there')
  if len(evaluations) == 1:
    (evaluation,) = evaluations
    parts = [Part(evaluation, evaluation.run(encoder, request))]
  else:
    parts, failures = run_all(evaluations, request, encoder)
  _tell_cache(encoder, 'there now')
  if request.workdir is not None:
    write_summary(request.workdir, parts)
  for page in pages:
    if not page_lib.update(page, parts):
      page_lib.write(page, parts, failures)
      folder = pathlib.Path(page).parent
      write_summary(folder / page_lib.FOLDER, parts)
      write_board(folder)
  for evaluation, found in parts:
    print(f'Verdict: {evaluation.verdict(found)}', flush=True)
  return failures


def _tell_cache(encoder: inference.Encoder | None, when: str) -> None:
  if encoder is not None and encoder.cache is not None:
    cache = encoder.cache
    logging.info(
        '%s: embeddings of %d functions are %s, %.1f MB',
        *(cache.path, len(cache), when, cache.num_bytes / 1e6),
    )
