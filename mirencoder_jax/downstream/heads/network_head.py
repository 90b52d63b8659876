"""A multilayer perceptron in small batches, stopped early.

For thousands of rows. Training ends where the rows held out of the fit (whole
groups) have not become better for `_PATIENCE` passes; the best pass answers.
"""

import functools
from collections.abc import Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from mirencoder_jax.downstream.heads import regression
from mirencoder_jax.downstream.heads import rows as rows_lib

_BATCH = 128
_MAX_PASSES = 200
_PATIENCE = 15
# Arrays are padded to multiples of these, so that tables share a program.
_ROWS_MULTIPLE = 512


class Network(nn.Module):
  """Two hidden layers."""

  width: int
  num_answers: int

  @nn.compact
  def __call__(self, x: Float[Array, 'n F']) -> Float[Array, 'n K']:
    x = nn.gelu(nn.Dense(self.width, name='hidden_0')(x))
    x = nn.gelu(nn.Dense(self.width, name='hidden_1')(x))
    return nn.Dense(self.num_answers, name='answers')(x)


def _losses(outputs, y, is_probability):
  """Of each row, means over the answers; float32 [n]."""
  if is_probability:
    return optax.sigmoid_binary_cross_entropy(outputs, y).mean(axis=-1)
  return optax.huber_loss(outputs, y).mean(axis=-1)


@functools.partial(jax.jit, static_argnames=('width', 'is_probability'))
def _train(x, y, fitted, held_out, point, key, *, width, is_probability):
  """Parameters of the best pass; `fitted` and `held_out` are `Rows`."""
  model = Network(width, y.shape[1])
  init_key, key = jax.random.split(key)
  initial = model.init(init_key, x[:1])
  optimizer = optax.adamw(
      point['learning_rate'], weight_decay=point['weight_decay']
  )

  def loss_of(params, rows):
    losses = _losses(model.apply(params, x[rows.index]), y[rows.index],
                     is_probability)  # fmt: skip
    return losses @ rows.weight / jnp.maximum(rows.weight.sum(), 1)

  def step(state, rows):
    params, moments = state
    gradients = jax.grad(loss_of)(params, rows)
    updates, moments = optimizer.update(gradients, moments, params)
    return (optax.apply_updates(params, updates), moments), None

  def one_pass(state):
    number, since, best, kept, trained = state
    order = jax.random.permutation(
        jax.random.fold_in(key, number), len(fitted.index)
    )
    batches = jax.tree.map(lambda a: a[order].reshape(-1, _BATCH), fitted)
    trained, _ = jax.lax.scan(step, trained, batches)
    loss = loss_of(trained[0], held_out)
    is_better = loss < best
    kept = jax.tree.map(
        lambda old, new: jnp.where(is_better, new, old), kept, trained[0]
    )
    since = jnp.where(is_better, 0, since + 1)
    return number + 1, since, jnp.minimum(best, loss), kept, trained

  start = (0, 0, jnp.inf, initial, (initial, optimizer.init(initial)))
  return jax.lax.while_loop(
      lambda state: (state[0] < _MAX_PASSES) & (state[1] < _PATIENCE),
      one_pass,
      start,
  )[3]


@functools.partial(jax.jit, static_argnames=('width', 'is_probability'))
def _ask(params, x, *, width, is_probability):
  outputs = Network(
      width, params['params']['answers']['bias'].shape[0]
  ).apply(params, x)  # fmt: skip
  return jax.nn.sigmoid(outputs) if is_probability else outputs


def _select(mask: np.ndarray, size: int) -> rows_lib.Rows:
  return rows_lib.select_rows(
      jnp.asarray(mask, jnp.float32),
      -(-size // _ROWS_MULTIPLE) * _ROWS_MULTIPLE,
  )


def regress(run: regression.Run, point: Mapping[str, float]) -> np.ndarray:
  """A network of `width`, with AdamW; float [rows asked, K]."""
  weight = jnp.asarray(run.train, jnp.float32)
  x = jnp.asarray(run.x)
  x = rows_lib.apply_scale(rows_lib.fit_scale(x, weight), x)
  # There may be no feature, and a layer needs one.
  x = jnp.concatenate([x, jnp.ones((len(x), 1))], axis=1)
  y, mean, deviation = jnp.asarray(run.y), 0.0, 1.0
  if not run.is_probability:
    mean = run.y[run.train].mean(axis=0)
    deviation = run.y[run.train].std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1)
    y = (y - mean) / deviation
  fitted = run.train & ~run.held_out
  params = _train(
      x,
      y,
      _select(fitted if fitted.any() else run.train, run.max_train),
      _select(run.held_out if run.held_out.any() else run.train, run.max_train),
      {name: point[name] for name in ('learning_rate', 'weight_decay')},
      jax.random.key(run.seed),
      width=int(point['width']),
      is_probability=run.is_probability,
  )
  answers = _ask(
      params, x, width=int(point['width']), is_probability=run.is_probability
  )
  return np.asarray(answers)[run.asked] * deviation + mean
