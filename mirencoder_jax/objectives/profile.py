"""Profile: where a branch goes, and how often an instruction runs.

Read from the state of the instruction, of the text and of the graph: the
probability that a conditional branch goes to its first successor, and how often
an instruction runs for each run of its function, as LLVM guesses them. The
guesses are free and hold what heuristics know; weights for what a machine has
counted would be joined in the same way.

Differs from the paper: it has no such objective. Labels come from `mirencoder
measure guesses` (`data.labels`); what has none is left out.
"""

import dataclasses

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Float

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.models.mirencoder import Outputs
from mirencoder_jax.objectives import objective
from mirencoder_jax.objectives.objective import Sum, Sums

_DOUBLINGS = 8.0  # of runs; frequencies are counted in these


@dataclasses.dataclass(frozen=True)
class Settings(objective.Settings):
  """Of profile.

  Attributes:
    profile_weight: of telling where branches go.
    frequency_weight: of telling how often instructions run.
  """

  profile_weight: float = objective.weight(0.0, 'where branches go')
  frequency_weight: float = objective.weight(0.0, 'how often what runs')


class Decoder(objective.Decoder):
  """Both from the two states of an instruction, linear."""

  def setup(self):
    self.profile_of_node = nn.Dense(2)
    self.profile_of_unit = nn.Dense(2, use_bias=False)

  def __call__(self, outputs: Outputs):
    self.profile_of_node(outputs.node_states[:1])
    if outputs.unit_states is not None:
      self.profile_of_unit(outputs.unit_states[:1])

  def decode_nodes(
      self, outputs: Outputs, merged: Batch
  ) -> Float[Array, 'N 2']:
    """Log odds of the first successor, and frequency, for every node."""
    found = self.profile_of_node(outputs.node_states.astype(jnp.float32))
    if outputs.unit_states is not None:
      units = self.profile_of_unit(outputs.unit_states.astype(jnp.float32))
      # Units of no instruction go to a node of padding, which has no label.
      found = found.at[merged.units.node.reshape(-1)].add(units.reshape(-1, 2))
    return found


def profile_losses(
    predicted: Float[Array, 'N 2'], labels: Float[Array, 'N 2']
) -> tuple[Sums, Sums]:
  """Divergence of probabilities, Huber's loss of frequencies, where known.

  Args:
    predicted: as `Decoder` gives them.
    labels: probabilities, and log2 of runs; NaN where not known.

  Returns:
    Losses `profile` (nats above the label's own entropy, a branch) and
    `frequency` (an instruction); metrics `profile_direction`, the share of
    branches whose likelier side is told (those of even odds left out), and
    `frequency_error`, squared errors over squares.
  """
  known = jnp.isfinite(labels)
  labels = jnp.where(known, labels, 0.5)
  wanted, is_branch = labels[:, 0], known[:, 0]
  odds = predicted[:, 0]
  entropy = -_x_log_x(wanted) - _x_log_x(1 - wanted)
  nats = jax.nn.softplus(odds) - wanted * odds - entropy
  is_decided = is_branch & (jnp.abs(wanted - 0.5) > 1e-3)
  is_right = (odds > 0) == (wanted > 0.5)
  runs = labels[:, 1] / _DOUBLINGS
  error = jnp.where(known[:, 1], predicted[:, 1] - runs, 0)
  # Blocks that LLVM takes for cold are a millionth: no reason to learn only
  # these.
  far = jnp.abs(error)
  huber = jnp.where(far < 1, error**2 / 2, far - 0.5)

  def count(mask):
    return mask.sum(dtype=jnp.float32)

  losses = {
      'profile': (jnp.where(is_branch, nats, 0).sum(), count(is_branch)),
      'frequency': (huber.sum(), count(known[:, 1])),
  }
  metrics = {
      'profile_direction': (count(is_decided & is_right), count(is_decided)),
      'frequency_error': (
          jnp.sum(error**2),
          jnp.where(known[:, 1], runs**2, 0).sum(),
      ),
  }
  return losses, metrics


def _x_log_x(x):
  return jnp.where(x > 0, x * jnp.log(jnp.maximum(x, 1e-12)), 0)


_METRICS_OF = {'profile': 'profile_direction', 'frequency': 'frequency_error'}


def loss(asked, decoder, outputs, batch, targets, keys) -> tuple[Sums, Sums]:
  """See `Objective`."""
  del targets, keys
  if batch.labels is None:
    zero: Sum = (jnp.float32(0), jnp.float32(0))
    losses = dict.fromkeys(_METRICS_OF, zero)
    metrics = dict.fromkeys(_METRICS_OF.values(), zero)
  else:
    merged = batch_lib.merge(batch)
    losses, metrics = profile_losses(
        decoder.decode_nodes(outputs, merged), merged.labels.nodes
    )
  kept = {name: losses[name] for name in asked.losses}
  return kept, {_METRICS_OF[name]: metrics[_METRICS_OF[name]] for name in kept}


OBJECTIVE = objective.Objective(
    name='profile',
    settings=Settings,
    decoder=Decoder,
    loss=loss,
    metrics=(
        objective.share(
            'profile_direction', "LLVM's likelier side of branches"
        ),
        objective.Metric(
            'frequency_error',
            'squared error of log frequencies, of their squares',
            sign=-1,
        ),
    ),
)
