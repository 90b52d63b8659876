"""`ParquetFiles`: bitcode in the rows of Parquet files, as ComPile has it.

What a row is (language, licence, package) is read first and is small; the
bitcode is streamed once, row group by row group.

The columns are those of ComPile (Grossman et al., "ComPile: A Large IR Dataset
from Production Sources", 2023): `content`, `language`, `license_expression`,
`license_source`, `license_files`, `package_source`.
"""

import collections
import os
import re
from collections.abc import Iterable, Iterator, Sequence

from etils import epath

from mirencoder_jax.corpus import files, origins, worker_pool
from mirencoder_jax.ir import source as source_lib

_CONTENT = 'content'
# Without these a row is of no use here; the others may be missing.
_NEEDED = (_CONTENT, 'language')
_TOLD = ('language', 'license_expression', 'package_source')
# Rows that are held in memory at a time.
_BATCH_ROWS = 16
_ARCHIVE = re.compile(r'\.(tar|tgz|tbz|txz|gz|xz|bz2|zip|crate|git)$')
_VERSION = re.compile(r'[-_.@/]?v?\d+(\.\d+)*([-+._]?[a-z]+\.?\d*)?$')
# Parts of addresses that do not tell packages apart.
_OF_NO_PACKAGE = {'archive', 'download', 'releases', 'refs', 'tags', 'crates'}


class ParquetFiles(files.IrSource):
  """Rows of Parquet files; `others` counts rows passed over, by the reason."""

  def __init__(
      self,
      source: str | os.PathLike,
      languages: Sequence[str] = (),
      licences: Sequence[str] = (),
      max_modules: int = 0,
  ):
    """Lists the rows.

    Args:
      source: folder (with its sub-folders), file or glob of `.parquet` files.
      languages: those to take, as `c++`; all by default.
      licences: SPDX expressions to take; all by default.
      max_modules: rows to take of each language, the first; 0 for all.

    Raises:
      CorpusError: if there is no such row.
    """
    super().__init__(source)
    self._origins: dict[str, origins.Origin] = {}
    self._place: dict[str, tuple[epath.Path, int, int]] = {}
    self._languages = {language.lower() for language in languages}
    self._licences = set(licences)
    self._max_modules = max_modules
    self._taken = collections.Counter()
    root, paths = _list(self.source)
    for path in paths:
      name = os.path.relpath(os.fspath(path), root) if root else path.name
      self._list_rows(path, name)
    self.files.sort(key=lambda file: file.name)
    if not self.files:
      raise files.CorpusError(self._nothing(len(paths)))

  def origin(self, name: str) -> origins.Origin:
    """Where the row called `name` comes from."""
    return self._origins[name]

  def chunks(self) -> list[list[files.IrFile]]:
    """The rows of each row group."""
    groups = collections.defaultdict(list)
    for file in self.files:
      groups[self._place[file.name][:2]].append(file)
    return list(groups.values())

  def read(
      self, wanted: Iterable[files.IrFile]
  ) -> Iterator[tuple[files.IrFile, bytes]]:
    """Yields the bitcode of rows; what cannot be read goes to `problems`."""
    groups = collections.defaultdict(dict)
    for file in wanted:
      path, group, row = self._place[file.name]
      groups[path, group][row] = file
    for (path, group), rows in groups.items():
      try:
        yield from self._read_group(path, group, rows)
      except (OSError, ValueError) as error:
        for file in rows.values():
          self.problems[file.name] = files.failure(error)

  def _read_group(self, path, group, rows):
    import pyarrow.parquet

    with path.open('rb') as file:
      parquet = pyarrow.parquet.ParquetFile(
          file, page_checksum_verification=True
      )
      number = 0
      for batch in parquet.iter_batches(
          _BATCH_ROWS, row_groups=[group], columns=[_CONTENT]
      ):
        for value in batch.column(0):
          if number in rows:
            yield rows.pop(number), value.as_py() or b''
          number += 1

  def _list_rows(self, path: epath.Path, name: str) -> None:
    import pyarrow.parquet

    if kind := source_lib.refused_kind(path):
      self.problems[name] = files.no_file(kind)
      return
    try:
      with path.open('rb') as file:
        parquet = pyarrow.parquet.ParquetFile(file)
        columns = parquet.schema_arrow.names
        missing = [column for column in _NEEDED if column not in columns]
        if missing:
          # The licence texts of ComPile are such a file.
          self.problems[name] = worker_pool.Failure(
              'other columns',
              f'no column {", ".join(missing)}; it has {", ".join(columns)}',
          )
          return
        size = path.stat().length
        told = [column for column in _TOLD if column in columns]
        for group in range(parquet.num_row_groups):
          table = parquet.read_row_group(group, columns=told)
          for row, values in enumerate(table.to_pylist()):
            self._take(path, f'{name}/{group}-{row}', size, group, row, values)
    except (OSError, ValueError) as error:  # pyarrow's are of these
      self.problems[name] = files.failure(error)

  def _take(self, path, name, size, group, row, values) -> None:
    language = (values['language'] or '').lower()
    licence = values.get('license_expression') or ''
    if self._languages and language not in self._languages:
      self.others[f'{language or "unknown"} (language)'] += 1
    elif self._licences and licence not in self._licences:
      self.others[f'{licence or "unknown"} (licence)'] += 1
    elif self._max_modules and self._taken[language] >= self._max_modules:
      self.others['over max_modules'] += 1
    else:
      self._taken[language] += 1
      # The size of a row is known once it is read.
      file = files.IrFile(name, 0, f'{size}', None)
      self.files.append(file)
      self._place[name] = path, group, row
      self._origins[name] = origins.Origin(
          program=package_of(values.get('package_source') or name),
          language=language,
          opt_level='',
          llvm='',
          unit=name,
          licence=licence,
      )

  def _nothing(self, num_files: int) -> str:
    passed = ', '.join(f'{n} {what}' for what, n in self.others.most_common(5))
    problems = '; '.join(
        f'{name}: {failure.message}'
        for name, failure in list(self.problems.items())[:3]
    )
    return (
        f'{self.source}: no row to read in {num_files} Parquet files'
        + (f' (passed over: {passed})' if passed else '')
        + (f'; {problems}' if problems else '')
    )


def package_of(source: str) -> str:
  """The package that an address is of, without the version.

  >>> package_of('https://example.org/zlib/archive/v1.2.11.tar.gz')
  'zlib'
  >>> package_of('serde-1.0.100.crate')
  'serde'
  """
  for part in reversed(re.split(r'[/#?]', source.strip())):
    while (match := _ARCHIVE.search(part)) is not None:
      part = part[: match.start()]
    part = _VERSION.sub('', part).strip('-_. ')
    if part and part.lower() not in _OF_NO_PACKAGE:
      return part
  return source


def _list(source: str) -> tuple[str, list[epath.Path]]:
  """The Parquet files of a source, and the folder that they are named from."""
  path = epath.Path(source).expanduser()
  if path.is_dir():
    root = os.fspath(path)
    paths = _walk(path)
  elif any(letter in source for letter in '*?['):
    stem = source[: min(source.find(c) for c in '*?[' if c in source)]
    root = stem.rpartition('/')[0] or '.'
    paths = sorted(epath.Path(root).glob(source[len(root) + 1 :]))
  else:
    root, paths = os.fspath(path.parent), [path] if path.exists() else []
  if not paths:
    raise files.CorpusError(f'{source}: no .parquet file there')
  return root, paths


def _walk(folder: epath.Path) -> list[epath.Path]:
  """As `rglob`, which `epath` does not have."""
  paths = []
  for path in sorted(folder.iterdir()):
    if path.is_dir():
      paths += _walk(path)
    elif path.name.endswith('.parquet'):
      paths.append(path)
  return paths
