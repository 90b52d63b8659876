"""How every picture of the project looks.

A picture is drawn on a figure of its own (no pyplot, no window, no global
state) in one quiet style: dark ink on a light card, so that the same file reads
in print and on a dark page. Colours stand for kinds of rows, the same in every
picture, and keep apart for colour-blind readers and in grey.

    with plot_style.drawing('speedup.png', (6, 4)) as (axes,):
      axes.plot(steps, losses, color=plot_style.COLORS['ours'])
"""

import colorsys
import contextlib
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

CARD = '#fbfbf8'  # background
INK = '#24292f'  # text
QUIET = '#8b929a'  # axes, ticks, notes
GRID = '#e4e4de'

# Kind of a row -> colour; `report.Entry.kind`, and what the oracle reaches.
COLORS = {
    'ours': '#c2410c',
    'ablation': '#e8a36b',
    'baseline': '#2f6690',
    'compared': '#7a5195',
    'rule': '#6b7280',
    'null': '#b8bcc2',
    'oracle': '#3f7d4e',
}
# For anything else that comes in several: languages, suites, objectives.
CYCLE = (
    '#2f6690', '#c2410c', '#3f7d4e', '#7a5195', '#b58900', '#23898a',
    '#a23b5a', '#6b7280', '#8fb0ce', '#e8a36b', '#93bf9b', '#bfa6cf',
)  # fmt: skip
MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X', 'h', '<', '>', 'p', '*')
# From little to much: matrices, densities.
SEQUENTIAL = (CARD, '#cfdde8', '#8fb0ce', '#2f6690', '#17364f')

_SETTINGS = {
    'figure.facecolor': CARD,
    'savefig.facecolor': CARD,
    'savefig.dpi': 160,
    'savefig.bbox': 'tight',
    'savefig.pad_inches': 0.15,
    'axes.facecolor': CARD,
    'axes.edgecolor': QUIET,
    'axes.labelcolor': INK,
    'axes.linewidth': 0.7,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.titlelocation': 'left',
    'axes.titlesize': 9,
    'axes.titleweight': 'bold',
    'axes.titlecolor': INK,
    'axes.labelsize': 8.5,
    'axes.axisbelow': True,
    'axes.grid': True,
    'grid.color': GRID,
    'grid.linewidth': 0.7,
    'figure.titlesize': 10.5,
    'figure.titleweight': 'bold',
    'text.color': INK,
    'font.family': 'DejaVu Sans',  # comes with matplotlib: the same everywhere
    'font.size': 8.5,
    'xtick.color': QUIET,
    'ytick.color': QUIET,
    'xtick.labelcolor': INK,
    'ytick.labelcolor': INK,
    'xtick.labelsize': 8,
    'ytick.labelsize': 8,
    'xtick.major.width': 0.7,
    'ytick.major.width': 0.7,
    'legend.frameon': False,
    'legend.fontsize': 8,
    'lines.linewidth': 1.4,
    'lines.markersize': 5,
}


def has_matplotlib() -> bool:
  """Whether pictures can be drawn here; matplotlib is an optional extra."""
  try:
    import matplotlib  # noqa: F401
  except ModuleNotFoundError:
    return False
  return True


@contextlib.contextmanager
def drawing(
    path: str | os.PathLike[str],
    size: tuple[float, float],
    rows: int = 1,
    columns: int = 1,
    **subplots: Any,
) -> Iterator[np.ndarray]:
  """Axes to draw on; what is drawn is written to `path` in the end.

  Args:
    path: of the picture; its ending says the format. Its folder is made.
    size: width and height in inches.
    rows: of axes.
    columns: of axes.
    **subplots: more arguments of `matplotlib.figure.Figure.subplots`.

  Yields:
    The axes, [rows * columns], row by row; `axes[0].figure` is the figure.

  Raises:
    ModuleNotFoundError: matplotlib is not installed.
  """
  try:
    import matplotlib
    from matplotlib import cycler
    from matplotlib.figure import Figure
  except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'pictures need matplotlib: python -m pip install '
        '"mirencoder_jax[plots]", or leave them out'
    ) from error
  settings = _SETTINGS | {'axes.prop_cycle': cycler(color=CYCLE)}
  with matplotlib.rc_context(settings):
    figure = Figure(figsize=size, layout='constrained')
    yield figure.subplots(rows, columns, squeeze=False, **subplots).reshape(-1)
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def distinct_colors(number: int) -> list[str]:
  """As many colours as there are classes, no two alike."""
  if number <= len(CYCLE):
    return list(CYCLE[:number])
  # Around the circle of hues; neighbours differ in lightness, too.
  lightness = (0.36, 0.66, 0.5)
  found = []
  for i in range(number):
    channels = colorsys.hls_to_rgb(i / number, lightness[i % 3], 0.6)
    found.append('#' + ''.join(f'{round(255 * c):02x}' for c in channels))
  return found


def sequential_map() -> Any:
  """A colour map from the card's colour to dark blue."""
  from matplotlib import colors

  return colors.LinearSegmentedColormap.from_list('quiet', SEQUENTIAL)


def text_color_on(share: float) -> str:
  """Ink that reads on `sequential_map()(share)`, 0 <= share <= 1."""
  return INK if share < 0.62 else CARD
