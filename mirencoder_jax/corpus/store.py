"""`CorpusStore`: the working files between the two passes of a corpus.

What the first pass made of every file stands in `modules.bin` and, a record a
file, in the journal `modules.jsonl`; an interrupted run finds there what it had
read.
"""

import pathlib
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np

from mirencoder_jax.corpus import files, fingerprints, first_pass
from mirencoder_jax.storage import journal as journal_lib


class CorpusStore:
  """Working files in a folder of their own, for one process at a time.

  Attributes:
    modules: path of the file with everything large, for the workers.
    vocab: path for the vocabulary, for the workers.
  """

  def __init__(self, folder: pathlib.Path):
    self._folder = folder
    self._index_path = folder / 'modules.jsonl'
    self.modules = folder / 'modules.bin'
    self.vocab = folder / 'vocab.json'
    self._index: journal_lib.Journal | None = None
    self._data: BinaryIO | None = None

  def open(self) -> None:
    """Takes the folder.

    Raises:
      CorpusError: if another process has it.
    """
    try:
      self._index = journal_lib.Journal(self._index_path)
    except journal_lib.LockedError:
      raise files.CorpusError(
          f'another process prepares this corpus ({self._folder} is locked); '
          'wait for it'
      ) from None
    self._data = self.modules.open('ab')

  def close(self) -> None:
    """Lets go of the folder."""
    for file in (self._index, self._data):
      if file is not None:
        file.close()
    self._index = self._data = None

  def clear(self) -> None:
    """Removes the working files; not before the shards are in place."""
    for path in (self.modules, self._index_path, self.vocab):
      path.unlink(missing_ok=True)
    for folder in (self._folder, self._folder.parent):
      if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()

  def resume(
      self, key: str, stamps: Mapping[str, str]
  ) -> dict[str, first_pass.FileRead]:
    """What an earlier run has left in the working files.

    Args:
      key: of the code that reads, and what it was asked for; what was left
        under another is thrown away.
      stamps: of the content of each file.
    """
    if self._index.key != key:
      self._index.begin(key)
      if self.modules.stat().st_size:
        self._data.truncate(0)
        self._data.seek(0)  # or it would say that it stands where it stood
    known = {}
    # What stands behind a damaged line is read again.
    self._index.cut_damage()
    with self.modules.open('rb') as data:
      for record in self._index.records():
        # Of version 0.3 they are lists, without a checksum of their data.
        if not isinstance(record, dict) or stamps.get(record['name']) != (
            record['stamp']
        ):
          continue
        reads = [first_pass.module_read(*m) for m in record['modules']]
        if _checksum_of(data, reads) == record['data']:
          known[record['name']] = first_pass.FileRead(
              record['name'], reads, record['lost']
          )
    return known

  def append(
      self, name: str, stamp: str, result: dict[str, Any]
  ) -> first_pass.FileRead:
    """Keeps what a worker made of a file."""
    modules, checksum = [], 0
    for summary, parts in result['modules']:
      spans = [self._data.tell()]
      for part in parts:
        self._data.write(part)
        checksum = zlib.crc32(part, checksum)
        spans.append(spans[-1] + len(part))
      modules.append((summary, spans))
    # The record comes last: what is in the index is in the file.
    self._data.flush()
    self._index.append(
        dict(
            name=name,
            stamp=stamp,
            modules=modules,
            lost=result['lost'],
            data=checksum,
        )
    )
    reads = [first_pass.module_read(*module) for module in modules]
    return first_pass.FileRead(name, reads, result['lost'])


def _checksum_of(file: BinaryIO, reads: Sequence[first_pass.ModuleRead]) -> int:
  """Of what a working file holds of some modules."""
  checksum = 0
  for read in reads:
    file.seek(read.spans[0])
    data = file.read(read.spans[-1] - read.spans[0])
    checksum = zlib.crc32(data, checksum)
  return checksum


def map_signatures(
    path: pathlib.Path, reads: Sequence[first_pass.ModuleRead]
) -> np.ndarray:
  """Fingerprints of all functions of the modules, uint32 [n, NUM_HASHES].

  Args:
    path: the file that the modules' spans are of; those stand second in them.
    reads: the modules.

  Returns:
    An array on a file without a name beside `path`, which goes with it: 256
    bytes a function are more than all else that a plan is made of.
  """
  total = sum(len(read.functions) for read in reads)
  if not total:
    return np.zeros((0, fingerprints.NUM_HASHES), np.uint32)
  with (
      path.open('rb') as file,
      tempfile.TemporaryFile(dir=path.parent) as scratch,
  ):
    for read in reads:
      file.seek(read.spans[1])
      scratch.write(file.read(read.spans[2] - read.spans[1]))
    scratch.flush()
    return np.memmap(
        scratch, np.uint32, 'r', shape=(total, fingerprints.NUM_HASHES)
    )
