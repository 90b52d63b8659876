"""The pre-training objectives: from a packed batch to (sum, weight) pairs.

Station in the flow: `pretrain.train_step` calls `pretraining_losses`, which
corrupts the packs, runs the model once, and asks the paper's three kinds of
question: masked language modelling (`mlm`), reconstruction of the graph
(`graph`) and which text belongs to which graph (`matching`). Two more are
ours: which functions are views of one source (`matching.view_loss`) and what
occurs how often, in loops and not (`counts`).

Every pack draws from its own key and negatives for matching come from the
global batch, so results do not depend on the number of devices.
"""

import dataclasses

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Float, Key, PyTree

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.models.mirencoder import MIREncoder
from mirencoder_jax.objectives import counts, graph, matching, mlm
from mirencoder_jax.objectives.matching import retrieval_recall  # noqa: F401

Sums = dict[str, tuple[Float[Array, ''], Float[Array, '']]]  # sum, weight


@dataclasses.dataclass(frozen=True)
class ObjectivesConfig:
  """What is learnt in pre-training. An objective of weight 0 is not computed.

  Attributes:
    mlm_weight: of masked language modelling.
    edge_weight: of telling edges from other pairs of nodes.
    edge_position_weight: of the positions of control and data edges.
    node_text_weight: of the masked node texts.
    matching_weight: of telling which text and graph are of the same IR.
    view_weight: of telling views of one source from other functions.
    counts_weight: of what occurs how often.
    token_mask_rate: share of the tokens to predict.
    mask_unit: 'token', or 'instruction' for all tokens of one at once.
    edge_drop_rate: share of the edges kept from the graph encoder.
    text_mask_rate: share of the nodes whose text is kept from it.
    views_are_positive: whether the text of one view of a function (say, -O0)
      shall match the graph of another (-O3); if not, the pair is left out.
    hard_negative_weight: negatives of the same package count this much more,
      those of similar size too, those of both by the product.
    mask_id: [MASK].
    num_special: ids below are special tokens, never masked and never drawn.
  """

  mlm_weight: float = 1.0
  edge_weight: float = 1.0
  edge_position_weight: float = 0.5
  node_text_weight: float = 0.5
  matching_weight: float = 1.0
  view_weight: float = 0.0
  counts_weight: float = 0.0
  token_mask_rate: float = 0.15
  mask_unit: str = 'token'
  edge_drop_rate: float = 0.15
  text_mask_rate: float = 0.15
  views_are_positive: bool = True
  hard_negative_weight: float = 2.0
  mask_id: int = 4
  num_special: int = 5

  def __post_init__(self):
    if self.mask_unit not in mlm.PRIORITIES:
      raise ValueError(
          f'mask_unit {self.mask_unit!r} is none of {sorted(mlm.PRIORITIES)}'
      )
    for name in ('token_mask_rate', 'edge_drop_rate', 'text_mask_rate'):
      if not 0 <= getattr(self, name) < 1:
        raise ValueError(f'{name} {getattr(self, name)} is not in [0, 1)')
    if not loss_weights(self):
      raise ValueError('all objectives have weight 0; give one a weight')


def loss_weights(config: ObjectivesConfig) -> dict[str, float]:
  """Weight of each loss that `pretraining_losses` returns, by its name."""
  weights = {
      'mlm': config.mlm_weight,
      'edge': config.edge_weight,
      'edge_position': config.edge_position_weight,
      'node_text': config.node_text_weight,
      'matching': config.matching_weight,
      'view': config.view_weight,
      'counts': config.counts_weight,
  }
  return {name: weight for name, weight in weights.items() if weight}


def pretraining_losses(
    model: MIREncoder,
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
  """
  weights = loss_weights(config)
  batch = jax.tree.map(jnp.asarray, batch)
  num_packs = batch.tokens.shape[0]
  device = lax.axis_index(axis_name) if axis_name is not None else 0
  # No pack has this number.
  dropout_rng = jax.random.fold_in(rng, 2**32 - 1)
  packs = device * num_packs + jnp.arange(num_packs)
  keys = jax.vmap(lambda u: jax.random.split(jax.random.fold_in(rng, u), 3))(
      packs
  )  # [U, 3]

  corrupted = batch
  if 'mlm' in weights:
    tokens, masked_tokens = jax.vmap(
        lambda key, pack: mlm.corrupt_tokens(
            key, pack, model.config.vocab_size, config
        )
    )(keys[:, 0], batch)
    corrupted = corrupted._replace(tokens=tokens)
  if graph_names := weights.keys() & {'edge', 'edge_position', 'node_text'}:
    corrupted_graph, graph_targets = jax.vmap(
        lambda key, pack: graph.corrupt_graph(key, pack, graph_names, config)
    )(keys[:, 1], batch)
    corrupted = corrupted._replace(graph=corrupted_graph)

  variables = {'params': params}
  outputs = model.apply(
      variables,
      batch_lib.merge(corrupted),
      deterministic=deterministic,
      rngs={'dropout': jax.random.fold_in(dropout_rng, device)},
  )

  def decode(method, *args):
    return model.apply(variables, *args, method=method)

  losses, metrics = {}, {}
  if 'mlm' in weights:
    losses['mlm'], metrics['mlm_accuracy'] = mlm.mlm_loss(
        decode, outputs, batch, masked_tokens
    )
  if graph_names:
    graph_losses, graph_metrics = graph.graph_losses(
        decode, outputs, batch, graph_targets, graph_names
    )
    losses.update(graph_losses)
    metrics.update(graph_metrics)
  if weights.keys() & {'matching', 'view'}:
    pairs = matching.find_pairs(batch, config, axis_name)
  if 'matching' in weights:
    losses['matching'], found = matching.matching_loss(
        decode, outputs, pairs, keys[:, 2], config, axis_name=axis_name
    )
    metrics.update(found)
  if 'view' in weights:
    losses['view'], found = matching.view_loss(
        decode, outputs, pairs, axis_name=axis_name
    )
    metrics.update(found)
  if 'counts' in weights:
    losses['counts'], found = counts.counts_loss(
        decode,
        outputs,
        batch_lib.merge(batch),
        config,
        model.config.vocab_size,
    )
    metrics.update(found)
  return losses, metrics
