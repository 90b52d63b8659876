"""Checkpoints: four items, enough to go on training and enough to use alone.

`checkpoint_writer` writes them, `pretrain` goes on from them, `inference` reads
one and needs nothing else. A checkpoint is a folder
`<workdir>/checkpoints/<step>` with the items

  params  the model's parameters,
  train   what else training needs: step, optimizer state, place in the data,
  config  settings, format number, hash of the vocabulary, checksums,
  vocab   the vocabulary itself.

Orbax writes them in the background, aside, and renames them when whole: what
bears a step's name is complete. Checksums find what went bad on disk later.
"""

import json
import os
import pathlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import flax.traverse_util
import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from etils import epath

from mirencoder_jax.storage.files import first_line

FORMAT = 1
FOLDER = 'checkpoints'

ARRAY_ITEMS = ('params', 'train')
# Sections of the config that must not change while a run goes on, but for the
# keys named: the others decide on shapes and on the order of the data.
_FIXED = (('model', ('dtype', 'dropout_rate')), ('budget', ()))


class CheckpointError(Exception):
  """A checkpoint cannot be written, read or used; says why and what to do."""


class Checkpoint(NamedTuple):
  """What was restored; `train` is None where only parameters were wanted.

  The fingerprint is that of `Encoder.fingerprint`, '' where nobody recorded it.
  """

  directory: pathlib.Path | epath.Path
  step: int
  params: Any
  train: Any
  config: dict[str, Any]
  vocab: Any  # as in the vocabulary file
  fingerprint: str = ''


def restore_last(
    workdir: str | os.PathLike,
    params: Any,
    train: Any,
    vocab_hash: str,
    config: dict[str, Any],
) -> Checkpoint | None:
  """The newest whole checkpoint of a run, to go on training.

  Damaged ones that are newer are moved aside, as they are made again.

  Args:
    workdir: of the run.
    params: abstract parameters, from `jax.eval_shape`.
    train: abstract `train` item.
    vocab_hash: of the data's vocabulary.
    config: as `Writer.save` gets it; must describe the same model and packs.

  Returns:
    A checkpoint of numpy arrays, or None if there is none yet.

  Raises:
    CheckpointError: if the newest was made with another vocabulary or by a
      newer version, or if none of several can be read.
  """
  directory = pathlib.Path(workdir).absolute() / FOLDER
  steps = sorted(_steps(directory), reverse=True)
  paths = [directory / str(step) for step in steps]
  for checkpoint in _readable(
      paths, lambda *_: (params, train), vocab_hash, config
  ):
    for path in paths[: paths.index(checkpoint.directory)]:
      os.replace(path, path.with_name(f'damaged-{path.name}'))
    return checkpoint
  if paths:
    raise CheckpointError(
        f'none of the {len(paths)} checkpoints in {directory} can be read (see '
        'the warnings above); move that folder away to start anew'
    )
  return None


def load(
    path: str | os.PathLike,
    create_abstract_params: Callable[[dict[str, Any], Any], Any],
) -> Checkpoint:
  """The best checkpoint of a run (or the one at `path`), parameters only.

  Args:
    path: a workdir, its checkpoint folder, or the folder of one step.
    create_abstract_params: from the config and the vocabulary, what there must
      be; see `check_shapes`.

  Raises:
    CheckpointError: if there is no checkpoint at `path` that can be used.
  """
  paths = find(path)
  for checkpoint in _readable(
      paths, lambda *args: (create_abstract_params(*args), None), is_whole=False
  ):
    return checkpoint
  raise CheckpointError(
      f'none of the {len(paths)} checkpoints at {os.fspath(path)} can be read; '
      'see the warnings above'
  )


def read_config(
    path: str | os.PathLike,
) -> tuple[dict[str, Any], dict[str, Any]]:
  """Config and vocabulary of the best checkpoint at a path.

  Raises:
    CheckpointError: if there is none, or it is damaged.
  """
  best = find(path)[0]
  try:
    return read_json(best, 'config')['config'], read_json(best, 'vocab')
  except (OSError, ValueError, KeyError) as error:
    raise CheckpointError(
        f'checkpoint {best} is damaged ({first_line(error)})'
    ) from None


def find(path: str | os.PathLike) -> list[epath.Path]:
  """Folders of the checkpoints at a path: best first, then newest first.

  Raises:
    CheckpointError: if there are none.
  """
  path = epath.Path(path)
  if not path.is_absolute():  # a `gs://` path is
    path = epath.Path(os.path.abspath(path))
  if (path / 'config').is_dir():
    return [path]
  directory = path / FOLDER if (path / FOLDER).is_dir() else path
  found = [
      (_saved_loss(directory / str(step)), -step) for step in _steps(directory)
  ]
  if not found:
    raise CheckpointError(
        f'no checkpoint at {path}: expected a workdir of train.py, its '
        f'{FOLDER} folder, or one step in it'
    )
  best = min(found)
  rest = sorted((x for x in found if x != best), key=lambda x: x[1])
  return [directory / str(-negative) for _, negative in [best, *rest]]


def _readable(
    paths: list[pathlib.Path],
    create_abstract: Callable[[dict[str, Any], Any], tuple[Any, Any]],
    vocab_hash: str | None = None,
    config: dict[str, Any] | None = None,
    is_whole: bool = True,
) -> Iterator[Checkpoint]:
  """Those of the checkpoints that are whole, warning about the others.

  Args:
    paths: of their folders.
    create_abstract: trees of `params` and `train`, None for what is not read.
    vocab_hash: as for `restore_last`.
    config: as for `restore_last`.
    is_whole: whether the trees are all of an item, or as for `check_shapes`.
  """
  for place, path in enumerate(paths):
    try:
      info = read_json(path, 'config')
      _check_usable(path, info, vocab_hash, config)
      vocab = read_json(path, 'vocab')
      for item, document in (('config', info['config']), ('vocab', vocab)):
        # Not recorded until version 0.3.
        recorded = info['checksums'].get(item)
        if recorded not in (None, json_checksum(document)):
          raise ValueError(f'checksum of item {item} is wrong')
      abstract = create_abstract(info['config'], vocab)
      params, train = (
          None if tree is None else _restore(path, item, tree, info, is_whole)
          for item, tree in zip(ARRAY_ITEMS, abstract, strict=True)
      )
    except CheckpointError:
      raise
    except Exception as error:  # Orbax and its stores raise many kinds.
      logging.warning(
          'checkpoint %s is damaged and not used (%s); %s',
          path,
          first_line(error),
          f'trying {paths[place + 1]}'
          if place + 1 < len(paths)
          else 'there is none before it',
      )
    else:
      yield Checkpoint(
          path, int(path.name), params, train, info['config'], vocab
      )


def _check_usable(path, info, vocab_hash, config):
  if info['format'] > FORMAT:
    raise CheckpointError(
        f'{path} has checkpoint format {info["format"]}, this version of '
        f'mirencoder_jax reads up to {FORMAT}; update mirencoder_jax'
    )
  if vocab_hash is not None and info['vocab_hash'] != vocab_hash:
    raise CheckpointError(
        f'{path} was trained with vocabulary {info["vocab_hash"]}, the data '
        f'have vocabulary {vocab_hash}; use another --workdir, or data '
        'prepared with the vocabulary of the checkpoint'
    )
  for section, ignored in (() if config is None else _FIXED):
    for key, value in config[section].items():
      saved = info['config'][section].get(key)
      if key not in ignored and saved != value:
        raise CheckpointError(
            f'{path} was trained with {section}.{key} = {saved!r}, now it is '
            f'{value!r}; use another --workdir, or the old setting'
        )


def read_json(path: pathlib.Path, item: str) -> Any:
  """A JSON item of a checkpoint."""
  return json.loads((path / item / 'metadata').read_text())


def process_alone() -> ocp.options.MultiprocessingOptions:
  """Keeps orbax from waiting for processes that do not save or restore."""
  this = jax.process_index()
  return ocp.options.MultiprocessingOptions(
      primary_host=this, active_processes={this}
  )


def _restore(path, item, abstract, info, is_whole):
  alone = process_alone()
  with ocp.StandardCheckpointer(multiprocessing_options=alone) as checkpointer:
    stored = abstract if is_whole else stored_shapes(checkpointer, path / item)
    tree = checkpointer.restore(path / item, stored)
  tree = jax.tree.map(np.asarray, tree)
  if checksum(tree) != info['checksums'][item]:
    raise ValueError(f'checksum of item {item} is wrong')
  if not is_whole:
    check_shapes(path, tree, abstract)
  return tree


def stored_shapes(
    checkpointer: ocp.StandardCheckpointer, path: pathlib.Path | epath.Path
) -> Any:
  """The tree of shapes that an item has, whatever made it."""
  # orbax warns that an item has no metadata of a whole checkpoint.
  verbosity = logging.get_verbosity()
  logging.set_verbosity(logging.ERROR)
  try:
    tree = checkpointer.metadata(path).item_metadata.tree
  finally:
    logging.set_verbosity(verbosity)
  return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), tree)


def check_shapes(path: os.PathLike, params: Any, expected: Any) -> None:
  """Refuses parameters that the encoder of this version does not have.

  At the top there may be more: decoders of objectives, known here or not.

  Args:
    path: named in errors.
    params: a tree of arrays.
    expected: abstract parameters of the encoder.
  """
  found = flax.traverse_util.flatten_dict(params, sep='/')
  known = flax.traverse_util.flatten_dict(expected, sep='/')
  inside = {name for name in found if name.partition('/')[0] in expected}
  for name in sorted(known.keys() | inside):
    ours, theirs = (
        tree[name].shape if name in tree else None for tree in (known, found)
    )
    if ours != theirs:
      raise CheckpointError(
          f'{path} was made for another version of the model: {name} has '
          f'shape {theirs} there and {ours} here; take the version of '
          'mirencoder_jax that made it, or train and export again'
      )


def checksum(tree: Any) -> int:
  """CRC of all arrays of a tree."""
  value = 0
  for leaf in jax.tree.leaves(tree):
    value = zlib.crc32(np.ascontiguousarray(leaf).view(np.uint8).data, value)
  return value


def json_checksum(document: Any) -> int:
  """CRC of what JSON can hold, however it is laid out."""
  return zlib.crc32(json.dumps(document, sort_keys=True).encode())


def _steps(directory: pathlib.Path) -> list[int]:
  """Steps that have a folder of their name; half-written ones have another."""
  if not directory.is_dir():
    return []
  return [int(p.name) for p in directory.iterdir() if p.name.isdigit()]


def _saved_loss(path: pathlib.Path) -> float:
  """Held-out loss of a checkpoint; infinite if it has none."""
  try:
    return float(json.loads((path / 'metrics' / 'metrics').read_text())['loss'])
  except (OSError, ValueError, KeyError, TypeError):
    return float('inf')
