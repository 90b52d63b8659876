"""The pre-training objectives: from a packed batch to (sum, weight) pairs.

`training` and `evaluation` call `pretraining_losses`, which corrupts the packs,
runs the encoder once, and asks the paper's three kinds of question: masked
language modelling (`mlm`), reconstruction of the graph (`graph`) and which text
belongs to which graph (`matching`). The others are ours: which functions are
views of one source (in `matching`), what occurs how often, in loops and not
(`counts`), what pipelines of passes make of the size (`reactions`) and where
LLVM thinks that a run goes (`profile`).

An objective is a file that ends in an `Objective`; `OBJECTIVES` is the table.
Every pack draws from its own key and negatives for matching come from the
global batch, so results do not depend on the number of devices.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax
from jaxtyping import Float, Int, Key, PyTree

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.models import create
from mirencoder_jax.models.mirencoder import (
    MIREncoderConfig,
    Outputs,
)
from mirencoder_jax.objectives import (
    counts,
    graph,
    matching,
    mlm,
    profile,
    reactions,
)
from mirencoder_jax.objectives.objective import (
    Asked,
    Metric,
    Objective,
    Sums,
    loss_titles,
)

# The order decides which key of a pack each draws from and in which order
# parameters are created: new ones come last.
OBJECTIVES = (
    mlm.OBJECTIVE,
    graph.OBJECTIVE,
    matching.OBJECTIVE,
    counts.OBJECTIVE,
    reactions.OBJECTIVE,
    profile.OBJECTIVE,
)
LOSS = Metric('loss', 'loss, nats', sign=-1)
# Settings that were saved with old checkpoints and are the tokenizer's now.
_RETIRED = {'mask_id': 4, 'num_special': 5}


@dataclasses.dataclass(frozen=True)
class ObjectivesConfig(
    profile.Settings,
    reactions.Settings,
    counts.Settings,
    matching.Settings,
    graph.Settings,
    mlm.Settings,
):
  """What is learnt in pre-training: the settings of every objective.

  An objective of weight 0 is not computed.
  """

  def __post_init__(self):
    super().__post_init__()
    if not loss_weights(self):
      raise ValueError('all objectives have weight 0; give one a weight')


def saved_config(settings: Mapping[str, Any]) -> ObjectivesConfig:
  """The config that a checkpoint was trained with, also an old one.

  Raises:
    ValueError: it has settings of objectives that are not known here.
  """
  kept = {k: v for k, v in settings.items() if _RETIRED.get(k) != v}
  known = {field.name for field in dataclasses.fields(ObjectivesConfig)}
  if unknown := sorted(kept.keys() - known):
    raise ValueError(
        f'the checkpoint was trained with settings {unknown}, which no '
        'objective here has; evaluate it where its objectives are'
    )
  return ObjectivesConfig(**kept)


def loss_weights(config: ObjectivesConfig) -> dict[str, float]:
  """Weight of each loss that `pretraining_losses` returns, by its name."""
  weights = {
      name: getattr(config, f'{name}_weight')
      for name in loss_titles(type(config))
  }
  return {name: weight for name, weight in weights.items() if weight}


def labelled_losses(config: ObjectivesConfig) -> list[str]:
  """Losses with a weight that need labels (`data.labels`)."""
  needed = {*reactions.OBJECTIVE.losses, *profile.OBJECTIVE.losses}
  return sorted(needed & loss_weights(config).keys())


def metrics(objectives: Sequence[Objective] = OBJECTIVES) -> dict[str, Metric]:
  """The metrics of objectives by their names."""
  return {m.name: m for objective in objectives for m in objective.metrics}


class PretrainingModel(nn.Module):
  """The encoder and the decoders of objectives, in one flat set of parameters.

  `MIREncoder` alone can be applied to these parameters.

  Attributes:
    config: sizes.
    objectives: whose decoders there are.
  """

  config: MIREncoderConfig
  objectives: tuple[Objective, ...] = OBJECTIVES

  def setup(self):
    self.encoder = create.create_encoder(self.config)
    nn.share_scope(self, self.encoder)
    self.decoders = [
        objective.decoder(self.config, self._attend)
        for objective in self.objectives
    ]
    for decoder in self.decoders:
      nn.share_scope(self, decoder)

  def __call__(self, batch: Batch, *, deterministic: bool) -> Outputs:
    """As `MIREncoder`."""
    outputs = self.encoder(batch, deterministic=deterministic)
    if self.is_initializing():
      for decoder in self.decoders:
        decoder(outputs)
    return outputs

  def _attend(self, x: Float[Array, '*M D']) -> Float[Array, '*M V']:
    return self.encoder.embedding.attend(x)


def decoder_of(
    model: PretrainingModel, params: PyTree, objective: Objective
) -> nn.Module:
  """An objective's decoder, whose methods can be called."""
  bound = model.bind({'params': params})
  return bound.decoders[model.objectives.index(objective)]


def pack_keys(
    rng: Key[jax.Array, ''], packs: Int[Array, 'U'], num_objectives: int
) -> Key[jax.Array, 'U O']:
  """The key that each objective draws from in each pack of the global batch.

  A key does not depend on how many objectives come after it.
  """
  return jax.vmap(
      lambda u: jax.random.split(jax.random.fold_in(rng, u), num_objectives)
  )(packs)


def pretraining_losses(
    model: PretrainingModel,
    params: PyTree,
    batch: Batch,
    rng: Key[jax.Array, ''],
    config: ObjectivesConfig,
    *,
    axis_name: str | None = None,
    deterministic: bool = False,
) -> tuple[Sums, Sums]:
  """Losses and metrics of a device's share of a global batch.

  Args:
    model: encoder with its decoders.
    params: its `params` collection.
    batch: packed form [U, ...]. Numbers in `example_source` and
      `example_package` mean the same in all packs of the global batch.
    rng: the same on all devices, other in every step.
    config: weights and rates.
    axis_name: of the device axis, if there is one; devices hold the packs in
      order.
    deterministic: whether to leave out dropout. Corruption stays.

  Returns:
    Losses in nats and metrics, each as sum and weight over this device:
    `psum` both and divide last. Losses are named as in `loss_weights`.

  Raises:
    ValueError: a loss has a weight and the model no objective for it.
  """
  wanted = frozenset(loss_weights(config))
  if unknown := wanted.difference(*(o.losses for o in model.objectives)):
    raise ValueError(
        f'no objective of the model has the losses {sorted(unknown)}; give it'
        ' that objective, or them weight 0'
    )
  batch = jax.tree.map(jnp.asarray, batch)
  num_packs = batch.tokens.shape[0]
  device = lax.axis_index(axis_name) if axis_name is not None else 0
  # No pack has this number.
  dropout_rng = jax.random.fold_in(rng, 2**32 - 1)
  packs = device * num_packs + jnp.arange(num_packs)
  keys = pack_keys(rng, packs, len(model.objectives))

  active = [
      (number, Asked(wanted & set(o.losses), config, model.config, axis_name))
      for number, o in enumerate(model.objectives)
      if wanted & set(o.losses)
  ]
  corrupted, targets = batch, {}
  for number, asked in active:
    if corrupt := model.objectives[number].corrupt:
      corrupted, targets[number] = jax.vmap(functools.partial(corrupt, asked))(
          keys[:, number], corrupted
      )
  variables = {'params': params}
  outputs = model.apply(
      variables,
      batch_lib.merge(corrupted),
      deterministic=deterministic,
      rngs={'dropout': jax.random.fold_in(dropout_rng, device)},
  )
  losses, found = {}, {}
  for number, asked in active:
    objective = model.objectives[number]
    more_losses, more_metrics = objective.loss(
        asked,
        decoder_of(model, params, objective),
        outputs,
        batch,
        targets.get(number),
        keys[:, number],
    )
    losses |= more_losses
    found |= more_metrics
  return losses, found
