"""Map plot: embeddings of a task's modules as a picture.

Station in the flow: from `embedding_map` to a file, one of `plots`.
"""

import collections
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mirencoder_jax.pages import plot_style

_MAX_NAMED = 20  # modules, that a map can name


def draw_map(results: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
  """The modules' embeddings in two dimensions, coloured by suite.

  A few modules bear their names instead of a legend; of many groups the largest
  have colours.
  """
  maps = results['map']
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
        f'{results["task"].replace("_", " ")}: modules by {maps[0]["by"]}, '
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
