"""What the first pass leaves of a file, its modules and their functions.

Of each function that is what it takes to plan with: everything large stays in
a file of the job's.
"""

import pickle
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

_HASH_BYTES = 16
_PROTOCOL = pickle.HIGHEST_PROTOCOL


class Functions:
  """Name, hash and size of each function of a module, packed.

  As tuples of texts and numbers they would take five times the memory, which
  is what a large corpus is planned in.
  """

  __slots__ = ('_digests', '_names', '_sizes')

  def __init__(self, rows: Iterable[Sequence[Any]]):
    """Packs rows of name, hash (hexadecimal) and number of instructions."""
    rows = list(rows)
    # Symbols may hold any character, so none can stand between them.
    self._names = pickle.dumps([name for name, *_ in rows], _PROTOCOL)
    self._digests = bytes.fromhex(''.join(digest for _, digest, _ in rows))
    self._sizes = np.array([size for *_, size in rows], np.uint32).tobytes()

  def __len__(self) -> int:
    return len(self._sizes) // 4

  @property
  def names(self) -> list[str]:
    """The symbols."""
    return pickle.loads(self._names)

  @property
  def hashes(self) -> list[str]:
    """Hexadecimal, of the normalised functions."""
    return [
        self._digests[i : i + _HASH_BYTES].hex()
        for i in range(0, len(self._digests), _HASH_BYTES)
    ]

  @property
  def digests(self) -> bytes:
    """The hashes end to end, 16 bytes each."""
    return self._digests

  @property
  def num_instructions(self) -> int:
    """Of all functions together."""
    return int(np.frombuffer(self._sizes, np.uint32).sum(dtype=np.int64))


class ModuleRead(NamedTuple):
  """What the first pass found out about a module."""

  name: str  # of the file, with '@' and the pipeline for a view
  file: str
  view: str  # '' for the file as it is
  opt_level: str  # of the view; '' where the file's holds
  # Of word counts, fingerprints and module in the working file, and the end.
  spans: Sequence[int]
  functions: Functions
  unverified: bool
  llvm: str
  counts: dict[str, int]


def module_read(summary: Mapping[str, Any], spans: Sequence[int]) -> ModuleRead:
  """Of what `passes.read_file` says of a module; its texts are kept once."""
  values = dict(summary)
  values['functions'] = Functions(values['functions'])
  for key in ('file', 'view', 'opt_level', 'llvm'):
    values[key] = sys.intern(values[key])
  if values['name'] == values['file']:
    values['name'] = values['file']
  return ModuleRead(spans=tuple(spans), **values)


class FileRead(NamedTuple):
  """What the first pass made of one file.

  Attributes:
    name: of the file.
    modules: the module, then its views.
    lost: views that could not be made, as `passes.read_file` has them.
  """

  name: str
  modules: list[ModuleRead]
  lost: list[list[str]]
