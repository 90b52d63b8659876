"""Heads: small models on [embedding ; run-time inputs].

Station in the flow: arrays of one target in, scores of every row out; `fit`
calls them for all folds, seeds and hyper-parameters at once. Every head is a
function of fixed shapes: which rows it is fitted on is data, so that all folds
share one program, and whatever it learns (means, deviations, components,
weights) comes from those rows only.

A head scores the choices twice: `costs`, an estimate of log(cost of the choice
/ cost of the default), where the cheapest is taken; and `classes`, where the
most probable is taken.
"""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

# Standardised features beyond this are cut off: a test row of an unseen suite
# may be a hundred training deviations away.
_MAX_DEVIATION = 4.0


class Data(NamedTuple):
  """What a head sees of a target; n rows, D, F features, C choices."""

  vectors: Array  # float32 [n, D]
  inputs: Array  # float32 [n, F]
  costs: Array  # float32 [n, C], log ratio to the default; 0 if unknown
  classes: Array  # float32 [n, C], one for the best choice


class Scores(NamedTuple):
  """A head's opinion of all rows; a grid's axes lead where there is one."""

  costs: Array  # float32 [..., n, C], lower is better
  classes: Array  # float32 [..., n, C], higher is better


class Rows(NamedTuple):
  """The rows that a fit sees: m places, of which some are padding."""

  index: Array  # int [m]
  weight: Array  # float32 [m], 1 for a row, 0 for padding


def select_rows(mask: Float[Array, 'n'], max_rows: int) -> Rows:
  """The rows where `mask` is 1, of which there are at most `max_rows`."""
  (index,) = jnp.nonzero(mask, size=max_rows, fill_value=0)
  weight = jnp.arange(max_rows) < mask.sum()
  return Rows(index, weight.astype(jnp.float32))


def standardise(x: Float[Array, 'n D'], rows: Rows) -> Float[Array, 'n D']:
  """Zero mean and unit deviation over the selected rows, cut off at 4.

  A feature that is constant there says nothing and becomes 0 everywhere.
  """
  weight = rows.weight / jnp.maximum(rows.weight.sum(), 1)
  seen = x[rows.index]  # [m, D]
  mean = weight @ seen  # [D]
  variance = weight @ jnp.square(seen - mean)
  scale = jnp.where(
      variance > 1e-6 * (1e-6 + jnp.square(mean)),
      jax.lax.rsqrt(variance + 1e-12),
      0,
  )
  return jnp.clip((x - mean) * scale, -_MAX_DEVIATION, _MAX_DEVIATION)


def _split_scores(outputs: Float[Array, '... n K']) -> Scores:
  costs, classes = jnp.split(outputs, 2, axis=-1)
  return Scores(costs, classes)


def fit_kernel(
    data: Data, rows: Rows, grid: dict[str, Float[Array, 'A Q']], key: Array
) -> Scores:
  """Kernel ridge regression in closed form, for every point of the grid.

  The kernel is exp(-bandwidth * distance^2), the distance being the mean square
  over the standardised vector plus `input_weight` times the sum over the
  inputs. A small bandwidth makes it an ordinary, linear ridge.

  Args:
    data: the target.
    rows: the rows to fit on.
    grid: `penalty`, `bandwidth` and `input_weight` of each point; only the
      penalty may change along Q.
    key: not needed; heads have one signature.

  Returns:
    Scores with leading axes A, Q.
  """
  del key

  def distances(x):
    x = standardise(x, rows)
    seen = x[rows.index]
    norms = jnp.square(x).sum(axis=1)
    return jnp.maximum(norms[:, None] + norms[rows.index] - 2 * x @ seen.T, 0)

  vector_distances = distances(data.vectors) / max(data.vectors.shape[1], 1)
  input_distances = distances(data.inputs)  # [n, m]
  outputs = jnp.concatenate([data.costs, data.classes], axis=1)  # [n, 2C]
  seen = outputs[rows.index]
  mean = rows.weight @ seen / jnp.maximum(rows.weight.sum(), 1)
  residual = (seen - mean) * rows.weight[:, None]
  identity = jnp.eye(len(seen))

  def solve(point):
    distance = vector_distances + point['input_weight'][0] * input_distances
    # Padding has no influence: its columns are 0.
    kernel = jnp.exp(-point['bandwidth'][0] * distance) * rows.weight  # [n, m]
    system = kernel[rows.index] * rows.weight[:, None]
    weights = [
        jax.scipy.linalg.solve(
            system + penalty * identity, residual, assume_a='pos'
        )
        for penalty in point['penalty']  # unrolled: they run side by side
    ]
    return jnp.einsum('nm,qmk->qnk', kernel, jnp.stack(weights)) + mean

  return _split_scores(jax.lax.map(solve, grid))


def principal_components(
    x: Float[Array, 'n D'], rows: Rows, rank: int, key: Array
) -> Float[Array, 'n K']:
  """The first components of the selected rows, by randomised iteration."""
  if x.shape[1] <= rank:
    return x
  seen = x[rows.index] * rows.weight[:, None]  # [m, D]
  basis = jax.random.normal(key, (x.shape[1], rank))
  for _ in range(3):
    basis, _ = jnp.linalg.qr(seen.T @ (seen @ basis))  # [D, K]
  return x @ basis


class MLP(nn.Module):
  """Two hidden layers; one output a choice for costs and one for classes."""

  width: int
  num_choices: int

  @nn.compact
  def __call__(self, x: Float[Array, 'n F']) -> Float[Array, 'n K']:
    x = nn.relu(nn.Dense(self.width, name='hidden_0')(x))
    x = nn.relu(nn.Dense(self.width, name='hidden_1')(x))
    return nn.Dense(2 * self.num_choices, name='scores')(x)


def fit_mlp(
    data: Data,
    rows: Rows,
    grid: dict[str, Float[Array, 'A Q']],
    key: Array,
    *,
    width: int = 32,
    rank: int = 48,
    num_steps: int = 100,
) -> Scores:
  """A regularised MLP with full-batch AdamW, for every point of the grid.

  Args:
    data: the target.
    rows: the rows to fit on.
    grid: `weight_decay` and `learning_rate` of each point.
    key: of the initialisation.
    width: hidden units.
    rank: principal components of the vectors that the MLP sees.
    num_steps: updates.

  Returns:
    Scores with leading axes A, Q.
  """
  components_key, init_key = jax.random.split(key)
  vectors = standardise(data.vectors, rows)
  vectors = principal_components(vectors, rows, rank, components_key)
  features = jnp.concatenate(
      [standardise(vectors, rows), standardise(data.inputs, rows)], axis=1
  )  # [n, K]
  model = MLP(width=width, num_choices=data.costs.shape[1])
  initial = model.init(init_key, features)

  seen = features[rows.index]
  costs, classes = data.costs[rows.index], data.classes[rows.index]

  def loss_fn(params):
    scores = _split_scores(model.apply(params, seen))
    losses = optax.huber_loss(scores.costs, costs).sum(axis=1)
    losses += optax.softmax_cross_entropy(scores.classes, classes)
    return losses @ rows.weight / jnp.maximum(rows.weight.sum(), 1)

  def fit(point):
    schedule = optax.cosine_decay_schedule(1.0, num_steps)
    optimizer = optax.chain(
        optax.scale_by_adam(),
        optax.add_decayed_weights(point['weight_decay']),
        optax.scale_by_schedule(schedule),
    )

    def step(_, carry):
      params, state = carry
      updates, state = optimizer.update(
          jax.grad(loss_fn)(params), state, params
      )
      updates = jax.tree.map(lambda u: -point['learning_rate'] * u, updates)
      return optax.apply_updates(params, updates), state

    params, _ = jax.lax.fori_loop(
        0, num_steps, step, (initial, optimizer.init(initial))
    )
    return model.apply(params, features)

  return _split_scores(jax.vmap(jax.vmap(fit))(grid))


HEADS = {
    'kernel': fit_kernel,
    'mlp': fit_mlp,
}
