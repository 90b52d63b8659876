"""`CorpusFiles`: the LLVM IR files of a folder, an archive or a glob.

Where a file comes from is read by `corpus.origins`: from a `manifest.csv`
at the top of the corpus where there is one, else from the path.
"""

import abc
import bz2
import collections
import glob
import gzip
import os
import pathlib
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

try:
  import lzma
except ImportError:  # Python can be built without it
  lzma = None

from mirencoder_jax.corpus import origins, worker_pool
from mirencoder_jax.ir import source as source_lib

SUFFIXES = ('.ll', '.bc')
MANIFEST = 'manifest.csv'

# What an archive that ends early or is damaged raises while it is read.
_ARCHIVE_ERRORS = (tarfile.TarError, EOFError, OSError, zlib.error) + (
    (lzma.LZMAError,) if lzma else ()
)


_CHUNK = 1 << 20


class CorpusError(ValueError):
  """Nothing can be made of the source; the message says what to do."""


class IrFile(NamedTuple):
  """A file or the member of an archive."""

  name: str  # path inside the corpus, '/' between its parts
  size: int  # bytes
  stamp: str  # changes when the content does; '' where the archive's does
  path: str | None  # None for a member of an archive
  member: str | None = None  # the archive's spelling of the name


class IrSource(abc.ABC):
  """What a corpus is made of: modules of IR with names, listed once.

  Attributes:
    source: where it is, as given.
    files: the modules, in order of their names.
    others: how many things of other kinds were passed over, by kind.
    problems: what could not be listed or read, by name.
    stamp: changes when the source does and its files do not say so themselves.
  """

  def __init__(self, source: str | os.PathLike):
    self.source = os.fspath(source)
    self.files: list[IrFile] = []
    self.others = collections.Counter()
    self.problems: dict[str, worker_pool.Failure] = {}
    self.stamp = ''

  @abc.abstractmethod
  def origin(self, name: str) -> origins.Origin:
    """Where the file called `name` comes from."""

  @abc.abstractmethod
  def read(self, wanted: Iterable[IrFile]) -> Iterator[tuple[IrFile, bytes]]:
    """Yields files and their bytes, or none where `path` is to be opened."""

  @abc.abstractmethod
  def chunks(self) -> list[list[IrFile]]:
    """All files, in parts that different machines can read."""


def origin_of(files: IrSource, name: str, group: str) -> origins.Origin:
  """Where a module comes from; with group 'file' it is a program of its own."""
  origin = files.origin(name)
  if group == 'file':
    origin = origin._replace(program=name, unit=name)
  return origin


def too_large(size: int, limit_mb: float) -> worker_pool.Failure:
  """Why a file of `size` bytes is left out."""
  return worker_pool.Failure(
      'too large',
      f'{size / 2**20:.0f} MB, over the limit of {limit_mb:g} MB; raise '
      'max_file_mb to read it',
  )


def no_file(kind: str) -> worker_pool.Failure:
  """Why a pipe, a socket or a device is left out."""
  return worker_pool.Failure(
      'no file', f'this is {kind} and no file, and is not waited for'
  )


class CorpusFiles(IrSource):
  """A folder, archive, file or glob; `others` is by suffix."""

  def __init__(
      self,
      source: str | os.PathLike,
      manifest: str | os.PathLike | None = None,
      *,
      only_listed: bool = False,
  ):
    """Lists the files.

    Args:
      source: folder, archive, file or glob.
      manifest: CSV file to read instead of, or beside, the corpus's own.
      only_listed: passes over what the manifest does not name, and counts it.

    Raises:
      CorpusError: if there is nothing to read.
    """
    super().__init__(source)
    self._archive: str | None = None
    self._manifest: dict[str, dict[str, str]] = {}
    if manifest is not None:
      self._read_manifest(pathlib.Path(manifest).read_bytes())
    self.files = sorted(self._list(), key=lambda file: file.name)
    if only_listed:
      listed = [file for file in self.files if file.name in self._manifest]
      if num_over := len(self.files) - len(listed):
        self.others[f'not in {MANIFEST}'] = num_over
      self.files = listed
    names = {file.name for file in self.files}
    for name in sorted(set(self._manifest) - names - set(self.problems)):
      self.problems[name] = worker_pool.Failure(
          'missing', f'listed in {MANIFEST} but not there'
      )
    self._origins = origins.PathOrigins(names)
    if not self.files:
      raise CorpusError(self._nothing())

  def origin(self, name: str) -> origins.Origin:
    return self._origins.origin(name)._replace(**self._manifest.get(name, {}))

  def read(self, wanted: Iterable[IrFile]) -> Iterator[tuple[IrFile, bytes]]:
    """Yields the members of an archive, in the archive's order.

    Files that are not in an archive come with no bytes: whoever wants them
    opens `file.path`. What cannot be read goes to `problems`.
    """
    wanted = list(wanted)
    yield from ((file, b'') for file in wanted if file.path is not None)
    wanted = {file.member: file for file in wanted if file.path is None}
    if not wanted:
      return
    for member, stream in self._members():
      file = wanted.pop(member.name, None)
      if file is not None:
        try:
          yield file, stream.extractfile(member).read()
        except _ARCHIVE_ERRORS as error:
          self.problems[file.name] = failure(error)
    for file in wanted.values():
      self.problems.setdefault(
          file.name,
          worker_pool.Failure('missing', 'the archive ends before it'),
      )

  def chunks(self) -> list[list[IrFile]]:
    """Each file by itself; an archive is read from its start to its end."""
    if self._archive is not None:
      return [self.files]
    return [[file] for file in self.files]

  def _list(self) -> list[IrFile]:
    path = os.path.expanduser(self.source)
    if os.path.isdir(path):
      paths = self._walk(path)
      return self._from_paths(paths, path)
    if os.path.isfile(path):
      if path.endswith(SUFFIXES):
        return self._from_paths([path], os.path.dirname(path))
      self._archive = path
      return self._list_archive()
    paths = sorted(p for p in glob.glob(path, recursive=True))
    paths = [p for p in paths if not os.path.isdir(p)]
    if not paths:
      raise CorpusError(
          f'{self.source}: no such file or folder, and no file matches it'
      )
    root = os.path.commonpath([os.path.dirname(p) for p in paths])
    return self._from_paths(paths, root)

  def _walk(self, root: str) -> list[str]:
    def note(error: OSError):
      name = os.path.relpath(error.filename or root, root)
      self.problems[_clean(name)] = failure(error)

    paths = []
    for folder, folders, names in os.walk(root, onerror=note):
      # Hidden folders are other programs' work, such as a build under way.
      folders[:] = sorted(f for f in folders if not f.startswith('.'))
      paths.extend(os.path.join(folder, name) for name in sorted(names))
    return paths

  def _from_paths(self, paths: list[str], root: str) -> list[IrFile]:
    files = []
    for path in paths:
      name = _clean(pathlib.PurePath(os.path.relpath(path, root)).as_posix())
      if name != MANIFEST and not path.endswith(SUFFIXES):
        self._pass_over(name)
      elif kind := source_lib.refused_kind(path):
        self.problems[name] = no_file(kind)
      elif name == MANIFEST:
        self._read_manifest(pathlib.Path(path).read_bytes())
      else:
        try:
          stat = os.stat(path)
        except OSError as error:  # a dangling link, for one
          self.problems[name] = failure(error)
          continue
        files.append(IrFile(name, stat.st_size, f'{stat.st_mtime_ns}', path))
    return files

  def _list_archive(self) -> list[IrFile]:
    stat = os.stat(self._archive)
    self.stamp = f'{stat.st_size}-{stat.st_mtime_ns}'
    files = {}
    for member, stream in self._members():
      name = _clean(member.name.removeprefix('./'))
      if name == MANIFEST:
        try:
          self._read_manifest(stream.extractfile(member).read())
        except _ARCHIVE_ERRORS as error:
          raise CorpusError(
              f'{self.source}: the archive is damaged or cut in its {MANIFEST} '
              f'({error}); make or copy it again'
          ) from error
      elif name.endswith(SUFFIXES):
        # A later member of the same name replaces the earlier, as in tar.
        files[name] = IrFile(name, member.size, '', None, member.name)
      else:
        self._pass_over(name)
    return list(files.values())

  def _members(self) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    """The archive's regular files, as far as it can be read."""
    any_read = False
    try:
      # Streamed ('|'): compressed archives cannot be searched.
      with (
          _open_archive(self._archive) as file,
          tarfile.open(fileobj=file, mode='r|') as stream,
      ):
        for member in stream:
          any_read = True
          if member.isreg():
            yield member, stream
        # The checksum of a compressed file stands at its very end.
        while file.read(_CHUNK):
          pass
    except _ARCHIVE_ERRORS as error:
      if not any_read:
        raise CorpusError(
            f'{self.source} is neither a .ll or .bc file nor an archive that '
            f'can be read (tar, tar.gz, tar.xz): {error}'
        ) from error
      self.problems[os.path.basename(self._archive)] = worker_pool.Failure(
          type(error).__name__, f'the archive is damaged or cut: {error}'
      )

  def _pass_over(self, name: str) -> None:
    self.others[os.path.splitext(name)[1] or '(no suffix)'] += 1

  def _read_manifest(self, data: bytes) -> None:
    try:
      self._manifest |= origins.parse_manifest(data)
    except ValueError as error:
      raise CorpusError(f'{self.source}: {error}') from error

  def _nothing(self) -> str:
    found = ', '.join(
        f'{n} {suffix}' for suffix, n in self.others.most_common(5)
    )
    reasons = [f'{k}: {v.message}' for k, v in list(self.problems.items())[:3]]
    return (
        f'{self.source}: no .ll or .bc file in it'
        + (
            f' (found {found})'
            if found
            else ''
            if reasons
            else ' (it is empty)'
        )
        + ('; ' + '; '.join(reasons) if reasons else '')
        + '. Compile with `clang -S -emit-llvm` or `clang -c -emit-llvm`.'
    )


def _open_archive(path: str) -> BinaryIO:
  """The bytes of a tar archive, unpacked as they are read."""
  with open(path, 'rb') as file:
    magic = file.read(6)
  if magic.startswith(b'\x1f\x8b'):
    return gzip.open(path)
  if magic.startswith(b'BZh'):
    return bz2.open(path)
  if magic == b'\xfd7zXZ\0' and lzma:
    return lzma.open(path)
  return open(path, 'rb')


def _clean(name: str) -> str:
  """File names may hold bytes that are no UTF-8; ours hold their escapes."""
  return source_lib.shown(name)


def failure(error: Exception) -> worker_pool.Failure:
  """What to say of what cannot be read."""
  return worker_pool.Failure(type(error).__name__, str(error))
