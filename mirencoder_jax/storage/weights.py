"""Weights to embed with: a small folder that ships with the package.

`export` makes one of a checkpoint, `inference` reads it. It is a `bundle` of

  params.safetensors   the parameters by their names, matrices in bfloat16,
  info.json            sizes of the model, fingerprint, where it is from,
  vocab.json           the vocabulary,
  MODEL_CARD.md        what a person should know (`model_card`).

Until version 0.3 there were params.npz and config.json instead; those load.

`find` says what a name means: `small` is the folder `weights/small` inside this
package; anything else is a path, local or `gs://`, which `epath` opens, or if
nothing is there, `org/name` of a hub.
"""

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

from mirencoder_jax.storage import bundle, files, hub
from mirencoder_jax.storage import checkpoint as checkpoint_lib
from mirencoder_jax.storage.checkpoint import Checkpoint, CheckpointError

KIND = 'mirencoder_jax weights'
SHIPPED = files.SHIPPED
CARD = 'MODEL_CARD.md'
_ARRAYS = 'params'
# Of format 1.
_PARAMS, _CONFIG, _VOCAB = 'params.npz', 'config.json', 'vocab.json'
_RECIPES = ('tiny', 'small', 'base')  # of configs/pretrain.py
_NAME = re.compile(r'[A-Za-z][\w-]*')
_SEPARATOR = '/'


def shipped() -> dict[str, pathlib.Path]:
  """Folders of the weights that ship with this installation, by name."""
  if not SHIPPED.is_dir():
    return {}
  return {p.name: p for p in sorted(SHIPPED.iterdir()) if is_weights(p)}


def find(name: str | os.PathLike) -> epath.Path:
  """The folder that a name or path means.

  Args:
    name: of weights that ship with the package, or a path, local or `gs://`,
      or `org/name` (and `@revision`) of a hub. A name that ships wins over a
      local folder that is called the same, and that over one of a hub.

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
    if (SHIPPED / name).is_dir():
      raise CheckpointError(
          f'{name!r} is a table of vectors and no encoder: mir.load and '
          '`mirencoder embed -c` take it, and eval.py its vectors, by --compare'
      )
    recipe = name if name in _RECIPES else _RECIPES[0]
    raise CheckpointError(
        f'no weights are named {name!r} and no folder is; {ships} ship with '
        'this installation. `python train.py --config=configs/pretrain.py:'
        f'{recipe}` trains some, which load from runs/{recipe}'
    )
  missing = (
      f'there is no {name}: give the name of weights that ship ({ships}), '
      'org/name of a hub, or a folder of train.py or `mirencoder export`'
  )
  # Beside a folder of that name, it is a path that was mistyped.
  if isinstance(name, str) and hub.is_name(name) and not path.parent.exists():
    try:
      return epath.Path(hub.download(name))
    except CheckpointError as error:
      raise CheckpointError(f'{missing} ({error})') from error
  raise CheckpointError(missing)


def is_weights(path: str | os.PathLike) -> bool:
  """True for a folder of weights, as opposed to a run's checkpoints."""
  return bundle.is_bundle(path) or (epath.Path(path) / _PARAMS).exists()


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
  if bundle.is_bundle(path):
    read = bundle.load(path, KIND, names=())
    return read.info['config'], read.vocab
  return _read_json(path / _CONFIG)['config'], _read_json(path / _VOCAB)


def read(
    name: str | os.PathLike,
    create_abstract_params: Callable[[dict[str, Any], Any], Any],
) -> Checkpoint:
  """Reads what `find` finds: weights, or the best checkpoint of a run.

  Args:
    name: as `find` takes it.
    create_abstract_params: from the config and the vocabulary, what there must
      be; see `checkpoint.check_shapes`.

  Raises:
    CheckpointError: as `find`, `load` and `checkpoint.load`.
  """
  folder = find(name)
  if is_weights(folder):
    return load(folder, create_abstract_params)
  return checkpoint_lib.load(folder, create_abstract_params)


def load(
    path: str | os.PathLike,
    create_abstract_params: Callable[[dict[str, Any], Any], Any],
) -> Checkpoint:
  """Reads a folder of weights.

  Args:
    path: of the folder.
    create_abstract_params: from the config and the vocabulary, what there must
      be; see `checkpoint.check_shapes`.

  Returns:
    What `checkpoint.load` returns; parameters are float32.

  Raises:
    CheckpointError: if it is not whole, or was written by a newer version or
      for a model that has changed since.
  """
  folder = epath.Path(path)
  if bundle.is_bundle(folder):
    info, vocab, arrays = bundle.load(folder, KIND)
    stored = arrays[_ARRAYS]
  else:
    info, vocab, stored = _load_npz(folder)
  flat = {name: array.astype(np.float32) for name, array in stored.items()}
  try:
    abstract = create_abstract_params(info['config'], vocab)
  except (KeyError, TypeError, ValueError) as error:  # no such field
    raise CheckpointError(
        f'{folder} was made for another version of the model, or altered '
        f'({checkpoint_lib.first_line(error)}); take the version of '
        'mirencoder_jax that made it, or export it again'
    ) from error
  params = flax.traverse_util.unflatten_dict(flat, sep=_SEPARATOR)
  checkpoint_lib.check_shapes(folder, params, abstract)
  return Checkpoint(
      *(folder, info['step'], params, None, info['config'], vocab),
      info.get('fingerprint', ''),
  )


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
  ours = {bundle.INFO, bundle.VOCAB, _ARRAYS + bundle.ARRAYS, CARD}
  ours |= {_PARAMS, _CONFIG}
  if folder.exists():
    others = sorted(p.name for p in folder.iterdir() if p.name not in ours)
    if others:
      raise CheckpointError(
          f'{folder} has other files ({", ".join(others[:3])}); give a folder '
          'that is empty or not there yet'
      )
  flat = flax.traverse_util.flatten_dict(checkpoint.params, sep=_SEPARATOR)
  info = {
      'step': checkpoint.step,
      'fingerprint': checkpoint.fingerprint,
      'config': checkpoint.config,
  }
  num_bytes = bundle.save(
      folder,
      KIND,
      info,
      {_ARRAYS: {name: _compact(np.asarray(flat[name])) for name in flat}},
      checkpoint.vocab,
      {CARD: card},
  )
  return {
      'num_params': sum(x.size for x in flat.values()),
      'num_bytes': num_bytes,
  }


def push(folder: str | os.PathLike, name: str, **settings: Any) -> str:
  """Uploads a folder of weights and its card, see `hub.push`.

  Raises:
    CheckpointError: if it has no card, or as `hub.push`.
  """
  card = pathlib.Path(folder) / CARD
  if not bundle.is_bundle(folder) or not card.is_file():
    raise CheckpointError(
        f'{folder} has no {CARD}, or is of version 0.3; `mirencoder export` '
        'writes both anew'
    )
  return hub.push(card.parent, card.read_text(), name, **settings)


def _load_npz(
    folder: epath.Path,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, np.ndarray]]:
  """Info, vocabulary and parameters of a folder of format 1."""
  info, vocab = (_read_json(folder / name) for name in (_CONFIG, _VOCAB))
  path = folder / _PARAMS
  try:
    if info['format'] != 1:
      raise ValueError(f'format {info["format"]}')
    with np.load(io.BytesIO(path.read_bytes())) as file:
      stored = {name: file[name] for name in file.files}
    if checkpoint_lib.checksum(stored) != info['checksum']:
      raise ValueError('its checksum is wrong')
  except Exception as error:  # numpy and zipfile raise many kinds.
    raise bundle.damaged(path, checkpoint_lib.first_line(error)) from None
  # 16 bits stand for bfloat16, which `np.load` does not know.
  stored = {
      name: array.view(jnp.bfloat16) if array.dtype == np.uint16 else array
      for name, array in stored.items()
  }
  return info, vocab, stored


def _read_json(path: epath.Path) -> dict[str, Any]:
  try:
    return json.loads(path.read_bytes())
  except (OSError, ValueError) as error:
    raise bundle.damaged(path, checkpoint_lib.first_line(error)) from None


def _compact(array: np.ndarray) -> np.ndarray:
  """Matrices as bfloat16; vectors (biases, scales) as they are."""
  if array.ndim < 2 or array.dtype != np.float32:
    return array
  return array.astype(jnp.bfloat16)
