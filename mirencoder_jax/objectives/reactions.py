"""Reactions: what pipelines of passes make of a function's size.

A linear read-out of the joint embedding gives the logarithm of a function's
bytes at -Oz, and of what each other pipeline makes of them in its place. The
embedding is made of sums over instructions and of logarithms of counts of
learnt kinds, so a size is told as what it is: something that adds up.

Differs from the paper: it has no such objective. Labels are measured
(`mirencoder measure size`, `data.labels`); a function without any is left out.
"""

import dataclasses

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Float

from mirencoder_jax.data.batch import Array
from mirencoder_jax.data.labels import NUM_PIPELINES
from mirencoder_jax.models.mirencoder import Outputs
from mirencoder_jax.objectives import objective
from mirencoder_jax.objectives.objective import Sum, Sums

# Ratios of sizes are mostly within an eighth of 1, sizes within e to the 2nd of
# their middle: with these all are errors of about 1.
_RATIO_SCALE, _MIDDLE = 8.0, 300.0


@dataclasses.dataclass(frozen=True)
class Settings(objective.Settings):
  """Of reactions.

  Attributes:
    reactions_weight: of the loss.
  """

  reactions_weight: float = objective.weight(
      0.0, 'what pipelines make of the size'
  )


class Decoder(objective.Decoder):
  """Sizes, linear in the embedding."""

  def setup(self):
    self.reaction_decoder = nn.Dense(NUM_PIPELINES)

  def __call__(self, outputs: Outputs):
    self.decode_sizes(outputs.joint_embedding[:1])

  def decode_sizes(self, joint: Float[Array, 'G J']) -> Float[Array, 'G P']:
    """As `scaled_sizes` gives them."""
    return self.reaction_decoder(joint)


def scaled_sizes(sizes: Float[Array, 'G P']) -> Float[Array, 'G P']:
  """Logarithms of the size under the first pipeline, and of ratios to it.

  Args:
    sizes: bytes, NaN where not known.
  """
  logs = jnp.log(jnp.maximum(sizes, 1))
  first = logs[:, :1]
  return jnp.concatenate(
      [first - jnp.log(_MIDDLE), (logs[:, 1:] - first) * _RATIO_SCALE], axis=1
  )


def reactions_loss(
    predicted: Float[Array, 'G P'], sizes: Float[Array, 'G P']
) -> tuple[Sum, Sums]:
  """Huber's loss of scaled sizes, where they are known.

  Returns:
    The sum over functions and pipelines and the number of known sizes; and as
    a metric `reactions_error`, the squared errors of the ratios over their
    squares (1 for saying that no pipeline changes anything).
  """
  wanted = scaled_sizes(sizes)
  known = jnp.isfinite(wanted)
  # Before any arithmetic: the gradient of what is not known is 0, not NaN.
  wanted = jnp.where(known, wanted, 0)
  error = jnp.where(known, predicted - wanted, 0)
  far = jnp.abs(error)
  huber = jnp.where(far < 1, error**2 / 2, far - 0.5)
  total = huber.sum(), known.sum(dtype=jnp.float32)
  ratios = jnp.sum(error[:, 1:] ** 2), jnp.sum(wanted[:, 1:] ** 2)
  return total, {'reactions_error': ratios}


def loss(asked, decoder, outputs, batch, targets, keys) -> tuple[Sums, Sums]:
  """See `Objective`."""
  del asked, targets, keys
  if batch.labels is None:
    zero = jnp.float32(0), jnp.float32(0)
    return {'reactions': zero}, {'reactions_error': zero}
  sizes = batch.labels.sizes.reshape(-1, NUM_PIPELINES)
  found, metrics = reactions_loss(
      decoder.decode_sizes(outputs.joint_embedding), sizes
  )
  return {'reactions': found}, metrics


OBJECTIVE = objective.Objective(
    name='reactions',
    settings=Settings,
    decoder=Decoder,
    loss=loss,
    metrics=(
        objective.Metric(
            'reactions_error',
            'squared error of log size ratios, of their squares',
            sign=-1,
        ),
    ),
)
