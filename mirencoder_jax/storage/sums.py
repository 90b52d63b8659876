"""Checksums of files that are opened without being read.

A file that nobody touched since its sum was taken has the size and the time it
had then, its stamp; only one that was copied, touched or damaged is read.
"""

import contextlib
import hashlib
import json
import os
import pathlib

from mirencoder_jax.storage import files

SUFFIX = '.sum'


def content_of(path: str | os.PathLike) -> str:
  """SHA-256 of a file's bytes."""
  with open(path, 'rb') as file:
    return hashlib.file_digest(file, 'sha256').hexdigest()


def stamp(path: pathlib.Path) -> list[int]:
  """Bytes and time of a file: the same while nobody touches it."""
  return [path.stat().st_size, path.stat().st_mtime_ns]


def write(path: pathlib.Path, state: int) -> None:
  """Writes the sum of a file beside it; none where there is no room.

  Args:
    path: of the file, which nobody writes now.
    state: a number that the file has, another one behind every change of it.
  """
  found = dict(state=state, stamp=stamp(path), sha256=content_of(path))
  with (
      contextlib.suppress(OSError),
      files.writing(path.with_suffix(SUFFIX)) as aside,
  ):
    aside.write_text(json.dumps(found))


def check(path: pathlib.Path, state: int | None) -> None:
  """Compares a file with its sum, where that is of this state of it.

  A writer that was killed between the two leaves the sum of the state before.

  Raises:
    ValueError: if the file is not as it was written.
  """
  of = path.with_suffix(SUFFIX)
  try:
    found = json.loads(of.read_bytes())
    if found['state'] != state:
      return
    same, content = found['stamp'] == stamp(path), found['sha256']
  except FileNotFoundError:
    return
  except (ValueError, KeyError, TypeError):
    raise ValueError(f'{of.name} is not as it was written') from None
  if not same and content_of(path) != content:
    raise ValueError(f'the checksum of {path.name} is wrong')
