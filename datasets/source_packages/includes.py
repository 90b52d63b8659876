"""`IncludeResolver`: the folders a file needs on its include path.

It follows the `#include` lines of a file through its package and looks for each
header by the end of its path. Conditions of the preprocessor are not read, so
more may be followed than is compiled.
"""

import collections
import fnmatch
import os
import pathlib
import posixpath
import re
from typing import NamedTuple

_INCLUDE = re.compile(
    rb'^[ \t]*#[ \t]*include(?:_next)?[ \t]*(?:<([^>\n]+)>|"([^"\n]+)")',
    re.MULTILINE,
)
# More headers than that are a mistake, not a program.
_MAX_FILES = 2000
_MAX_BYTES = 1 << 22


class Closure(NamedTuple):
  """What a file includes.

  Attributes:
    folders: for the include path, in order.
    late: folders that go after the compiler's own, because a header in them
      has the name of one of these.
    files: of the package, with the file itself first.
    missing: names that are neither in the package nor the compiler's.
    outside: names that `outside` promised.
  """

  folders: tuple[str, ...]
  late: tuple[str, ...]
  files: tuple[str, ...]
  missing: tuple[str, ...]
  outside: tuple[str, ...]


class IncludeResolver:
  """Finds headers in one package."""

  def __init__(
      self,
      root: str | os.PathLike,
      known: frozenset[str],
      first: tuple[str, ...] = (),
      outside: frozenset[str] = frozenset(),
      exclude: tuple[str, ...] = (),
  ):
    """A resolver.

    Args:
      root: folder of the package.
      known: names of headers that come with the compiler.
      first: folders, relative to `root`, that are always on the path.
      outside: names of headers of other packages that can be had.
      exclude: globs of files that are as if not there (of other systems).
    """
    self._root = pathlib.Path(root)
    self._known = known
    self._first = first
    self._outside = outside
    self._paths: dict[str, list[str]] = collections.defaultdict(list)
    self._all: set[str] = set()
    self._names: dict[str, set[str]] = collections.defaultdict(set)
    for folder, folders, files in os.walk(self._root):
      folders[:] = sorted(f for f in folders if not f.startswith('.'))
      relative = os.path.relpath(folder, self._root)
      relative = '' if relative == '.' else relative.replace(os.sep, '/')
      for name in sorted(files):
        path = posixpath.join(relative, name)
        if any(fnmatch.fnmatchcase(path, glob) for glob in exclude):
          continue
        self._all.add(path)
        self._paths[name].append(path)
        self._names[relative].add(name)
    self._cache: dict[str, list[tuple[str, bool]]] = {}

  def find(self, name: str) -> list[str]:
    """The files of the package whose path ends in `name`."""
    end = '/' + name
    return [
        path
        for path in self._paths.get(posixpath.basename(name), ())
        if path == name or path.endswith(end)
    ]

  def resolve(self, source: str) -> Closure:
    """Follows what `source` includes, a path relative to the root."""
    folders = dict.fromkeys(self._first)
    late: dict[str, None] = {}
    files = {source: None}
    missing: dict[str, None] = {}
    outside: dict[str, None] = {}
    queue = collections.deque([source])
    while queue and len(files) < _MAX_FILES:
      path = queue.popleft()
      for name, is_quoted in self._includes(path):
        found = self._look_up(path, name, is_quoted, (*folders, *late))
        if found is None:
          if name in self._known:
            continue
          if name in self._outside:
            outside[name] = None
            continue
          found = self._choose(path, name)
          if found is None:
            missing[name] = None
            continue
          folder = found[: -len(name)].rstrip('/') or '.'
          (late if self._shadows(folder) else folders)[folder] = None
        if found not in files:
          files[found] = None
          queue.append(found)
    return Closure(
        tuple(folders),
        tuple(folder for folder in late if folder not in folders),
        tuple(files),
        tuple(missing),
        tuple(outside),
    )

  def _includes(self, path: str) -> list[tuple[str, bool]]:
    if path not in self._cache:
      try:
        with open(self._root / path, 'rb') as file:
          data = file.read(_MAX_BYTES)
      except OSError:
        data = b''
      self._cache[path] = [
          ((angled or quoted).decode('latin-1').strip(), bool(quoted))
          for angled, quoted in _INCLUDE.findall(data)
      ]
    return self._cache[path]

  def _look_up(self, path, name, is_quoted, folders) -> str | None:
    """The file that the path so far finds, as the compiler would."""
    if is_quoted:
      folders = (posixpath.dirname(path), *folders)
    for folder in folders:
      candidate = posixpath.normpath(posixpath.join(folder, name))
      if candidate in self._all:
        return candidate
    return None

  def _choose(self, path: str, name: str) -> str | None:
    """Of several headers of one name the one nearest to `path`."""
    here = path.split('/')[:-1]

    def rank(candidate: str):
      folders = candidate.split('/')
      shared = len(os.path.commonprefix([here, folders]))
      is_public = 'include' in folders or 'inc' in folders
      return -shared, not is_public, len(folders), candidate

    return min(self.find(name), key=rank, default=None)

  def _shadows(self, folder: str) -> bool:
    """Whether a header in `folder` has the name of one of the compiler's."""
    names = self._names.get('' if folder == '.' else folder, set())
    return not names.isdisjoint(self._known)
