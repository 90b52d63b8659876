"""Weights to embed with: a small folder that ships with the package.

Station in the flow: `export` makes one of a checkpoint, `inference` reads it.
A folder of weights holds

  params.npz      the parameters by their names, matrices in bfloat16,
  config.json     sizes of the model, format number, checksum, where it is from,
  vocab.json      the vocabulary,
  MODEL_CARD.md   what a person should know (`model_card`).

`find` says what a name means: `small` is the folder `weights/small` inside this
package; anything else is a path, local or `gs://`, which `epath` opens.
"""

import importlib.resources
import io
import json
import os
import pathlib
import re
from collections.abc import Callable
from typing import Any

import flax.traverse_util
import jax.numpy as jnp
import numpy as np
from etils import epath

from mirencoder_jax.storage import checkpoint as checkpoint_lib
from mirencoder_jax.storage.checkpoint import Checkpoint, CheckpointError

FORMAT = 1
CARD = 'MODEL_CARD.md'
_PARAMS, _CONFIG, _VOCAB = 'params.npz', 'config.json', 'vocab.json'
_RECIPES = ('tiny', 'small', 'base')  # of configs/pretrain.py
_NAME = re.compile(r'[A-Za-z][\w-]*')
_SEPARATOR = '/'


def shipped() -> dict[str, pathlib.Path]:
  """Folders of the weights that ship with this installation, by name."""
  root = importlib.resources.files('mirencoder_jax') / 'shipped' / 'weights'
  folder = pathlib.Path(str(root))
  if not folder.is_dir():
    return {}
  return {p.name: p for p in sorted(folder.iterdir()) if is_weights(p)}


def find(name: str | os.PathLike) -> epath.Path:
  """The folder that a name or path means.

  Args:
    name: of weights that ship with the package, or a path, local or `gs://`.
      A name wins over a local folder that is called the same.

  Raises:
    CheckpointError: if there is nothing of that name; says what there is and
      how to get more.
  """
  known = shipped()
  if isinstance(name, str) and name in known:
    return epath.Path(known[name])
  path = epath.Path(os.path.expanduser(name))
  try:
    if path.exists():
      return path
  except ImportError:  # of what reads this kind of path
    raise CheckpointError(
        f'{name} needs a package that is not installed: for gs:// paths, '
        '`python -m pip install gcsfs`'
    ) from None
  ships = ', '.join(known) or 'none'
  if isinstance(name, str) and _NAME.fullmatch(name):
    recipe = name if name in _RECIPES else _RECIPES[0]
    raise CheckpointError(
        f'no weights are named {name!r} and no folder is; {ships} ship with '
        'this installation. `python train.py --config=configs/pretrain.py:'
        f'{recipe}` trains some, which load from runs/{recipe}'
    )
  raise CheckpointError(
      f'there is no {name}: give the name of weights that ship ({ships}), or '
      'a folder that train.py or `mirencoder export` wrote'
  )


def is_weights(path: str | os.PathLike) -> bool:
  """True for a folder of weights, as opposed to a run's checkpoints."""
  return (epath.Path(path) / _PARAMS).exists()


def read_config(
    name: str | os.PathLike,
) -> tuple[dict[str, Any], dict[str, Any]]:
  """Config and vocabulary of what `find` finds, without its parameters.

  Raises:
    CheckpointError: as `inference.load`.
  """
  path = find(name)
  if not is_weights(path):
    return checkpoint_lib.read_config(path)
  try:
    info = json.loads((path / _CONFIG).read_text())
    return info['config'], json.loads((path / _VOCAB).read_text())
  except (OSError, ValueError, KeyError) as error:
    raise _damaged(path, error) from None


def load(
    path: str | os.PathLike,
    create_abstract_params: Callable[[dict[str, Any], Any], Any],
) -> Checkpoint:
  """Reads a folder of weights.

  Args:
    path: of the folder.
    create_abstract_params: from the config and the vocabulary.

  Returns:
    What `checkpoint.load` returns; parameters are float32.

  Raises:
    CheckpointError: if it is not whole, or was written by a newer version or
      for a model that has changed since.
  """
  folder = epath.Path(path)
  try:
    info = json.loads((folder / _CONFIG).read_text())
    if info['format'] > FORMAT:
      raise CheckpointError(
          f'{folder} has weights of format {info["format"]}, this version of '
          f'mirencoder_jax reads up to {FORMAT}; update mirencoder_jax'
      )
    vocab = json.loads((folder / _VOCAB).read_text())
    with np.load(io.BytesIO((folder / _PARAMS).read_bytes())) as file:
      stored = {name: file[name] for name in file.files}
  except (OSError, ValueError, KeyError) as error:
    raise _damaged(folder, error) from None
  if checkpoint_lib.checksum(stored) != info['checksum']:
    raise CheckpointError(
        f'the checksum of {folder / _PARAMS} is wrong: it was damaged on the '
        'way; export or copy it again'
    )
  flat = {
      name: (
          # 16 bits stand for bfloat16, which `np.load` does not know.
          array.view(jnp.bfloat16).astype(np.float32)
          if array.dtype == np.uint16
          else array
      )
      for name, array in stored.items()
  }
  _check_shapes(folder, flat, create_abstract_params(info['config'], vocab))
  params = flax.traverse_util.unflatten_dict(flat, sep=_SEPARATOR)
  return Checkpoint(folder, info['step'], params, None, info['config'], vocab)


def export(
    checkpoint: Checkpoint, target: str | os.PathLike, card: str
) -> dict[str, int]:
  """Writes a checkpoint as weights.

  Args:
    checkpoint: of `inference.load_checkpoint`.
    target: folder to write, made if needed.
    card: text of the model card.

  Returns:
    `num_params`, and `num_bytes` of the whole folder.

  Raises:
    CheckpointError: if `target` has other files, or cannot be written.
  """
  folder = epath.Path(target)
  ours = {_PARAMS, _CONFIG, _VOCAB, CARD}
  if folder.exists():
    others = sorted(p.name for p in folder.iterdir() if p.name not in ours)
    if others:
      raise CheckpointError(
          f'{folder} has other files ({", ".join(others[:3])}); give a folder '
          'that is empty or not there yet'
      )
  flat = flax.traverse_util.flatten_dict(checkpoint.params, sep=_SEPARATOR)
  stored = {name: _compact(np.asarray(flat[name])) for name in sorted(flat)}
  info = {
      'format': FORMAT,
      'step': checkpoint.step,
      'checksum': checkpoint_lib.checksum(stored),
      'config': checkpoint.config,
  }
  buffer = io.BytesIO()
  np.savez(buffer, allow_pickle=False, **stored)
  folder.mkdir(parents=True, exist_ok=True)
  files = {
      _VOCAB: json.dumps(checkpoint.vocab, ensure_ascii=False).encode(),
      _CONFIG: (json.dumps(info, indent=1) + '\n').encode(),
      CARD: card.encode(),
      _PARAMS: buffer.getvalue(),  # last: with it the folder is weights
  }
  for name, data in files.items():
    try:
      (folder / name).write_bytes(data)
    except OSError as error:
      raise CheckpointError(
          f'{folder / name} could not be written: '
          f'{error.strerror or checkpoint_lib.first_line(error)}; '
          'export again, where there is room'
      ) from error
  return {
      'num_params': sum(x.size for x in flat.values()),
      'num_bytes': sum(map(len, files.values())),
  }


def _check_shapes(
    path: epath.Path, flat: dict[str, Any], abstract: Any
) -> None:
  """Refuses parameters that the model of this version does not have."""
  expected = flax.traverse_util.flatten_dict(abstract, sep=_SEPARATOR)
  for name in sorted(expected.keys() | flat.keys()):
    ours, theirs = (
        tree[name].shape if name in tree else None for tree in (expected, flat)
    )
    if ours != theirs:
      raise CheckpointError(
          f'{path} was made for another version of the model: {name} has '
          f'shape {theirs} there and {ours} here; take the version of '
          'mirencoder_jax that made it, or train and export again'
      )


def _damaged(path: epath.Path, error: Exception) -> CheckpointError:
  return CheckpointError(
      f'{path} is no whole folder of weights '
      f'({checkpoint_lib.first_line(error)}); export or copy it again'
  )


def _compact(array: np.ndarray) -> np.ndarray:
  """Matrices as the 16 bits of bfloat16; vectors (biases, scales) as are."""
  if array.ndim < 2 or array.dtype != np.float32:
    return array
  return array.astype(jnp.bfloat16).view(np.uint16)
