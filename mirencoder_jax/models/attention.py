"""Attention inside the windows of packed token rows.

Station in the flow: the inner part of `models.token_encoder`. Several windows
stand in one row; a token sees the tokens of its own window only.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def rotary_angles(
    position: Int[Array, 'B L'], head_width: int, max_wavelength: float = 1e4
) -> tuple[Float[Array, 'B L F'], Float[Array, 'B L F']]:
  """Cosine and sine of each position for each of half the head's features."""
  frequency = max_wavelength ** (
      -jnp.arange(0, head_width, 2, dtype=jnp.float32) / head_width
  )  # [F]
  angle = position[..., None].astype(jnp.float32) * frequency  # [B, L, F]
  return jnp.cos(angle), jnp.sin(angle)


def rotate(
    x: Float[Array, 'B L H K'],
    cos: Float[Array, 'B L F'],
    sin: Float[Array, 'B L F'],
) -> Float[Array, 'B L H K']:
  """Rotary position embedding; scores then depend on distances only."""
  first, second = jnp.split(x.astype(jnp.float32), 2, axis=-1)
  cos, sin = cos[:, :, None], sin[:, :, None]
  return jnp.concatenate(
      [first * cos - second * sin, second * cos + first * sin], axis=-1
  ).astype(x.dtype)


def segment_attention(
    query: Float[Array, 'B L H K'],
    key: Float[Array, 'B L H K'],
    value: Float[Array, 'B L H K'],
    segment: Int[Array, 'B L'],
) -> Float[Array, 'B L H K']:
  """Softmax attention between tokens of equal segment.

  Padding (segment 0) attends to padding: its values are of no use to anybody,
  but they are finite, and no row of scores is without an entry.
  """
  mask = segment[:, None, :, None] == segment[:, None, None, :]
  return jax.nn.dot_product_attention(query, key, value, mask=mask)
