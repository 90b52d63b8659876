"""The files of a package that are compiled, and what each one needs."""

import collections
import dataclasses
import fnmatch
import hashlib
import os
import pathlib
import re
from collections.abc import Collection, Iterator

from datasets.source_packages import (
    cmake_flags,
    config_headers,
    crates,
    includes,
    licences,
    packages,
    toolchain,
)

# Tables and concatenations of whole programs; a compiler is busy for minutes.
_MAX_BYTES = 3 << 20
# Files of one package in a row.
_IN_A_ROW = 10
_OPENMP = re.compile(rb'^[ \t]*#[ \t]*pragma[ \t]+omp\b', re.MULTILINE)

# Stand in the flags for folders of this machine, whose names are in no
# manifest.
_GENERATED = '{generated}'
_PYTHON = ('{python}', '{numpy}')
# What C let pass until 1999, for programs of that time.
_LENIENT = (
    '-Wno-error=implicit-function-declaration',
    '-Wno-error=implicit-int',
    '-Wno-error=int-conversion',
    '-Wno-error=incompatible-pointer-types',
    '-Wno-error=incompatible-function-pointer-types',
    '-Wno-error=return-type',
)


@dataclasses.dataclass(frozen=True)
class Unit:
  """One file to compile.

  Attributes:
    package: it belongs to.
    root: folder of the package's sources.
    source: path relative to `root`.
    language: one of `packages.LANGUAGES`.
  """

  package: packages.Package
  root: pathlib.Path
  source: str
  language: str

  @property
  def path(self) -> str:
    """Where its bitcode is in the folder that is made."""
    return f'bc/{self.package.name}/{self.source}.bc'


@dataclasses.dataclass(frozen=True)
class Attempt:
  """One way of compiling a unit: where its flags are from, and the flags."""

  way: str
  flags: tuple[str, ...]


class Refused(Exception):
  """A licence that is not allowed; the message says which and where."""


def find_units(
    package: packages.Package, root: pathlib.Path
) -> tuple[list[Unit], int]:
  """Lists what can be compiled, in an order that says nothing.

  A limit takes the first ones of each language, so that a higher limit adds
  files and changes none.

  Args:
    package: with globs and limits. `*` of a glob takes in folders.
    root: of its sources.

  Returns:
    The units and the number of files that the limits left out.
  """
  units = []
  rust = crates.roots(root) if 'rust' in package.languages else ()
  for source in _files(root):
    language = toolchain.language_of(source)
    if language not in package.languages:
      continue
    if not _matches(source, package.include):
      continue
    if _matches(source, package.exclude):
      continue
    if language == 'rust' and not _matches(source, rust):
      continue
    if 0 < (root / source).stat().st_size <= _MAX_BYTES:
      units.append(Unit(package, root, source, language))
  units.sort(key=lambda unit: hashlib.sha256(unit.source.encode()).digest())
  taken = []
  counts = dict.fromkeys(packages.LANGUAGES, 0)
  for unit in units:
    counts[unit.language] += 1
    limit = package.max_units.get(unit.language)
    if limit is None or counts[unit.language] <= limit:
      taken.append(unit)
  return taken, len(units) - len(taken)


def _files(root: pathlib.Path) -> Iterator[str]:
  for folder, folders, names in os.walk(root):
    folders[:] = sorted(name for name in folders if not name.startswith('.'))
    for name in sorted(names):
      path = pathlib.Path(folder, name)
      if path.is_file():
        yield path.relative_to(root).as_posix()


def _matches(source: str, globs: tuple[str, ...]) -> bool:
  return any(fnmatch.fnmatchcase(source, glob) for glob in globs)


def interleave(
    tasks: list[tuple[Unit, 'Sources']],
) -> list[tuple[Unit, 'Sources']]:
  """A few files of each package in turn: half a corpus is one of all.

  In a turn the languages go last that take seconds a file.
  """
  counts = collections.Counter()
  turns = []
  for task in tasks:
    name = task[0].package.name
    turns.append(counts[name] // _IN_A_ROW)
    counts[name] += 1
  is_slow = [task[0].language in ('c++', 'cuda') for task in tasks]
  order = sorted(range(len(tasks)), key=lambda i: (turns[i], is_slow[i], i))
  return [tasks[i] for i in order]


class Sources:
  """The sources of one package, with what is found out about them once.

  Attributes:
    package: whose sources.
    root: their folder.
  """

  def __init__(
      self,
      package: packages.Package,
      root: pathlib.Path,
      tools: toolchain.Toolchain,
      allowed: Collection[str],
      work_dir: pathlib.Path,
      all_crates: crates.Crates | None = None,
  ):
    """The sources in a folder.

    Args:
      package: whose sources.
      root: their folder, which is not written to.
      tools: the compilers.
      allowed: licences.
      work_dir: for the headers that are made and what CMake configures.
      all_crates: of the job, where there is Rust.
    """
    self.package = package
    self.root = root
    self._tools = tools
    self._allowed = allowed
    self._licences: dict[str, str] = {}
    self._crates = all_crates
    if all_crates is not None and 'rust' in package.languages:
      all_crates.add(package, root)
    self._resolver = includes.IncludeResolver(
        root,
        tools.library_headers,
        package.include_dirs,
        tools.python_headers,
        package.exclude,
    )
    self._config = config_headers.ConfigHeaders(
        package,
        root,
        self._resolver,
        tools,
        work_dir / 'generated' / package.name,
    )
    self._cmake = cmake_flags.CMakeFlags(
        package, root, tools, work_dir / 'cmake' / package.name
    )

  def closure(self, unit: Unit) -> includes.Closure:
    """What the unit includes."""
    return self._resolver.resolve(unit.source)

  def licence(self, unit: Unit, files: tuple[str, ...]) -> str:
    """The licence of a unit.

    Args:
      unit: whose licence.
      files: the unit's and those of the headers that go into it.

    Raises:
      Refused: if one of them is under a licence that is not allowed.
    """
    for file in files:
      licence = self._licence_of(file)
      if not licences.is_allowed(licence, self._allowed):
        where = '' if file == unit.source else f' of {file}'
        raise Refused(f'licence {licence or "unknown"}{where}')
    return self._licence_of(unit.source)

  def _licence_of(self, file: str) -> str:
    if file not in self._licences:
      try:
        with open(self.root / file, encoding='latin-1') as text:
          found = licences.detect(text.read(8192))
      except OSError:
        found = ''
      self._licences[file] = found or self.package.licence
    return self._licences[file]

  def attempts(
      self, unit: Unit, closure: includes.Closure
  ) -> Iterator[Attempt]:
    """The ways of compiling a unit, the likeliest first."""
    if unit.language == 'rust':
      flags = self._crates.flags(self.package, self.root, unit.source)
      yield Attempt('cargo', flags)
      return
    if unit.language == 'fortran':
      folders = tuple(f'-I{folder}' for folder in closure.folders)
      yield Attempt('include', folders + self.package.flags)
      return
    plain = self._flags(unit, closure)
    yield Attempt('include', plain)
    last = plain
    if self._config.make(closure.missing):
      last = (f'-I{_GENERATED}', '-DHAVE_CONFIG_H', *plain)
      yield Attempt('config', last)
    if (flags := self._cmake.find(unit.source)) is not None:
      last = flags + self._of_python(closure) + self.package.flags
      yield Attempt('cmake', last)
    if unit.language == 'c':
      yield Attempt('lenient', last + _LENIENT)

  def real_flags(self, flags: tuple[str, ...]) -> tuple[str, ...]:
    """Flags with the folders of this machine for the names of folders."""
    if self._crates is not None:
      flags = tuple(map(self._crates.real, flags))
    places = {
        _GENERATED: self._config.folder.resolve(),
        cmake_flags.FOLDER: self._cmake.folder.resolve(),
        **dict(zip(_PYTHON, self._tools.python_dirs, strict=False)),
    }
    result = []
    for flag in flags:
      for name, place in places.items():
        flag = flag.replace(name, str(place))
      result.append(flag)
    maps = [
        f'-ffile-prefix-map={place}={name[1:-1]}'
        for name, place in places.items()
        if any(name in flag for flag in flags)
    ]
    return (*result, *maps)

  def environment(self, unit: Unit) -> dict[str, str]:
    """Variables that a compiler wants to be told."""
    if unit.language != 'rust':
      return {}
    return self._crates.environment(self.root)

  def _flags(self, unit: Unit, closure: includes.Closure) -> tuple[str, ...]:
    package = self.package
    flags = [f'-D{define}' for define in package.defines]
    if self.is_openmp(unit):
      flags.append('-fopenmp')
    flags += [f'-I{folder}' for folder in closure.folders]
    for folder in closure.late:
      flags += ['-idirafter', folder]
    return (*flags, *self._of_python(closure), *package.flags)

  def _of_python(self, closure: includes.Closure) -> tuple[str, ...]:
    if not closure.outside:
      return ()
    names = _PYTHON[: len(self._tools.python_dirs)]
    return tuple(word for name in names for word in ('-isystem', name))

  def is_openmp(self, unit: Unit) -> bool:
    """Whether a unit of C or C++ has directives of OpenMP."""
    if unit.language not in ('c', 'c++'):
      return False
    return bool(_OPENMP.search((self.root / unit.source).read_bytes()))
