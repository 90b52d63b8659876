"""Results: what `eval.py` calls, from what the flags say to files.

Station in the flow: tasks through `downstream`, held-out functions through
`heldout`, and one page of everything. A task's files stand in the workdir,
or under `:all` in a folder of its own there. A task that cannot be evaluated is
named, costs itself only, and makes the command fail in the end.
"""

import pathlib
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from absl import logging

from mirencoder_jax.downstream.heads import fit
from mirencoder_jax.downstream.predictor import predictor_writer
from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import heldout, table
from mirencoder_jax.evaluation.report import heldout_tables, overview, pictures
from mirencoder_jax.evaluation.report import page as results_page
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.pages import plot_style
from mirencoder_jax.storage import checkpoint

HELDOUT = 'heldout'
# What a user can mend; anything else keeps its traceback.
USER_ERRORS = (
    FileNotFoundError,
    ValueError,
    checkpoint.CheckpointError,
    subprocess.CalledProcessError,
)


class Request(NamedTuple):
  """What the command asks for beside its config.

  Attributes:
    checkpoint: ours, None for baselines only.
    workdir: gets results, pictures and vectors; None for nothing.
    data_dir: of prepared data.
    manual_dir: files to prepare it from; of several tasks a folder each, named
      as the task.
    compared: `NAME=PATH`, or `TASK:NAME=PATH` for one task of several.
    predictor: folder that gets a predictor fitted on all rows; of several tasks
      a folder each in it.
  """

  checkpoint: str | None = None
  workdir: str | None = None
  data_dir: str | None = None
  manual_dir: str | None = None
  compared: tuple[str, ...] = ()
  predictor: str | None = None


class Failure(NamedTuple):
  """A task that has no results, and why."""

  task: str
  reason: str


def compared_of(task: str, values: Iterable[str]) -> dict[str, str]:
  """Name -> file of the encoders that a task is compared with.

  Raises:
    ValueError: as `tasks.parse_named_paths`.
  """
  chosen = []
  for value in values:
    name, colon, rest = value.partition('=')[0].partition(':')
    if not colon or name == task:
      chosen.append(value[len(name) + 1 :] if colon else value)
  return tasks.parse_named_paths(chosen)


def evaluate_task(
    config: Mapping[str, Any],
    request: Request,
    encoder: inference.Encoder | None = None,
) -> dict[str, Any]:
  """Evaluates one task and writes and prints its results.

  Raises:
    FileNotFoundError: its data are neither prepared nor brought.
    ValueError: something else that a user can mend.
  """
  name = config['task']['name']
  compared = compared_of(name, request.compared)
  task = tasks.load_task(
      tasks.TaskConfig(**config['task']),
      data_dir=request.data_dir,
      manual_dir=request.manual_dir,
  )
  config = tasks.complete_config(config, task)
  results, text = table.evaluate(
      config,
      task,
      encoder=encoder,
      compared=compared,
      workdir=request.workdir,
  )
  print(text, flush=True)
  if request.workdir is not None:
    if plot_style.has_matplotlib():
      names = pictures.draw_all(results, request.workdir)
      logging.info('drew %s in %s', ', '.join(names), request.workdir)
    else:
      logging.warning(
          'no pictures: matplotlib is not installed; '
          'python -m pip install "mirencoder_jax[plots]"'
      )
  if request.predictor is not None:
    _save_predictor(config, task, request, encoder)
  return results


def _save_predictor(
    config: Mapping[str, Any],
    task: tasks.Task,
    request: Request,
    encoder: inference.Encoder | None,
) -> None:
  """Fits our row of the table on all rows and saves it."""
  if encoder is None:
    raise ValueError('a predictor needs --checkpoint')
  head, *_ = config['table']['recipe'].split()
  is_shipped = not pathlib.Path(request.checkpoint).exists()
  predictor_writer.save_predictor(
      request.predictor,
      task,
      encoder,
      fit.FitConfig(**config['fit']),
      group=config['report']['group'],
      head=head,
      encoder_name=request.checkpoint if is_shipped else '',
  )
  logging.info('saved a predictor of %s in %s', task.name, request.predictor)


def evaluate_tasks(
    configs: Mapping[str, Mapping[str, Any]],
    request: Request,
    encoder: inference.Encoder | None = None,
) -> tuple[dict[str, dict[str, Any]], list[Failure]]:
  """Evaluates tasks one after the other, each in a folder of its own.

  Args:
    configs: name of the task -> its config.
    request: of the command; a summary stands in its workdir in the end.
    encoder: ours.

  Returns:
    Results by task, and the tasks that have none.
  """
  found: dict[str, dict[str, Any]] = {}
  failures: list[Failure] = []
  for name, config in configs.items():
    part = request
    if request.workdir is not None:
      part = part._replace(workdir=str(pathlib.Path(request.workdir, name)))
    if request.predictor is not None:
      folder = pathlib.Path(request.predictor, name)
      part = part._replace(predictor=str(folder))
    if request.manual_dir is not None:
      folder = pathlib.Path(request.manual_dir, name)
      part = part._replace(manual_dir=str(folder) if folder.is_dir() else None)
    start = time.monotonic()
    try:
      found[name] = evaluate_task(config, part, encoder)
    except USER_ERRORS as error:
      failures.append(Failure(name, str(error)))
      logging.error('%s is skipped: %s', name, error)
    except Exception as error:  # one task never stops the others
      failures.append(Failure(name, f'{type(error).__name__}: {error}'))
      logging.exception('%s failed', name)
    logging.info('%s took %.1f minutes', name, (time.monotonic() - start) / 60)
  summary = '\n'.join(overview.format_overview(list(found.values())))
  if failures:
    summary += '\n\nSkipped:\n\n' + '\n'.join(
        f'* {task}: {reason}' for task, reason in failures
    )
  print(summary, flush=True)
  if request.workdir is not None:
    folder = pathlib.Path(request.workdir)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'summary.md').write_text(summary + '\n')
  return found, failures


def evaluate_heldout(
    config: Mapping[str, Any], request: Request
) -> dict[str, Any]:
  """Evaluates a checkpoint on held-out functions, and prints what it found.

  Raises:
    FileNotFoundError: the data set is not prepared.
    ValueError: there is no checkpoint, or something else that a user can mend.
  """
  if request.checkpoint is None:
    raise ValueError('held-out functions need --checkpoint')
  found = heldout.evaluate(
      heldout.HeldoutConfig(**config),
      request.checkpoint,
      data_dir=request.data_dir,
      compared=compared_of(HELDOUT, request.compared),
      workdir=request.workdir,
  )
  print('\n'.join(heldout_tables.format_heldout(found)), flush=True)
  return found


def run(
    config: Mapping[str, Any], request: Request, pages: Sequence[str] = ()
) -> list[Failure]:
  """Runs what the config has and writes the page of results, if asked for.

  Args:
    config: of `configs/tasks.py`, with one `task` or several `tasks`, or of
      `configs/pretraining_eval.py`, with `heldout`; all of them may have both.
    request: of the command.
    pages: markdown files that are to have everything, with pictures beside
      them; in one that has `results_page.MARKERS` the overview only.

  Returns:
    What has no results. Where only one thing was asked for, its error is
    raised instead.
  """
  encoder = None
  if request.checkpoint is not None and ('task' in config or 'tasks' in config):
    encoder = inference.load(request.checkpoint)
  tasks_found, failures, heldout_found = {}, [], None
  if 'tasks' in config:
    tasks_found, failures = evaluate_tasks(config['tasks'], request, encoder)
  elif 'task' in config:
    name = config['task']['name']
    tasks_found[name] = evaluate_task(config, request, encoder)
  if HELDOUT in config:
    try:
      heldout_found = evaluate_heldout(config[HELDOUT], request)
    except USER_ERRORS as error:
      if len(config) == 1:
        raise
      failures.append(Failure(HELDOUT, str(error)))
      logging.error('%s is skipped: %s', HELDOUT, error)
  found = list(tasks_found.values())
  for page in pages:
    if not results_page.update(page, found, heldout_found):
      results_page.write(page, found, failures, heldout_found)
  return failures
