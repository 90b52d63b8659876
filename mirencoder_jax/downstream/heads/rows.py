"""Rows: what a head is given, what it answers, and how features are scaled.

Which rows a head is fitted on is data of a fixed shape, so that all folds share
one program; nothing else reaches a fit.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

# Standardised features beyond this are cut off: a test row of an unseen suite
# may be a hundred training deviations away.
_MAX_DEVIATION = 4.0


class Data(NamedTuple):
  """What a head sees of a target; n rows, D, F features, C choices."""

  vectors: Array  # float32 [n, D]
  inputs: Array  # float32 [n, F]
  costs: Array  # float32 [n, C], log ratio to the default; 0 if unknown
  known: Array  # float32 [n, C], 1 where the cost was measured
  classes: Array  # float32 [n, C], one for the best choice
  defaults: Array  # float32 [n, C], one for the default
  offered: Array  # float32 [n, C], 0 for choices that are padding
  groups: Array  # int32 [n], equal where rows stay on one side of the split


class Scores(NamedTuple):
  """A head's opinion of rows, for each of P points of its grid."""

  costs: Array  # float32 [P, n, C], lower is better
  classes: Array  # float32 [P, n, C], higher is better


class Rows(NamedTuple):
  """The rows that a fit sees: m places, of which some are padding."""

  index: Array  # int [m]
  weight: Array  # float32 [m], 1 for a row, 0 for padding


class Scale(NamedTuple):
  """Means and inverse deviations of features over the rows of a fit."""

  mean: Array  # float32 [D]
  inverse: Array  # float32 [D], 0 for a feature that is constant there


def count_partial(known) -> int:
  """Of how many rows some costs are not known; `known` is bool [n, C]."""
  return int((known == 0).any(axis=1).sum())


def select_rows(mask: Float[Array, 'n'], max_rows: int) -> Rows:
  """The rows where `mask` is 1, of which there are at most `max_rows`."""
  (index,) = jnp.nonzero(mask, size=max_rows, fill_value=0)
  weight = jnp.arange(max_rows) < mask.sum()
  return Rows(index, weight.astype(jnp.float32))


def take(data: Data, rows: Rows) -> Data:
  """The selected rows and their padding, which repeats the first row."""
  return jax.tree.map(lambda x: x[rows.index], data)


def fit_scale(x: Float[Array, 'm D'], weight: Float[Array, 'm']) -> Scale:
  """Zero mean and unit deviation over the rows of weight 1."""
  share = weight / jnp.maximum(weight.sum(), 1)
  mean = share @ x  # [D]
  variance = share @ jnp.square(x - mean)
  varies = variance > 1e-6 * (1e-6 + jnp.square(mean))
  return Scale(mean, jnp.where(varies, jax.lax.rsqrt(variance + 1e-12), 0))


def apply_scale(scale: Scale, x: Float[Array, 'n D']) -> Float[Array, 'n D']:
  """Standardised features, cut off at 4 deviations."""
  scaled = (x - scale.mean) * scale.inverse
  return jnp.clip(scaled, -_MAX_DEVIATION, _MAX_DEVIATION)


def split_scores(outputs: Float[Array, '... n K']) -> Scores:
  """Outputs side by side -> costs and classes."""
  costs, classes = jnp.split(outputs, 2, axis=-1)
  return Scores(costs, classes)
