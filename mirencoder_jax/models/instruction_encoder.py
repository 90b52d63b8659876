"""MIREncoder over instructions: pieces make instructions, these are encoded.

A merged `Batch` with `units` in, `Outputs` out. The pieces of an instruction,
each gated by its place, are summed and go through a small network; the
transformer runs over instructions, and the graph's messages are gated by a
vector and share one matrix. Text and graph meet at the instructions, and what
is pooled is sums (`models.sum_pooling`).

Differs from the paper: its transformer reads tokens, and its embeddings are
made of pooled states of text and graph, each for itself.
"""

import jax
import jax.numpy as jnp
import jraph
import numpy as np
from flax import linen as nn
from jaxtyping import Bool, Float, Int

from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.models import (
    graph_encoder,
    residual,
    sum_pooling,
    token_encoder,
)
from mirencoder_jax.models.mirencoder import NUM_DEPTHS, MIREncoder, Outputs

MAX_PLACES = 32  # of pieces in an instruction, told apart


class PieceEncoder(nn.Module):
  """Pieces to units: a gated sum, then a dense network.

  Attributes:
    dense_ratio: width of the network in units of D.
    dtype: of the matrix products.
  """

  dense_ratio: int
  dtype: str

  @nn.compact
  def __call__(
      self,
      pieces: Float[Array, 'P D'],
      unit: Int[Array, 'P'],
      place: Int[Array, 'P'],
      mask: Bool[Array, 'P'],
      num_units: int,
  ) -> Float[Array, 'Q D']:
    gates = Gates(self.dtype, name='gate')(place, pieces.shape[-1])
    x = jnp.where(mask[:, None], pieces * gates, 0).astype(jnp.float32)
    x = jraph.segment_sum(x, unit, num_units)
    x = nn.LayerNorm(dtype=self.dtype, name='norm')(x)
    return x + residual.dense_network(
        x, self.dense_ratio * x.shape[-1], 1.0, self.dtype
    )


class Gates(nn.Module):
  """A vector for each place in an instruction, about 1.

  Attributes:
    dtype: of the result.
  """

  dtype: str

  @nn.compact
  def __call__(
      self, place: Int[Array, '*P'], width: int
  ) -> Float[Array, '*P D']:
    gates = self.param(
        'places',
        lambda key, shape: 1 + 0.5 * jax.random.normal(key, shape),
        (MAX_PLACES, width),
    ).astype(self.dtype)
    return gates[jnp.minimum(place, MAX_PLACES - 1)]


class InstructionEncoder(MIREncoder):
  """The encoder of instructions, with the parts of `MIREncoder` around it.

  Attributes:
    config: sizes.
  """

  def _setup_parts(self):
    config = self.config
    width, dtype = config.width, config.dtype
    node_width = config.graph_width or width
    self.piece_encoder = PieceEncoder(2, dtype)
    self.piece_gates = Gates(dtype)
    self.token_encoder = token_encoder.TokenEncoder(
        config.token_layers,
        config.num_heads,
        config.token_dense_ratio,
        config.dropout_rate,
        dtype,
        all_rounds=True,
    )
    self.unit_mix = residual.Mix(dtype)
    self.node_input = nn.Dense(node_width, dtype=dtype)
    self.graph_encoder = graph_encoder.GraphEncoder(
        config.graph_layers,
        config.max_position,
        config.graph_dense_ratio,
        config.dropout_rate,
        dtype,
        one_matrix=True,
        all_rounds=True,
    )
    self.node_mix = residual.Mix(dtype)
    self.code = nn.Dense(config.code_width)

    def pool(state_width):
      return sum_pooling.SumPool(
          width, state_width, config.num_heads, width // 2, dtype
      )

    self.unit_pool = pool(width)
    self.node_pool = pool(node_width)
    self.meeting_text = nn.Dense(width, dtype=dtype)
    self.meeting_node = nn.Dense(width, use_bias=False, dtype=dtype)
    self.meeting_pool = pool(width)

  def _parts(self) -> list[int]:
    """How many sums are of units, nodes, meetings, the graph, and counts."""
    width, heads = self.config.width, self.config.num_heads
    widths = [width, self.config.graph_width or width, width]
    sizes = [sum_pooling.num_sums(w, heads, width // 2) for w in widths]
    return [*sizes, 2, sum_pooling.NUM_COUNTS]

  @property
  def num_sums(self) -> int:
    """S, the numbers that add up."""
    return sum(self._parts())

  def __call__(self, batch: Batch, *, deterministic: bool) -> Outputs:
    """As `MIREncoder.__call__`."""
    batch = jax.tree.map(jnp.asarray, batch)
    config, graph, units = self.config, batch.graph, batch.units
    num_graphs = batch.example_mask.shape[0]
    depth = graph.nodes['depth']
    if not config.loop_depth:
      depth = jnp.zeros_like(depth)

    # Text.
    pieces = self.embedding(batch.tokens)  # [U, P, D]
    unit_mask = (units.segment > 0).reshape(-1)
    x = self.piece_encoder(
        pieces.reshape(-1, config.width),
        units.of_token.reshape(-1),
        units.place.reshape(-1),
        (batch.token_segment > 0).reshape(-1),
        len(unit_mask),
    ).reshape(units.segment.shape + (-1,))
    if config.loop_depth:
      x += self.token_depth(jnp.minimum(depth[units.node], NUM_DEPTHS - 1))
    unit_states = self.unit_mix(
        self.token_encoder(
            x, units.segment, units.position, deterministic=deterministic
        )
    )  # [B, L, D]
    flat_units = unit_states.reshape(-1, config.width)
    # What is said of a piece: its instruction, its place, itself.
    token_states = pieces + flat_units[units.of_token] * self.piece_gates(
        units.place, config.width
    )

    # Graph.
    text_embeddings = self._embed_texts(batch)  # [T, D]
    masked_text = self.mask_text.astype(text_embeddings.dtype)
    texts = jnp.where(batch.text_mask[:, None], text_embeddings, masked_text)
    node_graph = graph_encoder.graph_index(graph)
    node_mask = batch.example_mask[node_graph]
    nodes = self.node_input(texts)[graph.nodes['text']]
    nodes += self.kind_embedding(graph.nodes['kind'])
    if config.loop_depth:
      nodes += self.node_depth(jnp.minimum(depth, NUM_DEPTHS - 1))
    node_states = self.node_mix(
        self.graph_encoder(nodes, graph, node_mask, deterministic=deterministic)
    )  # [N, W]

    # What adds up.
    unit_example = units.example.reshape(-1)
    unit_node = units.node.reshape(-1)
    met = (
        self.meeting_text(flat_units)
        + self.meeting_node(jnp.where(node_mask[:, None], node_states, 0))[
            unit_node
        ]
    )
    sums = jnp.concatenate(
        [
            self.unit_pool.add_up(
                flat_units, unit_example, unit_mask, num_graphs
            ),
            self.node_pool.add_up(
                node_states, node_graph, node_mask, num_graphs
            ),
            self.meeting_pool.add_up(
                jax.nn.gelu(met), unit_example, unit_mask, num_graphs
            ),
            jnp.stack([graph.n_node, graph.n_edge], 1).astype(jnp.float32),
            sum_pooling.add_up_counts(
                batch, depth, config.words, config.vocab_size
            ),
        ],
        axis=1,
    )
    sums = jnp.where(batch.example_mask[:, None], sums, 0)
    ir, from_graph, joint = (
        jnp.where(batch.example_mask[:, None], x, 0) for x in self.finish(sums)
    )
    return Outputs(
        token_states=token_states,
        node_states=node_states,
        node_codes=self.code(node_states.astype(jnp.float32)),
        text_embeddings=text_embeddings,
        ir_embedding=ir,
        graph_embedding=from_graph,
        joint_embedding=joint,
        sums=sums,
        unit_states=unit_states,
    )

  def finish(
      self, sums: Float[Array, 'G S']
  ) -> tuple[Float[Array, 'G D'], Float[Array, 'G D'], Float[Array, 'G J']]:
    """Embeddings of text, graph and both, of sums that were added up.

    The last one ends in logarithms of the counts, J = D + NUM_COUNTS.
    """
    ends = np.cumsum(self._parts())[:-1].tolist()
    units, nodes, met, graph, counts = jnp.split(sums, ends, axis=1)
    counts = jnp.log1p(counts) / 4
    sizes = counts[:, -sum_pooling.NUM_SIZES :]
    ir = self.unit_pool.finish(units, sizes)
    from_graph = self.node_pool.finish(nodes, jnp.log1p(graph) / 4)
    joint = self.meeting_pool.finish(
        met, jnp.concatenate([ir, from_graph], axis=1)
    )
    return ir, from_graph, jnp.concatenate([joint, counts], axis=1)
