"""One update of the parameters: the pure step that `pretrain` maps.

Losses and gradients are added up over parts and devices before anything is
divided, so padding and the number of devices do not matter.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from mirencoder_jax import objectives
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data.batch import Batch, Budget


class TrainState(NamedTuple):
  """What an update changes."""

  step: Any  # int32 []
  params: Any
  optimizer_state: Any


def create_state(
    rng: jax.Array,
    model: objectives.PretrainingModel,
    optimizer: optax.GradientTransformation,
    budget: Budget,
) -> TrainState:
  """The state before the first update; jittable, and for `jax.eval_shape`."""
  batch = batch_lib.merge(batch_lib.empty_batch(budget))
  params = model.init(rng, batch, deterministic=True)['params']
  return TrainState(jnp.int32(0), params, optimizer.init(params))


def train_step(
    state: TrainState,
    batch: Batch,
    rng: jax.Array,
    *,
    model: objectives.PretrainingModel,
    optimizer: optax.GradientTransformation,
    config: objectives.ObjectivesConfig,
    axis_name: str | None = None,
) -> tuple[TrainState, objectives.Sums]:
  """One update; pure and per device.

  Args:
    state: the same on all devices.
    batch: this device's packs [A, U, ...], A parts computed one by one.
    rng: the same on all devices and in all steps.
    model: to train.
    optimizer: from `optimizer.create_optimizer`.
    config: of the objectives.
    axis_name: of the device axis, if there is one.

  Returns:
    The new state, and sums and weights of 'loss', 'loss/<objective>', the
    objectives' metrics and 'gradient_norm', over all devices.
  """
  rng = jax.random.fold_in(rng, state.step)
  objective_weights = objectives.loss_weights(config)

  num_parts = batch.tokens.shape[0]

  def losses_of(params, number):
    return objectives.pretraining_losses(
        model,
        params,
        jax.tree.map(lambda x: x[number], batch),
        jax.random.fold_in(rng, number),
        config,
        axis_name=axis_name,
    )

  def over_devices(tree):
    return tree if axis_name is None else lax.psum(tree, axis_name)

  def over_parts(function):
    """Sum of a tree over the parts of this device."""
    if num_parts == 1:
      return function(0)
    zero = jax.tree.map(jnp.zeros_like, jax.eval_shape(function, 0))
    add = functools.partial(jax.tree.map, jnp.add)
    total, _ = lax.scan(
        lambda carry, number: (add(carry, function(number)), None),
        zero,
        jnp.arange(num_parts),
    )
    return total

  def weights_of(losses):
    return {name: weight for name, (_, weight) in losses.items()}

  # Every part is divided by the weight of all of them. Weights hang on the data
  # alone: the compiler drops the model from this pass.
  all_weights = None
  if num_parts > 1:
    all_weights = over_devices(
        over_parts(
            lambda number: weights_of(losses_of(state.params, number)[0])
        )
    )

  def loss_of(params, number):
    losses, metrics = losses_of(params, number)
    weights = all_weights or over_devices(weights_of(losses))
    total = sum(
        objective_weights[name] * loss / jnp.maximum(weights[name], 1)
        for name, (loss, _) in losses.items()
    )
    return total, (losses, metrics)

  (loss, (losses, metrics)), gradients = over_devices(
      over_parts(
          functools.partial(
              jax.value_and_grad(loss_of, has_aux=True), state.params
          )
      )
  )
  updates, optimizer_state = optimizer.update(
      gradients, state.optimizer_state, state.params
  )
  params = optax.apply_updates(state.params, updates)
  one = jnp.float32(1)
  sums = {
      'loss': (loss, one),
      **{f'loss/{name}': pair for name, pair in losses.items()},
      **metrics,
      'gradient_norm': (optax.tree.norm(gradients), one),
  }
  return TrainState(state.step + 1, params, optimizer_state), sums
