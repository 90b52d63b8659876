"""One update of the parameters: the pure step that `pretrain` maps over devices.

Station in the flow: packs and `objectives` in, sums over all devices and the
next state out. Losses and gradients are added up over parts and devices before
anything is divided, so padding and the number of devices do not matter.
"""

import functools
from typing import Any, NamedTuple

import jax
from jax import lax
import jax.numpy as jnp
import optax

from mirencoder_jax import objectives
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data.batch import Batch, Budget
from mirencoder_jax.models import mirencoder


class TrainState(NamedTuple):
  """What an update changes."""

  step: Any  # int32 []
  params: Any
  optimizer_state: Any


def create_state(
    rng: jax.Array,
    model: mirencoder.MIREncoder,
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
    model: mirencoder.MIREncoder,
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

  def losses_of(params, part):
    packs, number = part
    return objectives.pretraining_losses(
        model,
        params,
        packs,
        jax.random.fold_in(rng, number),
        config,
        axis_name=axis_name,
    )

  def total_of(function):
    """Sum of a tree over the parts of this device and over all devices."""
    num_parts = batch.tokens.shape[0]
    parts = (batch, jnp.arange(num_parts))
    total = function(jax.tree.map(lambda x: x[0], parts))
    if num_parts > 1:
      rest = jax.tree.map(lambda x: x[1:], parts)
      add = functools.partial(jax.tree.map, jnp.add)
      total, _ = lax.scan(
          lambda carry, part: (add(carry, function(part)), None), total, rest
      )
    return total if axis_name is None else lax.psum(total, axis_name)

  # Weights hang on the data alone, so the compiler drops the model here.
  weights = total_of(
      lambda part: {k: w for k, (_, w) in losses_of(state.params, part)[0].items()}
  )

  def loss_of(params, part):
    losses, metrics = losses_of(params, part)
    share = {
        name: objective_weights[name] * total / jnp.maximum(weights[name], 1)
        for name, (total, _) in losses.items()
    }
    return sum(share.values()), (losses, metrics)

  (loss, (losses, metrics)), gradients = total_of(
      lambda part: jax.value_and_grad(loss_of, has_aux=True)(state.params, part)
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
