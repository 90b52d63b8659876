"""`DiskIndex`: the vectors of a whole code base, searched without reading it.

A folder of three files: a graph of neighbours with its vectors, which is mapped
into memory and not read (usearch, the extra `search`), a table of rows and
files in SQLite, and the table's checksum. It is built once and appended to; a
file that was there with the same content costs nothing. A writer makes a new
graph beside the old one and changes the table at once, so that a kill leaves
the index as it was.
"""

import contextlib
import errno
import hashlib
import json
import os
import pathlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from mirencoder_jax.inference import search as search_lib
from mirencoder_jax.inference import vectors as vectors_lib
from mirencoder_jax.ir.module import IRError
from mirencoder_jax.storage import sums

_TABLE = 'rows.sqlite'
_FORMAT = 2  # 1, never released, had no cut_tokens
_SCHEMA = """
create table about (facts text not null);
create table files (
  id integer primary key, path text unique not null, content text not null);
create table rows (
  id integer primary key autoincrement, file integer not null,
  function text not null, num_instructions integer not null,
  cut_tokens integer not null);
create index rows_of_file on rows (file);
"""
_KINDS = ('encoder', 'modality', 'level')
_NOT_NOW = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
)
# Half precision moves a cosine by less than 0.001.
_DTYPE = 'f16'
# Rows that a search looks at before it answers, at least.
_SEARCHED = 256


content_of = sums.content_of  # for `DiskIndex.add` and `is_known`


class Added(NamedTuple):
  """What `DiskIndex.add` did, in files.

  Attributes:
    new: were not there.
    changed: were there with another content, and have only the new rows.
    unchanged: were there as they are.
  """

  new: int
  changed: int
  unchanged: int


def is_index(path: str | os.PathLike) -> bool:
  """Whether a folder is one of `DiskIndex`."""
  return (pathlib.Path(path) / _TABLE).is_file()


class DiskIndex:
  """An index on disk, open for searching and appending.

  Attributes:
    path: the folder.
    encoder, modality, level: of all its vectors, as in `Vectors`.
  """

  def __init__(self, path: str | os.PathLike):
    """Opens an index, in milliseconds.

    A file that was copied or touched since it was written is read, to compare
    its checksum.

    Raises:
      VectorsError: if there is none, or it is damaged, or usearch is missing.
    """
    check_extra()
    self.path = pathlib.Path(path)
    if not is_index(path):
      raise vectors_lib.VectorsError(
          f'{path} is no index; `mirencoder index FOLDER --out {path}` makes it'
      )
    with self._reading():
      self._table = _connect(self.path / _TABLE)
      with self._at_rest() as facts:
        # Indices of version 0.3 have no state.
        sums.check(self.path / _TABLE, facts.get('state'))
      self._read_facts()

  @classmethod
  def create(
      cls, path: str | os.PathLike, encoder: str, modality: str, level: str
  ) -> 'DiskIndex':
    """Makes an empty index, or opens the one that is there.

    Args:
      path: a folder; the one above it is there.
      encoder, modality, level: as in `Vectors`.

    Raises:
      VectorsError: if the one that is there has others, or as `DiskIndex`.
      OSError: naming the folder, if it cannot be written to.
    """
    check_extra()
    path = pathlib.Path(path)
    kinds = encoder, modality, level
    if not is_index(path):
      if path.is_file() or path.is_dir() and any(path.iterdir()):
        raise vectors_lib.VectorsError(
            f'{path} is there and no index; name a folder that is new'
        )
      path.mkdir(exist_ok=True)
      with contextlib.closing(sqlite3.connect(path / _TABLE)) as table, table:
        table.executescript(_SCHEMA)
        facts = dict(zip(_KINDS, kinds, strict=True), format=_FORMAT, graph='')
        table.execute('insert into about values (?)', [json.dumps(facts)])
    found = cls(path)
    found.check_comparable(*kinds)
    return found

  def _read_facts(self) -> None:
    ((text,),) = self._table.execute('select facts from about')
    facts = json.loads(text)
    if facts['format'] != _FORMAT:
      raise vectors_lib.VectorsError(
          f'{self.path} was written by another version; update mirencoder_jax, '
          'or delete it and make it anew'
      )
    self._facts = facts
    self.encoder, self.modality, self.level = (facts[k] for k in _KINDS)
    self._graph = self._open(view=True)

  def _open(self, view: bool) -> Any:
    """The graph: mapped, or read into memory to be appended to."""
    from usearch import index

    if not self._facts['graph']:
      return None
    path = self.path / self._facts['graph']
    # A search in a damaged graph may end the process.
    if not view or sums.stamp(path) != self._facts['stamp']:
      if content_of(path) != self._facts['sha256']:
        raise ValueError(f'the checksum of {path.name} is wrong')
    # Keys are looked up to delete rows only; a table of them takes time.
    return index.Index.restore(path, view=view, enable_key_lookups=not view)

  @contextlib.contextmanager
  def _reading(self) -> Iterator[None]:
    try:
      yield
    except (vectors_lib.VectorsError, IRError):  # that of what is added
      raise
    except (sqlite3.Error, FileNotFoundError, ValueError, KeyError) as error:
      what = ' '.join(str(error).split())
      if getattr(error, 'sqlite_errorcode', None) in _NOT_NOW:
        raise vectors_lib.VectorsError(
            f'{self.path}: {what}; if another process writes it, wait for that '
            'one, and if not, see that there is room and you may write there'
        ) from None
      raise vectors_lib.VectorsError(
          f'the index {self.path} is damaged ({what}); delete it and make it '
          f'anew: `mirencoder index FOLDER --out {self.path}`'
      ) from None

  def __len__(self) -> int:
    return 0 if self._graph is None else len(self._graph)

  @property
  def num_bytes(self) -> int:
    """On disk."""
    return sum(p.stat().st_size for p in self.path.iterdir())

  def is_known(self, file: str, content: str | None) -> bool:
    """Whether a file is there with this content."""
    with self._reading():
      found = self._table.execute(
          'select 1 from files where path = ? and content = ?', [file, content]
      ).fetchone()
    return found is not None

  def check_comparable(self, *kinds: str) -> None:
    """Raises VectorsError if encoder, modality, level of others differ."""
    for name, value in zip(_KINDS, kinds, strict=True):
      if value != getattr(self, name):
        raise vectors_lib.VectorsError(
            f'{self.path} is of {name} {getattr(self, name)}, what is to be '
            f'added of {value or "unknown"}: make another index for it'
        )

  def add(
      self,
      parts: vectors_lib.Vectors | Iterable[vectors_lib.Vectors],
      contents: Mapping[str, str] | None = None,
  ) -> Added:
    """Appends vectors, and leaves what is there with the same content.

    Args:
      parts: of `embed_files` or `read_vectors`; if several, one after another,
        each with all rows of its files.
      contents: `content_of` by file; for files without, it is of their vectors.

    Raises:
      VectorsError: if encoder, modality or level are others, or another process
        is writing.
      OSError: naming the file, if there is no room.
    """
    if isinstance(parts, vectors_lib.Vectors):
      parts = [parts]
    counts = dict.fromkeys(Added._fields, 0)
    with self._reading(), self._writing():
      for part in parts:
        self.check_comparable(part.encoder, part.modality, part.level)
        for rows in part.rows_by_file().values():
          counts[self._add_file(part, np.array(rows), contents or {})] += 1
    return Added(**counts)

  @contextlib.contextmanager
  def _writing(self) -> Iterator[None]:
    """Changes graph and table together, or neither."""
    table, before = self._table, self._facts
    table.execute('begin immediate')
    aside = None
    try:
      self._read_facts()  # another process may have written
      self._graph, before = self._open(view=False), self._facts
      changes = table.total_changes
      yield
      if table.total_changes > changes:
        name = f'graph_{os.getpid()}_{os.urandom(4).hex()}.usearch'
        aside = self.path / name
        _save(self._graph, aside)
        facts = before | dict(
            graph=name,
            stamp=sums.stamp(aside),
            sha256=content_of(aside),
            state=before.get('state', 0) + 1,
        )
        table.execute('update about set facts = ?', [json.dumps(facts)])
      table.execute('commit')
    except BaseException:
      table.execute('rollback')
      if aside:
        aside.unlink(missing_ok=True)
      raise
    finally:
      self._read_facts()
    if aside:
      with self._at_rest() as facts:
        sums.write(self.path / _TABLE, facts['state'])
      if before['graph']:
        (self.path / before['graph']).unlink(missing_ok=True)

  @contextlib.contextmanager
  def _at_rest(self) -> Iterator[dict[str, Any]]:
    """Gives what the table says of itself, while nobody writes."""
    self._table.execute('begin')
    try:
      ((text,),) = self._table.execute('select facts from about')
      yield json.loads(text)
    finally:
      self._table.execute('commit')

  def _add_file(
      self,
      part: vectors_lib.Vectors,
      rows: np.ndarray,
      contents: Mapping[str, str],
  ) -> str:
    """Adds the rows of a file; gives the field of `Added` that counts it."""
    from usearch import index

    table, path = self._table, part.files[rows[0]]
    rows = rows[np.isfinite(part.vectors[rows]).all(axis=1)]
    vectors = np.ascontiguousarray(part.vectors[rows], np.float32)
    content = contents.get(path) or _content_of_rows(part, rows, vectors)
    known = table.execute(
        'select id, content from files where path = ?', [path]
    ).fetchone()
    if known and known[1] == content:
      return 'unchanged'
    if self._graph is None:
      self._graph = index.Index(
          ndim=vectors.shape[1], metric='cos', dtype=_DTYPE
      )
    if known:
      old = table.execute('select id from rows where file = ?', known[:1])
      self._graph.remove(np.array([i for (i,) in old], np.uint64))
      table.execute('delete from rows where file = ?', known[:1])
      table.execute('delete from files where id = ?', known[:1])
    number = table.execute(
        'insert into files (path, content) values (?, ?)', [path, content]
    ).lastrowid
    counts = np.stack([part.num_instructions, part.cut_tokens], 1)
    keys = [
        table.execute(
            'insert into rows values (null, ?, ?, ?, ?)',
            [number, part.functions[i], *counts[i].tolist()],
        ).lastrowid
        for i in rows
    ]
    self._graph.add(np.array(keys, np.uint64), vectors)
    return 'changed' if known else 'new'

  def search(
      self,
      queries: vectors_lib.Vectors,
      num_hits: int = 10,
      *,
      exact: bool = False,
  ) -> list[list[search_lib.Hit]]:
    """The nearest rows of each query, nearest first.

    Args:
      queries: of the same encoder and modality.
      num_hits: of each.
      exact: whether to look at every row.

    Raises:
      VectorsError: if queries and index are not of one encoder and modality, or
        the index is empty.
    """
    search_lib.check_comparable(queries, self)
    if self._graph is None:
      raise vectors_lib.VectorsError(f'{self.path} has no vectors to search')
    self._graph.expansion_search = max(_SEARCHED, 2 * num_hits)
    with self._reading():
      # One by one: usearch answers one query with one array.
      return [
          self._hits(self._graph.search(vector, num_hits, exact=exact))
          for vector in np.asarray(queries.vectors, np.float32)
      ]

  def _hits(self, matches: Any) -> list[search_lib.Hit]:
    found = []
    for key, distance in zip(
        matches.keys.tolist(), matches.distances.tolist(), strict=True
    ):
      (row,) = self._table.execute(
          'select path, function, cut_tokens from rows join files '
          'on files.id = rows.file where rows.id = ?',
          [key],
      )
      found.append(search_lib.Hit(key, 1 - distance, *row))
    return found


def _connect(path: pathlib.Path) -> sqlite3.Connection:
  # Transactions are begun by hand.
  return sqlite3.connect(path, isolation_level=None)


def _save(graph: Any, path: pathlib.Path) -> None:
  try:
    graph.save(path)
  except RuntimeError:  # which does not say more than that
    full = errno.ENOSPC
    raise OSError(full, os.strerror(full), str(path)) from None


def _content_of_rows(
    part: vectors_lib.Vectors, rows: np.ndarray, vectors: np.ndarray
) -> str:
  names = [part.functions[i] for i in rows]
  digest = hashlib.sha256(json.dumps(names).encode())
  digest.update(vectors.data)
  return digest.hexdigest()


def check_extra() -> None:
  """Raises VectorsError if usearch is not installed."""
  try:
    import usearch  # noqa: F401
  except ImportError:
    raise vectors_lib.VectorsError(
        'an index on disk needs usearch: `python -m pip install '
        '"mirencoder_jax[search]"`; vectors.npz is searched without'
    ) from None
