"""Tests of the style of pictures."""

import pathlib
import sys
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.pages import plot_style


def _luminance(color):
  """Relative luminance of '#rrggbb', as WCAG 2 defines it."""
  channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
  linear = np.where(
      channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
  )
  return float(linear @ [0.2126, 0.7152, 0.0722])


def _contrast(one, other):
  low, high = sorted((_luminance(one), _luminance(other)))
  return (high + 0.05) / (low + 0.05)


class PlotStyleTest(parameterized.TestCase):

  @parameterized.parameters(1, 12, 13, 20, 40)
  def test_as_many_colors_as_classes(self, number):
    colors = plot_style.distinct_colors(number)
    self.assertLen(colors, number)
    channels = np.array(
        [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colors]
    )
    apart = np.abs(channels[:, None] - channels[None]).max(-1)
    self.assertGreater(apart[~np.eye(number, dtype=bool)].min(initial=255), 14)

  def test_writes_the_picture_with_its_background(self):
    from matplotlib import colors, image

    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder) / 'new' / 'picture.png'
      with plot_style.drawing(path, (2, 1), columns=2) as axes:
        self.assertLen(axes, 2)
        axes[0].plot([0, 1], [0, 1])
      pixels = image.imread(path)
    corner = pixels[0, 0]
    self.assertEqual(colors.to_hex(corner[:3]), plot_style.CARD)
    self.assertEqual(corner[3], 1)  # opaque: readable on a dark page

  def test_leaves_matplotlib_as_it_was(self):
    import matplotlib

    before = dict(matplotlib.rcParams)
    with tempfile.TemporaryDirectory() as folder:
      with plot_style.drawing(f'{folder}/x.png', (1, 1)) as (axes,):
        axes.plot([0, 1])
    self.assertEqual(dict(matplotlib.rcParams), before)

  def test_text_reads(self):
    self.assertGreater(_contrast(plot_style.INK, plot_style.CARD), 7)
    self.assertGreater(_contrast(plot_style.QUIET, plot_style.CARD), 3)
    from matplotlib import colors

    shades = plot_style.sequential_map()
    for share in np.linspace(0, 1, 21):
      text = plot_style.text_color_on(share)
      shade = colors.to_hex(shades(share))
      self.assertGreater(_contrast(shade, text), 3.5, share)

  @parameterized.parameters('ours', 'baseline', 'compared', 'rule', 'oracle')
  def test_kinds_are_seen(self, kind):
    contrast = _contrast(plot_style.COLORS[kind], plot_style.CARD)
    self.assertGreater(contrast, 4)

  def test_without_matplotlib(self):
    with mock.patch.dict(sys.modules, {'matplotlib': None}):
      self.assertFalse(plot_style.has_matplotlib())
      with self.assertRaisesRegex(ModuleNotFoundError, r'\[plots\]'):
        with plot_style.drawing('x.png', (1, 1)):
          pass


if __name__ == '__main__':
  absltest.main()
