"""`IREncoder`: the embedding as a step of a scikit-learn `Pipeline`.

model = make_pipeline(IREncoder('small'), LogisticRegression())
model.fit(['a.ll', 'b.ll', 'c.ll'], ['cpu', 'gpu', 'gpu'])
model.predict(['new.ll'])
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from sklearn import base
from sklearn.utils import validation

from mirencoder_jax import ir
from mirencoder_jax.frontend import program_files
from mirencoder_jax.inference import loading

if TYPE_CHECKING:
  from mirencoder_jax.inference import encoder, lookup

  Checkpoint = str | os.PathLike | encoder.Encoder | lookup.Lookup

_ON_ERROR = ('raise', 'nan')


class IREncoder(
    base.ClassNamePrefixFeaturesOutMixin,
    base.TransformerMixin,
    base.BaseEstimator,
):
  """Turns programs into vectors; `fit` learns nothing and loads the encoder.

  X is a sequence of n programs: paths of IR or source files, IR text, or bytes
  of IR, also as an array of objects or a column of a frame.

  Attributes:
    encoder_: the `Encoder`, after `fit`.
    n_features_in_: 1, the column of programs, after `fit`.
  """

  def __init__(
      self,
      checkpoint: 'Checkpoint' = 'small',
      *,
      modality: str = 'joint',
      on_error: str = 'raise',
      opt_level: str = 'O1',
      cache: str | os.PathLike | None = None,
  ):
    """Keeps its arguments as they are, as scikit-learn wants it.

    Args:
      checkpoint: what `load` takes, or an encoder that is loaded already.
      modality: of `Encoding.function_vectors`.
      on_error: `raise` at the first program that cannot be read, or `nan`: its
        row is NaN, for an imputer or a model that bears it.
      opt_level: at which sources are compiled.
      cache: of `load`, so that cross-validation embeds each program once. An
        encoder that is loaded already has its own.
    """
    self.checkpoint = checkpoint
    self.modality = modality
    self.on_error = on_error
    self.opt_level = opt_level
    self.cache = cache

  def fit(self, X: Sequence, y=None) -> 'IREncoder':
    """Loads the encoder; X is looked at for its shape only."""
    _programs(X)
    if self.on_error not in _ON_ERROR:
      raise ValueError(f'on_error {self.on_error!r} is none of {_ON_ERROR}')
    self.n_features_in_ = 1
    self.encoder_ = (
        loading.load(self.checkpoint, cache=self.cache)
        if isinstance(self.checkpoint, (str, os.PathLike))
        else self.checkpoint
    )
    self._n_features_out = self.encoder_.widths.get(self.modality, 0)
    return self

  def transform(self, X: Sequence) -> np.ndarray:
    """float32 [n, D], one row for each program.

    Raises:
      NotFittedError: before `fit`.
      IRError: for the first program that cannot be read, if on_error is
        `raise`.
    """
    validation.check_is_fitted(self, 'encoder_')
    options = program_files.CompileOptions(opt_level=self.opt_level)
    modules, rows, programs = [], [], _programs(X)
    for row, program in enumerate(programs):
      try:
        modules.append(_read(program, options))
        rows.append(row)
      except ir.IRError:
        if self.on_error == 'raise':
          raise
    result = np.full((len(programs), self._n_features_out), np.nan, np.float32)
    if modules:
      result[rows] = self.encoder_.embed(modules, modality=self.modality)
    return result

  def __sklearn_tags__(self):
    tags = super().__sklearn_tags__()
    tags.input_tags.string = True
    tags.input_tags.two_d_array = False
    tags.requires_fit = True
    return tags

  def __getstate__(self):
    """Without what was loaded, where `checkpoint` says how to load it."""
    state = super().__getstate__().copy()
    if isinstance(self.checkpoint, (str, os.PathLike)):
      state.pop('encoder_', None)
      state['_was_fitted'] = hasattr(self, 'encoder_')
    return state

  def __setstate__(self, state):
    was_fitted = state.pop('_was_fitted', False)
    super().__setstate__(state)
    if was_fitted:
      self.encoder_ = loading.load(self.checkpoint, cache=self.cache)


def _programs(X) -> list:
  """X as a flat list of programs."""
  if isinstance(X, (str, bytes, os.PathLike)):
    raise ValueError('X is one program; give a list of programs: [X]')
  if hasattr(X, 'to_numpy'):  # a column, or a frame of one
    X = X.to_numpy()
  if isinstance(X, np.ndarray):
    if X.ndim == 2 and X.shape[1] == 1:
      X = X[:, 0]
    if X.ndim != 1:
      raise ValueError(
          f'X has shape {X.shape}; expected one column of programs'
      )
  programs = list(X)
  if not programs:
    raise ValueError('X has no programs')
  for program in programs:
    if not isinstance(program, (str, bytes, os.PathLike)):
      raise ValueError(
          f'X has a {type(program).__name__}; expected paths, IR text or bytes'
      )
  return programs


def _read(program, options: program_files.CompileOptions):
  is_text = isinstance(program, bytes) or '\n' in str(program)
  if is_text:
    return ir.read_module(program)
  return program_files.read(program, options).module
