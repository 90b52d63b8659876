"""The map as a page: what is in it, and that it works in a browser."""

import json
import re

import browser
import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.pages import map_page

# Luminance, 0 to 255, of what is under the middle of an element.
_LUMA = """element => {
  const [r, g, b] = getComputedStyle(element)[NAME].match(/[0-9.]+/g);
  return .3 * r + .59 * g + .11 * b; }"""


def page(num: int = 40, **settings) -> str:
  rng = np.random.default_rng(0)
  return map_page.to_html(
      'a <b>',
      rng.normal(size=(num, 2)),
      [f'src/{i % 4}/f.ll' for i in range(num)],
      [f'function_{i}</script>' for i in range(num)],
      np.array([[(i + 1) % num, (i + 2) % num] for i in range(num)]),
      {
          'package': [f'p{i % 20}' for i in range(num)],
          'level': [('', 'O2')[i % 2] for i in range(num)],
      },
      lines=list(range(num)),
      **settings,
  )


def data_of(html: str) -> dict:
  return json.loads(re.search(r'<script type="application/json".*?>(.*?)</sc',
                              html, re.DOTALL)[1])  # fmt: skip


class MapPageTest(parameterized.TestCase):

  def test_everything_is_in_one_file(self):
    html = page()
    self.assertNotRegex(html, r'(src|href)=|https?:|@import|url\(')
    self.assertIn('a &lt;b&gt;', html)
    self.assertEqual(html.count('</script>'), 2)  # no name ends it
    data = data_of(html)
    self.assertLen(data['files'], 4)
    self.assertEqual(data['near'][0], [1, 2])
    for axis in (data['x'], data['y']):
      self.assertBetween(min(axis), 0, 65535)
      self.assertBetween(max(axis), 0, 65535)
    self.assertEqual(max(max(data['x']) - min(data['x']),
                         max(data['y']) - min(data['y'])), 65535)  # fmt: skip

  def test_the_largest_groups_have_colours(self):
    package, level = data_of(page())['by']
    self.assertLen(package['names'], 11)
    self.assertEqual(package['of'].count(-1), 18)
    self.assertCountEqual(level['names'], ['not named', 'O2'])
    self.assertEqual(level['names'][level['of'][1]], 'O2')
    few = data_of(page(12))['by'][0]
    self.assertLen(few['names'], 12)
    self.assertNotIn(-1, few['of'])

  def test_one_point_and_columns_that_do_not_fit(self):
    one = data_of(
        map_page.to_html(
            't', np.zeros((1, 2)), ['a'], ['f'], np.zeros((1, 0), int), {}
        )
    )
    self.assertEqual((one['near'], one['line']), ([[]], [0]))
    with self.assertRaisesRegex(ValueError, '1 points'):
      map_page.to_html('t', np.zeros((1, 2)), [], [], np.zeros((1, 0)), {})

  def test_hover_and_search(self):
    with browser.opened(page()) as (shown, said):
      where = shown.evaluate(
          """() => { const r = canvas.getBoundingClientRect();
          return [r.x + toX(data.x[7]), r.y + toY(data.y[7])]; }"""
      )
      shown.mouse.move(*where)
      about = shown.locator('#about').inner_text()
      self.assertIn('function_7', about)
      self.assertIn('src/3/f.ll:7', about)
      self.assertIn('function_9', about)  # the second of its nearest
      self.assertIn('level O2', about)
      shown.fill('#search', 'FUNCTION_3 src/3')
      self.assertEqual(shown.locator('#found li').count(), 4)  # 3, 31, 35, 39
      self.assertIn('4 found', shown.locator('#found').inner_text())
      shown.locator('#found button').first.click()
      self.assertEqual(shown.evaluate('[chosen, view.scale]'), [3, 3])
      shown.locator('#legend button').first.click()
      self.assertEqual(shown.evaluate('hidden.size'), 1)
      shown.select_option('#by', label='level')
      self.assertEqual(shown.locator('#legend li').count(), 2)
      self.assertEmpty(said)

  @parameterized.parameters(('light', 'screen'), ('dark', 'screen'),
                            ('dark', 'print'))  # fmt: skip
  def test_readable(self, scheme, media):
    with browser.opened(page(), color_scheme=scheme) as (shown, said):
      shown.emulate_media(color_scheme=scheme, media=media)
      if media == 'print':
        shown.evaluate("dispatchEvent(new Event('beforeprint'))")
      ink, paper = (
          shown.locator('body').evaluate(_LUMA.replace('NAME', repr(name)))
          for name in ('color', 'backgroundColor')
      )
      is_dark = (scheme, media) == ('dark', 'screen')
      self.assertGreater((ink - paper) * (1 if is_dark else -1), 150)
      # The canvas is on the same paper, and has points.
      pixels = shown.evaluate("""() => { draw();
          const {data} = ink.getImageData(0, 0, canvas.width, canvas.height);
          const seen = {};
          for (let i = 0; i < data.length; i += 4)
            seen[data[i]] = (seen[data[i]] ?? 0) + 1;
          return seen; }""")
      most = int(max(pixels, key=pixels.get))
      self.assertAlmostEqual(most, paper, delta=12)
      self.assertGreater(sum(pixels.values()) - max(pixels.values()), 300)
      self.assertEmpty(said)

  def test_fifty_thousand_points(self):
    html = page(50_000)
    self.assertLess(len(html), 8e6)
    with browser.opened(html) as (shown, said):
      milliseconds = shown.evaluate("""() => { const start = performance.now();
          for (let i = 0; i < 5; i++) { view.x += 1; draw(); nearest(9, 9); }
          return (performance.now() - start) / 5; }""")
      self.assertLess(milliseconds, 500)  # 30 on an idle core
      self.assertEmpty(said)


if __name__ == '__main__':
  absltest.main()
