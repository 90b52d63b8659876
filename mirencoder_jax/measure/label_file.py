"""Measurements on disk: one JSON object a line, a header first.

A line is written when its program is done, so a kill loses one program at
most; a half-written last line is cut off. A file belongs to one machine, one
compiler and one set of settings: its header says which, and nothing else is
added to it.
"""

import contextlib
import datetime
import fcntl
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any


class LabelFileError(ValueError):
  """The file cannot take these measurements; says why and the way out."""


def read_labels(path: pathlib.Path) -> tuple[dict[str, Any], dict[str, Any]]:
  """Header, and the last record of each name.

  Raises:
    LabelFileError: a line other than the last is not JSON.
  """
  header, records = {}, {}
  lines = path.read_text().splitlines()
  for number, line in enumerate(lines):
    try:
      record = json.loads(line)
    except ValueError as error:
      if number == len(lines) - 1:
        break  # killed while it was written
      raise LabelFileError(f'{path}, line {number + 1}: {error}') from error
    if number:
      records[record['name']] = record
    else:
      header = record
  return header, records


class LabelWriter:
  """Appends records to a file that is locked meanwhile.

  Attributes:
    records: name -> record, of this and of earlier runs.
  """

  def __init__(self, path: pathlib.Path, header: dict[str, Any]):
    """Opens or begins a file.

    Args:
      path: where it is.
      header: what the measurements depend on; `date` is added.

    Raises:
      LabelFileError: the file is another machine's, or is being written.
    """
    self._file = path.open('a+')
    try:
      fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
      self._file.close()
      raise LabelFileError(f'{path}: another process writes it') from None
    # Over JSON, so that tuples compare equal to what is read.
    header = json.loads(json.dumps(header))
    earlier, self.records = read_labels(path)
    if earlier:
      differing = [key for key in header if earlier.get(key) != header[key]]
      if differing:
        key = differing[0]
        self._file.close()
        raise LabelFileError(
            f'{path}: was measured with {key} {earlier.get(key)!r}, now it is '
            f'{header[key]!r}; name another --output'
        )
      self._cut_half_line(path)
    else:
      self._file.truncate(0)
      date = datetime.datetime.now(datetime.UTC).date().isoformat()
      self._write(header | dict(date=date))

  def _cut_half_line(self, path: pathlib.Path) -> None:
    content = path.read_bytes()
    end = content.rfind(b'\n') + 1
    if end < len(content):
      self._file.truncate(end)

  def _write(self, record: dict[str, Any]) -> None:
    self._file.write(json.dumps(record) + '\n')
    self._file.flush()
    os.fsync(self._file.fileno())

  def add(self, record: dict[str, Any]) -> None:
    """Writes a record; it replaces an earlier one of the same name."""
    self.records[record['name']] = record
    self._write(record)

  def close(self) -> None:
    self._file.close()


@contextlib.contextmanager
def open_labels(
    path: pathlib.Path, header: dict[str, Any]
) -> Iterator[LabelWriter]:
  """A `LabelWriter` that is closed behind the block."""
  writer = LabelWriter(path, header)
  try:
    yield writer
  finally:
    writer.close()
