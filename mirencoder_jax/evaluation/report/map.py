"""Map: a task's modules in two dimensions, as plain data and as a picture.

The two are the first principal components of the standardised vectors: a
projection, so that distances in the picture are never larger than real ones.
"""

import collections
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from mirencoder_jax.downstream.tasks import features, tasks
from mirencoder_jax.evaluation.report import selection
from mirencoder_jax.inference import projection
from mirencoder_jax.pages import plot_style

_HISTOGRAM = 'opcodes'
_MAX_NAMED = 20  # modules, that a map can name


def map_modules(
    task: tasks.Task, listed: Sequence[features.Features]
) -> list[dict[str, Any]]:
  """Points of the modules that have IR, ours beside opcode counts.

  Returns:
    A dict each with `features`, `explained`, and lists over distinct vectors:
    `points`, `group` (of the task's coarsest group), `module`. Empty without
    an encoder.
  """
  by_name = {f.name: f.vectors for f in listed if not f.is_by_row}
  if not {features.MAIN, _HISTOGRAM} <= set(by_name) or not task.groups:
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
    points, explained = projection.project(vectors[np.sort(first)])
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


def draw(results: selection.Results, path: str | os.PathLike[str]) -> None:
  """The modules' embeddings in two dimensions, coloured by suite.

  A few modules bear their names instead of a legend; of many groups the largest
  have colours.
  """
  maps = results.map
  if not maps:
    return
  sizes = collections.Counter(name for m in maps for name in m['group'])
  names = sorted(sizes, key=lambda name: (-sizes[name], name))
  are_few = max(len(m['points']) for m in maps) <= _MAX_NAMED
  size = (7.6, 5.0 if are_few else 3.9)
  with plot_style.drawing(path, size, 1, len(maps)) as all_axes:
    for axes, m in zip(all_axes, maps, strict=True):
      points, group = np.array(m['points']), np.array(m['group'])
      for number, name in enumerate(names[: len(plot_style.MARKERS)]):
        chosen = points[group == name]
        axes.plot(
            chosen[:, 0], chosen[:, 1], plot_style.MARKERS[number],
            color=plot_style.CYCLE[number], markersize=4, alpha=0.75,
            markeredgewidth=0, label=name,
        )  # fmt: skip
      rest = points[np.isin(group, names[len(plot_style.MARKERS) :])]
      axes.plot(*rest.T, '.', color=plot_style.QUIET, label='others')
      axes.margins(0.12 if are_few else 0.05)
      if are_few:
        _name_points(axes, points, m['module'])
      axes.set_xticks([])
      axes.set_yticks([])
      axes.set_title(
          f'{m["features"]}: {len(points)} modules, '
          f'{100 * m["explained"]:.0f} % of variance'
      )
    figure = all_axes[0].figure
    if not are_few:
      handles, labels = all_axes[0].get_legend_handles_labels()
      shown = slice(None if len(names) > len(plot_style.MARKERS) else -1)
      # As many columns as the figure is wide.
      num_columns = 100 // (6 + max(map(len, labels)))
      figure.legend(
          handles[shown],
          labels[shown],
          loc='outside lower left',
          ncols=min(7, max(1, num_columns)),
      )
    figure.suptitle(
        f'{results.title}: modules by {maps[0]["by"]}, '
        'first two principal components',
        x=0.01,
        ha='left',
    )


def _name_points(axes: Any, points: np.ndarray, names: Sequence[str]) -> None:
  """Names beside points, moved up or down where they would cover another."""
  (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
  places = (points - [left, low]) / [right - left, high - low]
  taken: list[tuple[float, float, float]] = []  # left, right, middle

  def is_free(start, end, y):
    return all(end < a or b < start or abs(y - c) > 0.03 for a, b, c in taken)

  for i in np.argsort(places[:, 1], kind='stable'):
    x, y = places[i]
    start, end = x + 0.012, x + 0.02 + 0.013 * len(names[i])
    steps = (sign * 0.008 * k for k in range(60) for sign in (1, -1))
    moved = next((y + d for d in steps if is_free(start, end, y + d)), y)
    taken.append((start, end, moved))
    axes.annotate(
        names[i], (x, y), (start, moved), xycoords='axes fraction',
        textcoords='axes fraction', va='center', fontsize=6,
        arrowprops=dict(
            arrowstyle='-', color=plot_style.QUIET, linewidth=0.4,
            shrinkA=0, shrinkB=0,
        ) if abs(moved - y) > 0.012 else None,
    )  # fmt: skip
