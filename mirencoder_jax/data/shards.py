"""The records of a prepared split: whole, or named.

array_record keeps hashes of its blocks and chunks, so what was flipped or cut
is never read as something else. A shard of another preparation is whole by
itself: its number of records and its end, which lists its chunks, tell.
"""

import hashlib
import json
import logging
import os
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow_datasets as tfds
from array_record.python import array_record_module
from etils import epath

from mirencoder_jax.storage import checkpoint, files

MANIFEST = 'shards.json'
ON_CORRUPT = ('raise', 'skip')
_END_BYTES = 1 << 16  # the footer stands there
_READ_AT_ONCE = 256
_NAMED = 5  # places that a message names
_WAY_OUT = (
    'copy it again, prepare the dataset again with --overwrite, or leave out '
    'what is damaged: --config.data.on_corrupt=skip'
)


class DamagedDataError(OSError):
  """Prepared data are not as they were written; says where and the way out."""


def write_manifest(folder: str | os.PathLike) -> None:
  """Writes down what the shards of a prepared dataset are, beside them."""
  folder = epath.Path(folder)
  ends = {
      path.name: _end(path)
      for path in sorted(folder.iterdir())
      if '.array_record-' in path.name
  }
  text = json.dumps(ends, indent=1) + '\n'
  if isinstance(folder, pathlib.Path):
    with files.writing(folder / MANIFEST) as aside:
      aside.write_text(text)
  else:  # an object store writes whole files
    (folder / MANIFEST).write_text(text)


def content_hash(builder: tfds.core.DatasetBuilder) -> str:
  """Hash of all examples, as their report has it; '' where there is none."""
  path = epath.Path(str(builder.data_dir)) / 'report.json'
  try:
    return str(json.loads(path.read_text()).get('content_hash', ''))
  except (OSError, ValueError, AttributeError):
    return ''


def _end(path: epath.Path) -> str:
  """Bytes of a shard, and a hash of its last ones."""
  with path.open('rb') as file:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_BYTES))
    return f'{size}-{hashlib.sha256(file.read()).hexdigest()[:16]}'


class Records:
  """The bytes of a split's records, by number.

  Attributes:
    skipped: places of the records that are left out, for people.
  """

  def __init__(
      self,
      builder: tfds.core.DatasetBuilder,
      split: str,
      on_corrupt: str = 'raise',
  ):
    """Opens the shards.

    Args:
      builder: of a prepared dataset.
      split: TFDS's name for some of it.
      on_corrupt: 'raise', or 'skip' to leave out what cannot be read. All is
        read once to know, without being decoded.

    Raises:
      DamagedDataError: naming a shard that is not as it was written, or with
        'skip' if nothing can be read.
      ValueError: for another `on_corrupt`.
    """
    if on_corrupt not in ON_CORRUPT:
      raise ValueError(
          f'on_corrupt {on_corrupt!r} is neither {" nor ".join(ON_CORRUPT)}'
      )
    self._instructions = builder.info.splits[split].file_instructions
    self._source = builder.as_data_source(split).data_source
    self._total = len(self._source)
    self._good: np.ndarray | None = None  # numbers of what can be read
    self.skipped: list[str] = []
    problems = dict(self._check_shards(epath.Path(str(builder.data_dir))))
    if on_corrupt == 'skip':
      self._find_good(problems)
    elif problems:
      path, problem = next(iter(problems.items()))
      raise DamagedDataError(f'{path}: {problem}; {_WAY_OUT}')

  def __len__(self) -> int:
    return self._total if self._good is None else len(self._good)

  def read(self, indices: Sequence[int]) -> list[bytes]:
    """The records of these numbers.

    Raises:
      DamagedDataError: naming the shard and the record.
    """
    indices = list(indices)
    if self._good is not None:
      indices = self._good[indices].tolist()
    if not indices:
      return []  # array_record refuses to read nothing
    try:
      return self._source.__getitems__(indices)
    except RuntimeError as error:
      for index in indices:  # one by one, to name the first
        self._read_one(index)
      # It was read the second time: a network's or a disk's bad moment.
      logging.warning('read again: %s', checkpoint.first_line(error))
      return self._source.__getitems__(indices)

  def damaged(self, index: int, why: str) -> DamagedDataError:
    """The error for a record that holds something else than it should."""
    if self._good is not None:
      index = int(self._good[index])
    return DamagedDataError(f'{self._place(index)}: {why}; {_WAY_OUT}')

  def _read_one(self, index: int) -> bytes:
    try:
      return self._source.__getitems__([index])[0]
    except RuntimeError as error:
      raise DamagedDataError(
          f'{self._place(index)}: {checkpoint.first_line(error)}; {_WAY_OUT}'
      ) from None

  def _place(self, index: int) -> str:
    for instruction in self._instructions:
      if index < instruction.take:
        return f'{instruction.filename}, record {instruction.skip + index}'
      index -= instruction.take
    return f'record {index}'

  def _check_shards(self, folder: epath.Path) -> Iterator[tuple[str, str]]:
    """Shards that are not those of this preparation, and what they are."""
    try:
      known = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError:  # prepared before version 0.5
      known = {}
    except ValueError:
      logging.warning('%s is damaged and not used', folder / MANIFEST)
      known = {}
    for instruction in self._instructions:
      path = epath.Path(instruction.filename)
      try:
        reader = array_record_module.ArrayRecordReader(str(path))
        try:
          number = reader.num_records()
        finally:
          reader.close()
        end = _end(path)
      except (RuntimeError, OSError) as error:
        yield str(path), checkpoint.first_line(error)
        continue
      if number != instruction.examples_in_shard:
        yield str(path), (
            f'has {number} records and not {instruction.examples_in_shard}: it '
            'is of another preparation'
        )
      elif end != known.get(path.name, end):
        yield str(path), (
            f'is {end} and not {known[path.name]} as in {MANIFEST}: it is of '
            'another preparation, or damaged'
        )

  def _find_good(self, problems: dict[str, str]) -> None:
    """Reads all; notes what can be read and names the rest."""
    good: list[int] = []
    first = 0
    for instruction in self._instructions:
      path, numbers = instruction.filename, range(
          first, first + instruction.take
      )
      first = numbers.stop
      if path in problems:
        self.skipped += [f'{path}, all records ({problems[path]})']
        continue
      for start in range(numbers.start, numbers.stop, _READ_AT_ONCE):
        some = numbers[start - numbers.start :][:_READ_AT_ONCE]
        good += self._readable(some)
    num_lost = self._total - len(good)
    if not good and self._total:
      raise DamagedDataError(
          f'{self.skipped[0]}: nothing of {self._total:,} records can be read; '
          'prepare the dataset again with --overwrite'
      )
    if num_lost:
      self._good = np.array(good, np.int64)
      more = len(self.skipped) - _NAMED
      logging.warning(
          '%d of %d records are damaged and left out: %s%s',
          num_lost,
          self._total,
          '; '.join(self.skipped[:_NAMED]),
          f'; and {more} more places' if more > 0 else '',
      )

  def _readable(self, indices: Sequence[int]) -> list[int]:
    try:
      self._source.__getitems__(list(indices))
      return list(indices)
    except RuntimeError:
      pass
    good = []
    for index in indices:
      try:
        self._read_one(index)
        good.append(index)
      except DamagedDataError:
        self.skipped.append(self._place(index))
    return good

  @property
  def num_skipped(self) -> int:
    """Records that are left out."""
    return self._total - len(self)

  @property
  def good(self) -> list[int] | None:
    """Numbers of the records that are read; None for all."""
    return None if self._good is None else self._good.tolist()
