"""How well a pre-trained encoder does on held-out programs.

Station in the flow: `objectives` on uncorrupted and corrupted batches of the
held-out split, into a dict of floats, beside what guessing would give.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mirencoder_jax import objectives
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data.batch import Batch
from mirencoder_jax.models import mirencoder
from mirencoder_jax.objectives import graph as graph_objective
from mirencoder_jax.objectives import sums as sums_lib

RETRIEVAL_POOL = 64


class Evaluated(NamedTuple):
  """What one batch says, over all devices."""

  losses: objectives.Sums
  metrics: objectives.Sums
  ir_vectors: jax.Array  # [G, D] of all packs
  graph_vectors: jax.Array  # [G, D]
  source: jax.Array  # [G], -1 for padding
  token_counts: jax.Array  # [V], how often each token occurs, special ones 0


def evaluation_step(
    params: Any,
    batch: Batch,
    rng: jax.Array,
    *,
    model: mirencoder.MIREncoder,
    config: objectives.ObjectivesConfig,
    axis_name: str | None = None,
) -> Evaluated:
  """Losses and embeddings of a device's packs; pure.

  Args:
    params: of the model.
    batch: packed form, this device's packs.
    rng: decides what is masked; the same in every evaluation.
    model: to evaluate.
    config: of the objectives.
    axis_name: of the device axis, if there is one.

  Returns:
    Sums and vectors of all devices, the same on each.
  """
  sums = objectives.pretraining_losses(
      model,
      params,
      batch,
      rng,
      config,
      axis_name=axis_name,
      deterministic=True,
  )
  # Matching vectors of what is not corrupted: retrieval as a user would do it.
  outputs = model.apply(
      {'params': params}, batch_lib.merge(batch), deterministic=True
  )
  vectors = model.apply({'params': params}, outputs, method='matching_vectors')
  source = jnp.asarray(batch.example_source).reshape(-1)
  tokens = jnp.asarray(batch.tokens)
  is_counted = (batch.token_segment > 0) & (tokens >= config.num_special)
  counts = jnp.zeros(model.config.vocab_size, jnp.int32)
  counts = counts.at[tokens].add(is_counted.astype(jnp.int32))
  if axis_name is not None:
    sums, counts = lax.psum((sums, counts), axis_name)
    vectors, source = lax.all_gather((vectors, source), axis_name, tiled=True)
  return Evaluated(*sums, *vectors, source, counts)


def guess_edges_by_degree(
    batch: Batch, rng: jax.Array, config: objectives.ObjectivesConfig
) -> tuple[jax.Array, jax.Array]:
  """Area under the curve of a guess without a model, as sum and weight.

  An edge is taken for the likelier, the more edges its receiver has among those
  that are shown. The pairs to tell apart are drawn as in `evaluation_step`, and
  are the same for the same key.

  Args:
    batch: packed form [U, ...].
    rng: as in `evaluation_step`.
    config: of the objectives.
  """
  batch = jax.tree.map(jnp.asarray, batch)
  num_packs, num_nodes = batch.graph.nodes['kind'].shape
  keys = jax.vmap(lambda u: jax.random.split(jax.random.fold_in(rng, u), 3))(
      jnp.arange(num_packs)
  )  # [U, 3], as in `pretraining_losses`
  shown, targets = jax.vmap(
      lambda key, pack: graph_objective.corrupt_graph(
          key, pack, {'edge'}, config
      )
  )(keys[:, 1], batch)
  offset = jnp.arange(num_packs)[:, None] * num_nodes
  degree = jnp.zeros(num_packs * num_nodes).at[shown.receivers + offset].add(1)

  def decode(method, codes, senders, receivers, flows):
    del method, senders, flows
    return codes[receivers, 0]

  codes = degree[:, None]  # [N, 1] of all packs
  return graph_objective.edge_loss(decode, codes, batch, targets)[1]


def evaluate(
    step: Callable[[Any, Batch, jax.Array], Evaluated],
    params: Any,
    batches: Iterable[Batch],
    config: objectives.ObjectivesConfig,
    pools: Sequence[int] = (),
) -> dict[str, float]:
  """Runs a step over batches and adds everything up.

  Args:
    step: `evaluation_step`, jitted or mapped over devices.
    params: of the model.
    batches: as `step` takes them.
    config: of the objectives.
    pools: further numbers of graphs that a text's own is found among.

  Returns:
    'loss' (weighted as in training), 'loss/<objective>', the objectives'
    metrics, 'mlm_perplexity', 'mlm_unigram_accuracy' (always guessing the token
    that is most frequent in these batches), 'mlm_unigram_perplexity' (guessing
    by their frequencies), 'retrieval_recall_at_1' among 64 examples, and
    'retrieval_recall_at_1_of_<n>' among others; fewer, if there are no more.
  """
  rng = jax.random.key(0)
  losses, metrics, counts = {}, {}, 0
  ir_vectors, graph_vectors, sources = [], [], []
  for number, batch in enumerate(batches):
    result = jax.device_get(
        step(params, batch, jax.random.fold_in(rng, number))
    )
    losses = sums_lib.add(losses, _floats(result.losses))
    metrics = sums_lib.add(metrics, _floats(result.metrics))
    is_real = result.source >= 0
    ir_vectors.append(result.ir_vectors[is_real])
    graph_vectors.append(result.graph_vectors[is_real])
    sources.append(result.source[is_real])
    counts = counts + result.token_counts.astype(np.int64)
  if not sources:
    raise ValueError('nothing to evaluate: the held-out split is empty')
  losses, values = sums_lib.means(losses), sums_lib.means(metrics)
  weights = objectives.loss_weights(config)
  values['loss'] = sum(weights[name] * loss for name, loss in losses.items())
  values |= {f'loss/{name}': loss for name, loss in losses.items()}
  if 'mlm' in losses:
    values['mlm_perplexity'] = math.exp(min(losses['mlm'], 700.0))
  frequencies = counts[counts > 0] / counts.sum()
  values['mlm_unigram_accuracy'] = float(frequencies.max())
  values['mlm_unigram_perplexity'] = float(
      np.exp(-(frequencies * np.log(frequencies)).sum())
  )
  vectors = np.concatenate(ir_vectors), np.concatenate(graph_vectors)
  source = np.concatenate(sources)
  for pool in (RETRIEVAL_POOL, *pools):
    of_pool = '' if pool == RETRIEVAL_POOL else f'_of_{min(pool, len(source))}'
    values[f'retrieval_recall_at_1{of_pool}'] = objectives.retrieval_recall(
        *vectors, source, pool=pool
    )
  return values


def describe(values: dict[str, float]) -> str:
  """One line for a person, each figure beside what guessing would give."""
  guesses = {
      'mlm_accuracy': ('MLM accuracy', 'unigram guess', None),
      'edge_auc': ('edge AUC', 'chance', 0.5),
      'matching_accuracy': ('matching accuracy', 'chance', 0.5),
      'retrieval_recall_at_1': (
          f'recall@1 of {RETRIEVAL_POOL}',
          'chance',
          1 / RETRIEVAL_POOL,
      ),
  }
  parts = [f'loss {values["loss"]:.3f}']
  for key, (name, guess, chance) in guesses.items():
    if key in values:
      chance = values['mlm_unigram_accuracy'] if chance is None else chance
      parts.append(f'{name} {values[key]:.3f} ({guess} {chance:.3f})')
  return ', '.join(parts)


def _floats(sums):
  return {
      k: (float(total), float(weight)) for k, (total, weight) in sums.items()
  }
