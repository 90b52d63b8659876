"""How well a pre-trained encoder does on held-out programs.

The objectives on uncorrupted and corrupted batches of the held-out split, into
a dict of floats, beside what guessing would give.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float, Int

from mirencoder_jax import objectives
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data.batch import Batch
from mirencoder_jax.ir.tokenizer import Tokenizer
from mirencoder_jax.objectives import graph, matching
from mirencoder_jax.objectives import sums as sums_lib
from mirencoder_jax.objectives.objective import Metric


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
    model: objectives.PretrainingModel,
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
  decoder = objectives.decoder_of(model, params, matching.OBJECTIVE)
  vectors = decoder.matching_vectors(outputs)
  source = jnp.asarray(batch.example_source).reshape(-1)
  tokens = jnp.asarray(batch.tokens)
  is_counted = (batch.token_segment > 0) & (tokens >= Tokenizer.num_special)
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
  number = objectives.OBJECTIVES.index(graph.OBJECTIVE)
  keys = objectives.pack_keys(rng, jnp.arange(num_packs), number + 1)
  shown, targets = jax.vmap(
      lambda key, pack: graph.corrupt_graph(key, pack, {'edge'}, config)
  )(keys[:, number], batch)
  offset = jnp.arange(num_packs)[:, None] * num_nodes
  degree = jnp.zeros(num_packs * num_nodes).at[shown.receivers + offset].add(1)

  def decode(codes, senders, receivers, flows):
    del senders, flows
    return codes[receivers, 0]

  codes = degree[:, None]  # [N, 1] of all packs
  return graph.edge_loss(decode, codes, batch, targets)[1]


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
  for pool in (matching.RETRIEVAL_POOL, *pools):
    metric = retrieval_metric(pool, len(source))
    values[metric.name] = retrieval_recall(*vectors, source, pool=pool)
  return values


def retrieval_metric(pool: int, num_examples: int) -> Metric:
  """Of finding a text's graph among this many, or all if there are fewer."""
  among = min(pool, num_examples)
  is_usual = pool == matching.RETRIEVAL_POOL
  return matching.retrieval_metric(among, '' if is_usual else f'_of_{among}')


def retrieval_metrics(
    values: Iterable[str], num_examples: int
) -> dict[str, Metric]:
  """Those of `retrieval_metric` among the names of values of `evaluate`."""
  usual = retrieval_metric(matching.RETRIEVAL_POOL, num_examples)
  found = {}
  for name in values:
    if name.startswith(usual.name):
      pool = name.removeprefix(usual.name).removeprefix('_of_')
      found[name] = retrieval_metric(int(pool), num_examples) if pool else usual
  return found


def describe(
    values: Mapping[str, float],
    metrics: Iterable[Metric] = tuple(objectives.metrics().values()),
) -> str:
  """One line for a person: the figures that a guess is known for, beside it."""
  parts = [f'loss {objectives.LOSS.text(values["loss"])}']
  for metric in metrics:
    if metric.name in values and metric.guess is not None:
      part = f'{metric.title} {metric.text(values[metric.name])}'
      if guess := metric.text(metric.guessed(values)):
        part += f' (guess {guess})'
      parts.append(part)
  return '; '.join(parts)


def _floats(sums):
  return {
      k: (float(total), float(weight)) for k, (total, weight) in sums.items()
  }


def retrieval_recall(
    ir_vectors: Float[np.ndarray, 'A D'],
    graph_vectors: Float[np.ndarray, 'A D'],
    sources: Int[np.ndarray, 'A'],
    k: int = 1,
    pool: int = matching.RETRIEVAL_POOL,
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
