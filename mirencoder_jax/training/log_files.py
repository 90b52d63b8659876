"""Files that grow during a run, and that a full disk does not spoil.

A run of days should not end, or wait for ever, because its log could not be
written for a while. What TensorBoard gets, Weights & Biases and MLflow get too
if they are asked for, in their own words (WANDB_MODE, MLFLOW_TRACKING_URI):

    MIRENCODER_SINKS=wandb,mlflow python train.py
"""

import hashlib
import logging
import os
import pathlib
import socket
import struct
import time

from tensorboardX import record_writer, summary
from tensorboardX.proto import event_pb2


class GrowingFile:
  """A file that is added to; what finds no room is written later."""

  def __init__(self, path: str | os.PathLike):
    """Opens a file, and makes it if needed."""
    self._path = pathlib.Path(path)
    self._file = self._path.open('ab', buffering=0)
    self._pending = b''
    self._is_stuck = False

  def append(self, content: bytes) -> None:
    """Adds to the end."""
    self._pending += content
    try:
      while self._pending:
        self._pending = self._pending[self._file.write(self._pending) :]
      self._is_stuck = False
    except OSError as error:
      if not self._is_stuck:
        logging.error(
            '%s: %s; what belongs there is kept and written when there is room',
            self._path,
            error.strerror,
        )
      self._is_stuck = True

  def close(self) -> None:
    """Tries once more to write what is left."""
    self.append(b'')
    if self._pending:
      logging.error(
          '%s: its last %d bytes are lost', self._path, len(self._pending)
      )
    self._file.close()


class EventFile:
  """Scalars for TensorBoard.

  Not tensorboardX's own `SummaryWriter`: its thread dies of a full disk, and
  the run would wait for it for ever.
  """

  def __init__(self, folder: str | os.PathLike, first_step: int):
    """Makes a file `events.*`.

    Args:
      folder: of the run.
      first_step: what older files say of it and later ones is void.
    """
    self._sinks = open_sinks(folder)
    name = f'events.out.tfevents.{time.time_ns()}.{socket.gethostname()}'
    self._file = GrowingFile(pathlib.Path(folder) / name)
    self._append(0, file_version='brain.Event:2')
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    self._append(first_step, session_log=start)

  def write(self, values: dict[str, float], step: int) -> None:
    """Adds values by tag."""
    for tag, value in values.items():
      self._append(step, summary=summary.scalar(tag, value))
    for sink in self._sinks:
      _try(sink.write, values, step)

  def _append(self, step: int, **what) -> None:
    """Adds a record: length and content, each with its checksum."""
    event = event_pb2.Event(wall_time=time.time(), step=step, **what)
    content = event.SerializeToString()
    length = struct.pack('<Q', len(content))
    checksums = (
        struct.pack('<I', record_writer.masked_crc32c(x))
        for x in (length, content)
    )
    self._file.append(length + next(checksums) + content + next(checksums))

  def close(self) -> None:
    """Lets go of the file, and of the sinks."""
    self._file.close()
    for sink in self._sinks:
      _try(sink.close)


class WandbSink:
  """A run of Weights & Biases, the same one after an interruption."""

  def __init__(self, folder: pathlib.Path):
    import wandb

    self._run = wandb.init(
        dir=folder,
        name=folder.name,
        id=_id_of(folder),
        resume='allow',
        project=os.environ.get('WANDB_PROJECT', 'mirencoder_jax'),
    )

  def write(self, values: dict[str, float], step: int) -> None:
    """Adds values by tag."""
    self._run.log(values, step=step)

  def close(self) -> None:
    """Ends the run."""
    self._run.finish()


class MlflowSink:
  """A run of MLflow, the same one after an interruption."""

  def __init__(self, folder: pathlib.Path):
    import mlflow

    name = os.environ.get('MLFLOW_EXPERIMENT_NAME', 'mirencoder_jax')
    experiment = mlflow.set_experiment(name).experiment_id
    self._client, mine = mlflow.MlflowClient(), _id_of(folder)
    found = self._client.search_runs([experiment], f"tags.workdir = '{mine}'")
    self._id = (
        found[0]
        if found
        else self._client.create_run(
            experiment, run_name=folder.name, tags={'workdir': mine}
        )
    ).info.run_id

  def write(self, values: dict[str, float], step: int) -> None:
    """Adds values by tag."""
    for tag, value in values.items():
      self._client.log_metric(self._id, tag, value, step=step)

  def close(self) -> None:
    """Ends the run."""
    self._client.set_terminated(self._id)


SINKS = {'wandb': WandbSink, 'mlflow': MlflowSink}


def open_sinks(folder: str | os.PathLike) -> list[WandbSink | MlflowSink]:
  """What MIRENCODER_SINKS names.

  Raises:
    ValueError: another name, or a package that is not installed.
  """
  found = []
  names = os.environ.get('MIRENCODER_SINKS', '').replace(',', ' ').split()
  for name in dict.fromkeys(names):
    if name not in SINKS:
      raise ValueError(
          f'MIRENCODER_SINKS names {name!r}; there are {", ".join(SINKS)}'
      )
    try:
      found.append(SINKS[name](pathlib.Path(folder).resolve()))
    except ImportError as error:
      raise ValueError(
          f'MIRENCODER_SINKS names {name}, which is not installed: `python -m '
          f'pip install "mirencoder_jax[{name}]"`'
      ) from error
  return found


def _id_of(folder: pathlib.Path) -> str:
  return hashlib.blake2b(str(folder).encode(), digest_size=8).hexdigest()


def _try(action, *arguments) -> None:
  """No sink ends a run."""
  try:
    action(*arguments)
  except Exception as error:  # of networks, of their packages
    logging.error('%s: %s', action.__qualname__, error)
