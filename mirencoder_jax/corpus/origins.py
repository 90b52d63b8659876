"""Where an IR file comes from: its program, language, level and LLVM.

A manifest says it, else the path does.
"""

import csv
import io
import os
import re
from collections.abc import Iterable
from typing import NamedTuple

_OPT_LEVEL = re.compile(r'-?[oO]([0-3sz]|fast)')
_LLVM = re.compile(r'(?:llvm|clang|rustc-llvm)[-_]?v?(\d+(?:\.\d+)*)')
# The usual suffixes and folder names of a language.
_LANGUAGES = {
    'c': 'c',
    'cc': 'c++',
    'cl': 'opencl',
    'cpp': 'c++',
    'c++': 'c++',
    'cxx': 'c++',
    'cu': 'cuda',
    'cuda': 'cuda',
    'f': 'fortran',
    'f90': 'fortran',
    'fortran': 'fortran',
    'hip': 'hip',
    'jl': 'julia',
    'julia': 'julia',
    'opencl': 'opencl',
    'rs': 'rust',
    'rust': 'rust',
    'swift': 'swift',
    'zig': 'zig',
}
# Columns of a manifest, spaces and capitals aside.
_COLUMNS = {
    'path': 'path',
    'file': 'path',
    'program': 'program',
    'language': 'language',
    'opt_level': 'opt_level',
    'optlevel': 'opt_level',
    'opt': 'opt_level',
    'llvm': 'llvm',
    'llvm_version': 'llvm',
    'licence': 'licence',
    'license': 'licence',
}


class Origin(NamedTuple):
  """Where a module comes from; '' where unknown.

  Attributes:
    program: what must stay on one side of a split.
    language: as `c++`.
    opt_level: as `O2`.
    llvm: version of the producer.
    unit: the translation unit inside the corpus: the path without what says
      only how it was compiled. Views of a unit share it.
    licence: as the manifest has it, an SPDX expression.
  """

  program: str
  language: str
  opt_level: str
  llvm: str
  unit: str = ''
  licence: str = ''


def parse_manifest(data: bytes) -> dict[str, dict[str, str]]:
  """Reads a CSV file with a column `path`.

  Args:
    data: UTF-8 text; of the other columns those that `Origin` knows are taken.

  Returns:
    Path -> the fields of an `Origin` that its row gives.

  Raises:
    ValueError: if there is no path in a row.
  """
  rows = {}
  text = data.decode('utf-8-sig', 'replace')
  reader = csv.DictReader(io.StringIO(text, newline=''))
  for row in reader:
    named = {}
    for column, value in row.items():
      key = _COLUMNS.get((column or '').strip().lower().replace(' ', '_'))
      if key and isinstance(value, str):
        named.setdefault(key, value.strip())
    path = named.pop('path', '')
    if not path:
      raise ValueError(
          f"the manifest has no 'path' in line {reader.line_num}; its columns "
          f'are {reader.fieldnames}'
      )
    named['opt_level'] = _opt_level(named.get('opt_level', ''))
    language = named.get('language', '')
    named['language'] = _LANGUAGES.get(language.lower(), language)
    rows[path.removeprefix('./')] = {k: v for k, v in named.items() if v}
  return rows


class PathOrigins:
  """Reads program, language, optimisation level and LLVM out of paths.

  Folders that all files share say nothing and are left out, and so are those
  that name a level, a compiler or a language: `14.0.6/O2/c/gzip/inflate.ll`
  is of the same program as `llvm-17/O0/c/gzip/deflate.ll`, and both stay on one
  side of a split. The program is the first folder that is left, else the file
  itself.
  """

  def __init__(self, names: Iterable[str]):
    folders = [name.split('/')[:-1] for name in names]
    self._shared = len(os.path.commonprefix(folders)) if folders else 0

  def origin(self, name: str) -> Origin:
    """What the path says; '' for what it does not say."""
    *folders, stem = name.split('/')
    found = {'language': '', 'opt_level': '', 'llvm': ''}
    rest, unit = [], []
    for i, folder in enumerate(folders):
      kind = _recognise(folder, found)
      if i >= self._shared:
        rest += [folder] if kind is None else []
        unit += [folder] if kind in (None, 'language') else []
    stem = stem.rsplit('.', 1)[0]
    suffix = ''
    # gemm.O2, gemm-O2, gemm_O2, gemm.cpp; but not gemm-c.
    while (cut := re.search(r'[-_.]([^-_.]+)$', stem)) is not None:
      part = cut[1]
      is_language = cut[0][0] == '.' and part.lower() in _LANGUAGES
      if not (is_language or _OPT_LEVEL.fullmatch(part)):
        break
      _recognise(part, found)
      suffix = (cut[0] if is_language else '') + suffix
      stem = stem[: cut.start()]
    return Origin(
        program=rest[0] if rest else stem,
        unit='/'.join([*unit, stem + suffix]),
        **found,
    )


def _recognise(part: str, found: dict[str, str]) -> str | None:
  """Notes what a part of a path says; the kind of it, None if unknown."""
  if _OPT_LEVEL.fullmatch(part):
    kind, value = 'opt_level', _opt_level(part)
  elif (llvm := _LLVM.fullmatch(part.lower())) is not None:
    kind, value = 'llvm', llvm[1]
  elif re.fullmatch(r'\d{1,2}(\.\d+){1,2}', part):
    kind, value = 'llvm', part
  elif part.lower() in _LANGUAGES:
    kind, value = 'language', _LANGUAGES[part.lower()]
  else:
    return None
  found[kind] = value
  return kind


def _opt_level(text: str) -> str:
  """`O2` for `-O2`, `o2`, `2`; anything else as it is."""
  text = text.strip().lstrip('-')
  if re.fullmatch(r'[oO]?([0-3sz]|fast)', text):
    return 'O' + text.lstrip('oO')
  return text
