"""Files that grow during a run, and that a full disk does not spoil.

Station in the flow: under `training_log`. A run of days should not end, or wait
for ever, because its log could not be written for a while.
"""

import logging
import os
import pathlib
import time

from tensorboardX import event_file_writer, summary
from tensorboardX.proto import event_pb2


class LineFile:
  """Lines at the end of a file; what finds no room is written later."""

  def __init__(self, path: str | os.PathLike):
    """Opens a file, and makes it if needed."""
    self._path = pathlib.Path(path)
    self._file = self._path.open('ab', buffering=0)
    self._pending = b''
    self._is_stuck = False

  def write(self, line: str) -> None:
    """Adds a line."""
    self._pending += line.encode() + b'\n'
    self._flush()

  def _flush(self) -> None:
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
    self._flush()
    if self._pending:
      logging.error(
          '%s lacks its last %d lines', self._path, self._pending.count(b'\n')
      )
    self._file.close()


class EventFile:
  """Scalars for TensorBoard.

  Not tensorboardX's own `SummaryWriter`: its thread dies of a full disk, and
  the run would wait for it for ever.
  """

  def __init__(self, folder: str | os.PathLike, first_step: int):
    """Opens a file.

    Args:
      folder: of the run.
      first_step: what earlier files say of it and later ones is void.
    """
    self._folder = pathlib.Path(folder)
    self._first_step = first_step
    self._writer = None

  def write(self, values: dict[str, float], step: int) -> None:
    """Adds values by tag. On a full disk they are left out."""
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    try:
      if self._writer is None:
        self._writer = event_file_writer.EventsWriter(
            str(self._folder / 'events'), f'.{self._first_step}'
        )
        self._write(self._first_step, session_log=start)
      for tag, value in values.items():
        self._write(step, summary=summary.scalar(tag, value))
      self._writer.flush()
    except OSError as error:
      logging.error('%s: TensorBoard misses step %d', error.strerror, step)
      self._close()
      self._first_step = step + 1  # of the next file, which is whole

  def _write(self, step: int, **what) -> None:
    self._writer.write_event(
        event_pb2.Event(wall_time=time.time(), step=step, **what)
    )

  def _close(self) -> None:
    writer, self._writer = self._writer, None
    try:
      if writer is not None:
        writer.close()
    except OSError:  # of what was said before
      pass

  def close(self) -> None:
    """Lets go of the file."""
    self._close()
