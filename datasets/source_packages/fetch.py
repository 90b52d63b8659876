"""A package's sources onto this disk, checked against the manifest's hash.

An archive goes into the cache once and is unpacked beside it. No code of a
package is run: source distributions come through `unearth`, which never starts
a build back-end, and Debian's source packages are only downloaded.
"""

import fnmatch
import gzip
import hashlib
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib

from datasets.source_packages import packages, toolchain
from mirencoder_jax.frontend import wheel
from mirencoder_jax.storage import sums

if sys.version_info >= (3, 11, 4):
  import tarfile
else:  # Debian 12's Python extracts without a filter
  from backports import tarfile

_TIMEOUT = 900
# What an archive may unpack to.
_MAX_FILES = 200_000
_MAX_BYTES = 4 << 30


_ARCHIVE_ERRORS = (
    tarfile.TarError,
    zipfile.BadZipFile,
    NotImplementedError,  # what zipfile makes of a flipped flag
    EOFError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
)


class FetchError(RuntimeError):
  """A package that cannot be had; the message says why."""


def fetch(
    package: packages.Package,
    cache: pathlib.Path,
    folder: str | os.PathLike | None = None,
) -> pathlib.Path:
  """Brings the sources of a package.

  Args:
    package: what to bring.
    cache: folder for archives and what they hold.
    folder: of the manifest, which `origin = 'folder'` is relative to.

  Returns:
    The folder of the sources. It belongs to the cache or to the wheel and must
    not be written to.

  Raises:
    FetchError: if it is gone, changed, broken or its origin is not to be
      reached.
    OSError: if the disk is full.
  """
  if package.origin == 'ziglang':
    return _from_ziglang(package)
  if package.origin == 'folder':
    root = pathlib.Path(folder or '.') / (package.project or package.name)
    return _checked_folder(package, root / package.root)
  # Several packages may be parts of one archive.
  target = cache / 'sources' / package.sha256[:24]
  if not target.is_dir():
    archive = _archive(package, cache / 'archives')
    _unpack(archive, target)
  root = target / package.root
  if not root.is_dir():
    raise FetchError(f'has no folder {package.root}')
  return root


def tree_hash(root: str | os.PathLike) -> str:
  """SHA-256 over the names and contents of all files under `root`."""
  root = pathlib.Path(root)
  total = hashlib.sha256()
  for path in sorted(root.rglob('*')):
    if path.is_file():
      name = path.relative_to(root).as_posix()
      total.update(f'{name} {sums.content_of(path)}\n'.encode())
  return total.hexdigest()


def _from_ziglang(package: packages.Package) -> pathlib.Path:
  installed = toolchain.ziglang_version()
  if installed != package.version:
    raise FetchError(
        f'the ziglang wheel here is {installed}, the manifest pins '
        f'{package.version}'
    )
  root = wheel.find_program().parent / package.root
  return _checked_folder(package, root)


def _checked_folder(
    package: packages.Package, root: pathlib.Path
) -> pathlib.Path:
  if not root.is_dir():
    raise FetchError(f'{root} is not a folder')
  if (found := tree_hash(root)) != package.sha256:
    raise FetchError(_changed(package, found))
  return root


def _changed(package: packages.Package, found: str) -> str:
  return (
      f'its hash changed: the manifest pins sha256 {package.sha256}, there is '
      f'{found}'
  )


def _archive(package: packages.Package, cache: pathlib.Path) -> pathlib.Path:
  """The archive in the cache, downloaded if it is not there."""
  cache.mkdir(parents=True, exist_ok=True)
  kept = sorted(cache.glob(f'{package.sha256}-*'))
  if kept and sums.content_of(kept[0]) == package.sha256:
    return kept[0]
  with tempfile.TemporaryDirectory(dir=cache) as scratch:
    bring = _from_pypi if package.origin == 'pypi' else _from_debian
    path = bring(package, pathlib.Path(scratch))
    if (found := sums.content_of(path)) != package.sha256:
      raise FetchError(_changed(package, found))
    target = cache / f'{package.sha256}-{path.name}'
    os.replace(path, target)
  return target


def _from_pypi(
    package: packages.Package, scratch: pathlib.Path
) -> pathlib.Path:
  try:
    import unearth
  except ImportError as error:
    raise FetchError(
        "the package unearth is missing; python -m pip install 'unearth'"
    ) from error
  requirement = f'{package.project or package.name}=={package.version}'
  try:
    # Indexes other than the usual one, as pip takes them.
    indexes = [
        os.environ[name] for name in ('PIP_INDEX_URL',) if os.environ.get(name)
    ]
    finder = unearth.PackageFinder(
        index_urls=indexes, no_binary=[':all:'], ignore_compatibility=True
    )
    found = finder.find_best_match(requirement, allow_yanked=True).best
    if found is None:
      raise FetchError(f'is gone: no source distribution of {requirement}')
    link = found.link
    path = scratch / link.filename
    with finder.session.get_stream(link.normalized) as response:
      response.raise_for_status()
      with path.open('wb') as file:
        for chunk in response.iter_bytes():
          file.write(chunk)
  except (FetchError, OSError):
    raise
  except Exception as error:  # of several HTTP libraries, whichever it uses
    raise FetchError(f'{type(error).__name__}: {error}') from error
  return path


def _from_debian(
    package: packages.Package, scratch: pathlib.Path
) -> pathlib.Path:
  if shutil.which('apt-get') is None:
    raise FetchError('there is no apt-get here')
  options = _apt_options(scratch.parent / 'apt')
  name = package.project or package.name
  shown = _apt(['apt-cache', *options, 'showsrc', name], scratch)
  # Any revision of the distribution's will do, as upstream's archive is taken.
  revisions = re.findall(
      r'^Version: ((?:\d+:)?' + re.escape(package.version) + r'-\S+)$',
      shown.stdout,
      re.MULTILINE,
  )
  if not revisions:
    raise FetchError(f'is gone: apt has no source of {name} {package.version}')
  message = ''
  for revision in reversed(revisions):
    done = _apt(
        ['apt-get', *options, 'source', '--download-only']
        + [f'{name}={revision}'],
        scratch,
    )
    # It also fails if only the distribution's own changes are not there.
    for path in sorted(scratch.iterdir()):
      if fnmatch.fnmatch(path.name, package.archive):
        if not path.name.endswith('.asc'):
          return path
    found = re.findall(r'^E: (.+)$', done.stderr, re.MULTILINE)
    message = found[0] if found else f'no {package.archive}'
  # Whose mirror it was says nothing about the package.
  message = re.sub(r'\w+://\S*/', '', message)
  raise FetchError(f'is gone: {re.sub(r" *.IP: .*", "", message)}')


def _apt(
    command: list[str], folder: pathlib.Path
) -> subprocess.CompletedProcess:
  return subprocess.run(
      command,
      cwd=folder,
      capture_output=True,
      text=True,
      timeout=_TIMEOUT,
      check=False,
  )


def _apt_options(state: pathlib.Path) -> list[str]:
  """Options that give apt source lists of our own, whatever the machine's.

  Most machines list binary packages only. What they list is asked for as source
  too, in a state folder in the cache, so that nothing of the system's is
  changed and no root is needed.
  """
  sources = state / 'sources'
  lists = state / 'lists'
  options = [
      f'-oDir::Etc::sourcelist={state}/none.list',
      f'-oDir::Etc::sourceparts={sources}',
      f'-oDir::State::lists={lists}',
      f'-oDir::Cache={state}/cache',
      '-oAPT::Sandbox::User=',
  ]
  if (state / 'ready').exists():
    return options
  for folder in (sources, lists / 'partial', state / 'cache'):
    folder.mkdir(parents=True, exist_ok=True)
  for path in pathlib.Path('/etc/apt').glob('sources.list*'):
    for file in [path] if path.is_file() else sorted(path.iterdir()):
      text = file.read_text()
      if 'debian' not in text.lower():
        continue  # another vendor's
      text = re.sub(r'^Types:.*$', 'Types: deb-src', text, flags=re.MULTILINE)
      text = re.sub(r'^deb(?=\s)', 'deb-src', text, flags=re.MULTILINE)
      (sources / file.name).write_text(text)
  done = _apt(['apt-get', *options, 'update'], state)
  if done.returncode:
    lines = done.stderr.strip().splitlines()[-1:]
    raise FetchError(f'apt-get update failed: {" ".join(lines)}')
  (state / 'ready').touch()
  return options


def _unpack(archive: pathlib.Path, target: pathlib.Path) -> None:
  """Unpacks into `target`, all or nothing."""
  target.parent.mkdir(parents=True, exist_ok=True)
  scratch = pathlib.Path(tempfile.mkdtemp(dir=target.parent))
  try:
    if zipfile.is_zipfile(archive):
      _unpack_zip(archive, scratch)
    else:
      _unpack_tar(archive, scratch)
    entries = list(scratch.iterdir())
    # The one folder that most archives have at their top.
    is_one = len(entries) == 1 and entries[0].is_dir()
    os.replace(entries[0] if is_one else scratch, target)
  except _ARCHIVE_ERRORS as error:
    raise FetchError(f'{archive.name} cannot be unpacked: {error}') from error
  finally:
    shutil.rmtree(scratch, ignore_errors=True)


def _unpack_zip(archive: pathlib.Path, scratch: pathlib.Path) -> None:
  with zipfile.ZipFile(archive) as file:
    members = file.infolist()
    _check_size(len(members), sum(member.file_size for member in members))
    file.extractall(scratch)


def _unpack_tar(archive: pathlib.Path, scratch: pathlib.Path) -> None:
  num_bytes = 0
  with tarfile.open(archive) as file:
    for i, member in enumerate(file):
      num_bytes += member.size
      _check_size(i, num_bytes)
      try:
        # Refuses paths that lead out of the folder.
        file.extract(member, scratch, filter='data')
      except tarfile.FilterError as error:
        print(f'{archive.name}: {error}', file=sys.stderr)


def _check_size(num_files: int, num_bytes: int) -> None:
  if num_files > _MAX_FILES or num_bytes > _MAX_BYTES:
    raise FetchError(
        f'unpacks to over {_MAX_FILES:,} files or {_MAX_BYTES >> 30} GiB'
    )
