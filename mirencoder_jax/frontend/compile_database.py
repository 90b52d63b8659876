"""Reads `compile_commands.json`: which sources a build compiles, and how.

CMake writes one with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON, other builds under
`bear -- make`. What a command says about language, macros, include path, target
and warnings is kept; what it makes (`-c`, `-o`, `-MD`), its level, debug
information and link-time optimisation are whoever compiles it's to choose.
"""

import json
import os
import pathlib
import shlex
from typing import Any, NamedTuple

from mirencoder_jax.ir.module import IRError

NAME = 'compile_commands.json'
_WITH_VALUE = ('-o', '-MF', '-MT', '-MQ', '-MJ')
_DROPPED = ('-O', '-g', '-M', '-o', '-flto', '-fprofile', '-save-temps')
_DROPPED_WHOLE = ('-c', '-S', '-E', '-emit-llvm')
# Begin like one that is dropped, and are none.
_KEPT = ('-gcc-toolchain', '-gsplit')


class Unit(NamedTuple):
  """One source of a build.

  Attributes:
    file: its path as the command has it, perhaps relative to `directory`.
    directory: where the compiler runs.
    compiler: the word that starts the build's own compiler.
    flags: of the compiler, without those that this module drops.
    output: what the build makes of it, '' if the file does not say.
  """

  file: str
  directory: str
  compiler: str
  flags: tuple[str, ...]
  output: str = ''

  @property
  def path(self) -> pathlib.Path:
    """Absolute path of the source."""
    return pathlib.Path(self.directory, self.file)


def read_database(
    path: str | os.PathLike, *, each_once: bool = True
) -> list[Unit]:
  """The sources of a build, in the order of the file.

  Args:
    path: of a `compile_commands.json`, or of the folder that it is in.
    each_once: leaves out what several programs of a build compile again,
      perhaps with other flags.

  Raises:
    IRError: no such file, not a compile database, or an entry without a file.
  """
  path = pathlib.Path(path)
  if path.is_dir():
    path = path / NAME
  try:
    entries = json.loads(path.read_bytes())
  except FileNotFoundError:
    raise IRError(
        'there is no such file; CMake writes it with '
        '-DCMAKE_EXPORT_COMPILE_COMMANDS=ON, other builds by `bear -- make`',
        str(path),
    ) from None
  except ValueError as error:
    raise IRError(f'not JSON: {error}', str(path)) from None
  if not isinstance(entries, list):
    raise IRError('not a compile database: no list of entries', str(path))
  read = [_read_entry(entry, n, path) for n, entry in enumerate(entries, 1)]
  if not each_once:
    return read
  units: dict[str, Unit] = {}
  for unit in read:
    units.setdefault(os.path.realpath(unit.path), unit)
  return list(units.values())


def _read_entry(entry: Any, number: int, path: pathlib.Path) -> Unit:
  try:
    words = entry.get('arguments') or shlex.split(entry['command'])
    file = entry['file']
    directory = os.path.join(path.parent.resolve(), entry.get('directory', ''))
    compiler, *words = words
  except (AttributeError, KeyError, TypeError, ValueError) as error:
    raise IRError(
        f'entry {number} needs `file`, and `command` or `arguments`: {error!r}',
        str(path),
    ) from None
  kept = _keep(words, file, directory)
  output = entry.get('output', '')
  if not output and '-o' in words[:-1]:
    output = words[words.index('-o') + 1]
  return Unit(file, directory, compiler, kept, output)


def _keep(words: list[str], file: str, directory: str) -> tuple[str, ...]:
  source = os.path.realpath(os.path.join(directory, file))
  kept = []
  rest = iter(words)
  for word in rest:
    if word in _WITH_VALUE:
      next(rest, None)
    elif word in _DROPPED_WHOLE or word == '--':
      continue
    elif word.startswith(_DROPPED) and not word.startswith(_KEPT):
      continue
    elif os.path.realpath(os.path.join(directory, word)) == source:
      continue
    else:
      kept.append(word)
  return tuple(kept)
