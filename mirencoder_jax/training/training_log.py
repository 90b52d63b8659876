"""What a person and a program see of a run: progress lines, JSON, TensorBoard.

In a workdir:

  metrics.jsonl  one line for every step (losses of that step) and evaluation,
  events.*       the same for TensorBoard, means since the last line printed.
"""

import json
import os
import pathlib
import sys
import time
from typing import Any

from mirencoder_jax.objectives import sums as sums_lib
from mirencoder_jax.storage import files
from mirencoder_jax.training import log_files

FILE = 'metrics.jsonl'


class TrainingLog:
  """Collects steps and says now and then how it goes."""

  def __init__(
      self,
      workdir: str | os.PathLike,
      step: int,
      num_steps: int,
      every_steps: int,
  ):
    """Opens the files of a workdir.

    Args:
      workdir: of the run.
      step: updates done before; what an interrupted run wrote about later ones
        is dropped, because they are done again.
      num_steps: of the whole run.
      every_steps: how often to print.
    """
    workdir = pathlib.Path(workdir)
    self._num_steps = num_steps
    self._every_steps = every_steps
    path = workdir / FILE
    lines = _lines_until(path, step)
    with files.writing(path) as aside:
      aside.write_text(''.join(lines))
    self._file = log_files.GrowingFile(path)
    self._events = log_files.EventFile(workdir, step + 1)
    self._sums: sums_lib.Sums = {}
    self._counts: dict[str, float] = {}
    self._first_step = None
    self._mark = (time.perf_counter(), 0.0)  # time, seconds waited so far

  def say(self, text: str) -> None:
    """A line for the person."""
    # One write: Ctrl-C is answered by another thread at any moment.
    sys.stdout.write(f'{text}\n')
    sys.stdout.flush()

  def step(
      self,
      step: int,
      sums: sums_lib.Sums,
      counts: dict[str, int],
      seconds_waited: float,
  ) -> None:
    """Takes in a finished step.

    Args:
      step: updates done, this one included.
      sums: losses and metrics of the step.
      counts: of its batch, as `input_pipeline.count_content` gives them.
      seconds_waited: for data, since the start of the run.
    """
    values = sums_lib.means(sums)
    self._write({'step': step} | {f'train/{k}': v for k, v in values.items()})
    now = time.perf_counter()
    if self._first_step is None:
      # The first step is compilation; it would spoil rates and time left.
      self._first_step = (step, now)
      self._mark = (now, seconds_waited)
      self.say(f'step {step} of {self._num_steps}: compiled, {_losses(values)}')
      return
    self._sums = sums_lib.add(self._sums, sums)
    for name, number in counts.items():
      self._counts[name] = self._counts.get(name, 0) + number
    if step % self._every_steps == 0 or step == self._num_steps:
      self._report(step, now, seconds_waited)

  def _report(self, step, now, seconds_waited):
    begin, waited_before = self._mark
    seconds = max(now - begin, 1e-9)
    count = self._counts
    first_step, first_time = self._first_step
    pace = (now - first_time) / max(step - first_step, 1)
    rates = {
        'tokens_per_second': count['tokens'] / seconds,
        'examples_per_second': count['examples'] / seconds,
        'token_padding': 1 - count['tokens'] / count['token_places'],
        'node_padding': 1 - count['nodes'] / count['node_places'],
        'waiting_share': min(1.0, (seconds_waited - waited_before) / seconds),
    }
    values = sums_lib.means(self._sums)
    self.say(
        f'step {step:>{len(str(self._num_steps))}} of {self._num_steps}: '
        f'{_losses(values)} | {rates["tokens_per_second"]:,.0f} tokens/s, '
        f'{rates["examples_per_second"]:,.1f} examples/s | padding '
        f'{rates["token_padding"]:.1%} of tokens, '
        f'{rates["node_padding"]:.1%} of nodes | waited '
        f'{rates["waiting_share"]:.1%} for data | '
        f'{duration(pace * (self._num_steps - step))} left'
    )
    # From which the cost of a run can be added up, over its interruptions too.
    spent = {'seconds': seconds, 'tokens': count['tokens']}
    self._write(
        {'step': step} | {f'speed/{k}': v for k, v in (rates | spent).items()}
    )
    self._events.write(
        {f'train/{k}': v for k, v in values.items()}
        | {f'speed/{k}': v for k, v in rates.items()},
        step,
    )
    self._sums, self._counts = {}, {}
    self._mark = (now, seconds_waited)

  def evaluation(self, step: int, values: dict[str, float]) -> None:
    """Takes in metrics of held-out data."""
    values = {f'eval/{k}': v for k, v in values.items()}
    self._write({'step': step} | values)
    self._events.write(values, step)

  def pause(self, seconds: float) -> None:
    """Leaves out time that was not spent on steps, such as an evaluation."""
    begin, waited = self._mark
    self._mark = (begin + seconds, waited)
    if self._first_step is not None:
      step, first_time = self._first_step
      self._first_step = (step, first_time + seconds)

  def _write(self, values: dict[str, Any]) -> None:
    self._file.append(json.dumps(values).encode() + b'\n')

  def close(self) -> None:
    self._file.close()
    self._events.close()


def duration(seconds: float) -> str:
  """A span of time for a person: '3 h 05 min', '4 min 10 s', '9 s'."""
  seconds = round(seconds)
  hours, minutes = divmod(seconds // 60, 60)
  if hours:
    return f'{hours} h {minutes:02d} min'
  if minutes:
    return f'{minutes} min {seconds % 60:02d} s'
  return f'{seconds} s'


def _losses(values: dict[str, float]) -> str:
  """The losses among the values, the total first."""
  losses = {k: v for k, v in values.items() if k.startswith('loss')}
  return ', '.join(
      f'{k.removeprefix("loss/")} {v:.3f}' for k, v in losses.items()
  )


def _lines_until(path: pathlib.Path, step: int) -> list[str]:
  """Whole lines about steps up to this one."""
  if not path.exists():
    return []
  kept = []
  for line in path.read_text().splitlines(keepends=True):
    try:
      if json.loads(line)['step'] <= step:
        kept.append(line)
    except (ValueError, KeyError):  # The last line of a killed run.
      continue
  return kept
