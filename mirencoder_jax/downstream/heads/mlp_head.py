"""A multilayer perceptron on principal components, with full-batch AdamW."""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from mirencoder_jax.downstream.heads import rows as rows_lib

_WIDTH = 32
_RANK = 48
_NUM_STEPS = 100


class MLPParams(NamedTuple):
  """Scales, components and the networks of a grid's points."""

  vector_scale: rows_lib.Scale
  input_scale: rows_lib.Scale
  basis: Array  # float32 [D, K]
  component_scale: rows_lib.Scale
  networks: Any  # parameters of `MLP`, with a leading [P]


def principal_directions(
    x: Float[Array, 'm D'], rank: int, key: Array
) -> Float[Array, 'D K']:
  """The first directions of the rows, by randomised iteration."""
  if x.shape[1] <= rank:
    return jnp.eye(x.shape[1])
  basis = jax.random.normal(key, (x.shape[1], rank))
  for _ in range(3):
    basis, _ = jnp.linalg.qr(x.T @ (x @ basis))  # [D, K]
  return basis


class MLP(nn.Module):
  """Two hidden layers; one output a choice for costs and one for classes."""

  num_choices: int
  width: int = _WIDTH

  @nn.compact
  def __call__(self, x: Float[Array, 'n F']) -> Float[Array, 'n K']:
    x = nn.relu(nn.Dense(self.width, name='hidden_0')(x))
    x = nn.relu(nn.Dense(self.width, name='hidden_1')(x))
    return nn.Dense(2 * self.num_choices, name='scores')(x)


def _features(params, vectors, inputs):
  components = rows_lib.apply_scale(params.vector_scale, vectors) @ params.basis
  return jnp.concatenate(
      [
          rows_lib.apply_scale(params.component_scale, components),
          rows_lib.apply_scale(params.input_scale, inputs),
          jnp.ones((len(inputs), 1)),  # there may be nothing else
      ],
      axis=1,
  )


def _loss(scores, data, weight):
  """Squares of costs (where large, their size); expected cost of classes.

  A wrong class counts by what it costs beyond the best choice, where costs are
  known, and by its probability alone where there are labels only.
  """
  known = data.known
  error = optax.huber_loss(scores.costs, data.costs) * known
  losses = error.sum(axis=1)
  classes = jnp.where(data.offered > 0, scores.classes, -1e9)
  losses += optax.softmax_cross_entropy(classes, data.classes)
  best = jnp.min(jnp.where(known > 0, data.costs, jnp.inf), axis=1)
  regret = jnp.where(
      (known > 0) & jnp.isfinite(best)[:, None], data.costs - best[:, None], 0
  )
  losses += (jax.nn.softmax(classes) * regret).sum(axis=1)
  return losses @ weight / jnp.maximum(weight.sum(), 1)


def fit_mlp(
    data: rows_lib.Data,
    rows: rows_lib.Rows,
    grid: dict[str, Float[Array, 'P']],
    key: Array,
    *,
    max_partial: int = 0,
    num_steps: int = _NUM_STEPS,
) -> tuple[MLPParams, rows_lib.Scores]:
  """Fits an MLP for every point of the grid.

  Args:
    data: the target.
    rows: the rows to fit on.
    grid: `weight_decay` and `learning_rate` of each point.
    key: of the components and the initialisation.
    max_partial: not needed, costs that were not measured never count.
    num_steps: updates.

  Returns:
    The networks, and what they say of all rows of the data.
  """
  del max_partial
  components_key, init_key = jax.random.split(key)
  seen = rows_lib.take(data, rows)
  vector_scale = rows_lib.fit_scale(seen.vectors, rows.weight)
  vectors = rows_lib.apply_scale(vector_scale, seen.vectors)
  basis = principal_directions(
      vectors * rows.weight[:, None], _RANK, components_key
  )
  params = MLPParams(
      vector_scale,
      rows_lib.fit_scale(seen.inputs, rows.weight),
      basis,
      rows_lib.fit_scale(vectors @ basis, rows.weight),
      None,
  )
  x = _features(params, seen.vectors, seen.inputs)  # [m, K]
  model = MLP(num_choices=data.costs.shape[1])
  initial = model.init(init_key, x)

  def loss_fn(network):
    scores = rows_lib.split_scores(model.apply(network, x))
    return _loss(scores, seen, rows.weight)

  def fit(point):
    schedule = optax.cosine_decay_schedule(1.0, num_steps)
    optimizer = optax.chain(
        optax.scale_by_adam(),
        optax.add_decayed_weights(point['weight_decay']),
        optax.scale_by_schedule(schedule),
    )

    def step(_, carry):
      network, state = carry
      updates, state = optimizer.update(
          jax.grad(loss_fn)(network), state, network
      )
      updates = jax.tree.map(lambda u: -point['learning_rate'] * u, updates)
      return optax.apply_updates(network, updates), state

    return jax.lax.fori_loop(
        0, num_steps, step, (initial, optimizer.init(initial))
    )[0]

  params = params._replace(networks=jax.vmap(fit)(grid))
  return params, apply_mlp(params, data.vectors, data.inputs)


def apply_mlp(
    params: MLPParams,
    vectors: Float[Array, 'n D'],
    inputs: Float[Array, 'n F'],
) -> rows_lib.Scores:
  """What the fitted networks say of any rows."""
  x = _features(params, vectors, inputs)
  bias = params.networks['params']['scores']['bias']  # [P, 2C]
  model = MLP(num_choices=bias.shape[-1] // 2)
  outputs = jax.vmap(lambda network: model.apply(network, x))(params.networks)
  return rows_lib.split_scores(outputs)
