"""Heads in closed form: kernel ridge, linear ridge, nearest neighbours.

Station in the flow: beside `mlp_head`, called by `fit`. All three compare rows
with the rows of the fit: by how far their standardised vectors are apart (root
of the mean square) and how far their standardised inputs are (sum of absolute
differences).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mirencoder_jax.downstream import rows as rows_lib

Grid = dict[str, Float[Array, 'P']]

# The kernel is a sum over these widths. Choosing one by inner folds cost up to
# eight points of accuracy on programs held out: with so few of them, what wins
# inside wins by luck.
_VECTOR_BANDWIDTHS = (0.1, 0.3, 1.0, 3.0)
_INPUT_BANDWIDTHS = (0.03, 0.1, 0.3, 1.0)
_MAX_NEIGHBOURS = 16


class DualParams(NamedTuple):
  """Rows of the fit, and how much each speaks for each choice."""

  vector_scale: rows_lib.Scale
  input_scale: rows_lib.Scale
  vectors: Array  # float32 [m, D], standardised
  inputs: Array  # float32 [m, F], standardised
  weights: Array  # float32 [P, m, 2 C]
  mean: Array  # float32 [2 C]


class NeighbourParams(NamedTuple):
  """Rows of the fit and their answers."""

  vector_scale: rows_lib.Scale
  input_scale: rows_lib.Scale
  vectors: Array  # float32 [m, D], standardised
  inputs: Array  # float32 [m, F], standardised
  answers: Array  # float32 [m, 2 C]
  known: Array  # float32 [m, 2 C]
  neighbours: Array  # float32 [P]


def _scale_pair(seen: rows_lib.Data, weight: Float[Array, 'm']):
  scales = [rows_lib.fit_scale(x, weight) for x in (seen.vectors, seen.inputs)]
  scaled = [
      rows_lib.apply_scale(scale, x)
      for scale, x in zip(scales, (seen.vectors, seen.inputs), strict=True)
  ]
  return *scales, *scaled


def vector_distances(
    x: Float[Array, 'n D'], y: Float[Array, 'm D']
) -> Float[Array, 'n m']:
  """Root of the mean square difference; 0 where there are no features."""
  squares = jnp.square(x).sum(axis=1)[:, None] + jnp.square(y).sum(axis=1)
  squares = jnp.maximum(squares - 2 * x @ y.T, 0)
  return jnp.sqrt(squares / max(x.shape[1], 1))


def input_distances(
    x: Float[Array, 'n F'], y: Float[Array, 'm F']
) -> Float[Array, 'n m']:
  """Sum of absolute differences."""
  return jnp.abs(x[:, None] - y).sum(axis=-1)


def laplacian_kernel(
    vectors: Float[Array, 'n D'],
    inputs: Float[Array, 'n F'],
    seen_vectors: Float[Array, 'm D'],
    seen_inputs: Float[Array, 'm F'],
) -> Float[Array, 'n m']:
  """1 + of inputs + of vectors + of both, each in several widths.

  A sum of kernels is a sum of functions: one of the inputs alone, one of the
  program alone, and one of how they meet. exp(-distance), not of its square:
  costs jump with sizes, and trees, which may jump, did better than smooth
  kernels did.
  """

  def sum_widths(distance, bandwidths):
    kernels = [jnp.exp(-width * distance) for width in bandwidths]
    return sum(kernels) / len(bandwidths)

  by_vector = sum_widths(
      vector_distances(vectors, seen_vectors), _VECTOR_BANDWIDTHS
  )
  by_input = sum_widths(input_distances(inputs, seen_inputs), _INPUT_BANDWIDTHS)
  return 1 + by_input + by_vector + by_input * by_vector


def linear_kernel(
    vectors: Float[Array, 'n D'],
    inputs: Float[Array, 'n F'],
    seen_vectors: Float[Array, 'm D'],
    seen_inputs: Float[Array, 'm F'],
) -> Float[Array, 'n m']:
  """Products of the features; the vector counts as much as one input."""
  width = max(vectors.shape[1], 1)
  return vectors @ seen_vectors.T / width + inputs @ seen_inputs.T


def _solve(kernel, residual, weight, penalties):
  """Dual weights [P, m, K] of ridge regression on rows of weight 1."""
  system = kernel * weight[:, None] * weight
  identity = jnp.eye(len(kernel))

  def solve(penalty):
    return jax.scipy.linalg.solve(
        system + penalty * identity, residual, assume_a='pos'
    )

  return jax.lax.map(solve, penalties)


def _fit_dual(kernel_fn, data, rows, grid, masked):
  """Ridge regression of costs and classes on a kernel, in closed form."""
  seen = rows_lib.take(data, rows)
  vector_scale, input_scale, vectors, inputs = _scale_pair(seen, rows.weight)
  kernel = kernel_fn(vectors, inputs, vectors, inputs)  # [m, m]
  answers = jnp.concatenate([seen.costs, seen.classes], axis=1)  # [m, 2C]
  weight = rows.weight[:, None] * jnp.concatenate(
      [seen.known, jnp.ones_like(seen.classes)], axis=1
  )
  mean = (weight * answers).sum(axis=0) / jnp.maximum(weight.sum(axis=0), 1)
  residual = (answers - mean) * weight
  if masked:  # every choice has rows of its own
    weights = jax.lax.map(
        lambda column: _solve(
            kernel, column[0][:, None], column[1], grid['penalty']
        ),
        (residual.T, weight.T),
    )  # [2C, P, m, 1]
    weights = jnp.moveaxis(weights[..., 0], 0, -1)
  else:
    weights = _solve(kernel, residual, rows.weight, grid['penalty'])
  return DualParams(vector_scale, input_scale, vectors, inputs, weights, mean)


def _apply_dual(kernel_fn, params, vectors, inputs):
  kernel = kernel_fn(
      rows_lib.apply_scale(params.vector_scale, vectors),
      rows_lib.apply_scale(params.input_scale, inputs),
      params.vectors,
      params.inputs,
  )  # [n, m]
  outputs = jnp.einsum('nm,pmk->pnk', kernel, params.weights) + params.mean
  return rows_lib.split_scores(outputs)


def fit_kernel(
    data: rows_lib.Data,
    rows: rows_lib.Rows,
    grid: Grid,
    key: Array,
    *,
    masked: bool = False,
) -> DualParams:
  """Kernel ridge regression (`laplacian_kernel`), for each penalty of the grid.

  Args:
    data: the target.
    rows: the rows to fit on.
    grid: `penalty`.
    key: not needed; heads have one signature.
    masked: whether some costs were not measured: each choice is then fitted on
      the rows that have it, with a system of its own.
  """
  del key
  return _fit_dual(laplacian_kernel, data, rows, grid, masked)


def apply_kernel(
    params: DualParams,
    vectors: Float[Array, 'n D'],
    inputs: Float[Array, 'n F'],
) -> rows_lib.Scores:
  """What a fitted kernel head says of any rows."""
  return _apply_dual(laplacian_kernel, params, vectors, inputs)


def fit_ridge(
    data: rows_lib.Data,
    rows: rows_lib.Rows,
    grid: Grid,
    key: Array,
    *,
    masked: bool = False,
) -> DualParams:
  """Linear ridge regression; arguments as of `fit_kernel`."""
  del key
  return _fit_dual(linear_kernel, data, rows, grid, masked)


def apply_ridge(
    params: DualParams,
    vectors: Float[Array, 'n D'],
    inputs: Float[Array, 'n F'],
) -> rows_lib.Scores:
  """What a fitted ridge head says of any rows."""
  return _apply_dual(linear_kernel, params, vectors, inputs)


def fit_neighbour(
    data: rows_lib.Data,
    rows: rows_lib.Rows,
    grid: Grid,
    key: Array,
    *,
    masked: bool = False,
) -> NeighbourParams:
  """Remembers the rows; `neighbours` of them (at most 16) answer."""
  del key, masked
  seen = rows_lib.take(data, rows)
  scaled = _scale_pair(seen, rows.weight)
  answers = jnp.concatenate([seen.costs, seen.classes], axis=1)  # [m, 2C]
  known = jnp.concatenate([seen.known, jnp.ones_like(seen.classes)], axis=1)
  known *= rows.weight[:, None]
  return NeighbourParams(*scaled, answers, known, grid['neighbours'])


def apply_neighbour(
    params: NeighbourParams,
    vectors: Float[Array, 'n D'],
    inputs: Float[Array, 'n F'],
) -> rows_lib.Scores:
  """Means over the nearest rows of the fit that have an answer."""
  vectors = rows_lib.apply_scale(params.vector_scale, vectors)
  inputs = rows_lib.apply_scale(params.input_scale, inputs)
  distances = vector_distances(vectors, params.vectors)
  distances += input_distances(inputs, params.inputs)  # [n, m]
  padding = params.known[:, -1] == 0  # classes are known in every row
  distances = jnp.where(padding, jnp.inf, distances)
  count = min(_MAX_NEIGHBOURS, len(params.answers))
  nearness, nearest = jax.lax.top_k(-distances, count)  # [n, k]
  asked = jnp.arange(count) < params.neighbours[:, None]  # [P, k]
  weight = asked[:, None] * jnp.isfinite(nearness)  # [P, n, k]
  known = params.known[nearest]  # [n, k, 2C]
  answers = params.answers[nearest] * known
  sums = jnp.einsum('pnk,nkc->pnc', weight, answers)
  counts = jnp.einsum('pnk,nkc->pnc', weight, known)
  overall = (params.answers * params.known).sum(axis=0)
  overall /= jnp.maximum(params.known.sum(axis=0), 1)  # [2C]
  outputs = jnp.where(counts > 0, sums / jnp.maximum(counts, 1), overall)
  return rows_lib.split_scores(outputs)
