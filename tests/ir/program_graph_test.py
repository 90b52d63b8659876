"""The container: its rules, and its other forms."""

import dataclasses

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax import ir
from mirencoder_jax.ir import program_graph

TEXT = """
declare float @sqrtf(float)
define float @f(ptr addrspace(1) %p, i64 %i) {
  %q = getelementptr float, ptr addrspace(1) %p, i64 %i
  %x = load float, ptr addrspace(1) %q
  %y = call float @sqrtf(float %x)
  ret float %y
}
"""


class ProgramGraphTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.graph = ir.build_graph(ir.read_module(TEXT))

  def test_types_and_texts(self):
    graph = self.graph
    for name in ('kind', 'flow'):
      self.assertEqual(getattr(graph, name).dtype, np.uint8)
    for name in ('text', 'description', 'function', 'block', 'position',
                 'senders', 'receivers'):  # fmt: skip
      self.assertEqual(getattr(graph, name).dtype, np.int32)
    self.assertEqual(graph.num_instructions, 4)
    self.assertEqual([graph.texts[i] for i in graph.text], graph.node_texts)
    self.assertLen(set(graph.texts), len(graph.texts))
    described = [graph.descriptions[i] for i in graph.description]
    self.assertEqual(
        described,
        ['[external]', 'getelementptr float ptr1', 'load float ptr1',
         'call float @sqrt float', 'ret float', 'declare @sqrt',
         'ptr1', 'float', 'float', 'parameter ptr1', 'parameter i64'],
    )  # fmt: skip

  @parameterized.named_parameters(
      ('out_of_range', {'senders': [99]}, 'senders'),
      ('control_to_variable', {'flow': [0], 'receivers': [6]}, 'control'),
      ('negative', {'position': [-1]}, 'negative'),
      ('call_position', {'flow': [2], 'position': [1]}, 'call edge'),
      ('data', {'flow': [1], 'senders': [1], 'receivers': [2]}, 'variable'),
      ('into_constant', {'kind': [0, 0, 0, 0, 0, 0, 2]}, 'instruction gives'),
  )
  def test_validate_finds(self, change, message):
    program_graph.validate(self.graph)
    arrays = {}
    for name, values in change.items():
      arrays[name] = getattr(self.graph, name).copy()
      arrays[name][: len(values)] = values
    with self.assertRaisesRegex(ValueError, message):
      program_graph.validate(dataclasses.replace(self.graph, **arrays))

  def test_networkx(self):
    result = program_graph.to_networkx(self.graph)
    self.assertEqual(result.number_of_nodes(), self.graph.num_nodes)
    self.assertEqual(result.number_of_edges(), self.graph.num_edges)
    self.assertEqual(result.nodes[0]['text'], '[external]')
    self.assertEqual(result.nodes[1]['text'], 'getelementptr')
    self.assertEqual(result.nodes[1]['type'], program_graph.INSTRUCTION)
    positions = sorted(
        data['position']
        for _, to, data in result.edges(data=True)
        if to == 1 and data['flow'] == program_graph.DATA
    )
    self.assertEqual(positions, [0, 1])

  def test_graphs_tuple(self):
    result = program_graph.to_graphs_tuple(self.graph)
    self.assertEqual(result.n_node.tolist(), [self.graph.num_nodes])
    self.assertEqual(result.n_edge.tolist(), [self.graph.num_edges])
    np.testing.assert_array_equal(result.senders, self.graph.senders)
    np.testing.assert_array_equal(result.edges['flow'], self.graph.flow)
    np.testing.assert_array_equal(result.nodes['text'], self.graph.text)


if __name__ == '__main__':
  absltest.main()
