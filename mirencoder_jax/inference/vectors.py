"""`Vectors`: embeddings with the names of what they are of, and their file.

One `npz` (or parquet) file holds the vectors of a corpus and says which encoder
made them, because those of two encoders cannot be compared. Other encoders'
come as an `npz` of two arrays, `names` [n] and `vecs` [n, D].
"""

import dataclasses
import hashlib
import io
import json
import os
import pathlib
from collections.abc import Sequence

import numpy as np

from mirencoder_jax.ir import IRError
from mirencoder_jax.storage import files

LEVELS = ('function', 'module')
SUFFIXES = ('.npz', '.parquet')
ROW_FLAGS = {'unverified': np.bool_, 'cut_tokens': np.int32}


class VectorsError(ValueError):
  """Vectors that cannot be written, read or used together."""


@dataclasses.dataclass(frozen=True)
class Vectors:
  """Embeddings of functions or modules.

  Attributes:
    vectors: float32 [n, D].
    files: path of each row's file.
    functions: name of each row's function; '' at module level.
    num_instructions: int32 [n].
    level: `function` or `module`.
    modality: `joint`, `ir`, `graph` or `all`.
    encoder: `Encoder.fingerprint` of what made them; '' if a file does not say.
    errors: what could not be read, by path; not kept in files.
    report: counts of `Encoding.report`, summed; not kept in files.
    unverified: bool [n], whether LLVM refused the row's text and it was read as
      it is.
    cut_tokens: int32 [n], tokens that the row's vector does not see.
  """

  vectors: np.ndarray
  files: list[str]
  functions: list[str]
  num_instructions: np.ndarray
  level: str
  modality: str
  encoder: str
  errors: dict[str, IRError] = dataclasses.field(default_factory=dict)
  report: dict[str, int] = dataclasses.field(default_factory=dict)
  unverified: np.ndarray = dataclasses.field(default=None)  # type: ignore
  cut_tokens: np.ndarray = dataclasses.field(default=None)  # type: ignore

  def __post_init__(self):
    # Files of version 0.3 do not say.
    for name, kind in ROW_FLAGS.items():
      if getattr(self, name) is None:
        object.__setattr__(self, name, np.zeros(len(self.vectors), kind))

  def __len__(self) -> int:
    return len(self.vectors)

  def label(self, row: int) -> str:
    """`file:function` of a row."""
    return ':'.join(filter(None, (self.files[row], self.functions[row])))

  def select(self, rows: Sequence[int]) -> 'Vectors':
    """Some of the rows."""
    arrays = ('vectors', 'num_instructions', *ROW_FLAGS)
    return dataclasses.replace(
        self,
        files=[self.files[i] for i in rows],
        functions=[self.functions[i] for i in rows],
        **{name: getattr(self, name)[list(rows)] for name in arrays},
    )

  def rows_by_file(self) -> dict[str, list[int]]:
    """The rows of each file, in the order of the files."""
    rows: dict[str, list[int]] = {}
    for row, file in enumerate(self.files):
      rows.setdefault(file, []).append(row)
    return rows

  def by_file(self) -> dict[str, np.ndarray]:
    """The vector of each file, float32 [D].

    Where functions have vectors: their mean, weighted by instructions, which is
    what a module's vector is.
    """
    rows = self.rows_by_file()
    if self.level == 'module':
      return {file: self.vectors[found[-1]] for file, found in rows.items()}
    sizes = self.num_instructions.astype(np.float64)
    return {
        file: (
            sizes[found] @ self.vectors[found] / max(sizes[found].sum(), 1)
        ).astype(np.float32)
        for file, found in rows.items()
    }

  def save(self, path: str | os.PathLike) -> None:
    """Writes `.npz` or `.parquet`, as the suffix says.

    Raises:
      VectorsError: for another suffix, or parquet without pyarrow.
      OSError: naming the file, if there is no room for it, say.
    """
    path = check_path(path)
    with files.writing(path) as aside:
      if path.suffix == '.parquet':
        _write_parquet(self, aside)
      else:
        self._write_npz(aside)

  def _write_npz(self, path: pathlib.Path) -> None:
    arrays = {
        'vectors': self.vectors,
        'files': np.array(self.files, np.str_),
        'functions': np.array(self.functions, np.str_),
        'num_instructions': self.num_instructions,
        **{k: getattr(self, k) for k in ROW_FLAGS},
        **{k: np.array(getattr(self, k)) for k in _KINDS},
        _SHA: np.array(_checksum(self)),
    }
    with open(path, 'wb') as file:
      np.savez_compressed(file, allow_pickle=False, **arrays)


_KINDS = ('level', 'modality', 'encoder')
_SHA = 'sha256'  # of all the rest; not in files of version 0.3


def _checksum(vectors: Vectors) -> str:
  """Over all that a file keeps, in either format."""
  names = json.dumps(
      [vectors.files, vectors.functions, *(getattr(vectors, k) for k in _KINDS)]
  )
  digest = hashlib.sha256(names.encode())
  for array, kind in (
      (vectors.vectors, np.float32),
      (vectors.num_instructions, np.int32),
      (vectors.unverified, np.bool_),
      (vectors.cut_tokens, np.int32),
  ):
    digest.update(np.ascontiguousarray(array, kind).data)
  return digest.hexdigest()


def _checked(vectors: Vectors, recorded: str | None) -> Vectors:
  if recorded not in (None, _checksum(vectors)):
    raise ValueError('its checksum is wrong')
  return vectors


def read_vectors(path: str | os.PathLike) -> Vectors:
  """Reads what `Vectors.save` wrote, or arrays `names` and `vecs` of others.

  Raises:
    VectorsError: if there is no such file, or it is another kind of file.
  """
  path = check_path(path)
  if not path.is_file():
    raise VectorsError(
        f'there is no {path}; `mirencoder embed FOLDER -o {path.name}` makes it'
    )
  if path.suffix == '.parquet':
    return _read_parquet(path)
  try:
    # From memory: of a damaged file, numpy leaves the handle open.
    with np.load(io.BytesIO(path.read_bytes())) as file:
      if 'vecs' in file and 'vectors' not in file:
        return _of_others(file)
      found = Vectors(
          vectors=file['vectors'],
          files=file['files'].tolist(),
          functions=file['functions'].tolist(),
          num_instructions=file['num_instructions'],
          level=str(file['level']),
          modality=str(file['modality']),
          encoder=str(file['encoder']),
          **{k: file[k] for k in ROW_FLAGS if k in file.files},
      )
      return _checked(found, str(file[_SHA]) if _SHA in file.files else None)
  except Exception as error:  # numpy, zipfile and zlib raise many kinds.
    raise _unreadable(path, error) from None


def _of_others(file: np.lib.npyio.NpzFile) -> Vectors:
  names, vectors = file['names'], np.asarray(file['vecs'], np.float32)
  if vectors.ndim != 2 or names.shape != vectors.shape[:1]:
    raise ValueError(
        f'names {names.shape} and vecs {vectors.shape} do not match; [n] and '
        '[n, D] are expected'
    )
  return of_names([str(name) for name in names], vectors)


def of_names(
    names: Sequence[str], vectors: np.ndarray, encoder: str = ''
) -> Vectors:
  """Vectors [n, D] of which nothing but names is known."""
  return Vectors(
      vectors=np.asarray(vectors, np.float32),
      files=list(names),
      functions=[''] * len(names),
      num_instructions=np.zeros(len(names), np.int32),
      level='module',
      modality='joint',
      encoder=encoder,
  )


def _unreadable(path: pathlib.Path, error: Exception) -> VectorsError:
  return VectorsError(
      f'{path} holds no vectors of `mirencoder embed -o`, or is damaged '
      f'({files.first_line(error)})'
  )


def check_path(path: str | os.PathLike) -> pathlib.Path:
  """The path, if vectors can be kept there as far as can be told before.

  Raises:
    VectorsError: for another suffix, a folder that is not there, or parquet
      without pyarrow.
  """
  path = pathlib.Path(path)
  if path.suffix not in SUFFIXES:
    raise VectorsError(
        f'{path}: vectors are kept in {" or ".join(SUFFIXES)} files'
    )
  if not path.parent.is_dir():
    raise VectorsError(f'{path}: there is no folder {path.parent}')
  if path.suffix == '.parquet':
    _pyarrow()
  return path


def _pyarrow():
  try:
    import pyarrow
    import pyarrow.parquet
  except ImportError:
    raise VectorsError(
        'parquet needs pyarrow: `python -m pip install '
        '"mirencoder_jax[parquet]"`, or write .npz'
    ) from None
  return pyarrow


def _write_parquet(vectors: Vectors, path: pathlib.Path) -> None:
  pyarrow = _pyarrow()
  width = vectors.vectors.shape[1]
  table = pyarrow.table(
      {
          'file': vectors.files,
          'function': vectors.functions,
          'num_instructions': vectors.num_instructions,
          **{k: getattr(vectors, k) for k in ROW_FLAGS},
          'vector': pyarrow.FixedSizeListArray.from_arrays(
              vectors.vectors.ravel(), width
          ),
      }
  ).replace_schema_metadata(
      {k: getattr(vectors, k) for k in _KINDS} | {_SHA: _checksum(vectors)}
  )
  pyarrow.parquet.write_table(table, path)


def _read_parquet(path: pathlib.Path) -> Vectors:
  pyarrow = _pyarrow()
  try:
    table = pyarrow.parquet.read_table(path)
    column = table['vector'].combine_chunks()
    kinds = table.schema.metadata
    found = Vectors(
        vectors=column.flatten().to_numpy().reshape(len(table), -1),
        files=table['file'].to_pylist(),
        functions=table['function'].to_pylist(),
        num_instructions=table['num_instructions'].to_numpy(),
        level=kinds[b'level'].decode(),
        modality=kinds[b'modality'].decode(),
        encoder=kinds[b'encoder'].decode(),
        **{
            k: table[k].to_numpy() for k in ROW_FLAGS if k in table.column_names
        },
    )
    recorded = kinds.get(_SHA.encode())
    return _checked(found, recorded and recorded.decode())
  except Exception as error:  # pyarrow raises many kinds.
    raise _unreadable(path, error) from None
