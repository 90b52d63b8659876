"""Run: one task or all of them, from what the flags say to files.

Station in the flow: what `eval.py` calls. A task's files stand in the workdir,
or under `:all` in a folder of its own there. A task that cannot be evaluated is
named, costs itself only, and makes the command fail in the end.
"""

import pathlib
import subprocess
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from absl import logging

from mirencoder_jax import plot_style
from mirencoder_jax.downstream import (
  plots,
  results_page,
  table,
  tasks,
)

# What a user can mend; anything else keeps its traceback.
USER_ERRORS = (FileNotFoundError, ValueError, subprocess.CalledProcessError)


class Request(NamedTuple):
  """What the command asks for beside its config.

  Attributes:
    encoder: ours, None for baselines only.
    workdir: gets results, pictures and vectors; None for nothing.
    data_dir: of prepared data.
    manual_dir: files to prepare it from; of several tasks a folder each, named
      as the task.
    compared: `NAME=PATH`, or `TASK:NAME=PATH` for one task of several.
  """

  encoder: Any = None
  workdir: str | None = None
  data_dir: str | None = None
  manual_dir: str | None = None
  compared: tuple[str, ...] = ()


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
    config: Mapping[str, Any], request: Request
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
  results, text = table.evaluate(
      config,
      task,
      encoder=request.encoder,
      compared=compared,
      workdir=request.workdir,
  )
  print(text, flush=True)
  if request.workdir is not None:
    if plot_style.has_matplotlib():
      names = plots.draw_all(results, request.workdir)
      logging.info('drew %s in %s', ', '.join(names), request.workdir)
    else:
      logging.warning(
          'no pictures: matplotlib is not installed; '
          'python -m pip install "mirencoder_jax[plots]"'
      )
  return results


def evaluate_all(
    configs: Mapping[str, Mapping[str, Any]], request: Request
) -> tuple[dict[str, dict[str, Any]], list[Failure]]:
  """Evaluates tasks one after the other, each in a folder of its own.

  Args:
    configs: name of the task -> its config.
    request: of the command; a summary stands in its workdir in the end.

  Returns:
    Results by task, and the tasks that have none.
  """
  found: dict[str, dict[str, Any]] = {}
  failures: list[Failure] = []
  for name, config in configs.items():
    part = request
    if request.workdir is not None:
      part = part._replace(workdir=str(pathlib.Path(request.workdir, name)))
    if request.manual_dir is not None:
      folder = pathlib.Path(request.manual_dir, name)
      part = part._replace(manual_dir=str(folder) if folder.is_dir() else None)
    start = time.monotonic()
    try:
      found[name] = evaluate_task(config, part)
    except USER_ERRORS as error:
      failures.append(Failure(name, str(error)))
      logging.error('%s is skipped: %s', name, error)
    except Exception as error:  # one task never stops the others
      failures.append(Failure(name, f'{type(error).__name__}: {error}'))
      logging.exception('%s failed', name)
    logging.info('%s took %.1f minutes', name, (time.monotonic() - start) / 60)
  summary = '\n'.join(results_page.format_overview(list(found.values())))
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


def run(
    config: Mapping[str, Any], request: Request, page: str | None = None
) -> list[Failure]:
  """Runs the tasks of a config and writes the page of results, if asked for.

  Args:
    config: of `configs/tasks.py`: one task, or `tasks` with several.
    request: of the command.
    page: a markdown file that is to have everything, with pictures beside it.

  Returns:
    The tasks that have no results.
  """
  if 'tasks' in config:
    found, failures = evaluate_all(config['tasks'], request)
  else:
    found, failures = {
        config['task']['name']: evaluate_task(config, request)
    }, []
  if page is not None:
    results_page.write(page, list(found.values()), failures)
  return failures
