"""What is added to the residual stream, the same in both encoders."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Float

from mirencoder_jax.data.batch import Array
from mirencoder_jax.models import dense


def initializer(scale: float) -> nn.initializers.Initializer:
  """Of the last kernel of a branch: LeCun's, its deviation times `scale`."""
  return nn.initializers.variance_scaling(
      scale**2, 'fan_in', 'truncated_normal'
  )


def drop(
    x: Float[Array, '... D'], rate: float, deterministic: bool
) -> Float[Array, '... D']:
  """Dropout; without it no rng is asked for."""
  if rate and not deterministic:
    return nn.Dropout(rate, deterministic=False)(x)
  return x


def dense_network(
    x: Float[Array, '... D'], hidden_width: int, scale: float, dtype: str
) -> Float[Array, '... D']:
  """A norm, a hidden layer and a layer back to D: `dense_norm`, `_in`, `_out`.

  Args:
    x: the residual stream.
    hidden_width: of the hidden layer.
    scale: as for `initializer`.
    dtype: of the matrix products.
  """
  y = nn.LayerNorm(dtype=dtype, name='dense_norm')(x)
  y = dense.dense(hidden_width, dtype=dtype, name='dense_in')(y)
  return dense.dense(
      x.shape[-1],
      kernel_init=initializer(scale),
      dtype=dtype,
      name='dense_out',
  )(jax.nn.gelu(y))


class Mix(nn.Module):
  """States of all rounds as one: a weight for each round and feature.

  The last rounds alone forget what the first ones saw: branches are told
  worse by them than by those of a network that was never trained.

  Attributes:
    dtype: of the states.
  """

  dtype: str

  @nn.compact
  def __call__(
      self, rounds: list[Float[Array, '*M D']]
  ) -> Float[Array, '*M D']:
    num_rounds, width = len(rounds), rounds[0].shape[-1]
    weights = self.param(
        'weight',
        nn.initializers.constant(1 / num_rounds),
        (num_rounds, width),
    ).astype(self.dtype)
    x = jnp.zeros_like(rounds[0])
    for i, states in enumerate(rounds):
      norm = nn.LayerNorm(
          use_scale=False, use_bias=False, dtype=self.dtype, name=f'norm_{i}'
      )
      x += weights[i] * norm(states)
    return nn.LayerNorm(dtype=self.dtype, name='norm')(x)
