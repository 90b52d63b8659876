"""Drawings: everything of the graph is in them, nothing lies on a card."""

import re
import xml.etree.ElementTree as ET

from absl.testing import absltest
from testing_encoder import AXPY, SQUARE, create_encoder

import mirencoder_jax as mir
from mirencoder_jax.ir import graph_builder
from mirencoder_jax.pages import drawing, drawing_layout, inspection


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
