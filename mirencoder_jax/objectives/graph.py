"""Graph auto-encoding: edges, their positions and node texts from node codes.

Station in the flow: `corrupt_graph` before the model (for each pack, from its
key) hides edges and node texts and draws negatives; `graph_losses` after it
asks for all of them. Everything is recovered from low-dimensional codes.
"""

from collections.abc import Set
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jraph
from jaxtyping import Bool, Float, Int, Key

from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.models import graph_encoder
from mirencoder_jax.models.mirencoder import Outputs
from mirencoder_jax.objectives import mlm

Sum = tuple[Float[Array, ''], Float[Array, '']]

NUM_TRIES = 4  # draws of a negative for each edge
MAX_NODES = 46_340  # of a pack; the number of a pair of nodes fits in int32


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
    decode: Any, codes: Float[Array, 'N C'], batch: Batch, target: GraphTargets
) -> tuple[Sum, Sum]:
  """Tells edges from pairs of the same sender without one.

  Args:
    decode: calls a method of the model by name.
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
      'score_edges',
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
    decode: Any, codes: Float[Array, 'N C'], batch: Batch, target: GraphTargets
) -> tuple[Sum, Sum]:
  """Positions of control and data edges; arguments as for `edge_loss`."""
  graph = batch.graph
  offset = jnp.arange(len(graph.senders))[:, None]
  offset *= graph.nodes['kind'].shape[1]
  flow = graph.edges['flow']
  logits = decode(
      'decode_positions',
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
    decode: Any, outputs: Outputs, batch: Batch, target: GraphTargets
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
      'decode_texts',
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


def graph_losses(
    decode: Any,
    outputs: Outputs,
    batch: Batch,
    target: GraphTargets,
    names: Set[str],
) -> tuple[dict[str, Sum], dict[str, Sum]]:
  """The losses in `names` and their metrics.

  Args:
    decode: calls a method of the model by name.
    outputs: of the corrupted, merged batch.
    batch: packed and not corrupted.
    target: of every pack, [U, ...].
    names: of 'edge', 'edge_position' and 'node_text'.
  """
  losses, metrics = {}, {}
  codes = outputs.node_codes
  if 'edge' in names:
    losses['edge'], metrics['edge_auc'] = edge_loss(
        decode, codes, batch, target
    )
  if 'edge_position' in names:
    losses['edge_position'], metrics['edge_position_accuracy'] = position_loss(
        decode, codes, batch, target
    )
  if 'node_text' in names:
    losses['node_text'], metrics['node_text_accuracy'] = text_loss(
        decode, outputs, batch, target
    )
  return losses, metrics
