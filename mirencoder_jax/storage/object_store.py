"""Datasets and runs in an object store (`gs://`, `s3://`), by copies on disk.

Shards are mapped and checkpoints renamed, which an object store cannot do. So
a dataset is copied to this machine once, and a run stands in a folder here that
is copied to the store while it grows. fsspec speaks to the store, with gcsfs or
s3fs, which find keys and endpoints as the store's own tools do.
"""

import contextlib
import hashlib
import json
import logging
import os
import pathlib
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

from mirencoder_jax.storage import files

_CACHE = '~/.cache/mirencoder_jax/datasets'
_COPIED = 'copied.json'  # what of the store the copies beside it are
_EVERY_SECONDS = 60.0  # between copies of a run
_PATIENCE_SECONDS = 600.0  # for the last one, and between its tries:
_RETRY_SECONDS = 10.0


def is_url(path: str | os.PathLike) -> bool:
  """Whether a path names an object store."""
  return '://' in os.fspath(path)


def local_dataset(
    data_dir: str | os.PathLike,
    name: str,
    cache: str | os.PathLike | None = None,
) -> str | os.PathLike:
  """A folder here with a prepared dataset; what is there already stays.

  Args:
    data_dir: of prepared datasets, local or in a store.
    name: of one, as TFDS has it: `name`, `name/config`, `name:1.0.0`.
    cache: where copies are kept, by default below the home folder.

  Returns:
    `data_dir` itself if it is local.

  Raises:
    OSError: the store does not answer, refuses, or has no such dataset.
  """
  if not is_url(data_dir):
    return data_dir
  url = os.fspath(data_dir).rstrip('/')
  part = name.partition(':')[0]
  digest = hashlib.sha256(url.encode()).hexdigest()[:16]
  folder = pathlib.Path(cache or _CACHE).expanduser() / digest
  store = _Store(f'{url}/{part}')
  there = store.list()
  if not there:
    raise FileNotFoundError(f'no dataset {name!r} in {url}')
  root = folder / part
  record = root / _COPIED
  known = json.loads(record.read_text()) if record.exists() else {}
  for path in sorted(known.keys() - there.keys()):  # of an older preparation
    (root / path).unlink(missing_ok=True)
  for path, version in sorted(there.items()):
    if known.get(path) != version or not (root / path).exists():
      store.get(path, root / path)
  with files.writing(record) as aside:
    aside.write_text(json.dumps(there))
  return folder


@contextlib.contextmanager
def run_folder(
    workdir: str | os.PathLike,
    is_writer: bool = True,
    every_seconds: float = _EVERY_SECONDS,
) -> Iterator[str | os.PathLike]:
  """The folder of a run; of one in a store, a copy that is copied back.

  A run that is killed loses what was made since the last copy. A checkpoint
  that is there in part is damaged to its reader, who takes the one before.

  Args:
    workdir: of the run, local or in a store; given back if it is local.
    is_writer: whether this process keeps the run: one of several does.
    every_seconds: between copies.

  Raises:
    OSError: the store does not answer at the start; or at the end for ten
      minutes, in which case the folder stays, and is named.
  """
  if not is_url(workdir):
    yield workdir
    return
  folder = pathlib.Path(tempfile.mkdtemp(prefix='mirencoder-run-'))
  if not is_writer:
    try:
      yield folder
    finally:
      shutil.rmtree(folder, ignore_errors=True)
    return
  mirror = _Mirror(_Store(os.fspath(workdir)), folder)
  mirror.pull()
  stopped = threading.Event()
  thread = threading.Thread(
      target=mirror.push_often, args=[stopped, every_seconds], daemon=True
  )
  thread.start()
  try:
    yield folder
  finally:
    stopped.set()
    thread.join()
    mirror.push_insistently()
    shutil.rmtree(folder, ignore_errors=True)


class _Store:
  """The files below a URL; every failure is an OSError that names it."""

  def __init__(self, url: str):
    self.url = url.rstrip('/')
    try:
      import fsspec

      self._system, self._root = fsspec.core.url_to_fs(self.url)
    except ImportError as error:
      raise OSError(
          f'{url}: a package is not installed ({error}); `python -m pip '
          'install gcsfs` for gs://, s3fs for s3://'
      ) from error
    except ValueError as error:
      raise OSError(f'{url}: {error}') from error

  @contextlib.contextmanager
  def _named(self) -> Iterator[None]:
    try:
      yield
    except Exception as error:  # of clouds' packages: no common kind
      text = str(error).strip() or type(error).__name__
      raise OSError(f'{self.url}: {text.splitlines()[0]}') from error

  def list(self) -> dict[str, str]:
    """Path below the URL -> what changes when the file does."""
    with self._named():
      self._system.invalidate_cache()
      found = self._system.find(self._root, detail=True)
    files_below = {
        path.removeprefix(self._root).lstrip('/'): _version(info)
        for path, info in found.items()
        if info['type'] == 'file'
    }
    for path in files_below:  # a store's names may be anything
      if '..' in path.split('/'):
        raise OSError(f'{self.url}: {path!r} leaves the folder')
    return files_below

  def get(self, path: str, target: pathlib.Path) -> None:
    """Copies a file here, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    number, aside = tempfile.mkstemp(dir=target.parent, suffix='.part')
    os.close(number)
    try:
      with self._named():
        self._system.get_file(f'{self._root}/{path}', aside)
      os.replace(aside, target)
    finally:
      with contextlib.suppress(OSError):
        os.unlink(aside)

  def put(self, content: bytes, path: str) -> None:
    """Writes a file there, whole or not at all."""
    with self._named():
      self._system.pipe_file(f'{self._root}/{path}', content)

  def remove(self, path: str) -> None:
    """Removes a file there, if it is there."""
    with self._named(), contextlib.suppress(FileNotFoundError):
      self._system.rm_file(f'{self._root}/{path}')


def _version(info: dict[str, Any]) -> str:
  """Of a file: what its store says of its content or, failing that, time."""
  for name in ('ETag', 'crc32c', 'md5Hash', 'mtime', 'created'):
    if info.get(name):
      return f'{info["size"]} {info[name]}'
  return str(info['size'])


class _Mirror:
  """A folder here and in a store."""

  def __init__(self, store: _Store, folder: pathlib.Path):
    self._store, self._folder = store, folder
    self._pushed: dict[str, tuple[int, int]] = {}  # path -> size, time here

  def pull(self) -> None:
    """Copies what the store has here."""
    for path in self._store.list():
      self._store.get(path, self._folder / path)
    self._pushed = self._here()

  def _here(self) -> dict[str, tuple[int, int]]:
    """The files that belong in the store: nothing that is half written."""
    found = {}
    for path in self._folder.rglob('*'):
      name = path.relative_to(self._folder)
      is_aside = any(
          'orbax-checkpoint-tmp' in part
          or part.endswith('.part')
          or part.startswith('damaged-')
          for part in name.parts
      )
      with contextlib.suppress(FileNotFoundError):  # removed meanwhile
        if not is_aside and path.is_file():
          stat = path.stat()
          found[name.as_posix()] = stat.st_size, stat.st_mtime_ns
    return found

  def push(self) -> None:
    """Copies there what is new here, then removes there what is gone."""
    here = self._here()
    for name, state in here.items():
      if self._pushed.get(name) != state:
        try:
          content = (self._folder / name).read_bytes()
        except FileNotFoundError:
          continue
        self._store.put(content, name)
        self._pushed[name] = state
    for name in sorted(self._pushed.keys() - here.keys()):
      self._store.remove(name)
      del self._pushed[name]

  def push_often(self, stopped: threading.Event, seconds: float) -> None:
    """Until told to stop; what fails is tried again."""
    while not stopped.wait(seconds):
      try:
        self.push()
      except OSError as error:
        logging.error('%s; the run goes on, it is tried again', error)

  def push_insistently(self) -> None:
    """The last time; waits for the store for some minutes."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
      try:
        return self.push()
      except OSError as error:
        if time.monotonic() > end:
          raise OSError(f'{error}; the run is in {self._folder}') from error
        logging.error('%s; trying again', error)
      time.sleep(_RETRY_SECONDS)
