"""A map of functions as one page that needs nothing else, no network either.

Points on a canvas, coloured in several ways; what one points at, its nearest,
and a search box are beside it. Readable in light and dark, and in print.
"""

import collections
import html
import json
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from mirencoder_jax.pages import plot_style

_TEMPLATE = pathlib.Path(__file__).with_name('map.html')
_SCALE = 65535  # coordinates are whole numbers up to it
# The same colours on dark paper.
_DARK = (
    '#7fb2dd', '#f08a5d', '#7fc48e', '#c39be0', '#e0bd4a', '#5cc6c8',
    '#e67a9a', '#a3acb6', '#c3d9ec', '#f3c9a3', '#bfe0c5', '#ddc9ee',
)  # fmt: skip


def to_html(
    title: str,
    points: np.ndarray,
    files: Sequence[str],
    functions: Sequence[str],
    near: np.ndarray,
    groups: Mapping[str, Sequence[str]],
    *,
    lines: Sequence[int] | None = None,
    about: str = '',
) -> str:
  """The page.

  Args:
    title: of it.
    points: float [n, 2].
    files: of each point.
    functions: names for people; '' for a whole file.
    near: int [n, k], the nearest others of each.
    groups: how points may be coloured: what by, then the group of each. The
      eleven largest have colours.
    lines: of the source, from 1; 0 where it is not known.
    about: a sentence beside the title.

  Raises:
    ValueError: if they are not of one length.
  """
  n = len(points)
  columns = (files, functions, near, *groups.values(), lines or files)
  if any(len(column) != n for column in columns):
    raise ValueError(f'{n} points, columns of {[len(c) for c in columns]}')
  low = points.min(axis=0, initial=0)
  # One scale for both, in the middle of a square.
  spread = points.max(axis=0, initial=0) - low
  scale = _SCALE / max(spread.max(), 1e-9)
  placed = (points - low) * scale + (_SCALE - spread * scale) / 2
  names = list(dict.fromkeys(files))
  number = {name: i for i, name in enumerate(names)}
  data = {
      'about': about,
      'x': np.rint(placed[:, 0]).astype(int).tolist(),
      'y': np.rint(_SCALE - placed[:, 1]).astype(int).tolist(),
      'files': names,
      'file': [number[file] for file in files],
      'functions': list(functions),
      'line': [int(line) for line in lines] if lines else [0] * n,
      'near': near.tolist(),
      'by': [_coloured(name, group) for name, group in groups.items()],
      'light': list(plot_style.CYCLE),
      'dark': list(_DARK),
  }
  text = json.dumps(data, separators=(',', ':')).replace('<', '\\u003c')
  page = _TEMPLATE.read_text(encoding='utf-8')
  head, foot = page.split('DATA', 1)
  return head.replace('TITLE', html.escape(title)) + text + foot


def _coloured(name: str, group: Sequence[str]) -> dict:
  """The number of each point's colour; -1 for what has none."""
  sizes = collections.Counter(group)
  largest = sorted(sizes, key=lambda g: (-sizes[g], g))
  names = largest[: len(plot_style.CYCLE) - (len(sizes) > len(_DARK))]
  place = {g: i for i, g in enumerate(names)}
  return {
      'name': name,
      'names': [g or 'not named' for g in names],
      'of': [place.get(g, -1) for g in group],
  }
