"""Pooling: the states of a program's tokens or nodes to one vector."""

import jax.numpy as jnp
import jraph
from flax import linen as nn
from jaxtyping import Bool, Float, Int

from mirencoder_jax.data.batch import Array


class Pool(nn.Module):
  """Many states to one vector each: mean, attention, and sizes.

  Attributes:
    num_heads: each takes its own weighted mean of a share of the features.
    dtype: of the matrix products.
  """

  num_heads: int
  dtype: str

  @nn.compact
  def __call__(
      self,
      states: Float[Array, 'M D'],
      index: Int[Array, 'M'],
      mask: Bool[Array, 'M'],
      sizes: Float[Array, 'G S'],
  ) -> Float[Array, 'G D']:
    """Pools states by `index` where `mask`; `sizes` are further features."""
    num_states, width = states.shape
    num_graphs = sizes.shape[0]
    # What is masked goes to a segment of its own, which is cut off.
    index = jnp.where(mask, index, num_graphs)
    scores = nn.Dense(self.num_heads, dtype=self.dtype, name='score')(states)
    # Bounded scores make the usual shift by the segment's maximum needless.
    weights = jnp.exp(8 * jnp.tanh(scores.astype(jnp.float32) / 8))  # [M, H]
    x = states.astype(jnp.float32).reshape(num_states, self.num_heads, -1)
    x = jnp.concatenate(
        [
            x.reshape(num_states, width),
            (x * weights[..., None]).reshape(num_states, width),
            weights,
            jnp.ones((num_states, 1), jnp.float32),
        ],
        axis=1,
    )
    sums = jraph.segment_sum(x, index, num_graphs + 1)[:-1]
    mean, attended, weights, count = jnp.split(
        sums, [width, 2 * width, 2 * width + self.num_heads], axis=1
    )
    mean = mean / jnp.maximum(count, 1)
    weights = jnp.where(count > 0, weights, 1)
    attended = attended.reshape(num_graphs, self.num_heads, -1)
    attended = (attended / weights[..., None]).reshape(num_graphs, width)
    return nn.Dense(width, name='out')(
        jnp.concatenate([mean, attended, sizes], axis=1)
    )
