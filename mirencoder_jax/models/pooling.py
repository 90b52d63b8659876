"""Pooling: the states of a program's tokens or nodes to one vector."""

from flax import linen as nn
from jaxtyping import Bool, Float, Int

from mirencoder_jax.data.batch import Array
from mirencoder_jax.models import sum_pooling


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
    width = states.shape[-1]
    pool = sum_pooling.SumPool(width, width, self.num_heads, 0, self.dtype)
    nn.share_scope(self, pool)
    sums = pool.add_up(states, index, mask, sizes.shape[0])
    return pool.finish(sums, sizes)
