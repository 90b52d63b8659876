"""`EmbeddingCache`: vectors of functions on disk, by what the functions are.

A key is a hash of the encoder (`Encoder.fingerprint` and number type), of the
function as the encoder reads it (all arrays of its `Example`), and of our code
between the two: whatever changes, a vector that would be another is not found.
One SQLite file; processes may read and write it at once. What cannot be read
or written costs time and no result.
"""

import contextlib
import functools
import hashlib
import os
import pathlib
import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from absl import logging

from mirencoder_jax.data import example as example_lib

_FILE = 'embeddings.sqlite'
_AT_ONCE = 500  # keys of a query; SQLite of old allowed 999
_SECONDS = 60  # that are waited for another process to have written
# What stands between an example and its vectors.
_CODE = (
    'data/*.py',
    'models/*.py',
    'inference/encod*.py',
    'inference/forward.py',
)


@functools.cache
def _code() -> bytes:
  library = pathlib.Path(__file__).parents[1]
  digest = hashlib.blake2b()
  for pattern in _CODE:
    for path in sorted(library.glob(pattern)):
      digest.update(path.read_bytes())
  return digest.digest()


class EmbeddingCache:
  """Vectors in a folder.

  Attributes:
    path: the file.
  """

  def __init__(self, folder: str | os.PathLike):
    """Takes a folder, which is made if it is new.

    Raises:
      OSError: naming it, if it cannot be made.
    """
    folder = pathlib.Path(folder).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    self.path = folder / _FILE

  def _with_table(self, action: Callable[[sqlite3.Connection], Any]) -> Any:
    """What the action gives; None, and a warning, if it cannot be done."""
    try:
      # Opened each time: a connection is of one thread and one process.
      connection = sqlite3.connect(self.path, timeout=_SECONDS)
      with contextlib.closing(connection) as table, table:
        table.execute(
            'create table if not exists embeddings '
            '(key blob primary key, crc integer, vectors blob) without rowid'
        )
        return action(table)
    except sqlite3.Error as error:
      logging.warning(
          'embeddings are not kept in %s (%s); if it is damaged, delete it',
          *(self.path, error),
      )
      return None

  def __len__(self) -> int:
    count = 'select count(*) from embeddings'
    found = self._with_table(lambda table: table.execute(count).fetchone())
    return found[0] if found else 0

  @property
  def num_bytes(self) -> int:
    """On disk."""
    return self.path.stat().st_size if self.path.exists() else 0

  def embed(
      self,
      encoder: str,
      examples: Sequence[example_lib.Example],
      widths: Mapping[str, int],
      compute: Callable[[Sequence[int]], Mapping[str, np.ndarray]],
  ) -> tuple[dict[str, np.ndarray], int]:
    """Vectors of examples: what is not known is computed once, and kept.

    Args:
      encoder: what tells it from others.
      examples: of any size.
      widths: name -> width of what `compute` gives.
      compute: gives name -> float32 [n, width] of n of the examples.

    Returns:
      Name -> float32 [n, width] of all, and how many were not computed.
    """
    keys = [_key(encoder, example) for example in examples]
    width = sum(widths.values())
    known = self._read(keys, width)
    place = {key: i for i, key in enumerate(keys) if key not in known}
    num_known = len(keys) - len(place)
    if place:
      found = compute(list(place.values()))
      rows = np.concatenate([found[name] for name in widths], axis=1)
      new = dict(zip(place, np.asarray(rows, np.float32), strict=True))
      self._write(new)
      known |= new
    table = np.array([known[key] for key in keys], np.float32)
    ends = np.cumsum(list(widths.values()))[:-1]
    parts = np.split(table.reshape(len(keys), width), ends, axis=1)
    return dict(zip(widths, parts, strict=True)), num_known

  def _read(self, keys: Sequence[bytes], width: int) -> dict[bytes, np.ndarray]:
    known = {}

    def read(table: sqlite3.Connection) -> None:
      for start in range(0, len(keys), _AT_ONCE):
        some = list(dict.fromkeys(keys[start : start + _AT_ONCE]))
        marks = ', '.join('?' * len(some))
        for key, crc, data in table.execute(
            f'select * from embeddings where key in ({marks})', some
        ):
          if len(data) == 4 * width and zlib.crc32(data) == crc:
            known[key] = np.frombuffer(data, '<f4')

    self._with_table(read)
    return known

  def _write(self, new: Mapping[bytes, np.ndarray]) -> None:
    rows = []
    for key, vector in new.items():
      data = vector.astype('<f4').tobytes()
      rows.append((key, zlib.crc32(data), data))
    insert = 'insert or replace into embeddings values (?, ?, ?)'
    self._with_table(lambda table: table.executemany(insert, rows))


def _key(encoder: str, example: example_lib.Example) -> bytes:
  digest = hashlib.blake2b(encoder.encode(), digest_size=20)
  digest.update(_code())
  for name in example_lib.ARRAYS:
    array = np.ascontiguousarray(example[name])
    digest.update(f'{name} {array.shape} {array.dtype}'.encode())
    digest.update(array.view(np.uint8).data)
  return digest.digest()
