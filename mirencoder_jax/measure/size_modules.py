"""Modules of IR to measure sizes of: which there are, and of what package.

Packages take turns, so that a part of a long run holds all of them.
"""

import csv
import hashlib
import itertools
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

_SUFFIXES = ('.ll', '.bc')


class IrModule(NamedTuple):
  """A file of IR.

  Attributes:
    name: path inside its folder.
    package: what must stay on one side of a split: `package`, else `program`,
      of the folder's `manifest.csv`; the first folder of the path without one.
    path: of the file.
    language: as the manifest has it, or ''.
  """

  name: str
  package: str
  path: pathlib.Path
  language: str = ''

  def digest(self) -> str:
    """Of the content."""
    return hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]


def find_modules(sources: Sequence[pathlib.Path]) -> list[IrModule]:
  """The modules of folders and files, packages in turn.

  The order hangs on the names alone.

  Raises:
    FileNotFoundError: a source is not there, or there is no IR.
  """
  found: dict[str, IrModule] = {}
  for source in sources:
    if not source.exists():
      raise FileNotFoundError(f'{source}: there is no such file or folder')
    folder = source if source.is_dir() else source.parent
    packages = _read_manifest(folder)
    paths = source.rglob('*') if source.is_dir() else [source]
    for path in paths:
      if path.suffix not in _SUFFIXES or not path.is_file():
        continue
      name = path.relative_to(folder).as_posix()
      package, language = packages.get(name, (None, ''))
      if package is None:
        package = name.split('/')[0] if '/' in name else path.stem
      found.setdefault(name, IrModule(name, package, path, language))
  if not found:
    raise FileNotFoundError(f'{sources[0]}: no .ll or .bc files')
  by_package: dict[str, list[IrModule]] = {}
  for module in sorted(found.values(), key=lambda m: _shuffled(m.name)):
    by_package.setdefault(module.package, []).append(module)
  turns = itertools.zip_longest(*(by_package[p] for p in sorted(by_package)))
  return [module for turn in turns for module in turn if module is not None]


def _shuffled(name: str) -> str:
  return hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()


def _read_manifest(folder: pathlib.Path) -> dict[str, tuple[str, str]]:
  """Package and language of each path; {} without a manifest."""
  try:
    text = (folder / 'manifest.csv').read_text()
  except OSError:
    return {}
  rows = csv.DictReader(text.splitlines())
  return {
      row['path']: (
          row.get('package') or row.get('program') or '',
          row.get('language') or '',
      )
      for row in rows
      if row.get('path')
  }
