"""The graph encoder of the instruction encoder: one matrix, many gates.

Node inputs in, states of all rounds out. Messages are those of
`models.graph_encoder`; a relation and a position have a gate, a vector that
multiplies what is sent, and no matrix of their own, which costs a sixth.
"""

import math

import jax
import jax.numpy as jnp
import jraph
from flax import linen as nn
from jaxtyping import Bool, Float

from mirencoder_jax.data.batch import Array
from mirencoder_jax.models import dense, graph_encoder, residual


class GatedLayer(nn.Module):
  """One round of gated messages and a dense network, each with a residual.

  Attributes:
    max_position: number of edge positions told apart.
    dense_width: of the hidden layer of the dense network.
    residual_scale: standard deviation of what is added, relative to LeCun's.
    dropout_rate: of what is added.
    dtype: of the matrix products.
  """

  max_position: int
  dense_width: int
  residual_scale: float
  dropout_rate: float
  dtype: str

  @nn.compact
  def __call__(
      self,
      x: Float[Array, 'N D'],
      messages: graph_encoder.Messages,
      *,
      deterministic: bool,
  ) -> Float[Array, 'N D']:
    num_nodes, width = x.shape
    y = nn.LayerNorm(dtype=self.dtype, name='message_norm')(x)
    y = dense.dense(
        width,
        use_bias=False,
        kernel_init=residual.initializer(self.residual_scale),
        dtype=self.dtype,
        name='message',
    )(y)
    gates = self.param(
        'gate',
        lambda key, shape: jax.random.normal(key, shape),
        (graph_encoder.NUM_RELATIONS * self.max_position, width),
    ).astype(self.dtype)
    y = y[messages.source] * gates[messages.gate]  # [M, D]
    y = y.astype(jnp.float32) * messages.weight[:, None]
    y = jraph.segment_sum(y, messages.target, num_nodes)  # [N, D]
    y = residual.drop(y, self.dropout_rate, deterministic)
    x = x + y.astype(x.dtype)
    y = residual.dense_network(
        x, self.dense_width, self.residual_scale, self.dtype
    )
    return x + residual.drop(y, self.dropout_rate, deterministic)


class GatedGraphEncoder(nn.Module):
  """A stack of `GatedLayer`s; what it gives is the states of every round.

  Attributes:
    num_layers: rounds of messages.
    max_position: number of edge positions told apart.
    dense_ratio: width of a layer's dense network in units of D.
    dropout_rate: inside the layers.
    dtype: of the matrix products.
  """

  num_layers: int
  max_position: int
  dense_ratio: int = 2
  dropout_rate: float = 0.0
  dtype: str = 'float32'

  @nn.compact
  def __call__(
      self,
      inputs: Float[Array, 'N D'],
      graph: jraph.GraphsTuple,
      node_mask: Bool[Array, 'N'],
      *,
      deterministic: bool,
  ) -> list[Float[Array, 'N D']]:
    """Returns the inputs as the first layer sees them, then each round."""
    width = inputs.shape[-1]
    messages = graph_encoder.plan_messages(graph, node_mask, self.max_position)
    # Messages are means, so the degrees come in as features of the node.
    x = inputs + dense.dense(width, dtype=self.dtype, name='degree')(
        jnp.log1p(messages.degree)
    )
    x = nn.LayerNorm(dtype=self.dtype, name='input_norm')(x)
    rounds = [x]
    for i in range(self.num_layers):
      x = GatedLayer(
          self.max_position,
          self.dense_ratio * width,
          1 / math.sqrt(2 * self.num_layers),
          self.dropout_rate,
          self.dtype,
          name=f'layer_{i}',
      )(x, messages, deterministic=deterministic)
      rounds.append(x)
    return rounds


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
