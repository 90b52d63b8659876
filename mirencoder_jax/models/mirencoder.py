"""MIREncoder: one module read twice, as tokens and as a program graph.

A merged `Batch` in, `Outputs` out.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jraph
from flax import linen as nn
from jaxtyping import Float

from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.models import graph_encoder, pooling, token_encoder

NUM_KINDS = 3  # instruction, variable, constant
NUM_DEPTHS = 6  # of loops, told apart; deeper nests are taken as the last
NUM_SIZES = 4  # tokens in at least 0, 1, 2 and 3 loops are counted


@dataclasses.dataclass(frozen=True)
class MIREncoderConfig:
  """Sizes of the model; named ones stand in `configs/models.py`.

  Attributes:
    vocab_size: V.
    width: D, of tokens, nodes and embeddings alike.
    token_layers: depth of the transformer.
    num_heads: H; D / H is even.
    graph_layers: rounds of messages.
    code_width: of the node codes that the graph is reconstructed from.
    max_position: number of edge positions told apart.
    token_dense_ratio: width of the transformer's dense networks in units of D.
    graph_dense_ratio: the same for the graph encoder.
    loop_depth: whether tokens and nodes are told how many loops are around
      them. Differs from the paper.
    dropout_rate: in both encoders. With dropout, results depend on the number
      of devices.
    dtype: of the matrix products; parameters and reductions are float32.
    reads: what the transformer runs over: 'instructions', or 'tokens', as in
      the paper and as the weights `small`.
    graph_width: of the nodes, where instructions are read; D if 0.
    words: the pieces of `sum_pooling.WORDS` in the vocabulary, likewise.
  """

  vocab_size: int = 8192
  width: int = 192
  token_layers: int = 4
  num_heads: int = 3
  graph_layers: int = 4
  code_width: int = 32
  max_position: int = 16
  token_dense_ratio: int = 4
  graph_dense_ratio: int = 2
  loop_depth: bool = True
  dropout_rate: float = 0.0
  dtype: str = 'float32'
  reads: str = 'tokens'
  graph_width: int = 0
  words: tuple[int, ...] = ()

  def __post_init__(self):
    if min(self.width, self.num_heads) < 1:
      raise ValueError('width and num_heads are at least 1')
    if self.reads not in ('tokens', 'instructions'):
      raise ValueError(
          f'reads {self.reads!r} is neither tokens nor instructions'
      )
    if self.width % (2 * self.num_heads):
      raise ValueError(
          f'width {self.width} is not a multiple of twice num_heads'
          f' {self.num_heads}; use {self.width // 2 // self.num_heads or 1}'
          f' * {2 * self.num_heads}'
      )

  @classmethod
  def from_dict(cls, fields: Mapping[str, Any]) -> 'MIREncoderConfig':
    """Of what `as_dict` gave, as JSON has it."""
    words = tuple(fields.get('words', ()))
    return cls(**{**fields, 'words': words})

  def as_dict(self) -> dict[str, Any]:
    """What JSON keeps; what only instructions need is left out without them.

    So checkpoints and fingerprints of before are what they were.
    """
    fields = dataclasses.asdict(self) | {'words': list(self.words)}
    if self.reads == 'tokens':
      for name in ('reads', 'graph_width', 'words'):
        del fields[name]
    return fields


class Outputs(NamedTuple):
  """What the encoder says about a merged batch.

  Where instructions are read, nodes are W = `graph_width` wide, and the joint
  embedding is D and the logarithms of counts.
  """

  token_states: Float[Array, 'B L D']
  node_states: Float[Array, 'N D']
  node_codes: Float[Array, 'N C']  # float32
  text_embeddings: Float[Array, 'T D']
  ir_embedding: Float[Array, 'G D']  # float32, zero for padding; so the next
  graph_embedding: Float[Array, 'G D']
  joint_embedding: Float[Array, 'G J']
  # What the embeddings are made of; adds up over segments and functions.
  sums: Float[Array, 'G S'] | None = None
  # Of the units in the rows of the batch.
  unit_states: Float[Array, 'B L D'] | None = None


class MIREncoder(nn.Module):
  """The encoder; `objectives.PretrainingModel` adds what pre-training needs.

  Attributes:
    config: sizes.
  """

  config: MIREncoderConfig

  def setup(self):
    config = self.config
    width, dtype = config.width, config.dtype

    def dense(features, **kwargs):
      return nn.Dense(features, dtype=dtype, **kwargs)

    self.embedding = nn.Embed(
        config.vocab_size,
        width,
        dtype=dtype,
        embedding_init=nn.initializers.normal(0.02),
    )
    self.text_norm = nn.LayerNorm(dtype=dtype)
    self.text_dense = dense(width)
    self.mask_text = self.param(
        'mask_text', nn.initializers.normal(1.0), (width,)
    )
    node_width = config.graph_width or width
    self.kind_embedding = nn.Embed(NUM_KINDS, node_width, dtype=dtype)
    if config.loop_depth:
      self.token_depth = nn.Embed(
          NUM_DEPTHS,
          width,
          dtype=dtype,
          embedding_init=nn.initializers.normal(0.02),
      )
      self.node_depth = nn.Embed(NUM_DEPTHS, node_width, dtype=dtype)
    self._setup_parts()

  def _setup_parts(self):
    """The parts that are made otherwise where instructions are read."""
    config = self.config
    width, dtype = config.width, config.dtype
    self.token_encoder = token_encoder.TokenEncoder(
        config.token_layers,
        config.num_heads,
        config.token_dense_ratio,
        config.dropout_rate,
        dtype,
    )
    self.graph_encoder = graph_encoder.GraphEncoder(
        config.graph_layers,
        config.max_position,
        config.graph_dense_ratio,
        config.dropout_rate,
        dtype,
    )
    self.code = nn.Dense(config.code_width)
    self.token_pool = pooling.Pool(config.num_heads, dtype)
    self.node_pool = pooling.Pool(config.num_heads, dtype)
    self.joint = nn.Dense(width)

  def __call__(self, batch: Batch, *, deterministic: bool) -> Outputs:
    """Encodes a batch.

    Args:
      batch: merged form. Nodes whose text is a padding text are taken as
        masked: they get a learned vector.
      deterministic: whether to leave out dropout; without, `apply` needs an
        rng named `dropout`.

    Returns:
      States and embeddings; embeddings of padding slots are zero.
    """
    batch = jax.tree.map(jnp.asarray, batch)
    graph = batch.graph
    token_inputs = self.embedding(batch.tokens)
    token_depth = graph.nodes['depth'][batch.token_node]  # [B, L]
    if self.config.loop_depth:
      token_inputs += self.token_depth(jnp.minimum(token_depth, NUM_DEPTHS - 1))
    token_states = self.token_encoder(
        token_inputs,
        batch.token_segment,
        batch.token_position,
        deterministic=deterministic,
    )  # [B, L, D]
    text_embeddings = self._embed_texts(batch)  # [T, D]
    node_graph = graph_encoder.graph_index(graph)
    node_mask = batch.example_mask[node_graph]
    masked_text = self.mask_text.astype(text_embeddings.dtype)
    texts = jnp.where(batch.text_mask[:, None], text_embeddings, masked_text)
    node_inputs = texts[graph.nodes['text']]
    node_inputs += self.kind_embedding(graph.nodes['kind'])
    if self.config.loop_depth:
      node_inputs += self.node_depth(
          jnp.minimum(graph.nodes['depth'], NUM_DEPTHS - 1)
      )
    node_states = self.graph_encoder(
        node_inputs,
        graph,
        node_mask,
        deterministic=deterministic,
    )  # [N, D]

    token_mask = (batch.token_segment > 0).reshape(-1)
    token_example = batch.token_example.reshape(-1)
    num_graphs = batch.example_mask.shape[0]
    # Run time hangs on size, which means would hide, and on what is in loops.
    is_deep = token_depth.reshape(-1)[:, None] >= jnp.arange(
        NUM_SIZES if self.config.loop_depth else 1
    )
    num_tokens = jraph.segment_sum(
        (token_mask[:, None] & is_deep).astype(jnp.float32),
        token_example,
        num_graphs,
    )  # [G, S], of tokens in at least 0, 1, 2, ... loops
    ir_embedding = self.token_pool(
        token_states.reshape(-1, self.config.width),
        token_example,
        token_mask,
        jnp.log1p(num_tokens) / 4,
    )
    graph_embedding = self.node_pool(
        node_states,
        node_graph,
        node_mask,
        jnp.log1p(
            jnp.stack([graph.n_node, graph.n_edge], 1).astype(jnp.float32)
        )
        / 4,
    )
    mask = batch.example_mask[:, None]
    ir_embedding = jnp.where(mask, ir_embedding, 0)
    graph_embedding = jnp.where(mask, graph_embedding, 0)
    joint = self.joint(jnp.concatenate([ir_embedding, graph_embedding], 1))
    return Outputs(
        token_states=token_states,
        node_states=node_states,
        node_codes=self.code(node_states.astype(jnp.float32)),
        text_embeddings=text_embeddings,
        ir_embedding=ir_embedding,
        graph_embedding=graph_embedding,
        joint_embedding=jnp.where(mask, joint, 0),
    )

  def _embed_texts(self, batch: Batch) -> Float[Array, 'T D']:
    """A text is the mean of the embeddings of its pieces, then a layer."""
    num_texts = batch.text_mask.shape[0]
    pieces = self.embedding(batch.text_tokens).astype(jnp.float32)  # [P, D]
    count = jraph.segment_sum(
        jnp.ones(pieces.shape[0]), batch.text_index, num_texts, True
    )
    texts = jraph.segment_sum(pieces, batch.text_index, num_texts, True)
    texts = texts / jnp.maximum(count, 1)[:, None]
    return self.text_dense(self.text_norm(texts))
