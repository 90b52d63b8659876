"""Measurements on disk: a journal of one record a program, a header first.

A record is written when its program is done, so a kill loses one program at
most. A file belongs to one machine, one
compiler and one set of settings: its header says which, and nothing else is
added to it.
"""

import contextlib
import datetime
import json
import pathlib
from collections.abc import Iterator
from typing import Any

from mirencoder_jax.storage import journal


class LabelFileError(ValueError):
  """The file cannot take these measurements; says why and the way out."""


def read_labels(path: pathlib.Path) -> tuple[dict[str, Any], dict[str, Any]]:
  """Header, and the last record of each name.

  Raises:
    LabelFileError: naming a line that is not as it was written.
  """
  try:
    header, *records = [*journal.read(path)] or [{}]
    if not isinstance(header, dict):
      raise journal.DamagedError(f'{path}, line 1: no header')
    for number, record in enumerate(records, 2):
      if not isinstance(record, dict) or 'name' not in record:
        raise journal.DamagedError(f'{path}, line {number}: no name')
  except journal.DamagedError as error:
    raise LabelFileError(
        f'{error}; take the line out and what it is of is measured again, or, '
        'if it is the first, name another --output'
    ) from error
  return header, {record['name']: record for record in records}


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
    try:
      self._journal = journal.Journal(path, sync=True)
    except journal.LockedError as error:
      raise LabelFileError(str(error)) from None
    # Over JSON, so that tuples compare equal to what is read.
    header = json.loads(json.dumps(header))
    try:
      earlier, self.records = read_labels(path)
      differing = [key for key in header if earlier.get(key) != header[key]]
      if earlier and differing:
        key = differing[0]
        raise LabelFileError(
            f'{path}: was measured with {key} {earlier.get(key)!r}, now it is '
            f'{header[key]!r}; name another --output'
        )
    except LabelFileError:
      self.close()
      raise
    if not earlier:
      date = datetime.datetime.now(datetime.UTC).date().isoformat()
      self._journal.begin(header | dict(date=date))

  def is_done(self, name: str, digest: str) -> bool:
    """Whether there is a record of it as it is."""
    return self.records.get(name, {}).get('digest') == digest

  def add(self, record: dict[str, Any]) -> None:
    """Writes a record; it replaces an earlier one of the same name."""
    self.records[record['name']] = record
    self._journal.append(record)

  def close(self) -> None:
    self._journal.close()


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
