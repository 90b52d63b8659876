"""What a run leaves behind: metrics and checkpoints.

Files are the business of process 0; every process checks that losses are
finite.
"""

import json
import math
import os
import pathlib
import shutil
import time
from typing import Any

import jax
import numpy as np
from absl import logging
from jax.experimental import multihost_utils

from mirencoder_jax.data import input_pipeline
from mirencoder_jax.objectives import evaluation
from mirencoder_jax.storage import (
    checkpoint,
    checkpoint_writer,
    provenance,
)
from mirencoder_jax.training import log_files, training_log
from mirencoder_jax.training.update import TrainState

# How long the end of a run waits for room on a full disk, and how often it
# looks.
_PATIENCE_SECONDS = 600.0
_RETRY_SECONDS = 10.0


STARTS = 'starts.jsonl'


class NonFiniteLossError(Exception):
  """A loss or gradient was not finite; training cannot go on from there."""


class Recorder:
  """Takes in steps, evaluations and states; a context manager."""

  def __init__(
      self,
      workdir: str | os.PathLike,
      step: int,
      num_steps: int,
      every_log_steps: int,
      num_last_checkpoints: int,
      describe: dict[str, Any],
  ):
    """Opens a workdir, creating it if need be.

    Args:
      workdir: of the run.
      step: updates done before.
      num_steps: updates of the whole run.
      every_log_steps: between lines of progress.
      num_last_checkpoints: kept besides the best.
      describe: `config`, `vocab` and `vocab_hash` of every checkpoint.
    """
    self._workdir = pathlib.Path(workdir)
    self._describe = describe
    self._unread = None
    self._log = self._writer = None
    if jax.process_index() == 0:
      self._workdir.mkdir(parents=True, exist_ok=True)
      self._writer = checkpoint_writer.Writer(workdir, num_last_checkpoints)
      self._log = training_log.TrainingLog(
          workdir, step, num_steps, every_log_steps
      )

  def say(self, text: str) -> None:
    """A line for the person."""
    if self._log is not None:
      self._log.say(text)

  def start(self, facts: dict[str, Any]) -> None:
    """Adds a line to `starts.jsonl`: of what, by what and where a run is made.

    Args:
      facts: what JSON can hold, besides command, commit and versions.
    """
    if self._log is not None:
      line = {
          **provenance.collect(),
          'versions': provenance.versions(),
          **facts,
      }
      file = log_files.GrowingFile(self._workdir / STARTS)
      file.append(json.dumps(line).encode() + b'\n')
      file.close()

  def step(
      self,
      step: int,
      sums: Any,
      counts: dict[str, int],
      seconds_waited: float,
  ) -> None:
    """Takes in a step just dispatched; reads the one before it.

    So the device has work while the host reads.

    Args:
      step: updates done, this one included.
      sums: losses and metrics, still being computed.
      counts: of this process's packs.
      seconds_waited: for data, since the start.
    """
    self._read()
    self._unread = (step, sums, counts, seconds_waited)

  def _read(self) -> None:
    """Waits for the step taken in last, checks and logs it."""
    if self._unread is None:
      return
    (step, sums, counts, seconds_waited), self._unread = self._unread, None
    sums = {
        name: (float(total), float(weight))
        for name, (total, weight) in jax.device_get(sums).items()
    }
    broken = [
        name
        for name, (total, weight) in sums.items()
        if not (math.isfinite(total) and math.isfinite(weight))
    ]
    if broken:
      raise NonFiniteLossError(
          f'step {step}: not finite: {", ".join(sorted(broken))}. Lower '
          '--config.optimizer.learning_rate or max_gradient_norm, or train in '
          f'float32 (--config.model.dtype). {self._last_checkpoint()}'
      )
    if self._log is not None:
      counts = {k: v * jax.process_count() for k, v in counts.items()}
      self._log.step(step, sums, counts, seconds_waited)

  def _last_checkpoint(self) -> str:
    try:
      newest = max(
          checkpoint.find(self._workdir), key=lambda path: int(path.name)
      )
    except checkpoint.CheckpointError:
      return 'There is no checkpoint yet.'
    return f'The same command goes on from {newest}.'

  def evaluation(self, step: int, run_evaluation) -> dict[str, float]:
    """Runs an evaluation, logs it and leaves its time out of the rates."""
    self._read()
    begin = time.perf_counter()
    values = run_evaluation()
    if self._log is not None:
      self._log.evaluation(step, values)
      self._log.say(
          f'evaluation after step {step}: {evaluation.describe(values)}'
      )
      self._log.pause(time.perf_counter() - begin)
    return values

  def save(
      self,
      step: int,
      state: TrainState,
      position: input_pipeline.Position,
      loss: float | None,
      is_final: bool = False,
  ) -> None:
    """Saves a state, in the background unless it is the final one.

    A checkpoint that cannot be written does not stop the training, which tries
    again at the next one; the final one waits for room on the disk.

    Args:
      step: updates done.
      state: after them.
      position: of the data stream after them.
      loss: on held-out data, if just measured.
      is_final: whether the process ends after this.

    Raises:
      checkpoint.CheckpointError: if the final one could not be written.
    """
    self._read()
    if self._writer is not None:
      begin = time.perf_counter()
      state = jax.tree.map(_to_numpy, state)
      train = {
          'step': state.step,
          'optimizer_state': state.optimizer_state,
          'position': np.array(position, np.int32),
      }
      # An error of the checkpoint before must not cost this one.
      self._try(self._writer.wait)

      def write():
        self._writer.save(
            step, state.params, train, loss=loss, **self._describe
        )
        if is_final:
          self._writer.wait()

      saved = self._try(write)
      if is_final and not saved:
        self._insist(write)
      self._log.pause(time.perf_counter() - begin)
    if is_final and jax.process_count() > 1:
      multihost_utils.sync_global_devices('final checkpoint')

  def _try(self, action) -> bool:
    """Runs a write; says what went wrong and returns False if it did."""
    try:
      action()
    except checkpoint.CheckpointError as error:
      logging.error('%s', error)
      return False
    return True

  def _insist(self, action) -> None:
    """Tries again until there is room, for some minutes; then raises."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
      free = shutil.disk_usage(self._workdir).free
      self.say(
          f'waiting for room in {self._workdir} ({free / 1e6:.0f} MB free) to '
          f'save the last state; trying again in {_RETRY_SECONDS:.0f} s'
      )
      time.sleep(_RETRY_SECONDS)
      if self._try(action):
        return
    action()

  def __enter__(self) -> 'Recorder':
    return self

  def __exit__(self, *_) -> None:
    if self._log is not None:
      self._try(self._writer.close)
      self._log.close()


def _to_numpy(x: Any) -> np.ndarray:
  """A copy of this process's replica; the next step may overwrite `x`."""
  if isinstance(x, jax.Array):
    x = x.addressable_data(0)
  return np.array(x)
