"""The graph encoder: relation-aware message passing over program graphs.

Flow x direction gives six relations; messages carry the edge's position, as in
ProGraML. Each relation has a matrix, and each position in it a gate, a vector
that multiplies what is sent; or there is one matrix for all, which costs a
sixth. Graphs are flat and padded (jraph); padding nodes and edges influence
nothing real.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import jraph
from flax import linen as nn
from jaxtyping import Bool, Float, Int

from mirencoder_jax.data.batch import Array
from mirencoder_jax.models import dense, residual

NUM_FLOWS = 3  # control, data, call
NUM_RELATIONS = 2 * NUM_FLOWS  # each flow forwards, then each backwards


class Messages(NamedTuple):
  """Where messages go, the same for all layers; two for each edge."""

  source: Int[Array, 'M']  # node
  target: Int[Array, 'M']  # node
  relation: Int[Array, 'M']
  gate: Int[Array, 'M']  # row of the gates [NUM_RELATIONS * max_position, D]
  weight: Float[Array, 'M']  # one over the degree, 0 for padding
  degree: Float[Array, 'N R']  # number of messages of each relation


def graph_index(graph: jraph.GraphsTuple) -> Int[Array, 'N']:
  """The graph that each node belongs to."""
  num_nodes = graph.nodes['kind'].shape[0]
  return jnp.repeat(
      jnp.arange(graph.n_node.shape[0], dtype=jnp.int32),
      graph.n_node,
      total_repeat_length=num_nodes,
  )


def plan_messages(
    graph: jraph.GraphsTuple, node_mask: Bool[Array, 'N'], max_position: int
) -> Messages:
  """Lists the messages of a graph and their weights.

  Args:
    graph: merged graphs with `flow` and `position` of the edges.
    node_mask: True for nodes of real graphs. An edge with another end than
      these has weight 0 and is counted in no degree.
    max_position: positions from here on are taken as one.
  """
  num_nodes = node_mask.shape[0]
  flow = graph.edges['flow']
  source = jnp.concatenate([graph.senders, graph.receivers])
  target = jnp.concatenate([graph.receivers, graph.senders])
  relation = jnp.concatenate([flow, flow + NUM_FLOWS])
  position = jnp.clip(graph.edges['position'], 0, max_position - 1)
  mask = node_mask[graph.senders] & node_mask[graph.receivers]
  mask = jnp.concatenate([mask, mask]).astype(jnp.float32)
  slot = target * NUM_RELATIONS + relation
  degree = jraph.segment_sum(mask, slot, num_nodes * NUM_RELATIONS)
  return Messages(
      source=source,
      target=target,
      relation=relation,
      gate=relation * max_position + jnp.concatenate([position, position]),
      weight=mask / jnp.maximum(degree[slot], 1),
      degree=degree.reshape(num_nodes, NUM_RELATIONS),
  )


class GraphLayer(nn.Module):
  """One round of messages and a dense network, each with a residual.

  Attributes:
    max_position: number of edge positions told apart.
    dense_width: of the hidden layer of the dense network.
    residual_scale: standard deviation of what is added, relative to LeCun's.
    dropout_rate: of what is added.
    dtype: of the matrix products.
    one_matrix: gates alone tell relations apart.
  """

  max_position: int
  dense_width: int
  residual_scale: float
  dropout_rate: float
  dtype: str
  one_matrix: bool = False

  @nn.compact
  def __call__(
      self,
      x: Float[Array, 'N D'],
      messages: Messages,
      *,
      deterministic: bool,
  ) -> Float[Array, 'N D']:
    num_nodes, width = x.shape
    y = nn.LayerNorm(dtype=self.dtype, name='message_norm')(x)
    num_matrices = 1 if self.one_matrix else NUM_RELATIONS
    # Dense for each node, then gather: there are more edges than nodes.
    table = dense.dense(
        num_matrices * width,
        use_bias=False,
        kernel_init=residual.initializer(self.residual_scale),
        dtype=self.dtype,
        name='message',
    )(y).reshape(num_nodes * num_matrices, width)
    mean, deviation = (0, 1) if self.one_matrix else (1, 0.5)
    gates = self.param(
        'gate',
        lambda key, shape: mean + deviation * jax.random.normal(key, shape),
        (NUM_RELATIONS * self.max_position, width),
    ).astype(self.dtype)
    row = messages.source
    if not self.one_matrix:
      row = row * NUM_RELATIONS + messages.relation
    y = table[row] * gates[messages.gate]  # [M, D]
    y = y.astype(jnp.float32) * messages.weight[:, None]
    y = jraph.segment_sum(y, messages.target, num_nodes)  # [N, D]
    y = residual.drop(y, self.dropout_rate, deterministic)
    x = x + y.astype(x.dtype)

    y = residual.dense_network(
        x, self.dense_width, self.residual_scale, self.dtype
    )
    return x + residual.drop(y, self.dropout_rate, deterministic)


class GraphEncoder(nn.Module):
  """A stack of `GraphLayer`s with a final norm.

  Attributes:
    num_layers: rounds of messages.
    max_position: number of edge positions told apart.
    dense_ratio: width of a layer's dense network in units of D.
    dropout_rate: inside the layers.
    dtype: of the matrix products.
    one_matrix: of the layers.
    all_rounds: gives a list of the states before the first and after each
      layer, and no final norm.
  """

  num_layers: int
  max_position: int
  dense_ratio: int = 2
  dropout_rate: float = 0.0
  dtype: str = 'float32'
  one_matrix: bool = False
  all_rounds: bool = False

  @nn.compact
  def __call__(
      self,
      inputs: Float[Array, 'N D'],
      graph: jraph.GraphsTuple,
      node_mask: Bool[Array, 'N'],
      *,
      deterministic: bool,
  ) -> Float[Array, 'N D'] | list[Float[Array, 'N D']]:
    width = inputs.shape[-1]
    messages = plan_messages(graph, node_mask, self.max_position)
    # Messages are means, so the degrees come in as features of the node.
    x = inputs + dense.dense(width, dtype=self.dtype, name='degree')(
        jnp.log1p(messages.degree)
    )
    x = nn.LayerNorm(dtype=self.dtype, name='input_norm')(x)
    rounds = [x]
    for i in range(self.num_layers):
      x = GraphLayer(
          self.max_position,
          self.dense_ratio * width,
          1 / math.sqrt(2 * self.num_layers),
          self.dropout_rate,
          self.dtype,
          self.one_matrix,
          name=f'layer_{i}',
      )(x, messages, deterministic=deterministic)
      rounds.append(x)
    if self.all_rounds:
      return rounds
    return nn.LayerNorm(dtype=self.dtype, name='norm')(x)
