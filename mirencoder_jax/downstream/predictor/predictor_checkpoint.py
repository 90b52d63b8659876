"""Reads predictors: one folder, checked before it is used.

`predictor_writer` writes it: a `bundle` whose `head.safetensors` has what was
learned. `encoder.safetensors` and the vocabulary are there too, unless it names
weights that ship with this package. Until version 0.3 it was an Orbax folder
with items of the same names; that loads.
"""

import dataclasses
import functools
import importlib.resources
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import flax.traverse_util
import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from etils import epath

from mirencoder_jax.downstream import heads
from mirencoder_jax.downstream.heads import rows as rows_lib
from mirencoder_jax.downstream.predictor.predictor import Predictor, TargetInfo
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.storage import bundle, checkpoint

HEAD, ENCODER = 'head', 'encoder'  # files of arrays
KIND = 'mirencoder_jax predictor'


def abstract_params(info: Mapping[str, Any], target: Mapping[str, Any]) -> Any:
  """Shapes of what a head has learned, from the sizes in a checkpoint."""
  sizes = ('rows', 'vector', 'inputs', 'choices', 'grid')
  m, width, num_inputs, num_choices, num_points = (
      target['sizes'][name] for name in sizes
  )
  head = heads.get_head(info['head'])
  array = functools.partial(jax.ShapeDtypeStruct, dtype=np.float32)
  table = array((m, num_choices))
  data = rows_lib.Data(
      *(array((m, width)), array((m, num_inputs)), *[table] * 5),
      groups=jax.ShapeDtypeStruct((m,), np.int32),
  )
  grid = {name: array((num_points,)) for name in head.settings}

  def create(data, grid):
    rows = rows_lib.select_rows(jnp.ones(m), m)
    return head.fit(data, rows, grid, jax.random.key(0))[0]

  return jax.eval_shape(create, data, grid)


def shipped() -> dict[str, pathlib.Path]:
  """Folders of the predictors that ship with this installation, by task."""
  package = importlib.resources.files('mirencoder_jax')
  root = package / 'shipped' / 'predictors'
  folder = pathlib.Path(str(root))
  if not folder.is_dir():
    return {}
  return {p.name: p for p in sorted(folder.iterdir()) if is_predictor(p)}


def load_predictor(
    path: str | os.PathLike, encoder: inference.Encoder | str | None = None
) -> Predictor:
  """Loads a predictor.

  Args:
    path: the folder that `predictor_writer.save_predictor` wrote, or the name
      of one that ships with this installation (`shipped`).
    encoder: what makes its vectors, or what `load` takes, if the predictor
      neither holds it nor names weights that ship with this installation.

  Raises:
    checkpoint.CheckpointError: there is none, it is damaged, was written by a
      newer version, or was fitted on vectors of another encoder.
  """
  path = os.path.abspath(os.path.expanduser(shipped().get(str(path), path)))
  path = epath.Path(path)
  info = read_info(path)
  wanted = {HEAD: _abstract_arrays(info)}
  if encoder is None and info['encoder']['held']:
    wanted[ENCODER] = inference.abstract_params(info['encoder']['config'])
  if bundle.is_bundle(path):
    read = bundle.load(path, KIND, wanted)
    trees = {HEAD: _unflatten(path / HEAD, wanted[HEAD], read.arrays[HEAD])}
    if ENCODER in wanted:  # with decoders of what it was trained with
      trees[ENCODER] = flax.traverse_util.unflatten_dict(
          read.arrays[ENCODER], sep='/'
      )
    vocab = read.vocab
  else:
    trees, vocab = _restore_orbax(path, info, wanted)
  if ENCODER in wanted:
    checkpoint.check_shapes(path, trees[ENCODER], wanted[ENCODER])
  targets = {
      name: TargetInfo(
          **{
              f.name: _tupled(target[f.name])
              for f in dataclasses.fields(TargetInfo)
          }
      )
      for name, target in info['targets'].items()
  }
  encoder = _find_encoder(
      path, info['encoder'], trees.get(ENCODER), vocab, encoder
  )
  return Predictor(info, targets, trees[HEAD], encoder)


def flatten(tree: Any) -> dict[str, np.ndarray]:
  """Arrays of a tree by name, for `bundle.save`."""
  return {
      jax.tree_util.keystr(path, simple=True, separator='/'): np.asarray(leaf)
      for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
  }


def _unflatten(path, abstract, arrays):
  """The tree that `flatten` was given."""

  def find(place, leaf):
    name = jax.tree_util.keystr(place, simple=True, separator='/')
    if name not in arrays or arrays[name].shape != leaf.shape:
      raise checkpoint.CheckpointError(
          f'{path} was made by another version of mirencoder_jax: its '
          f'{name!r} is not of shape {leaf.shape}; save it again'
      )
    return arrays[name]

  return jax.tree_util.tree_map_with_path(find, abstract)


def _restore_orbax(path, info, wanted):
  """Trees and vocabulary of a predictor of format 1."""
  trees = {}
  try:
    for item, tree in wanted.items():
      with ocp.StandardCheckpointer() as checkpointer:
        if item == ENCODER:  # with decoders of what it was trained with
          tree = checkpoint.stored_shapes(checkpointer, path / item)
        tree = checkpointer.restore(path / item, tree)
      trees[item] = jax.tree.map(np.asarray, tree)
      if checkpoint.checksum(trees[item]) != info['checksums'][item]:
        raise ValueError(f'checksum of item {item} is wrong')
    vocab = checkpoint.read_json(path, 'vocab')
  except Exception as error:  # Orbax and its stores raise many kinds.
    raise bundle.damaged(path, checkpoint.first_line(error)) from error
  return trees, vocab


def _tupled(value: Any) -> Any:
  return tuple(value) if isinstance(value, list) else value


def _abstract_arrays(info):
  return {
      name: {
          'params': abstract_params(info, target),
          'reference': jax.ShapeDtypeStruct(
              (target['sizes']['reference'],), np.float32
          ),
      }
      for name, target in info['targets'].items()
  }


def is_predictor(path: str | os.PathLike) -> bool:
  """Whether a folder looks like a predictor, of this format or an older one."""
  path = epath.Path(path)
  return bundle.is_bundle(path) or (path / 'config').exists()


def read_info(path: str | os.PathLike) -> dict[str, Any]:
  """What a predictor says of itself, without its arrays.

  Raises:
    checkpoint.CheckpointError: there is none at `path`, or a newer version
      wrote it.
  """
  path = epath.Path(path)
  if bundle.is_bundle(path):
    return bundle.read_info(path, KIND)
  if not (path / 'config' / 'metadata').exists():
    raise checkpoint.CheckpointError(
        f'no predictor at {path}: expected the folder that `eval.py '
        '--save_predictor` wrote'
    )
  try:
    info = checkpoint.read_json(path, 'config')
  except (OSError, ValueError) as error:
    raise bundle.damaged(path, checkpoint.first_line(error)) from None
  if info.get('kind') != KIND:
    raise checkpoint.CheckpointError(
        f'{path} is a checkpoint, but not a predictor; open an encoder with '
        'mir.load'
    )
  return info


def _find_encoder(path, saved, params, vocab, encoder):
  """The encoder of a predictor, checked by vocabulary and fingerprint."""
  if params is not None:
    encoder = inference.build_encoder(
        saved['config'], params, vocab, saved['fingerprint']
    )
  elif encoder is None:
    if not saved['name']:
      raise checkpoint.CheckpointError(
          f'{path} does not hold its encoder {saved["fingerprint"]}; pass it: '
          'mir.load_predictor(path, encoder=...)'
      )
    encoder = saved['name']
  if not isinstance(encoder, inference.Encoder):
    encoder = inference.load(encoder)
  if encoder.tokenizer.hash != saved['vocab_hash']:
    raise checkpoint.CheckpointError(
        f'{path} was fitted on vectors of an encoder with vocabulary '
        f'{saved["vocab_hash"]}, this one has vocabulary '
        f'{encoder.tokenizer.hash}; pass the encoder it was fitted with'
    )
  if encoder.fingerprint != saved['fingerprint']:
    raise checkpoint.CheckpointError(
        f'{path} was fitted on vectors of encoder {saved["fingerprint"]}, this '
        f'one is {encoder.fingerprint}; pass the encoder it was fitted with'
    )
  return encoder
