"""`load`: an encoder by name or path, or the table that stands for one.

JAX is imported where it is needed: a table needs none.
"""

import os
import pathlib
from typing import TYPE_CHECKING

from mirencoder_jax.inference import lookup
from mirencoder_jax.storage import files

if TYPE_CHECKING:
  from mirencoder_jax.inference import encoder as encoder_lib


def load(
    path: str | os.PathLike, *, cache: str | os.PathLike | None = None
) -> 'encoder_lib.Encoder | lookup.Lookup':
  """Loads an encoder, or a table.

  Args:
    path: `small-fast`, or a folder of `mirencoder distil`: a table. Or what
      `encoder.load` takes: the name of weights that ship with the package,
      such as `small`; what `train.py` or `mirencoder export` wrote, local or
      `gs://`; `org/name` of a hub.
    cache: a folder that keeps every function's vectors, see `encoder.load`; a
      table is quicker than it.

  Raises:
    checkpoint.CheckpointError: if there is none, or it is damaged, or was
      written by a newer version.
    lookup.TableError: likewise, of a table.
  """
  table = _find_table(path)
  if table is not None:
    return lookup.load(table)
  from mirencoder_jax.inference import encoder

  return encoder.load(path, cache=cache)


def _find_table(path: str | os.PathLike) -> pathlib.Path | None:
  """The file of a table that ships or lies in a folder, if it means one."""
  for folder in (files.SHIPPED / path, pathlib.Path(os.path.expanduser(path))):
    if (folder / lookup.FILE).is_file():
      return folder / lookup.FILE
  return None
