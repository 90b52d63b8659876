"""IR-graph matching: do this text and this graph come from the same IR?

After the model, over the embeddings of the global batch. Every text is compared
with every graph; each device scores its own rows. Views of one function are
told from other functions in the same way.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax
from jaxtyping import Bool, Float, Key

from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.models.mirencoder import Outputs
from mirencoder_jax.objectives import objective
from mirencoder_jax.objectives.objective import Sum, Sums

SIMILAR_SIZE = 0.25  # difference of the logarithms of the numbers of nodes


RETRIEVAL_POOL = 64  # graphs that a text's own is found among in evaluation


@dataclasses.dataclass(frozen=True)
class Settings(objective.Settings):
  """Of matching.

  Attributes:
    matching_weight: of telling which text and graph are of the same IR.
    view_weight: of telling views of one source from other functions.
    views_are_positive: whether the text of one view of a function (say, -O0)
      shall match the graph of another (-O3); if not, the pair is left out.
    hard_negative_weight: negatives of the same package count this much more,
      those of similar size too, those of both by the product.
  """

  matching_weight: float = objective.weight(1.0, 'matching of text and graph')
  view_weight: float = objective.weight(
      0.0, 'views of one source told from other functions'
  )
  views_are_positive: bool = True
  hard_negative_weight: float = 2.0


class Decoder(objective.Decoder):
  """Vectors that are compared, and what their products mean."""

  def setup(self):
    width = self.sizes.width
    self.ir_matching = nn.Dense(width, use_bias=False)
    self.graph_matching = nn.Dense(width, use_bias=False)
    # As in SigLIP, but without its prior against matches: we weigh one match
    # against one non-match.
    self.matching_scale = self.param(
        'matching_scale', nn.initializers.constant(jnp.log(10.0)), ()
    )
    self.matching_bias = self.param('matching_bias', nn.initializers.zeros, ())
    self.view_matching = nn.Dense(width, use_bias=False)
    self.view_scale = self.param(
        'view_scale', nn.initializers.constant(jnp.log(10.0)), ()
    )
    self.view_bias = self.param('view_bias', nn.initializers.zeros, ())

  def __call__(self, outputs: Outputs):
    self.matching_vectors(outputs)
    self.view_vectors(outputs)

  def matching_vectors(
      self, outputs: Outputs
  ) -> tuple[Float[Array, 'G D'], Float[Array, 'G D']]:
    """Unit vectors of text and graph whose products are compared."""
    return (
        _unit(self.ir_matching(outputs.ir_embedding)),
        _unit(self.graph_matching(outputs.graph_embedding)),
    )

  def matching_scores(
      self, first: Float[Array, 'A D'], second: Float[Array, 'B D']
  ) -> Float[Array, 'A B']:
    """Log odds that vectors of text and graph come from the same IR."""
    return first @ second.T * jnp.exp(self.matching_scale) + self.matching_bias

  def view_vectors(self, outputs: Outputs) -> Float[Array, 'G D']:
    """Unit vectors that are alike for views of one source function."""
    return _unit(self.view_matching(outputs.joint_embedding))

  def view_scores(
      self, first: Float[Array, 'A D'], second: Float[Array, 'B D']
  ) -> Float[Array, 'A B']:
    """Log odds that two vectors are of views of one source function."""
    return first @ second.T * jnp.exp(self.view_scale) + self.view_bias


def _unit(x: Float[Array, 'G D']) -> Float[Array, 'G D']:
  # The small number keeps the gradient at zero vectors finite.
  return x * jax.lax.rsqrt(jnp.sum(x**2, axis=-1, keepdims=True) + 1e-6)


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
    decoder: Any,
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
    decoder: a `Decoder` with its parameters.
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

  ir, graph = decoder.matching_vectors(outputs)  # [G, D]
  all_ir, all_graph = (_gather(x, axis_name) for x in (ir, graph))
  own, negative, hardness = pairs.own, pairs.negative, pairs.hardness
  positive = pairs.same_source if config.views_are_positive else own

  scores = decoder.matching_scores(ir, all_graph)  # [G, all]
  transposed = decoder.matching_scores(all_ir, graph).T  # [G, all]
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
    decoder: Any, outputs: Outputs, pairs: Pairs, *, axis_name: str | None
) -> tuple[Sum, dict[str, Sum]]:
  """Compares joint embeddings: views of one function against other functions.

  Differs from the paper: it has no such objective. Weight 0 leaves it out.

  Args:
    decoder: a `Decoder` with its parameters.
    outputs: of the merged batch.
    pairs: of its examples; those without another view in the batch teach only
      what they are not.
    axis_name: of the device axis, over which embeddings are gathered.

  Returns:
    The loss; as a metric the share of examples, of those that have another
    view in the global batch, whose nearest other example is one.
  """
  vectors = decoder.view_vectors(outputs)
  scores = decoder.view_scores(vectors, _gather(vectors, axis_name))
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


def loss(asked, decoder, outputs, batch, targets, keys) -> tuple[Sums, Sums]:
  """See `Objective`."""
  del targets
  axis_name = asked.axis_name
  pairs = find_pairs(batch, asked.config, axis_name)
  losses, metrics = {}, {}
  if 'matching' in asked.losses:
    losses['matching'], found = matching_loss(
        decoder, outputs, pairs, keys, asked.config, axis_name=axis_name
    )
    metrics |= found
  if 'view' in asked.losses:
    losses['view'], found = view_loss(
        decoder, outputs, pairs, axis_name=axis_name
    )
    metrics |= found
  return losses, metrics


def retrieval_metric(pool: int, suffix: str = '') -> objective.Metric:
  """Of finding a text's own graph among this many, by `evaluation`."""
  return objective.share(
      f'retrieval_recall_at_1{suffix}',
      f'text finds its graph among {pool}, recall@1',
      1 / pool,
  )


OBJECTIVE = objective.Objective(
    name='matching',
    settings=Settings,
    decoder=Decoder,
    loss=loss,
    metrics=(
        objective.share('matching_accuracy', 'text and graph matched', 0.5),
        objective.share(
            'matching_recall_at_1',
            'text finds its graph in its batch, recall@1',
        ),
        objective.share(
            'view_recall_at_1', 'other view nearest in its batch, recall@1'
        ),
        retrieval_metric(RETRIEVAL_POOL),
    ),
)
