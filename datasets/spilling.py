"""Lets TFDS shuffle more than a gigabyte of examples without TensorFlow.

TFDS keeps the examples of a split in memory up to 1 GB and then spreads them
over files, which it opens through TensorFlow. These open them themselves.
"""

import contextlib
import os
import pathlib
import struct
from collections.abc import Iterator

try:
  import resource
except ImportError:  # not a POSIX system
  resource = None

from tensorflow_datasets.core import shuffle

_KEY_BYTES = 16


class Bucket:
  """A file of keys and records; does what TFDS's own does."""

  def __init__(self, path: os.PathLike[str]):
    self._path = pathlib.Path(path)
    self._file = None
    self._length = 0
    self.size = 0

  def __len__(self) -> int:
    return self._length

  def add(self, key: int, data: bytes) -> None:
    if self._file is None:
      self._path.parent.mkdir(parents=True, exist_ok=True)
      # A thousand of them are open at a time: little buffers.
      self._file = self._path.open('wb', buffering=1 << 14)
    self._file.write(key.to_bytes(_KEY_BYTES, 'big'))
    self._file.write(struct.pack('<Q', len(data)))
    self._file.write(data)
    self._length += 1
    self.size += len(data)

  def flush(self) -> None:
    if self._file is not None:
      self._file.close()
      self._file = None

  def read_values(self) -> Iterator[tuple[int, bytes]]:
    self.flush()
    if not self._length:
      return
    with self._path.open('rb') as file:
      while key := file.read(_KEY_BYTES):
        (size,) = struct.unpack('<Q', file.read(8))
        yield int.from_bytes(key, 'big'), file.read(size)

  def del_file(self) -> None:
    self.flush()
    self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def without_tensorflow() -> Iterator[None]:
  """While it is entered, TFDS spills examples to disk by itself."""
  original = shuffle._Bucket
  shuffle._Bucket = Bucket
  if resource is not None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * shuffle.BUCKETS_NUMBER
    if soft != resource.RLIM_INFINITY and soft < wanted:
      if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
      resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
  try:
    yield
  finally:
    shuffle._Bucket = original
