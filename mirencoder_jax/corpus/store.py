"""`CorpusStore`: the working files between the two passes of a corpus.

Station in the flow: under `data.corpus`. What the first pass made of every file
stands in `modules.bin` and, a line a file, in `modules.jsonl`; an interrupted
run finds there what it had read.
"""

import json
import pathlib
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple, TextIO

import numpy as np

from mirencoder_jax.corpus import files, fingerprints
from mirencoder_jax.corpus.plan import ModuleRead

try:
  import fcntl
except ImportError:  # not a POSIX system
  fcntl = None


class FileRead(NamedTuple):
  """What the first pass made of one file.

  Attributes:
    name: of the file.
    key: of the file's content and of the code that read it.
    modules: the module, then its views.
    lost: views that could not be made, as `corpus_tasks.read_file` has them.
  """

  name: str
  key: str
  modules: list[ModuleRead]
  lost: list[list[str]]


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
    self._index: TextIO | None = None  # locked while it is open
    self._data: BinaryIO | None = None

  def open(self) -> None:
    """Takes the folder.

    Raises:
      CorpusError: if another process has it.
    """
    self._folder.mkdir(parents=True, exist_ok=True)
    self._index = self._index_path.open('a', encoding='utf-8')
    if fcntl is not None:
      try:
        fcntl.flock(self._index, fcntl.LOCK_EX | fcntl.LOCK_NB)
      except BlockingIOError:
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

  def resume(self) -> dict[str, FileRead]:
    """What an earlier run has left in the working files."""
    size = self.modules.stat().st_size
    known = {}
    for line in self._index_path.read_text(encoding='utf-8').splitlines():
      try:
        name, key, modules, lost = json.loads(line)
        modules = [ModuleRead(*module) for module in modules]
        ends = [module.spans[-1] for module in modules]
      except (ValueError, TypeError, IndexError):
        continue  # the run ended while it wrote the line
      if max(ends, default=0) <= size:
        known[name] = FileRead(name, key, modules, lost)
    return known

  def append(self, name: str, key: str, result: dict[str, Any]) -> FileRead:
    """Keeps what a worker made of a file."""
    modules = []
    for summary, parts in result['modules']:
      spans = [self._data.tell()]
      for part in parts:
        self._data.write(part)
        spans.append(spans[-1] + len(part))
      modules.append(ModuleRead(spans=spans, **summary))
    # The line comes last: what is in the index is in the file.
    self._data.flush()
    read = FileRead(name, key, modules, result['lost'])
    self._index.write(json.dumps(read) + '\n')
    self._index.flush()
    return read

  def signatures(self, reads: Sequence[ModuleRead]) -> np.ndarray:
    """Fingerprints of all functions of the modules, uint32 [n, NUM_HASHES]."""
    total = sum(len(read.functions) for read in reads)
    result = np.empty((total, fingerprints.NUM_HASHES), np.uint32)
    row = 0
    with self.modules.open('rb') as file:
      for read in reads:
        file.seek(read.spans[1])
        data = file.read(read.spans[2] - read.spans[1])
        part = np.frombuffer(data, np.uint32).reshape(len(read.functions), -1)
        result[row : row + len(part)] = part
        row += len(part)
    return result
