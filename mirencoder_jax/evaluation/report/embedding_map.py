"""Map: embeddings of a task's modules in two dimensions.

Station in the flow: from `features` to plain data that `plots` draws. The two
are the first principal components of the standardised vectors: a projection,
so that distances in the picture are never larger than the real ones.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mirencoder_jax.downstream.tasks import features, tasks

_HISTOGRAM = 'opcodes'


def project(vectors: np.ndarray) -> tuple[np.ndarray, float]:
  """The first two principal components.

  Args:
    vectors: float [m, D], m >= 1.

  Returns:
    float64 [m, 2], and the share of the variance that they have.
  """
  vectors = np.asarray(vectors, np.float64)
  centred = vectors - vectors.mean(axis=0)
  deviation = centred.std(axis=0)
  centred /= np.where(deviation > 1e-9, deviation, 1)
  left, singular, _ = np.linalg.svd(centred, full_matrices=False)
  points = np.zeros((len(vectors), 2))
  rank = min(2, len(singular))
  points[:, :rank] = left[:, :rank] * singular[:rank]
  total = float(np.square(singular).sum())
  share = float(np.square(singular[:2]).sum()) / total if total else 0.0
  return points, share


def draw_map(
    task: tasks.Task, listed: Sequence[features.Features]
) -> list[dict[str, Any]]:
  """Points of the modules that have IR, ours beside opcode counts.

  Returns:
    A dict each with `features`, `explained`, and lists over distinct vectors:
    `points`, `group` (of the task's coarsest group), `module`. Empty without
    an encoder.
  """
  by_name = {f.name: f.vectors for f in listed}
  if features.MAIN not in by_name or not task.groups:
    return []
  coarsest = min(task.group_names, key=lambda k: len(task.group_names[k]))
  group = np.zeros(len(task.modules), int)
  group[task.module_index] = task.groups[coarsest]
  has_ir = np.array([bool(text.strip()) for text in task.ir])
  if not has_ir.any():
    return []
  maps = []
  for name in (_HISTOGRAM, features.MAIN):
    vectors = by_name[name][has_ir]
    vectors = np.log1p(vectors) if name == _HISTOGRAM else vectors
    _, first = np.unique(vectors, axis=0, return_index=True)
    chosen = np.flatnonzero(has_ir)[np.sort(first)]
    points, explained = project(vectors[np.sort(first)])
    maps.append(
        {
            'features': name,
            'explained': round(explained, 4),
            'by': coarsest,
            'points': np.round(points, 3).tolist(),
            'group': [task.group_names[coarsest][group[i]] for i in chosen],
            'module': [task.modules[i] for i in chosen],
        }
    )
  return maps
