"""Files that grow during a run, and that a full disk does not spoil.

A run of days should not end, or wait for ever, because its log could not be
written for a while.
"""

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
    name = f'events.out.tfevents.{time.time_ns()}.{socket.gethostname()}'
    self._file = GrowingFile(pathlib.Path(folder) / name)
    self._append(0, file_version='brain.Event:2')
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    self._append(first_step, session_log=start)

  def write(self, values: dict[str, float], step: int) -> None:
    """Adds values by tag."""
    for tag, value in values.items():
      self._append(step, summary=summary.scalar(tag, value))

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
    """Lets go of the file."""
    self._file.close()
