"""`Package`: what `manifest.toml` says about one source package.

The manifest in, one record a package out, for all the other modules here.
"""

import dataclasses
import pathlib
import tomllib
from typing import Any

MANIFEST = pathlib.Path(__file__).with_name('manifest.toml')
# Each takes in the tiers before it.
TIERS = ('musl', 'default', 'full')
ORIGINS = ('ziglang', 'pypi', 'debian', 'folder')
LANGUAGES = ('c', 'c++', 'opencl', 'cuda', 'rust', 'fortran')


class ManifestError(ValueError):
  """The manifest does not say what it must; the message says where."""


@dataclasses.dataclass(frozen=True)
class Package:
  """One pinned package.

  Attributes:
    name: its name here: the folder of its bitcode and the unit of the splits.
    version: pinned.
    origin: where it comes from, one of `ORIGINS`.
    sha256: of the archive; of a folder see `fetch.tree_hash`.
    licence: SPDX identifier of the package as a whole.
    languages: that it has files of.
    tier: the first tier that takes it.
    project: its name at the origin, if that is another.
    root: folder inside the archive that is the package, for parts of one.
    include: globs of the files that may be compiled.
    exclude: globs of those that may not.
    include_dirs: folders in which headers are looked for first.
    defines: macros, as `NAME` or `NAME=VALUE`.
    flags: further words for the compiler.
    headers: headers that the package's own build would have made: name ->
      `@` and the path of a template in the package, or the text itself.
    answers: macro -> value, for such templates.
    max_units: language -> number of files that are compiled at most.
    cmake: options to configure with; None if CMake is not to be tried.
    archive: glob of the file among several of a Debian source package.
  """

  name: str
  version: str
  origin: str
  sha256: str
  licence: str
  languages: tuple[str, ...]
  tier: str = 'default'
  project: str = ''
  root: str = ''
  include: tuple[str, ...] = ('**',)
  exclude: tuple[str, ...] = ()
  include_dirs: tuple[str, ...] = ()
  defines: tuple[str, ...] = ()
  flags: tuple[str, ...] = ()
  headers: dict[str, str] = dataclasses.field(default_factory=dict)
  answers: dict[str, str] = dataclasses.field(default_factory=dict)
  max_units: dict[str, int] = dataclasses.field(default_factory=dict)
  cmake: tuple[str, ...] | None = None
  archive: str = '*.orig.tar.*'

  def __post_init__(self):
    for value, field, choices in (
        (self.origin, 'origin', ORIGINS),
        (self.tier, 'tier', TIERS),
    ):
      if value not in choices:
        raise ManifestError(
            f'{self.name}: {field} {value!r} is none of {", ".join(choices)}'
        )
    if unknown := {*self.languages, *self.max_units} - set(LANGUAGES):
      raise ManifestError(
          f'{self.name}: no language {sorted(unknown)}; the languages are '
          f'{", ".join(LANGUAGES)}'
      )


@dataclasses.dataclass(frozen=True)
class Manifest:
  """All packages, and what holds for each of them.

  Attributes:
    packages: in the order of the file.
    licences: SPDX identifiers that are allowed.
    exclude: globs of files that are never compiled.
    max_units: tier -> language -> files of one package at most.
  """

  packages: tuple[Package, ...]
  licences: frozenset[str]
  exclude: tuple[str, ...]
  max_units: dict[str, dict[str, int]]

  def select(self, tier: str) -> list[Package]:
    """The packages of `tier`, with the limits that it sets."""
    if tier not in TIERS:
      raise ManifestError(f'tier {tier!r} is none of {", ".join(TIERS)}')
    taken = TIERS[: TIERS.index(tier) + 1]
    limits = self.max_units.get(tier, {})
    # Without limits in the tier, those of a package do not count either.
    return [
        dataclasses.replace(
            package,
            exclude=self.exclude + package.exclude,
            max_units=limits | package.max_units if limits else {},
        )
        for package in self.packages
        if package.tier in taken
    ]


def load_manifest(path: str | pathlib.Path = MANIFEST) -> Manifest:
  """Reads a manifest.

  Raises:
    ManifestError: names the file, the package and the field.
  """
  path = pathlib.Path(path)
  try:
    content = tomllib.loads(path.read_text())
    packages = tuple(_package(table) for table in content['package'])
    manifest = Manifest(
        packages,
        frozenset(content['licences']),
        tuple(content.get('exclude', ())),
        content.get('max_units', {}),
    )
  except OSError as error:
    raise ManifestError(f'{path}: {error.strerror}') from error
  except KeyError as error:
    raise ManifestError(f'{path}: has no {error}') from error
  except (tomllib.TOMLDecodeError, ManifestError) as error:
    raise ManifestError(f'{path}: {error}') from error
  names = [package.name for package in packages]
  if twice := {name for name in names if names.count(name) > 1}:
    raise ManifestError(f'{path}: {sorted(twice)} are there twice')
  return manifest


def _package(table: dict[str, Any]) -> Package:
  fields = {field.name: field for field in dataclasses.fields(Package)}
  name = table.get('name', '?')
  if unknown := table.keys() - fields.keys():
    raise ManifestError(f'{name}: unknown fields {sorted(unknown)}')
  missing = [
      field.name
      for field in fields.values()
      if field.default is dataclasses.MISSING
      and field.default_factory is dataclasses.MISSING
      and field.name not in table
  ]
  if missing:
    raise ManifestError(f'{name}: fields missing: {", ".join(missing)}')
  return Package(
      **{
          key: tuple(value) if isinstance(value, list) else value
          for key, value in table.items()
      }
  )
