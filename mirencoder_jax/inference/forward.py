"""Packs of functions through the model, and what comes out by function."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import buckets, planning
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.inference import encoding as encoding_lib
from mirencoder_jax.models import mirencoder


def embed_pack(
    model: mirencoder.MIREncoder, params: Any, batch: batch_lib.Batch
) -> dict[str, jax.Array]:
  """Sums or embeddings [G, .] of a pack's graphs; jitted for each bucket."""
  outputs = model.apply(
      {'params': params}, batch_lib.merge(batch), deterministic=True
  )
  if outputs.sums is not None:
    return {'sums': outputs.sums}
  return {
      'ir': outputs.ir_embedding,
      'graph': outputs.graph_embedding,
      'joint': outputs.joint_embedding,
  }


def finish(
    model: mirencoder.MIREncoder, params: Any, sums: jax.Array
) -> dict[str, jax.Array]:
  """Embeddings of sums [n, S]."""
  vectors = model.apply({'params': params}, sums, method='finish')
  return dict(zip(('ir', 'graph', 'joint'), vectors, strict=True))


def embed_pieces(
    apply: Callable,
    params: Any,
    pieces: Sequence[Sequence[example_lib.Example]],
    widths: Mapping[str, int],
    sizes: Sequence[batch_lib.Budget],
    num_tokens: int,
) -> tuple[dict[str, np.ndarray], int]:
  """Embeds functions, whole or cut into segments.

  Args:
    apply: `embed_pack` of a model, jitted.
    params: of the model.
    pieces: of each function.
    widths: of what `apply` gives, by name: `sums`, or the modalities.
    sizes: the buckets, smallest first.
    num_tokens: L.

  Returns:
    Name -> float32 [n, width], sums added up and vectors pooled over segments;
    and the number of windows.
  """
  parts = [piece for some in pieces for piece in some]
  owners = [i for i, some in enumerate(pieces) for _ in some]
  found = {
      name: np.zeros((len(parts), width), np.float32)
      for name, width in widths.items()
  }
  num_windows = 0
  if parts:
    measured = planning.measure(parts, num_tokens, 'sums' in widths)
    num_windows = len(measured.windows)
    plans = planning.plan_block(measured, sizes[-1], np.arange(len(parts)))
    for plan in plans:
      chosen = [parts[i] for i in plan.examples]
      batch = buckets.pack(chosen, plan.rows, sizes)
      for name, vectors in apply(params, batch).items():
        found[name][plan.examples] = np.asarray(vectors)[: len(chosen)]
  if 'sums' in widths:
    sums = encoding_lib.sum_by(found['sums'], owners, len(pieces))
    return {'sums': sums}, num_windows
  pooled = encoding_lib.pool_segments(found, parts, owners, len(pieces))
  return pooled, num_windows
