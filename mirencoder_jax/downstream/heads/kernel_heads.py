"""Heads in closed form: kernel ridge, linear ridge, nearest neighbours.

All three compare rows with the rows of the fit: by how far their standardised
vectors are apart (mean of the absolute differences) and how far their
standardised inputs are (sum).

The two ridges are mixed models. What a program or a suite has in common beyond
its features is an offset of its own (a random effect), so that 500 rows of one
suite do not say that every suite is like it. A group that was never seen has no
offset; what it gets instead is a presumption for the default choice, worth as
much as `_PRESUMED_GROUPS` groups. How large offsets are and how noisy rows are
is weighed by the evidence (marginal likelihood) of the training rows alone.
docs/experiments/heads.md has what else was tried.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mirencoder_jax.downstream.heads import rows as rows_lib

Grid = dict[str, Float[Array, 'P']]

# The kernel is a sum over these widths. Choosing one by inner folds cost up to
# eight points of accuracy on programs held out: with so few of them, what wins
# inside wins by luck.
_VECTOR_BANDWIDTHS = (0.1, 0.3, 1.0, 3.0)
_INPUT_BANDWIDTHS = (0.03, 0.1, 0.3, 1.0)
# What is presumed of groups that were never seen: any other choice costs e^0.3
# of the default, and the default is the best one with a chance of a half more.
_PRESUMED_GROUPS = 10.0
_PRESUMED_COST = 0.3
_PRESUMED_CHANCE = 0.5
_MAX_NEIGHBOURS = 16


class DualParams(NamedTuple):
  """Rows of the fit, and how much each speaks for each choice."""

  vector_scale: rows_lib.Scale
  input_scale: rows_lib.Scale
  vectors: Array  # float32 [m, D], standardised
  inputs: Array  # float32 [m, F], standardised
  weights: Array  # float32 [1, m, 2 C]
  offset: Array  # float32 [2 C]


class NeighbourParams(NamedTuple):
  """Rows of the fit and their answers."""

  vector_scale: rows_lib.Scale
  input_scale: rows_lib.Scale
  vectors: Array  # float32 [m, D], standardised
  inputs: Array  # float32 [m, F], standardised
  answers: Array  # float32 [m, 2 C]
  known: Array  # float32 [m, 2 C]
  neighbours: Array  # float32 [P]


def _scale_pair(data: rows_lib.Data, rows: rows_lib.Rows):
  """Scales of the rows of a fit, and vectors and inputs of all rows by them."""
  features = (data.vectors, data.inputs)
  scales = [rows_lib.fit_scale(x[rows.index], rows.weight) for x in features]
  scaled = map(rows_lib.apply_scale, scales, features)
  return *scales, *scaled


def vector_distances(
    x: Float[Array, 'n D'], y: Float[Array, 'm D']
) -> Float[Array, 'n m']:
  """Mean of the absolute differences; 0 where there are no features."""
  return input_distances(x, y) / max(x.shape[1], 1)


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
  """Of inputs + of vectors + of both, each in several widths.

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
  return by_input + by_vector + by_input * by_vector


def linear_kernel(
    vectors: Float[Array, 'n D'],
    inputs: Float[Array, 'n F'],
    seen_vectors: Float[Array, 'm D'],
    seen_inputs: Float[Array, 'm F'],
) -> Float[Array, 'n m']:
  """Products of the features; the vector counts as much as one input."""
  width = max(vectors.shape[1], 1)
  return vectors @ seen_vectors.T / width + inputs @ seen_inputs.T


def _presume(seen, weight):
  """What is expected of each answer before any row is seen; float32 [2C]."""
  num_rows = jnp.maximum(weight.sum(), 1)
  share = weight @ seen.defaults / num_rows  # [C]
  offered = weight @ seen.offered / num_rows  # [C]
  chance = _PRESUMED_CHANCE * share
  chance += (1 - _PRESUMED_CHANCE) * offered / jnp.maximum(offered.sum(), 1)
  return jnp.concatenate([_PRESUMED_COST * (1 - share), chance])


def _balance(same, weight):
  """Weights of rows that give every group the same say; float32 [m]."""
  balanced = weight / jnp.maximum(same.sum(axis=1), 1)
  return balanced / jnp.maximum(balanced.sum(), 1e-6)


def _leave_out(factor, dual, absent, partial):
  """Duals of systems without some of their rows, from those with all of them.

  A row that has no answer may stay in the system with the answer that gives it
  no weight, which is what the other rows predict for it. So all choices share
  one factor, and each has only a system of its absent rows to solve.

  Args:
    factor: float32 [m, m], Cholesky factor of the system with all rows.
    dual: float32 [m, K], its solution where absent answers are 0.
    absent: float32 [U, K], 1 where a row of `partial` has no answer.
    partial: int [U], rows that lack answers.

  Returns:
    Dual weights [m, K], 0 for absent rows, and half of the log determinants [K]
    of the systems without them beyond that of the system with all rows.
  """
  unit = jax.nn.one_hot(partial, len(factor), axis=0)
  inverse = jax.scipy.linalg.cho_solve((factor, True), unit)  # [m, U]
  identity = jnp.eye(len(partial))

  def solve(column):
    dual, absent = column
    system = jnp.where(absent[:, None] * absent > 0, inverse[partial], identity)
    root = jnp.linalg.cholesky(system)
    answer = jax.scipy.linalg.cho_solve((root, True), -absent * dual[partial])
    return dual + inverse @ answer, jnp.log(jnp.diagonal(root)).sum()

  dual, log_root = jax.lax.map(solve, (dual.T, absent.T))
  return dual.T, log_root


def _solve(kernel, same, residual, known, weight, grid, max_partial):
  """Dual weights of a mixed model, averaged over a grid by evidence.

  Args:
    kernel: float32 [m, m], centred.
    same: float32 [m, m], 1 for rows of one group.
    residual: float32 [m, 2 C], answers beyond what is presumed.
    known: float32 [m, C], 1 where a cost is known; classes are everywhere.
    weight: float32 [m], 1 for rows that count.
    grid: `penalty` and `group_variance` [P], in units of the kernel.
    max_partial: as in `_fit_dual`.

  Returns:
    Dual weights [m, 2 C], and the sums [2 C] of the dual weights times the
    variance of the common offset.
  """
  num_choices = known.shape[1]
  seen = weight[:, None] * weight
  identity = jnp.eye(len(kernel))
  known = known * weight[:, None]
  has = jnp.concatenate([known, jnp.ones_like(known)], axis=1)  # [m, 2 C]
  residual = residual * has * weight[:, None]
  # Where no row has a cost, all of them say 0: what is presumed.
  known = jnp.where(known.any(axis=0), known, weight[:, None])
  absent = weight[:, None] - known  # [m, C]
  num_rows = weight.sum() - jnp.pad(absent.sum(axis=0), (0, num_choices))
  partial = rows_lib.select_rows(absent.max(axis=1), max_partial)
  absent = absent[partial.index] * partial.weight[:, None]  # [U, C]

  def solve(point):
    common = point['group_variance'] / _PRESUMED_GROUPS
    system = kernel + common + point['group_variance'] * same
    factor = jnp.linalg.cholesky(system * seen + point['penalty'] * identity)
    dual = jax.scipy.linalg.cho_solve((factor, True), residual)
    # Padding has the penalty alone on its diagonal.
    log_root = (jnp.log(jnp.diagonal(factor)) * weight).sum()
    if max_partial:
      costs, beyond = _leave_out(
          factor, dual[:, :num_choices], absent, partial.index
      )
      dual = dual.at[:, :num_choices].set(costs)
      log_root += jnp.pad(beyond, (0, num_choices))
    misfit = (residual * dual).sum(axis=0) / jnp.maximum(num_rows, 1)
    evidence = -0.5 * num_rows * jnp.log(misfit + 1e-9) - log_root
    return dual, common * dual.sum(axis=0), evidence

  dual, common, evidence = jax.lax.map(solve, grid)  # [P, m, 2C], [P, 2C]
  share = jax.nn.softmax(evidence, axis=0)  # [P, 2C]
  return (share[:, None] * dual).sum(axis=0), (share * common).sum(axis=0)


def _fit_dual(
    kernel_fn: Callable[..., Array],
    data: rows_lib.Data,
    rows: rows_lib.Rows,
    grid: Grid,
    key: Array,
    *,
    max_partial: int = 0,
) -> tuple[DualParams, rows_lib.Scores]:
  """A mixed model of costs and classes on a kernel, in closed form.

  Args:
    kernel_fn: `laplacian_kernel` or `linear_kernel`.
    data: the target.
    rows: the rows to fit on.
    grid: `penalty`, the variance of rows, and `group_variance`, that of groups,
      in units of the kernel; averaged by evidence.
    key: not needed; heads have one signature.
    max_partial: of how many rows at most some costs were not measured: a choice
      is fitted on the rows that have it. 0 takes all costs as measured.

  Returns:
    What was learned, and what it says of all rows of the data.
  """
  del key
  vector_scale, input_scale, vectors, inputs = _scale_pair(data, rows)
  seen_vectors, seen_inputs = vectors[rows.index], inputs[rows.index]
  # Of all rows, once: a fit needs some of them, and its answers need the rest.
  of_all = kernel_fn(vectors, inputs, seen_vectors, seen_inputs)  # [n, m]
  kernel = of_all[rows.index]  # [m, m]
  seen = rows_lib.take(data, rows)
  same = (seen.groups[:, None] == seen.groups) * rows.weight  # [m, m]
  # The kernel's own constant part would be an offset that nothing shrinks.
  centre = _balance(same, rows.weight)  # [m]
  level = kernel @ centre
  overall = centre @ level
  centred = kernel - level[:, None] - level + overall
  presumed = _presume(seen, rows.weight)
  answers = jnp.concatenate([seen.costs, seen.classes], axis=1)  # [m, 2C]
  known = seen.known if max_partial else jnp.ones_like(seen.known)
  dual, common = _solve(
      centred, same, answers - presumed, known, rows.weight, grid, max_partial
  )
  # Centring is linear: it goes into the weights and the offset.
  total = dual.sum(axis=0)  # [2C]
  offset = presumed + common + overall * total - level @ dual
  weights = (dual - centre[:, None] * total)[None]
  params = DualParams(
      vector_scale, input_scale, seen_vectors, seen_inputs, weights, offset
  )
  return params, _weigh(of_all, params)


def _weigh(kernel, params):
  """Scores of rows from their kernel [n, m] with the rows of the fit."""
  outputs = jnp.einsum('nm,pmk->pnk', kernel, params.weights) + params.offset
  return rows_lib.split_scores(outputs)


def _apply_dual(
    kernel_fn: Callable[..., Array],
    params: DualParams,
    vectors: Float[Array, 'n D'],
    inputs: Float[Array, 'n F'],
) -> rows_lib.Scores:
  """What a fitted mixed model says of any rows."""
  kernel = kernel_fn(
      rows_lib.apply_scale(params.vector_scale, vectors),
      rows_lib.apply_scale(params.input_scale, inputs),
      params.vectors,
      params.inputs,
  )
  return _weigh(kernel, params)


fit_kernel = functools.partial(_fit_dual, laplacian_kernel)
apply_kernel = functools.partial(_apply_dual, laplacian_kernel)
fit_ridge = functools.partial(_fit_dual, linear_kernel)
apply_ridge = functools.partial(_apply_dual, linear_kernel)


def fit_neighbour(
    data: rows_lib.Data,
    rows: rows_lib.Rows,
    grid: Grid,
    key: Array,
    *,
    max_partial: int = 0,
) -> tuple[NeighbourParams, rows_lib.Scores]:
  """Remembers the rows; `neighbours` of them (at most 16) answer."""
  del key, max_partial
  *scales, vectors, inputs = _scale_pair(data, rows)
  seen = rows_lib.take(data, rows)
  answers = jnp.concatenate([seen.costs, seen.classes], axis=1)  # [m, 2C]
  known = jnp.concatenate([seen.known, jnp.ones_like(seen.classes)], axis=1)
  known *= rows.weight[:, None]
  params = NeighbourParams(
      *scales,
      *(vectors[rows.index], inputs[rows.index]),
      *(answers, known, grid['neighbours']),
  )
  return params, apply_neighbour(params, data.vectors, data.inputs)


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
