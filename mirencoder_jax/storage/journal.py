"""`Journal`: records that are on disk as soon as they are known.

One JSON value a line, the key first: what the records hang on. A kill loses the
record that was being written and no other: half a last line is cut off when the
file is next opened. Records that are objects end in a checksum, so that a
flipped digit is not read as another number. One process at a time has it.
"""

import json
import os
import pathlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

try:
  import fcntl
except ImportError:  # not a POSIX system
  fcntl = None


class LockedError(OSError):
  """Another process has the file."""


class DamagedError(ValueError):
  """A line that is not the last one is not JSON; says which."""


_CHECK, _KIND = 'check', 'crc32:'


def read(path: str | os.PathLike) -> Iterator[Any]:
  """Yields the key, then the records, without taking the file.

  Raises:
    DamagedError: naming file and line.
    OSError: there is no such file.
  """
  with open(path, 'rb') as file:
    yield from parse(file, os.fspath(path))


def parse(lines: Iterable[bytes], name: str) -> Iterator[Any]:
  """Yields what the lines of a journal hold, without their checksums.

  Args:
    lines: with their ends; a last one without may be half a line.
    name: of the file, for errors.

  Raises:
    DamagedError: naming file and line.
  """
  for number, line in enumerate(lines, 1):
    try:
      yield _value(line)
    except ValueError as error:
      if line.endswith(b'\n'):  # a kill cuts the last one only
        raise DamagedError(f'{name}, line {number}: {error}') from None


def _value(line: bytes) -> Any:
  """Raises ValueError for what is not JSON, or not what was written."""
  value = json.loads(line)
  if not isinstance(value, dict) or not value:
    return value
  *_, (name, found) = value.items()
  # Either tells, so that one flip does not make a record without a checksum.
  if name == _CHECK or str(found).startswith(_KIND):
    del value[name]
    if found != _checksum(value):
      raise ValueError('its checksum is wrong, it was edited or is damaged')
  return value


def _checksum(value: dict[str, Any]) -> str:
  """Of an object as JSON has it, however it is laid out."""
  data = json.dumps(value, sort_keys=True).encode()
  return f'{_KIND}{zlib.crc32(data):08x}'


class Journal:
  """A file that this process appends to.

  Attributes:
    key: of what is in the file, None where nothing is.
  """

  def __init__(self, path: str | os.PathLike, *, sync: bool = False):
    """Takes the file, which need not be there.

    Args:
      path: where it is, or is to be.
      sync: whether a record is to outlive the machine's end, and not only the
        process's; takes milliseconds a record.

    Raises:
      LockedError: if another process has it.
    """
    self.path = pathlib.Path(path)
    self._sync = sync
    self.path.parent.mkdir(parents=True, exist_ok=True)
    self._file = self.path.open('ab', buffering=0)
    if fcntl is not None:
      try:
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
      except OSError:
        self._file.close()
        raise LockedError(f'{self.path}: another process writes it') from None
    self._mend_end()
    self.key = None
    try:
      self.key = next(read(self.path), None)
    except DamagedError:
      pass  # not of ours: as if it were of another key

  def __enter__(self) -> 'Journal':
    return self

  def __exit__(self, *unused) -> None:
    self.close()

  def records(self) -> Iterator[Any]:
    """Yields what stands behind the key.

    Raises:
      DamagedError: naming file and line.
    """
    if self.key is not None:
      values = read(self.path)
      next(values)
      yield from values

  def begin(self, key: Any) -> None:
    """Empties the file and writes a key."""
    self._file.truncate(0)
    self.append(key)
    self.key = key

  def append(self, record: Any) -> None:
    """Writes a record; it is in the file when this returns.

    Raises:
      OSError: naming the file, of a full disk say; half a line may stand there,
        and is cut off when the file is next opened.
    """
    text = json.dumps(record)
    if isinstance(record, dict):
      # Of what will be read: a key that is a number becomes a text.
      value = json.loads(text)
      text = json.dumps(value | {_CHECK: _checksum(value)})
    data = text.encode() + b'\n'
    try:
      while data:
        data = data[self._file.write(data) :]
    except OSError as error:
      why = f'{error.strerror}; make room and run this again, the rest is kept'
      raise OSError(error.errno, why, str(self.path)) from error
    if self._sync:
      os.fsync(self._file.fileno())

  def cut_damage(self) -> None:
    """Drops all from the first line on that is not as it was written."""
    good = 0
    with self.path.open('rb') as file:
      for line in file:
        try:
          _value(line)
        except ValueError:
          self._file.truncate(good)
          return
        good += len(line)

  def close(self) -> None:
    """Lets go of the file."""
    self._file.close()

  def _mend_end(self) -> None:
    """Cuts off half a line, so that the next record has one of its own."""
    with self.path.open('rb') as file:
      tail = b''
      for line in file:
        tail = line
    if not tail or tail.endswith(b'\n'):
      return
    try:
      json.loads(tail)
    except ValueError:
      self._file.truncate(os.fstat(self._file.fileno()).st_size - len(tail))
    else:  # whole, as an editor leaves it
      self._file.write(b'\n')
