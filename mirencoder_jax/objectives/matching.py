"""IR-graph matching: do this text and this graph come from the same IR?

Station in the flow: after the model, over the embeddings of the global batch.
Every text is compared with every graph; each device scores its own rows. Views
of one function are told from other functions in the same way.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Bool, Float, Int, Key

from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.models.mirencoder import Outputs

Sum = tuple[Float[Array, ''], Float[Array, '']]

SIMILAR_SIZE = 0.25  # difference of the logarithms of the numbers of nodes


def pair_loss(
    scores: Float[Array, 'A B'],
    positive: Bool[Array, 'A B'],
    negative: Bool[Array, 'A B'],
    hardness: Float[Array, 'A B'],
) -> Sum:
  """Binary cross entropy, one decision for its matches and one against others.

  A row's matches count together as one decision, its other pairs as a second.
  Among these, hard ones and those that the model takes for matches have more
  weight, as the model sees one permutation out of many.

  Args:
    scores: log odds that the two match.
    positive: pairs that match.
    negative: pairs that do not; a pair may be neither.
    hardness: relative weight of the negatives.

  Returns:
    The sum of the losses in nats and the number of decisions.
  """
  positive_share = positive / jnp.maximum(positive.sum(1, keepdims=True), 1)
  has_negative = negative.any(1, keepdims=True)
  logits = lax.stop_gradient(scores) + jnp.log(hardness)
  logits = jnp.where(negative | ~has_negative, logits, -jnp.inf)
  negative_share = jnp.where(negative, jax.nn.softmax(logits, axis=1), 0)
  losses = positive_share * jax.nn.softplus(-scores)
  losses += negative_share * jax.nn.softplus(scores)
  weight = positive.any(1).sum() + has_negative.sum()
  return losses.sum(), weight.astype(jnp.float32)


class Pairs(NamedTuple):
  """What each example of this device is to every one of the global batch."""

  own: Bool[Array, 'A B']  # itself
  same_source: Bool[Array, 'A B']  # itself, or another view of its source
  negative: Bool[Array, 'A B']  # of another source
  hardness: Float[Array, 'A B']  # weight of a negative


def _gather(x, axis_name: str | None):
  if axis_name is None:
    return x
  return lax.all_gather(x, axis_name, tiled=True)


def find_pairs(batch: Batch, config: Any, axis_name: str | None) -> Pairs:
  """Compares the sources, packages and sizes of a packed batch's examples."""
  mask = batch.example_mask.reshape(-1)
  source = batch.example_source.reshape(-1)
  package = batch.example_package.reshape(-1)
  size = jnp.log(jnp.maximum(batch.graph.n_node.reshape(-1), 1))
  all_mask, all_source, all_package, all_size = (
      _gather(x, axis_name) for x in (mask, source, package, size)
  )
  num_graphs = mask.shape[0]
  device = lax.axis_index(axis_name) if axis_name is not None else 0
  rows = device * num_graphs + jnp.arange(num_graphs)
  valid = mask[:, None] & all_mask
  same_source = source[:, None] == all_source
  same_package = package[:, None] == all_package
  similar = jnp.abs(size[:, None] - all_size) < SIMILAR_SIZE
  boost = 1 + config.hard_negative_weight
  return Pairs(
      own=valid & (rows[:, None] == jnp.arange(all_mask.shape[0])),
      same_source=valid & same_source,
      negative=valid & ~same_source,
      hardness=jnp.where(same_package, boost, 1) * jnp.where(similar, boost, 1),
  )


def matching_loss(
    decode: Any,
    outputs: Outputs,
    pairs: Pairs,
    keys: Key[jax.Array, 'U'],
    config: Any,
    *,
    axis_name: str | None,
) -> tuple[Sum, dict[str, Sum]]:
  """Compares each text with all graphs, and each graph with all texts.

  Views of one source are never negatives of each other.

  Args:
    decode: calls a method of the model by name.
    outputs: of the merged batch.
    pairs: of its examples.
    keys: of the packs.
    config: `ObjectivesConfig`.
    axis_name: of the device axis, over which embeddings are gathered.

  Returns:
    The loss; the accuracy over each text with its own graph and with one
    random other (chance is 0.5), and the share of texts whose own graph has
    the highest score in the global batch.
  """

  ir, graph = decode('matching_vectors', outputs)  # [G, D]
  all_ir, all_graph = (_gather(x, axis_name) for x in (ir, graph))
  own, negative, hardness = pairs.own, pairs.negative, pairs.hardness
  positive = pairs.same_source if config.views_are_positive else own

  scores = decode('matching_scores', ir, all_graph)  # [G, all]
  transposed = decode('matching_scores', all_ir, graph).T  # [G, all]
  text_sum, text_weight = pair_loss(scores, positive, negative, hardness)
  graph_sum, graph_weight = pair_loss(transposed, positive, negative, hardness)

  noise = jax.vmap(
      lambda key: jax.random.uniform(
          key, (scores.shape[0] // keys.shape[0], scores.shape[1])
      )
  )(keys).reshape(scores.shape)
  drawn = jnp.argmax(jnp.where(negative, noise, -1), axis=1)
  drawn_score = jnp.take_along_axis(scores, drawn[:, None], axis=1)[:, 0]
  own_score = jnp.sum(scores, axis=1, where=own)
  highest = jnp.max(scores, axis=1, where=negative, initial=-jnp.inf)
  counted = negative.any(1)  # no row without a choice
  correct = 1.0 * (own_score > 0) + 1.0 * (drawn_score <= 0)
  num_counted = counted.sum(dtype=jnp.float32)
  return (text_sum + graph_sum, text_weight + graph_weight), {
      'matching_accuracy': (
          jnp.sum(correct, where=counted),
          2 * num_counted,
      ),
      'matching_recall_at_1': (
          jnp.sum(1.0 * (own_score > highest), where=counted),
          num_counted,
      ),
  }


def view_loss(
    decode: Any, outputs: Outputs, pairs: Pairs, *, axis_name: str | None
) -> tuple[Sum, dict[str, Sum]]:
  """Compares joint embeddings: views of one function against other functions.

  Differs from the paper: it has no such objective. Weight 0 leaves it out.

  Args:
    decode: calls a method of the model by name.
    outputs: of the merged batch.
    pairs: of its examples; those without another view in the batch teach only
      what they are not.
    axis_name: of the device axis, over which embeddings are gathered.

  Returns:
    The loss; as a metric the share of examples, of those that have another
    view in the global batch, whose nearest other example is one.
  """
  vectors = decode('view_vectors', outputs)
  scores = decode('view_scores', vectors, _gather(vectors, axis_name))
  positive = pairs.same_source & ~pairs.own
  highest = jnp.max(scores, axis=1, where=pairs.negative, initial=-jnp.inf)
  nearest = jnp.max(scores, axis=1, where=positive, initial=-jnp.inf)
  counted = positive.any(1) & pairs.negative.any(1)
  return pair_loss(scores, positive, pairs.negative, pairs.hardness), {
      'view_recall_at_1': (
          jnp.sum(1.0 * (nearest > highest), where=counted),
          counted.sum(dtype=jnp.float32),
      )
  }


def retrieval_recall(
    ir_vectors: Float[np.ndarray, 'A D'],
    graph_vectors: Float[np.ndarray, 'A D'],
    sources: Int[np.ndarray, 'A'],
    k: int = 1,
    pool: int = 64,
    seed: int = 0,
) -> float:
  """Share of texts whose own graph is among the best k of a pool of graphs.

  Args:
    ir_vectors: of the texts.
    graph_vectors: of the graphs, in the same order.
    sources: equal numbers are views of one source; a text's pool has no other
      view of its own source.
    k: how many are looked at; ties are counted against us.
    pool: examples are shuffled and cut into pools of this size; what remains
      is left out, unless there is less than one pool.
    seed: of the shuffle.
  """
  num_examples = len(ir_vectors)
  if not num_examples:
    raise ValueError('no vectors to retrieve; give at least one example')
  pool = min(pool, num_examples)
  order = np.random.default_rng(seed).permutation(num_examples)
  hits = []
  for start in range(0, num_examples - pool + 1, pool):
    chosen = order[start : start + pool]
    texts = np.asarray(ir_vectors)[chosen]
    scores = texts @ np.asarray(graph_vectors)[chosen].T
    source = np.asarray(sources)[chosen]
    other = source[:, None] != source
    not_below = (scores >= np.diagonal(scores)[:, None]) & other
    hits.append(not_below.sum(1) < k)
  return float(np.concatenate(hits).mean())
