"""Depths of nested loops: by hand, and against the definition by dominators."""

import networkx as nx
import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.ir import loops


def _natural_loop_depths(successors):
  """Depths by dominators and natural loops; None if a cycle is not one."""
  graph = nx.DiGraph()
  graph.add_nodes_from(range(len(successors)))
  for block, after in enumerate(successors):
    graph.add_edges_from((block, to) for to in after)
  reachable = {0} | nx.descendants(graph, 0)
  graph = graph.subgraph(reachable)
  parents = nx.immediate_dominators(graph, 0)

  def dominates(a, b):
    while b != a and b != 0:
      b = parents[b]
    return b == a

  back = [(b, h) for b, h in graph.edges if dominates(h, b)]
  rest = nx.DiGraph(graph)
  rest.remove_edges_from(back)
  if not nx.is_directed_acyclic_graph(rest):
    return None
  bodies = {}
  for block, header in back:
    body = bodies.setdefault(header, {header})
    stack = [block]
    while stack:
      b = stack.pop()
      if b not in body:
        body.add(b)
        stack += graph.predecessors(b)
  return [
      sum(b in body for body in bodies.values()) for b in range(len(successors))
  ]


class LoopDepthsTest(parameterized.TestCase):

  @parameterized.named_parameters(
      ('straight', [[1], [2], []], [0, 0, 0]),
      ('one_block_loop', [[1], [1, 2], []], [0, 1, 0]),
      (
          'nest_of_two',
          # 1 heads the outer loop, 2 the inner one, 3 is its body.
          [[1], [2, 5], [3, 4], [2], [1], []],
          [0, 1, 2, 2, 1, 0],
      ),
      ('two_in_a_row', [[1], [1, 2], [2, 3], []], [0, 1, 1, 0]),
      ('entry_is_header', [[1, 2], [0], []], [1, 1, 0]),
      (
          'two_back_edges_one_loop',
          [[1], [2, 3], [1], [1, 4], []],
          [0, 1, 1, 1, 0],
      ),
      ('unreachable', [[1], [], [2], [1]], [0, 0, 0, 0]),
      ('two_entries_count_once', [[1, 2], [2, 3], [1], []], [0, 1, 1, 0]),
  )
  def test_by_hand(self, successors, expected):
    self.assertEqual(loops.loop_depths(successors), expected)

  def test_agrees_with_natural_loops(self):
    rng = np.random.default_rng(0)
    num_compared = num_deep = 0
    for _ in range(3000):
      size = int(rng.integers(2, 12))
      successors = [
          rng.integers(0, size, int(rng.integers(0, 3))).tolist()
          for _ in range(size)
      ]
      # A way through all blocks, so that most can be reached.
      for block in range(size - 1):
        successors[block].append(block + 1)
      expected = _natural_loop_depths(successors)
      if expected is None:
        continue
      num_compared += 1
      num_deep += max(expected) > 1
      self.assertEqual(loops.loop_depths(successors), expected, successors)
    self.assertGreater(num_compared, 500)
    self.assertGreater(num_deep, 100)

  def test_deep_nest_needs_no_recursion(self):
    depth = 2000
    # Header i leads inwards or out, the innermost block back to all of them.
    successors = [[i + 1] for i in range(depth)] + [[*range(1, depth), depth]]
    self.assertEqual(max(loops.loop_depths(successors)), loops.MAX_DEPTH)


if __name__ == '__main__':
  absltest.main()
