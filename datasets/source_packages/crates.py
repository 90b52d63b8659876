"""Flags of Rust's crates, read out of `Cargo.toml` without running cargo.

A crate is one unit, its `src/lib.rs`; examples that use it are more, and they
are where its generic functions become code. The crates it depends on must be
packages of the manifest too; only their interfaces are compiled for it. Build
scripts are not run, and macros that are programs (proc-macro) are not to be
had.
"""

import pathlib
import re
import threading
import tomllib
from collections.abc import Collection, Mapping

from datasets.source_packages import packages
from mirencoder_jax.frontend import bounded

# Stands in flags for the folder of the interfaces.
FOLDER = '{crates}'
_LIBRARY, _PROGRAMS = 'src/lib.rs', 'examples/*.rs'


class CrateError(RuntimeError):
  """A crate without what it needs; the message says what."""


class Crates:
  """The crates of one job.

  Attributes:
    folder: of their interfaces.
  """

  def __init__(self, rustc: str, folder: pathlib.Path, bounds: bounded.Bounds):
    self._rustc = rustc
    self._bounds = bounds
    self._roots: dict[str, tuple[packages.Package, pathlib.Path]] = {}
    self._errors: dict[str, str] = {}
    self._done: set[str] = set()
    # Of its own crates a crate asks while it holds it.
    self._lock = threading.RLock()
    self.folder = folder

  def add(self, package: packages.Package, root: pathlib.Path) -> None:
    """Makes a crate known to those that depend on it."""
    self._roots.setdefault(crate_name(read_cargo(root)), (package, root))

  def flags(
      self, package: packages.Package, root: pathlib.Path, source: str
  ) -> tuple[str, ...]:
    """The flags of one file of a crate.

    Raises:
      CrateError: if a crate that it requires is not there or does not compile.
    """
    cargo = read_cargo(root)
    turned_on, needed = resolve(cargo, self._roots.keys())
    is_library = source == _library(cargo)
    name = crate_name(cargo)
    if not is_library:
      needed[name] = name
      name = re.sub(r'\W', '_', pathlib.PurePosixPath(source).stem)
    flags = [
        f'--crate-type={"lib" if is_library else "bin"}',
        f'--crate-name={name}',
        f'--edition={_edition(cargo)}',
    ]
    flags += [f'--cfg=feature="{feature}"' for feature in turned_on]
    flags += package.flags
    for alias, other in needed.items():
      flags.append(f'--extern={alias}={self._interface(other)}')
    if needed:
      flags.append(f'-L{FOLDER}')
    return tuple(flags)

  def environment(self, root: pathlib.Path) -> dict[str, str]:
    """What cargo tells a crate about itself."""
    about = read_cargo(root).get('package', {})
    version = str(about.get('version', '0.0.0'))
    numbers = [*re.split(r'[.+-]', version), '0', '0', '0']
    return {
        'CARGO_PKG_NAME': str(about.get('name', '')),
        'CARGO_PKG_VERSION': version,
        'CARGO_PKG_VERSION_MAJOR': numbers[0],
        'CARGO_PKG_VERSION_MINOR': numbers[1],
        'CARGO_PKG_VERSION_PATCH': numbers[2],
        'CARGO_PKG_DESCRIPTION': '',
        'CARGO_PKG_AUTHORS': '',
        'CARGO_MANIFEST_DIR': '.',
    }

  def real(self, flag: str) -> str:
    """A flag with the name of this machine's folder."""
    return flag.replace(FOLDER, str(self.folder.resolve()))

  def _interface(self, name: str) -> str:
    """Path of a crate's interface, which is compiled when first asked for."""
    with self._lock:
      if name not in self._roots:
        raise CrateError(f'the crate {name} is not there')
      if name not in self._done:
        self._done.add(name)
        self._compile(*self._roots[name], name)
      if name in self._errors:
        raise CrateError(self._errors[name])
      return f'{FOLDER}/lib{name}.rmeta'

  def _compile(
      self,
      package: packages.Package,
      root: pathlib.Path,
      name: str,
  ) -> None:
    library = _library(read_cargo(root))
    self.folder.mkdir(parents=True, exist_ok=True)
    try:
      flags = self.flags(package, root, library)
      command = [
          self._rustc,
          '--emit=metadata',
          '--cap-lints=allow',
          # For the functions too that nothing generic is in: what is compiled
          # against it is not linked.
          '-Zalways-encode-mir',
          *map(self.real, flags),
          '-o',
          str((self.folder / f'lib{name}.rmeta').resolve()),
          library,
      ]
      # That flag is one of a nightly compiler's.
      environment = self.environment(root) | {'RUSTC_BOOTSTRAP': '1'}
      done = bounded.run(
          command, self._bounds, folder=root, environment=environment
      )
      if done.problem:
        self._errors[name] = f'the crate {name} does not compile'
    except CrateError as error:
      self._errors[name] = str(error)


def roots(root: pathlib.Path) -> tuple[str, ...]:
  """Globs of the files of a crate that are compiled by themselves."""
  return _library(read_cargo(root)), _PROGRAMS


def read_cargo(root: pathlib.Path) -> dict:
  """`Cargo.toml`; empty if there is none to be read."""
  try:
    return tomllib.loads((root / 'Cargo.toml').read_text(encoding='utf-8'))
  except (OSError, ValueError):
    return {}


def crate_name(cargo: Mapping) -> str:
  """The name under which others use a crate."""
  name = cargo.get('lib', {}).get('name') or cargo.get('package', {}).get(
      'name', 'crate'
  )
  return str(name).replace('-', '_')


def resolve(
    cargo: Mapping, known: Collection[str]
) -> tuple[list[str], dict[str, str]]:
  """The features that are on by default, and the crates that are needed.

  Args:
    cargo: content of `Cargo.toml`.
    known: names of crates that can be had; a feature that needs another one
      stays off.

  Returns:
    Features, and name in the crate -> name of the crate needed.
  """
  table = cargo.get('features', {})
  dependencies = {
      name: about if isinstance(about, Mapping) else {}
      for name, about in cargo.get('dependencies', {}).items()
  }
  crates = {
      name: str(about.get('package', name)).replace('-', '_')
      for name, about in dependencies.items()
  }
  optional = {n for n, about in dependencies.items() if about.get('optional')}
  features: dict[str, None] = {}
  needed = [name for name in dependencies if name not in optional]
  queue = list(table.get('default', ()))
  while queue:
    name = queue.pop(0)
    # `dep:crate`, and `crate/feature`, which turns on the crate too; with a
    # question mark it does not.
    crate = name.removeprefix('dep:').split('/')[0]
    if name in features or crate.endswith('?'):
      continue
    if crate in optional:
      if crates[crate] not in known:
        continue
      needed.append(crate)
    if '/' not in name and ':' not in name:
      features[name] = None
      queue.extend(table.get(name, ()))
  return list(features), {
      name.replace('-', '_'): crates[name] for name in dict.fromkeys(needed)
  }


def _library(cargo: Mapping) -> str:
  return str(cargo.get('lib', {}).get('path', _LIBRARY)).removeprefix('./')


def _edition(cargo: Mapping) -> str:
  edition = cargo.get('package', {}).get('edition', '2015')
  return edition if isinstance(edition, str) else '2021'
