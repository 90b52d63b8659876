"""Attention inside the windows of packed token rows.

Several windows stand in one row; a token sees the tokens of its own window
only.
"""

import functools

import jax
import jax.numpy as jnp
from absl import logging
from jaxtyping import Float, Int

from mirencoder_jax.data.batch import Array


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
  backend = jax.default_backend()
  if backend == 'cpu':
    return cpu_attention(query, key, value, segment)
  mask = segment[:, None, :, None] == segment[:, None, None, :]
  attend = functools.partial(
      jax.nn.dot_product_attention, query, key, value, mask=mask
  )
  if backend == 'gpu' and query.dtype in (jnp.bfloat16, jnp.float16):
    try:
      return attend(implementation='cudnn')
    except (NotImplementedError, RuntimeError, ValueError) as error:
      logging.warning('no fused attention, taking XLA instead: %s', error)
  return attend()


def cpu_attention(
    query: Float[Array, 'B L H K'],
    key: Float[Array, 'B L H K'],
    value: Float[Array, 'B L H K'],
    segment: Int[Array, 'B L'],
) -> Float[Array, 'B L H K']:
  """`segment_attention` in the order of products that is fast on a CPU.

  As in fused attention nothing of size L * L is kept for the gradient.
  """
  num_rows, num_tokens, num_heads, width = query.shape

  def heads_first(x):
    return x.transpose(0, 2, 1, 3).reshape(-1, num_tokens, width)

  out = _attend(
      heads_first(query) * width**-0.5,
      heads_first(key),
      heads_first(value),
      jnp.repeat(segment, num_heads, axis=0),
  )  # [B * H, L, K]
  out = out.reshape(num_rows, num_heads, num_tokens, width)
  return out.transpose(0, 2, 1, 3)


@jax.custom_vjp
def _attend(query, key, value, segment):
  return _attend_forward(query, key, value, segment)[0]


def _multiply(x, y):
  return jnp.matmul(x, y, preferred_element_type=jnp.float32)


def _transpose(x):
  return jnp.swapaxes(x, 1, 2)


def _attend_forward(query, key, value, segment):
  """Returns the result and what the gradient needs; the scale is applied."""
  same = segment[:, :, None] == segment[:, None, :]
  scores = jnp.where(same, _multiply(query, _transpose(key)), -jnp.inf)
  highest = scores.max(axis=-1, keepdims=True)
  weights = jnp.exp(scores - highest)  # [M, L, L]
  total = weights.sum(axis=-1, keepdims=True)
  out = _multiply(weights.astype(value.dtype), value) / total
  out = out.astype(value.dtype)
  return out, (query, key, value, segment, out, highest + jnp.log(total))


def _attend_backward(residuals, gradient):
  """Computes the weights anew, and transposed.

  XLA's products of a batch are twice as slow where the first matrix stands
  transposed; with keys as rows that is so in one product instead of two.
  """
  query, key, value, segment, out, log_total = residuals
  same = segment[:, :, None] == segment[:, None, :]
  scores = _multiply(key, _transpose(query))  # [M, keys, queries]
  weights = jnp.where(same, jnp.exp(scores - _transpose(log_total)), 0)
  shift = jnp.sum(gradient * out, axis=-1, dtype=jnp.float32)[:, None]
  slope = weights * (_multiply(value, _transpose(gradient)) - shift)
  slope = slope.astype(query.dtype)
  value_gradient = _multiply(weights.astype(query.dtype), gradient)
  return (
      _multiply(_transpose(slope), key).astype(query.dtype),
      _multiply(slope, query).astype(query.dtype),
      value_gradient.astype(query.dtype),
      None,
  )


_attend.defvjp(_attend_forward, _attend_backward)
