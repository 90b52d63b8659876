"""Graph auto-encoding: edges, their positions and node texts from node codes.

`corrupt_graph` before the model (for each pack, from its key) hides edges and
node texts and draws negatives; `loss` after it asks for all of them. Everything
is recovered from low-dimensional codes.
"""

import dataclasses
from collections.abc import Callable, Set
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jraph
from flax import linen as nn
from jaxtyping import Bool, Float, Int, Key

from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.models import graph_encoder
from mirencoder_jax.models.mirencoder import Outputs
from mirencoder_jax.objectives import mlm, objective
from mirencoder_jax.objectives.objective import Asked, Sum, Sums

NUM_TRIES = 4  # draws of a negative for each edge
MAX_NODES = 46_340  # of a pack; the number of a pair of nodes fits in int32


@dataclasses.dataclass(frozen=True)
class Settings(objective.Settings):
  """Of reconstructing the graph.

  Attributes:
    edge_weight: of telling edges from other pairs of nodes.
    edge_position_weight: of the positions of control and data edges.
    node_text_weight: of the masked node texts.
    edge_drop_rate: share of the edges kept from the graph encoder.
    text_mask_rate: share of the nodes whose text is kept from it.
  """

  edge_weight: float = objective.weight(1.0, 'graph reconstruction: edges')
  edge_position_weight: float = objective.weight(
      0.5, 'graph reconstruction: positions of edges'
  )
  node_text_weight: float = objective.weight(
      0.5, 'graph reconstruction: texts of nodes'
  )
  edge_drop_rate: float = 0.15
  text_mask_rate: float = 0.15


class Decoder(objective.Decoder):
  """Edges, their positions and texts from codes of nodes."""

  def setup(self):
    sizes = self.sizes
    width, dtype = sizes.width, sizes.dtype
    self.text_condition = nn.Dense(width, use_bias=False, dtype=dtype)
    self.text_decoder_in = nn.Dense(width, dtype=dtype)
    self.text_decoder_out = nn.Dense(width, dtype=dtype)
    codes = (graph_encoder.NUM_FLOWS, sizes.code_width)
    self.edge_weight = self.param(
        'edge_weight',
        nn.initializers.lecun_normal(in_axis=1, out_axis=2, batch_axis=0),
        codes + (sizes.code_width,),
    )
    self.edge_bias = self.param('edge_bias', nn.initializers.zeros, codes[:1])
    self.position_sender = nn.Dense(2 * sizes.code_width)
    self.position_receiver = nn.Dense(2 * sizes.code_width)
    self.position_flow = nn.Embed(graph_encoder.NUM_FLOWS, 2 * sizes.code_width)
    self.position_out = nn.Dense(sizes.max_position)

  def __call__(self, outputs: Outputs):
    nodes = jnp.zeros(1, jnp.int32)
    self.decode_texts(outputs.node_codes[:1], outputs.joint_embedding[:1])
    self.score_edges(outputs.node_codes, nodes, nodes, nodes)
    self.decode_positions(outputs.node_codes, nodes, nodes, nodes)

  def decode_texts(
      self, codes: Float[Array, 'M C'], joint: Float[Array, 'M J']
  ) -> Float[Array, 'M D']:
    """Queries for texts: their products with text embeddings are scores."""
    x = self.text_decoder_in(codes) + self.text_condition(joint)
    return self.text_decoder_out(jax.nn.gelu(x)) / jnp.sqrt(self.sizes.width)

  def score_edges(
      self,
      codes: Float[Array, 'N C'],
      senders: Int[Array, 'M'],
      receivers: Int[Array, 'M'],
      flow: Int[Array, 'M'],
  ) -> Float[Array, 'M']:
    """Log odds that there is an edge of this flow: bilinear in the codes."""
    num_nodes = codes.shape[0]
    sent = jnp.einsum('nc,fcd->nfd', codes, self.edge_weight)
    sent = sent.reshape(num_nodes * graph_encoder.NUM_FLOWS, -1)
    sent = sent[senders * graph_encoder.NUM_FLOWS + flow]  # [M, C]
    score = jnp.sum(sent * codes[receivers], axis=-1)
    return score / jnp.sqrt(codes.shape[1]) + self.edge_bias[flow]

  def decode_positions(
      self,
      codes: Float[Array, 'N C'],
      senders: Int[Array, 'M'],
      receivers: Int[Array, 'M'],
      flow: Int[Array, 'M'],
  ) -> Float[Array, 'M P']:
    """Scores of the positions of edges."""
    x = self.position_sender(codes)[senders]
    x = x + self.position_receiver(codes)[receivers] + self.position_flow(flow)
    return self.position_out(jax.nn.gelu(x))


class GraphTargets(NamedTuple):
  """What is to be recovered of a pack; indices are those of the pack."""

  edge_mask: Bool[Array, 'E']  # real edges, also those that were dropped
  negatives: Int[Array, 'E']  # a receiver that is none of the sender's
  negative_mask: Bool[Array, 'E']
  nodes: Int[Array, 'K']  # nodes with masked texts
  texts: Int[Array, 'K']
  text_mask: Bool[Array, 'K']  # which of the K count


def sample_negatives(
    key: Key[jax.Array, ''],
    graph: jraph.GraphsTuple,
    node_graph: Int[Array, 'N'],
    edge_mask: Bool[Array, 'E'],
) -> tuple[Int[Array, 'E'], Bool[Array, 'E']]:
  """Draws another receiver in the same graph for every edge.

  A pair with an edge of any flow is never drawn. Receivers of the kind of the
  true one are preferred: others are told apart too easily.

  Args:
    key: of the pack.
    graph: one pack, with all of its edges.
    node_graph: graph of each node.
    edge_mask: True for real edges.

  Returns:
    Receivers, and True where one was found.
  """
  num_nodes = node_graph.shape[0]
  if num_nodes > MAX_NODES:
    raise ValueError(
        f'a pack of {num_nodes} nodes is too large to number its pairs; use'
        f' budgets of at most {MAX_NODES} nodes and more packs'
    )
  senders, receivers = graph.senders, graph.receivers
  sender_graph = node_graph[senders]
  first = (jnp.cumsum(graph.n_node) - graph.n_node)[sender_graph]
  size = graph.n_node[sender_graph]
  draws = jax.random.uniform(key, (NUM_TRIES,) + senders.shape)
  draws = jnp.minimum((draws * size).astype(jnp.int32), size - 1)
  candidates = first + draws  # [NUM_TRIES, E]

  pairs = jnp.sort(senders * num_nodes + receivers)  # [E]
  drawn = senders * num_nodes + candidates
  found = jnp.searchsorted(pairs, drawn.reshape(-1)).reshape(drawn.shape)
  is_edge = pairs[jnp.minimum(found, pairs.shape[0] - 1)] == drawn
  kind = graph.nodes['kind']
  same_kind = kind[candidates] == kind[receivers]
  rank = jnp.where(is_edge, 0, 1 + same_kind)
  best = jnp.argmax(rank, axis=0)[None]
  negatives = jnp.take_along_axis(candidates, best, 0)[0]
  valid = jnp.take_along_axis(rank, best, 0)[0] > 0
  return negatives, valid & edge_mask


def corrupt_graph(
    key: Key[jax.Array, ''], pack: Batch, names: Set[str], config: Any
) -> tuple[jraph.GraphsTuple, GraphTargets]:
  """Hides some edges and node texts of a pack.

  A dropped edge becomes a padding edge, a masked text the padding text; the
  model takes both as not there.

  Args:
    key: of the pack.
    pack: one pack, no leading axis.
    names: the losses that will be asked for; what they do not need stays.
    config: `ObjectivesConfig`.
  """
  drop_key, negative_key, text_key = jax.random.split(key, 3)
  graph = pack.graph
  num_nodes = graph.nodes['kind'].shape[0]
  padding_text = pack.text_mask.shape[0] - 1
  node_graph = graph_encoder.graph_index(graph)
  node_mask = pack.example_mask[node_graph]
  edge_mask = node_mask[graph.senders] & node_mask[graph.receivers]
  negatives, negative_mask = sample_negatives(
      negative_key, graph, node_graph, edge_mask
  )
  nodes, chosen = mlm.choose_places(
      jax.random.uniform(text_key, node_mask.shape),
      node_mask,
      config.text_mask_rate,
  )
  texts = graph.nodes['text']
  targets = GraphTargets(
      edge_mask, negatives, negative_mask, nodes, texts[nodes], chosen
  )
  if 'node_text' in names:
    shown = jnp.where(chosen, padding_text, texts[nodes])
    texts = texts.at[nodes].set(shown, unique_indices=True)
    graph = graph._replace(nodes=graph.nodes | {'text': texts})
  if names & {'edge', 'edge_position'}:
    dropped = jax.random.bernoulli(
        drop_key, config.edge_drop_rate, edge_mask.shape
    )
    graph = graph._replace(
        senders=jnp.where(dropped, num_nodes - 1, graph.senders),
        receivers=jnp.where(dropped, num_nodes - 1, graph.receivers),
        edges={k: jnp.where(dropped, 0, v) for k, v in graph.edges.items()},
    )
  return graph, targets


def area_under_curve(
    positive: Float[Array, 'P'],
    positive_mask: Bool[Array, 'P'],
    negative: Float[Array, 'Q'],
    negative_mask: Bool[Array, 'Q'],
) -> Sum:
  """Area under the ROC curve, as sum over the positives and their number.

  It is the share of pairs of a positive and a negative in which the positive
  has the higher score; ties count half.
  """
  negative = jnp.sort(jnp.where(negative_mask, negative, jnp.inf))
  num_negatives = negative_mask.sum(dtype=jnp.float32)
  below = jnp.searchsorted(negative, positive, side='left')
  not_above = jnp.searchsorted(negative, positive, side='right')
  share = (below + not_above) / 2 / jnp.maximum(num_negatives, 1)
  mask = positive_mask & (num_negatives > 0)
  return jnp.sum(share, where=mask), mask.sum(dtype=jnp.float32)


def edge_loss(
    decode: Callable,
    codes: Float[Array, 'N C'],
    batch: Batch,
    target: GraphTargets,
) -> tuple[Sum, Sum]:
  """Tells edges from pairs of the same sender without one.

  Args:
    decode: scores for codes, senders, receivers and flows, as
      `Decoder.score_edges` gives them.
    codes: of merged nodes.
    batch: packed and not corrupted.
    target: of every pack, [U, ...].

  Returns:
    Binary cross entropy over edges and negatives; area under the ROC curve,
    taken for each flow in each pack.
  """
  graph = batch.graph
  shape = graph.senders.shape  # [U, E]
  offset = jnp.arange(shape[0])[:, None] * graph.nodes['kind'].shape[1]
  # Both at once: one gather of senders' codes instead of two.
  scores = decode(
      codes,
      jnp.concatenate([graph.senders + offset] * 2).reshape(-1),
      jnp.concatenate(
          [graph.receivers + offset, target.negatives + offset]
      ).reshape(-1),
      jnp.concatenate([graph.edges['flow']] * 2).reshape(-1),
  )
  positive, negative = scores.reshape((2,) + shape)
  loss = jnp.sum(jax.nn.softplus(-positive), where=target.edge_mask)
  loss += jnp.sum(jax.nn.softplus(negative), where=target.negative_mask)
  weight = (target.edge_mask.sum() + target.negative_mask.sum()).astype(
      jnp.float32
  )
  flows = jnp.arange(graph_encoder.NUM_FLOWS)[:, None, None]
  of_flow = graph.edges['flow'] == flows  # [flow, U, E]
  per_pack = jax.vmap(area_under_curve)
  auc_sum, auc_weight = jax.vmap(per_pack, (None, 0, None, 0))(
      positive,
      of_flow & target.edge_mask,
      negative,
      of_flow & target.negative_mask,
  )
  return (loss, weight), (auc_sum.sum(), auc_weight.sum())


def position_loss(
    decode: Callable,
    codes: Float[Array, 'N C'],
    batch: Batch,
    target: GraphTargets,
) -> tuple[Sum, Sum]:
  """Positions of control and data edges; arguments as for `edge_loss`."""
  graph = batch.graph
  offset = jnp.arange(len(graph.senders))[:, None]
  offset *= graph.nodes['kind'].shape[1]
  flow = graph.edges['flow']
  logits = decode(
      codes,
      (graph.senders + offset).reshape(-1),
      (graph.receivers + offset).reshape(-1),
      flow.reshape(-1),
  )
  position = jnp.clip(graph.edges['position'], 0, logits.shape[-1] - 1)
  return mlm.masked_cross_entropy(
      logits,
      position.reshape(-1),
      (target.edge_mask & (flow < 2)).reshape(-1),
  )


def text_loss(
    decode: Callable, outputs: Outputs, batch: Batch, target: GraphTargets
) -> tuple[Sum, Sum]:
  """Which of the pack's texts a masked node had.

  Only texts of the same pack are compared: they are distinct, those of other
  packs may be the same once more.
  """
  num_packs, num_texts = batch.text_mask.shape
  num_nodes = batch.graph.nodes['kind'].shape[1]
  num_graphs = batch.example_mask.shape[1]
  packs = jnp.arange(num_packs)[:, None]
  node_graph = jax.vmap(graph_encoder.graph_index)(batch.graph)  # [U, N]
  example = jnp.take_along_axis(node_graph, target.nodes, axis=1)
  queries = decode(
      outputs.node_codes[(target.nodes + packs * num_nodes).reshape(-1)],
      outputs.joint_embedding[(example + packs * num_graphs).reshape(-1)],
  )
  logits = jnp.einsum(
      'ukd,utd->ukt',
      queries.reshape(target.nodes.shape + (-1,)),
      outputs.text_embeddings.reshape(num_packs, num_texts, -1),
      preferred_element_type=jnp.float32,
  )
  logits = jnp.where(batch.text_mask[:, None], logits, -1e9)
  return mlm.masked_cross_entropy(logits, target.texts, target.text_mask)


def corrupt(
    asked: Asked, key: Key[jax.Array, ''], pack: Batch
) -> tuple[Batch, GraphTargets]:
  """A pack with some edges and texts hidden, and what is to be recovered."""
  graph, targets = corrupt_graph(key, pack, asked.losses, asked.config)
  return pack._replace(graph=graph), targets


def loss(asked, decoder, outputs, batch, targets, keys) -> tuple[Sums, Sums]:
  """See `Objective`."""
  del keys
  losses, metrics = {}, {}
  codes = outputs.node_codes
  if 'edge' in asked.losses:
    losses['edge'], metrics['edge_auc'] = edge_loss(
        decoder.score_edges, codes, batch, targets
    )
  if 'edge_position' in asked.losses:
    losses['edge_position'], metrics['edge_position_accuracy'] = position_loss(
        decoder.decode_positions, codes, batch, targets
    )
  if 'node_text' in asked.losses:
    losses['node_text'], metrics['node_text_accuracy'] = text_loss(
        decoder.decode_texts, outputs, batch, targets
    )
  return losses, metrics


OBJECTIVE = objective.Objective(
    name='graph',
    settings=Settings,
    decoder=Decoder,
    corrupt=corrupt,
    loss=loss,
    metrics=(
        objective.Metric(
            'edge_auc', 'edges told from other pairs, AUC', guess=0.5
        ),
        objective.share('edge_position_accuracy', 'positions of edges'),
        objective.share('node_text_accuracy', 'masked node texts predicted'),
    ),
)
