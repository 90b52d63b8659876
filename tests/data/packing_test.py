"""Tests of windows and of packing: nothing is lost, nothing mixed up."""

import dataclasses

import numpy as np
import testing
from absl.testing import absltest, parameterized

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import packing, windows
from mirencoder_jax.ir.tokenizer import Tokenizer

BUDGET = batch_lib.Budget(
    num_rows=4,
    num_tokens=32,
    num_nodes=64,
    num_edges=128,
    num_graphs=6,
    num_texts=32,
    num_text_tokens=80,
)


def examples(num_examples=4, **kwargs):
  rng = np.random.default_rng(0)
  kwargs = {'num_tokens': 26, 'num_nodes': 12, 'num_edges': 24} | kwargs
  return [
      testing.random_example(rng, 64, **kwargs) for _ in range(num_examples)
  ]


class PackTest(parameterized.TestCase):

  def unpack(self, batch, index):
    """Tokens, their nodes, positions and windows of an example, in order."""
    flat = {
        k: getattr(batch, k).reshape(-1)
        for k in ('tokens', 'token_node', 'token_position', 'token_segment')
    }
    rows = np.repeat(np.arange(BUDGET.num_rows), BUDGET.num_tokens)
    mine = np.flatnonzero(batch.token_example.reshape(-1) == index)
    mine = mine[np.argsort(flat['token_position'][mine])]
    window = list(zip(rows[mine], flat['token_segment'][mine], strict=True))
    return *(flat[k][mine] for k in list(flat)[:3]), window

  def test_tokens_are_there_once_and_in_order(self):
    inputs = examples(2, num_tokens=45) + examples(1, num_tokens=5)
    batch = packing.pack(inputs, BUDGET)
    first_node = 0
    for index, example in enumerate(inputs):
      tokens, nodes, positions, window = self.unpack(batch, index)
      np.testing.assert_array_equal(positions, np.arange(len(tokens)))
      is_content = (tokens != Tokenizer.cls_id) & (tokens != Tokenizer.sep_id)
      np.testing.assert_array_equal(tokens[is_content], example['tokens'])
      # A window starts with [CLS]; only the last one ends with [SEP].
      starts = [i for i, w in enumerate(window) if i == 0 or w != window[i - 1]]
      self.assertLen(set(window), len(starts))
      self.assertEqual(
          np.flatnonzero(tokens == Tokenizer.cls_id).tolist(), starts
      )
      self.assertEqual(
          np.flatnonzero(tokens == Tokenizer.sep_id).tolist(), [len(tokens) - 1]
      )
      offset = example['instruction_offset']
      place = np.arange(len(example['tokens']))
      instruction = np.searchsorted(offset[:-1], place, side='right')
      np.testing.assert_array_equal(
          nodes[is_content],
          np.where(
              instruction > 0, first_node + instruction, BUDGET.num_nodes - 1
          ),
      )
      self.assertTrue((nodes[~is_content] == BUDGET.num_nodes - 1).all())
      first_node += len(example['node_kind'])

  def test_nothing_else_is_there(self):
    inputs = examples()
    batch = packing.pack(inputs, BUDGET)
    is_padding = batch.token_segment == 0
    num_tokens = sum(len(e['tokens']) for e in inputs)
    self.assertEqual((~is_padding).sum(), num_tokens + 2 * len(inputs))
    empty = batch_lib.empty_batch(BUDGET)
    for name in ('tokens', 'token_example', 'token_node', 'token_position'):
      np.testing.assert_array_equal(
          getattr(batch, name)[is_padding], getattr(empty, name)[is_padding]
      )

  def test_windows_of_a_row_are_numbered_from_one(self):
    batch = packing.pack(examples(5, num_tokens=10), BUDGET)
    for row in batch.token_segment[0]:
      numbers = row[row > 0]
      self.assertTrue((np.diff(numbers) >= 0).all())
      self.assertEqual(set(numbers), set(range(1, len(set(numbers)) + 1)))

  def test_graphs_are_whole(self):
    inputs = examples()
    batch = packing.pack(inputs, BUDGET)
    graph = batch.graph
    self.assertEqual(graph.n_node.sum(), BUDGET.num_nodes)
    self.assertEqual(graph.n_edge.sum(), BUDGET.num_edges)
    node = edge = 0
    for index, example in enumerate(inputs):
      n_node, n_edge = len(example['node_kind']), len(example['senders'])
      self.assertEqual(graph.n_node[0, index], n_node)
      self.assertEqual(graph.n_edge[0, index], n_edge)
      nodes, edges = slice(node, node + n_node), slice(edge, edge + n_edge)
      for actual, expected in (
          (graph.nodes['kind'][0, nodes], example['node_kind']),
          (graph.nodes['depth'][0, nodes], example['node_depth']),
          (graph.edges['flow'][0, edges], example['edge_flow']),
          (graph.edges['position'][0, edges], example['edge_position']),
          (graph.senders[0, edges] - node, example['senders']),
          (graph.receivers[0, edges] - node, example['receivers']),
      ):
        np.testing.assert_array_equal(actual, expected)
      node, edge = node + n_node, edge + n_edge
    self.assertTrue((graph.senders[0, edge:] == BUDGET.num_nodes - 1).all())
    self.assertTrue((graph.receivers[0, edge:] == BUDGET.num_nodes - 1).all())

  def test_texts_are_distinct_and_each_node_has_its_own(self):
    inputs = examples(3)
    inputs.append(inputs[0])  # Its texts are all there already.
    batch = packing.pack(inputs, BUDGET)

    def text(index):
      return tuple(batch.text_tokens[0][batch.text_index[0] == index].tolist())

    num_texts = batch.text_mask.sum()
    self.assertTrue(batch.text_mask[0, :num_texts].all())
    self.assertLen({text(i) for i in range(num_texts)}, num_texts)
    self.assertTrue((np.diff(batch.text_index[0]) >= 0).all())
    node = 0
    for example in inputs:
      for number in example['node_text']:
        begin, end = example['text_offset'][number : number + 2]
        self.assertEqual(
            text(batch.graph.nodes['text'][0, node]),
            tuple(example['text_tokens'][begin:end].tolist()),
        )
        node += 1
    self.assertTrue(
        (batch.graph.nodes['text'][0, node:] == BUDGET.num_texts - 1).all()
    )

  def test_texts_that_differ_only_in_order_or_length(self):
    (example,) = examples(1, num_texts=6)
    texts = [[7, 8], [8, 7], [7], [8, 8], [8], [7, 8, 8]]
    example['text_tokens'] = np.concatenate(texts).astype(np.int32)
    example['text_offset'] = np.cumsum([0] + [len(t) for t in texts])
    batch = packing.pack([example], BUDGET)
    self.assertEqual(batch.text_mask.sum(), 6)

  def test_sources_and_packages(self):
    first, second = examples(2)
    second['source'], second['program'] = first['source'], 'another'
    batch = packing.pack([first, second], BUDGET)
    self.assertEqual(batch.example_source[0, 0], batch.example_source[0, 1])
    self.assertNotEqual(
        batch.example_package[0, 0], batch.example_package[0, 1]
    )
    self.assertTrue((batch.example_source[0, 2:] == -1).all())
    self.assertEqual(batch.example_mask[0].tolist(), [True] * 2 + [False] * 4)

  def test_planned_rows_are_obeyed(self):
    inputs = examples(3, num_tokens=10)
    batch = packing.pack(inputs, BUDGET, rows=[2, 0, 2])
    for index, row in enumerate([2, 0, 2]):
      self.assertTrue((batch.token_example[0, row] == index).any())
      self.assertEqual((batch.token_example == index).sum(), 12)

  @parameterized.named_parameters(
      ('examples', {}, 6, '6 examples do not fit a pack that has room for 5'),
      ('nodes', {'num_nodes': 30, 'num_edges': 30}, 3, '90 nodes'),
      ('edges', {'num_edges': 60}, 3, '180 edges'),
      ('texts', {'num_texts': 12}, 4, 'node texts'),
      ('rows', {'num_tokens': 70}, 2, 'windows with'),
  )
  def test_too_much(self, kwargs, num_examples, message):
    with self.assertRaisesRegex(ValueError, message):
      packing.pack(examples(num_examples, **kwargs), BUDGET)

  def test_stacked_packs_are_the_packs(self):
    inputs = examples(4)
    packs = [packing.pack(inputs[i : i + 2], BUDGET) for i in (0, 2)]
    stacked = packing.stack_packs(packs)
    merged = batch_lib.merge(stacked)
    np.testing.assert_array_equal(stacked.tokens[1], packs[1].tokens[0])
    np.testing.assert_array_equal(
        merged.graph.senders[BUDGET.num_edges :],
        packs[1].graph.senders[0] + BUDGET.num_nodes,
    )

  def test_no_examples_are_padding(self):
    batch = packing.pack([], BUDGET)
    self.assertFalse(batch.example_mask.any())
    self.assertEqual(batch.graph.n_node[0, -1], BUDGET.num_nodes)


class UnitsTest(absltest.TestCase):

  def test_tokens_are_one_stream_and_units_are_instructions(self):
    budget = dataclasses.replace(BUDGET, num_tokens=4, num_pieces=110)
    inputs = examples(2, num_tokens=45) + examples(1, num_tokens=5)
    batch = packing.pack(inputs, budget)
    np.testing.assert_array_equal(
        batch.tokens[0, 0, :95], np.concatenate([e['tokens'] for e in inputs])
    )
    self.assertEqual((batch.token_segment > 0).sum(), 95)
    unit, place = batch.units.of_token[0, 0], batch.units.place[0, 0]
    begin, first_node, num_units = 0, 0, 0
    for index, example in enumerate(inputs):
      bounds, signature = windows.unit_bounds(example)
      self.assertEqual(signature, -(-example['instruction_offset'][0] // 8))
      rows = []
      for number, (low, high) in enumerate(
          zip(bounds[:-1], bounds[1:], strict=True)
      ):
        (where,) = set(unit[begin + low : begin + high])
        np.testing.assert_array_equal(
            place[begin + low : begin + high], np.arange(high - low)
        )
        found = [
            int(getattr(batch.units, name).reshape(-1)[where])
            for name in ('position', 'example', 'node')
        ]
        node = first_node + number - signature + 1
        if number < signature:
          node = budget.num_nodes - 1
        self.assertEqual(found, [number, index, node])
        segment = int(batch.units.segment.reshape(-1)[where])
        rows.append((where // budget.num_tokens, segment))
      # Windows of about equal length, one after the other.
      runs = [rows.count(row) for row in dict.fromkeys(rows)]
      self.assertLessEqual(max(runs) - min(runs), 1)
      self.assertEqual(rows, sorted(rows, key=list(dict.fromkeys(rows)).index))
      num_units += len(rows)
      begin += len(example['tokens'])
      first_node += len(example['node_kind'])
    self.assertEqual((batch.units.segment > 0).sum(), num_units)

  def test_too_much_is_told(self):
    budget = dataclasses.replace(BUDGET, num_pieces=40)
    with self.assertRaisesRegex(ValueError, '52 tokens do not fit'):
      packing.pack(examples(2), budget)


if __name__ == '__main__':
  absltest.main()
