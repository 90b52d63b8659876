"""Drawings: everything of the graph is in them, nothing lies on a card."""

import itertools
import pathlib
import re
import tarfile
import xml.etree.ElementTree as ET

import numpy as np
from absl.testing import absltest
from testing_encoder import AXPY, SQUARE, create_encoder

import mirencoder_jax as mir
from mirencoder_jax.ir import graph_builder
from mirencoder_jax.pages import drawing, drawing_layout, inspection

STARTER = (
    pathlib.Path(__file__).resolve().parents[2]
    / 'datasets/starter_ir/starter_ir.tar.xz'
)


def starter_modules(number: int):
  """Some of the starter corpus, from one end of it to the other."""
  with tarfile.open(STARTER) as tar:
    names = sorted(n for n in tar.getnames() if n.endswith('.ll'))
    for name in names[:: len(names) // number]:
      yield mir.read_module(tar.extractfile(name).read(), name=name)


def points_of(path: str):
  """Points on a path of M, V, Q and C, close to each other."""
  x = y = 0.0
  for letter, text in re.findall(r'([MVQC])([^MVQC]*)', path):
    numbers = [float(word) for word in text.split()]
    if letter == 'V':
      numbers = [x, *numbers]
    corners = [(x, y), *zip(numbers[::2], numbers[1::2], strict=True)]
    if letter == 'M':
      corners = corners[1:]
    for step in range(17):
      at, left = step / 16, corners
      while len(left) > 1:  # de Casteljau
        left = [
            ((1 - at) * a + at * c, (1 - at) * b + at * d)
            for (a, b), (c, d) in itertools.pairwise(left)
        ]
      yield left[0]
    x, y = corners[-1]


class DrawingTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.module = mir.read_module(AXPY + SQUARE, name='two & <more>.ll')

  def test_dot_has_every_node_and_edge(self):
    graph = graph_builder.build_graph(self.module)
    text = drawing.to_dot(graph)
    self.assertLen(re.findall(r'^ +n\d+ \[', text, re.M), graph.num_nodes)
    self.assertLen(re.findall(r'^ +n\d+ -> ', text, re.M), graph.num_edges)
    self.assertEqual(text.count('subgraph'), 2)

  def test_page_stands_alone_and_is_well_formed(self):
    page = drawing.to_html(self.module)
    self.assertNotRegex(page, r'(src|href)="?http')
    self.assertIn('two &amp; &lt;more&gt;.ll', page)
    for svg in re.findall(r'<svg viewBox.*?</svg>', page, re.S):
      ET.fromstring(svg)
    legend, *drawn = page.split('<section>')
    self.assertEqual(sum(s.count('class="row"') for s in drawn), 13 + 2)
    self.assertEqual(sum(s.count('class="control back"') for s in drawn), 1)
    for flow in ('class="control"', 'class="data', 'class="call"'):
      self.assertIn(flow, legend)
    for section in drawn:  # edges pass behind cards
      edges = [m.start() for m in re.finditer('<path', section)]
      self.assertLess(max(edges), section.index('class="card"'))

  def test_long_functions_are_counted_and_not_drawn(self):
    lines = [f'  %v{i} = add i32 %v{i - 1}, 1' for i in range(1, 1200)]
    text = 'define i32 @long(i32 %v0) {\n' + '\n'.join(lines)
    module = mir.read_module(text + '\n  ret i32 %v1199\n}\n')
    page = drawing.to_html(module)
    self.assertIn('1,200 instructions', page)
    self.assertIn('Too long to draw', page)

  def test_layout(self):
    layout = drawing_layout.lay_out(self.module.functions[0])
    entry, loop, end = layout.cards
    self.assertLess(entry.y + entry.height, loop.y)
    self.assertLess(loop.y + loop.height, end.y)
    for row in layout.rows:
      card = layout.cards[self.module.functions[0].block_of[row.number]]
      self.assertBetween(row.y, card.y, card.y + card.height)
    function = self.module.functions[0]
    self.assertLen(
        layout.data,
        len(
            set(zip(function.use_users, function.use_definitions, strict=True))
        ),
    )

  def test_no_edge_meets_a_card(self):
    checked = 0
    for module in starter_modules(8):
      for function in module.functions:
        layout = drawing_layout.lay_out(function)
        cards = np.array(
            [(c.x, c.y, c.right, c.bottom) for c in layout.cards]
        ) + (1, 1, -1, -1)
        for edge in (*layout.control, *layout.data):
          points = np.array(list(points_of(edge.path)))[:, None]
          self.assertBetween(points[..., 0].min(), 0, layout.width, edge)
          self.assertLess(points[..., 0].max(), layout.width, edge)
          within = (points > cards[:, :2]) & (points < cards[:, 2:])
          self.assertFalse(within.all(-1).any(), (function.name, edge))
          checked += 1
    self.assertGreater(checked, 400)

  def test_inspection_counts_what_the_encoder_reads(self):
    tokenizer = create_encoder().tokenizer
    found = inspection.inspect_module(self.module, tokenizer, num_tokens=32)
    axpy, square = found.functions
    words = self.module.functions[0].words
    self.assertEqual(axpy.num_tokens, len(tokenizer.encode(words)[0]))
    self.assertEqual(axpy.num_words, len(words))
    self.assertGreater(axpy.num_windows, 1)
    self.assertEqual(square.nodes['instruction'], 3)  # mul, ret, the root
    self.assertEqual(
        ' '.join(line.text for line in axpy.lines), ' '.join(words)
    )
    pieces = [piece for line in axpy.lines for piece in line.pieces]
    self.assertLen(pieces, axpy.num_tokens)


if __name__ == '__main__':
  absltest.main()
