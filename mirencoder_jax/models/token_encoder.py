"""The token encoder: a pre-norm transformer over packed rows of IR tokens.

Windows are kept apart by `token_segment`; `token_position` enters as rotary
angles, so that a window is read the same wherever it stands in its function or
in a row.
"""

import math

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Float, Int

from mirencoder_jax.data.batch import Array
from mirencoder_jax.models import attention, dense, residual


class TokenLayer(nn.Module):
  """Self-attention and a dense network, each with a residual connection.

  Attributes:
    num_heads: H.
    dense_width: of the hidden layer of the dense network.
    residual_scale: standard deviation of what is added, relative to LeCun's.
    dropout_rate: of what is added.
    dtype: of the matrix products.
  """

  num_heads: int
  dense_width: int
  residual_scale: float
  dropout_rate: float
  dtype: str

  @nn.compact
  def __call__(
      self,
      x: Float[Array, 'B L D'],
      angles: tuple[Float[Array, 'B L F'], Float[Array, 'B L F']],
      segment: Int[Array, 'B L'],
      *,
      deterministic: bool,
  ) -> Float[Array, 'B L D']:
    num_rows, num_tokens, width = x.shape
    y = nn.LayerNorm(dtype=self.dtype, name='attention_norm')(x)
    y = dense.dense(
        3 * width, use_bias=False, dtype=self.dtype, name='query_key_value'
    )(y)
    # Split, not index: the gradient is then one concatenation.
    query, key, value = (
        part.reshape(num_rows, num_tokens, self.num_heads, -1)
        for part in jnp.split(y, 3, axis=-1)
    )
    query, key = (attention.rotate(part, *angles) for part in (query, key))
    y = attention.segment_attention(query, key, value, segment)
    y = dense.dense(
        width,
        use_bias=False,
        kernel_init=residual.initializer(self.residual_scale),
        dtype=self.dtype,
        name='attention_out',
    )(y.reshape(x.shape))
    x = x + residual.drop(y, self.dropout_rate, deterministic)

    y = residual.dense_network(
        x, self.dense_width, self.residual_scale, self.dtype
    )
    return x + residual.drop(y, self.dropout_rate, deterministic)


class TokenEncoder(nn.Module):
  """A stack of `TokenLayer`s with a final norm.

  Attributes:
    num_layers: depth.
    num_heads: H; each has an even number of features.
    dense_ratio: width of a layer's dense network in units of D.
    dropout_rate: inside the layers.
    dtype: of the matrix products.
    all_rounds: gives a list of the states before the first and after each
      layer, and no final norm.
  """

  num_layers: int
  num_heads: int
  dense_ratio: int = 4
  dropout_rate: float = 0.0
  dtype: str = 'float32'
  all_rounds: bool = False

  @nn.compact
  def __call__(
      self,
      embeddings: Float[Array, 'B L D'],
      token_segment: Int[Array, 'B L'],
      token_position: Int[Array, 'B L'],
      *,
      deterministic: bool,
  ) -> Float[Array, 'B L D'] | list[Float[Array, 'B L D']]:
    width = embeddings.shape[-1]
    angles = attention.rotary_angles(token_position, width // self.num_heads)
    x = nn.LayerNorm(dtype=self.dtype, name='embedding_norm')(embeddings)
    rounds = [x]
    for i in range(self.num_layers):
      x = TokenLayer(
          self.num_heads,
          self.dense_ratio * width,
          1 / math.sqrt(2 * self.num_layers),
          self.dropout_rate,
          self.dtype,
          name=f'layer_{i}',
      )(x, angles, token_segment, deterministic=deterministic)
      rounds.append(x)
    if self.all_rounds:
      return rounds
    return nn.LayerNorm(dtype=self.dtype, name='norm')(x)
