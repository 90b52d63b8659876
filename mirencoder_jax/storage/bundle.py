"""One checked container: a folder of `info.json`, `vocab.json` and arrays.

  info.json          kind, format number, what its writer says, checksums,
  vocab.json         the vocabulary, if there is one,
  NAME.safetensors   arrays by their names,
  others             for people, a card say: they may be edited.

`info.json` has the SHA-256 of every file that is read and one over itself:
what was cut, flipped or altered is told, with the name of the file. A bundle
is written aside and renamed. Weights and predictors are bundles.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import safetensors
import safetensors.numpy
from etils import epath

from mirencoder_jax.storage.checkpoint import CheckpointError, first_line

# 1 was an npz or an Orbax folder, see `weights` and `predictor_checkpoint`.
FORMAT = 2
INFO, VOCAB, ARRAYS = 'info.json', 'vocab.json', '.safetensors'
_SHA, _FILES = 'sha256', 'files'
# As safetensors writes them; what it reads into numpy leaves bfloat16 out.
_DTYPES = {
    'BF16': jnp.bfloat16,
    'F16': np.float16,
    'F32': np.float32,
    'F64': np.float64,
    'I32': np.int32,
    'I64': np.int64,
    'U16': np.uint16,
}


class Bundle(NamedTuple):
  """What a folder holds."""

  info: dict[str, Any]
  vocab: Any  # None if there is none
  arrays: dict[str, dict[str, np.ndarray]]  # by file, then by name


def is_bundle(folder: str | os.PathLike) -> bool:
  """True for what `save` wrote, damaged or not."""
  return (epath.Path(folder) / INFO).exists()


def save(
    folder: str | os.PathLike,
    kind: str,
    info: Mapping[str, Any],
    arrays: Mapping[str, Mapping[str, np.ndarray]],
    vocab: Any = None,
    texts: Mapping[str, str] | None = None,
) -> int:
  """Writes a bundle in place of what `folder` holds.

  Args:
    folder: local or `gs://`; made if needed, and replaced as a whole.
    kind: what `load` has to ask for.
    info: what JSON can hold, beside arrays.
    arrays: by the name of their file, without its ending, then by their own.
    vocab: what JSON can hold.
    texts: files for people, by name.

  Returns:
    Bytes written.

  Raises:
    CheckpointError: naming the file that cannot be written; what was there
      before is there still.
  """
  files = {
      name
      + ARRAYS: safetensors.numpy.save(
          {key: np.array(tree[key], order='C') for key in sorted(tree)}
      )
      for name, tree in arrays.items()
  }
  if vocab is not None:
    files[VOCAB] = json.dumps(vocab, ensure_ascii=False).encode()
  sums = {name: hashlib.sha256(files[name]).hexdigest() for name in files}
  document = {'kind': kind, 'format': FORMAT, **info, _FILES: sums}
  document[_SHA] = _own_sum(document)
  files |= {name: text.encode() for name, text in (texts or {}).items()}
  # Last: with it the folder is a bundle.
  files[INFO] = (json.dumps(document, indent=1) + '\n').encode()
  _write(_absolute(folder), files)
  return sum(map(len, files.values()))


def read_info(folder: str | os.PathLike, kind: str) -> dict[str, Any]:
  """What a bundle says of itself, without its arrays.

  Raises:
    CheckpointError: it is of another kind, damaged, or of a newer version.
  """
  path = epath.Path(folder) / INFO
  try:
    info = json.loads(path.read_bytes())
    found, number = info['kind'], info['format']
    if not isinstance(number, int):
      raise ValueError(f'format is {number!r}')
  except FileNotFoundError:
    raise missing(path) from None
  except (OSError, ValueError, KeyError, TypeError) as error:
    raise damaged(path, first_line(error)) from None
  if number > FORMAT:
    raise CheckpointError(
        f'{path} has format {number}, this version of mirencoder_jax reads up '
        f'to {FORMAT}; update mirencoder_jax'
    )
  if info.get(_SHA) != _own_sum(info):
    raise damaged(path, 'its checksum is wrong')
  if found != kind:
    raise CheckpointError(f'{folder} holds a {found}, not a {kind}')
  return info


def load(
    folder: str | os.PathLike, kind: str, names: Iterable[str] | None = None
) -> Bundle:
  """Reads a bundle and checks all that it reads.

  Args:
    folder: local or `gs://`.
    kind: as it was saved.
    names: of the files of arrays to read; all by default.

  Raises:
    CheckpointError: naming the file, if one is damaged or not there, or the
      bundle is of another kind or a newer version.
  """
  folder = epath.Path(folder)
  info = read_info(folder, kind)
  if names is None:
    names = [n.removesuffix(ARRAYS) for n in info[_FILES] if n != VOCAB]
  vocab = None
  if VOCAB in info[_FILES]:
    vocab = json.loads(_read(folder, VOCAB, info))
  arrays = {name: _arrays(_read(folder, name + ARRAYS, info)) for name in names}
  return Bundle(info, vocab, arrays)


def damaged(path: str | os.PathLike, why: str) -> CheckpointError:
  """The error for a file that is not what was written."""
  return CheckpointError(
      f'{path} is damaged ({why}); copy it again, or make it anew'
  )


def missing(path: str | os.PathLike) -> CheckpointError:
  """The error for a file that was written with others, and is gone."""
  return CheckpointError(
      f'{path} is missing; copy the folder again, or make it anew'
  )


def _own_sum(info: Mapping[str, Any]) -> str:
  """Over `info.json` but for its own checksum, however it is laid out."""
  rest = {key: value for key, value in info.items() if key != _SHA}
  return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _read(folder: epath.Path, name: str, info: Mapping[str, Any]) -> bytes:
  path = folder / name
  try:
    data = path.read_bytes()
  except FileNotFoundError:
    raise missing(path) from None
  except OSError as error:
    raise damaged(path, first_line(error)) from None
  if hashlib.sha256(data).hexdigest() != info[_FILES].get(name):
    raise damaged(path, f'{len(data):,} bytes with a wrong checksum')
  return data


def _arrays(data: bytes) -> dict[str, np.ndarray]:
  return {
      name: np.frombuffer(entry['data'], _DTYPES[entry['dtype']]).reshape(
          entry['shape']
      )
      for name, entry in safetensors.deserialize(data)
  }


def _absolute(folder: str | os.PathLike) -> epath.Path:
  path = epath.Path(folder)
  return path if path.is_absolute() else epath.Path(os.path.abspath(path))


def _write(folder: epath.Path, files: Mapping[str, bytes]) -> None:
  """Writes aside and renames, so that what is there is whole."""
  aside = folder.with_name(f'{folder.name}.writing')
  before = folder.with_name(f'{folder.name}.before')
  path = aside
  try:
    for leftover in (aside, before):  # of a kill
      if leftover.exists():
        leftover.rmtree()
    aside.mkdir(parents=True)
    for name, data in files.items():
      path = aside / name
      path.write_bytes(data)
    path = folder
    if folder.exists():
      folder.rename(before)
    aside.rename(folder)
  except OSError as error:
    _remove(aside)
    if before.exists() and not folder.exists():
      before.rename(folder)
    raise CheckpointError(
        f'{folder / path.name if path != folder else folder} could not be '
        f'written: {error.strerror or first_line(error)}; write it again, '
        'where there is room'
    ) from error
  _remove(before)


def _remove(folder: epath.Path) -> None:
  try:
    if folder.exists():
      folder.rmtree()
  except OSError:  # it is in nobody's way
    pass
