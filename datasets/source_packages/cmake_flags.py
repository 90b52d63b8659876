"""Flags out of the compile commands that CMake exports.

It runs CMake's configure step and nothing after it; that step is the package's
own program, so only a package whose manifest entry has `cmake` gets it.
"""

import json
import os
import pathlib
import posixpath
import re
import shlex
import shutil
import sys
import threading

from datasets.source_packages import packages, toolchain
from mirencoder_jax.frontend import bounded

# Flags that say what is compiled; the rest says how well.
_WITH_PATH = ('-I', '-isystem', '-iquote', '-idirafter', '-include')
_KEPT = ('-D', '-U', '-std=', '-fopenmp')
# Configuring compiles many small programs.
_BOUNDS = bounded.Bounds(seconds=600, memory_mb=8192)
# Stands in flags for the folder of the configured build.
FOLDER = '{cmake}'


class CMakeFlags:
  """The compile commands of one package, configured when first asked for.

  Attributes:
    folder: of the build.
    error: why there are none; '' if there are some.
  """

  def __init__(
      self,
      package: packages.Package,
      root: pathlib.Path,
      tools: toolchain.Toolchain,
      folder: pathlib.Path,
  ):
    self._package = package
    self._root = root
    self._tools = tools
    self._lock = threading.Lock()
    self._flags: dict[str, tuple[str, ...]] | None = None
    self.folder = folder
    self.error = ''

  def find(self, source: str) -> tuple[str, ...] | None:
    """The flags of a source file; None if CMake does not compile it."""
    if self._package.cmake is None:
      return None
    with self._lock:
      if self._flags is None:
        self._flags = self._read()
    return self._flags.get(source)

  def _read(self) -> dict[str, tuple[str, ...]]:
    commands = self.folder / 'compile_commands.json'
    if not commands.exists():
      self._configure()
    if not commands.exists():
      self.error = self.error or 'CMake exported no compile commands'
      print(f'{self._package.name}: {self.error}', file=sys.stderr)
      return {}
    return parse_commands(
        json.loads(commands.read_text()), self._root, self.folder
    )

  def _configure(self) -> None:
    cmake = find_cmake()
    if cmake is None:
      self.error = "no cmake; python -m pip install 'cmake'"
      return
    self.folder.mkdir(parents=True, exist_ok=True)
    compilers = {
        name: self._wrapper(driver)
        for name, driver in (('C', 'cc'), ('CXX', 'c++'))
    }
    words = [
        cmake,
        '-S',
        str(self._root.resolve()),
        '-B',
        str(self.folder.resolve()),
        '-DCMAKE_EXPORT_COMPILE_COMMANDS=ON',
        '-DCMAKE_POLICY_VERSION_MINIMUM=3.5',
        '-DCMAKE_BUILD_TYPE=Release',
        '-DFETCHCONTENT_FULLY_DISCONNECTED=ON',
        *(f'-DCMAKE_{name}_COMPILER={p}' for name, p in compilers.items()),
        *self._package.cmake,
    ]
    if shutil.which('ninja'):
      words[1:1] = ['-G', 'Ninja']
    # Of all packages: the first one makes zig compile its C library.
    cache = str((self.folder.parent / 'zig').resolve())
    done = bounded.run(
        words,
        _BOUNDS,
        folder=self.folder,
        environment={
            'ZIG_GLOBAL_CACHE_DIR': cache,
            'ZIG_LOCAL_CACHE_DIR': cache,
        },
    )
    if done.problem:
      lines = re.findall(r'^CMake Error.*$', done.text, re.MULTILINE)
      self.error = f'CMake: {done.problem} {" ".join(lines[:2])[:200]}'

  def _wrapper(self, driver: str) -> pathlib.Path:
    """A program that is one of zig's compilers."""
    path = (self.folder / f'zig-{driver.replace("+", "p")}').resolve()
    zig = shlex.quote(str(self._tools.zig))
    path.write_text(f'#!/bin/sh\nexec {zig} {driver} "$@"\n')
    path.chmod(0o755)
    return path


def find_cmake() -> str | None:
  """The `cmake` program of this Python, or else of the machine."""
  beside = pathlib.Path(sys.executable).with_name('cmake')
  return str(beside) if beside.exists() else shutil.which('cmake')


def parse_commands(
    entries: list[dict], root: pathlib.Path, folder: pathlib.Path
) -> dict[str, tuple[str, ...]]:
  """Reads compile commands.

  Args:
    entries: of `compile_commands.json`.
    root: of the sources; names below it become relative.
    folder: of the build; names below it begin with `FOLDER`.

  Returns:
    Source, relative to `root` -> what its command says about the language, the
    macros and the include path. The first command of a file counts.
  """
  result: dict[str, tuple[str, ...]] = {}
  places = ((os.path.realpath(folder), FOLDER), (os.path.realpath(root), '.'))

  def short(path: str, directory: str) -> str:
    path = os.path.realpath(os.path.join(directory, path))
    for place, name in places:
      if path == place or path.startswith(place + os.sep):
        rest = os.path.relpath(path, place).replace(os.sep, '/')
        return posixpath.normpath(posixpath.join(name, rest))
    return path

  for entry in entries:
    directory = entry['directory']
    words = entry.get('arguments') or shlex.split(entry['command'])
    flags = []
    rest = iter(words[1:])
    for word in rest:
      option = next((o for o in _WITH_PATH if word.startswith(o)), None)
      if option is not None:
        value = word.removeprefix(option) or next(rest, '')
        if option == '-I':
          flags.append(f'-I{short(value, directory)}')
        else:
          flags += [option, short(value, directory)]
      elif word.startswith(_KEPT):
        flags.append(word)
    source = short(entry['file'], directory)
    result.setdefault(source, tuple(flags))
  return result
