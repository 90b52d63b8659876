"""Token counts: what is in the program, and how much of it stands in loops.

A linear read-out of the joint embedding gives, for each piece of the
vocabulary, the logarithm of how often it occurs: once counting every token
alike, once by 8 to the depth of its loop. So the embedding holds a histogram of
the program, which is the baseline to beat, in a form that a simple head can
use.

Differs from the paper: it has no such objective. Weight 0 leaves it out.
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import jraph
from flax import linen as nn
from jaxtyping import Float

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.ir.tokenizer import Tokenizer
from mirencoder_jax.models.mirencoder import Outputs
from mirencoder_jax.objectives import objective
from mirencoder_jax.objectives.objective import Sum, Sums

# A loop is taken to run this often, as in static profile estimates, and
# deeper nests as nests of this depth.
TRIPS, MAX_DEPTH = 8.0, 4


@dataclasses.dataclass(frozen=True)
class Settings(objective.Settings):
  """Of counts.

  Attributes:
    counts_weight: of the loss.
  """

  counts_weight: float = objective.weight(0.0, 'what occurs how often')


class Decoder(objective.Decoder):
  """Logarithms of counts, linear in the embedding."""

  def setup(self):
    self.count_decoder = nn.Dense(2 * self.sizes.width, dtype=self.sizes.dtype)
    self.count_bias = self.param(
        'count_bias',
        nn.initializers.constant(-2.0),
        (2, self.sizes.vocab_size),
    )

  def __call__(self, outputs: Outputs):
    self.decode_counts(outputs.joint_embedding[:1])

  def decode_counts(self, joint: Float[Array, 'G J']) -> Float[Array, 'G W V']:
    """Logarithms of how often each token occurs, by W = 2 ways of counting."""
    x = self.count_decoder(joint).reshape(len(joint), 2, -1)
    scores = self.attend(x).astype(jnp.float32)
    return scores + self.count_bias


def token_counts(batch: Batch, vocab_size: int) -> Float[Array, 'G W V']:
  """log(1 + count) of each piece in each example, plain and by depth (W = 2).

  Args:
    batch: merged form, not corrupted.
    vocab_size: V.
  """
  num_graphs = batch.example_mask.shape[0]
  is_token = (batch.token_segment > 0).reshape(-1).astype(jnp.float32)
  # Tokens of no instruction have a padding node, whose depth is 0.
  depth = batch.graph.nodes['depth'][batch.token_node.reshape(-1)]
  deep = is_token * TRIPS ** jnp.minimum(depth, MAX_DEPTH)
  place = batch.token_example * vocab_size + batch.tokens
  counts = jraph.segment_sum(
      jnp.stack([is_token, deep], axis=1),
      place.reshape(-1),
      num_graphs * vocab_size,
  )  # [G * V, W]
  return jnp.log1p(counts).reshape(num_graphs, vocab_size, 2).swapaxes(1, 2)


def counts_loss(
    decode: Callable, outputs: Outputs, merged: Batch, vocab_size: int
) -> tuple[Sum, Sums]:
  """Squared error of the logarithms of the counts.

  Args:
    decode: log counts for joint embeddings, as `Decoder` gives them.
    outputs: of the corrupted, merged batch.
    merged: merged form, not corrupted.
    vocab_size: V.

  Returns:
    The sum of the errors over all pieces and the number of counts above zero,
    so that what is not there weighs little; and as a metric
    `counts_error`, the squared errors over the squares (1 for predicting 0).
  """
  counts = token_counts(merged, vocab_size)
  is_ordinary = jnp.arange(vocab_size) >= Tokenizer.num_special
  mask = merged.example_mask[:, None, None] & is_ordinary  # [G, 1, V]
  counts = jnp.where(mask, counts, 0)
  predicted = jax.nn.softplus(decode(outputs.joint_embedding))
  error = jnp.sum(jnp.square(predicted - counts), where=mask)
  weight = (counts > 0).sum(dtype=jnp.float32)
  return (error, weight), {'counts_error': (error, jnp.sum(jnp.square(counts)))}


def loss(asked, decoder, outputs, batch, targets, keys) -> tuple[Sums, Sums]:
  """See `Objective`."""
  del targets, keys
  found, metrics = counts_loss(
      decoder.decode_counts,
      outputs,
      batch_lib.merge(batch),
      asked.sizes.vocab_size,
  )
  return {'counts': found}, metrics


OBJECTIVE = objective.Objective(
    name='counts',
    settings=Settings,
    decoder=Decoder,
    loss=loss,
    metrics=(
        objective.Metric(
            'counts_error',
            'squared error of log counts, of their squares',
            sign=-1,
        ),
    ),
)
