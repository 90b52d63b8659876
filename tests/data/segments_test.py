"""Tests of splitting functions that are larger than a pack."""

import dataclasses
import time

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import packing, segments

BUDGET = batch_lib.Budget(
    num_rows=4,
    num_tokens=32,
    num_nodes=64,
    num_edges=128,
    num_graphs=6,
    num_texts=32,
    num_text_tokens=80,
)


def long_function(num_instructions, tokens_each=5, block_length=6):
  """A chain of instructions; each uses the result of the one before it.

  Nodes: root, instructions, one variable for each use, one declaration that
  every tenth instruction calls.
  """
  n = num_instructions
  instruction = np.arange(1, n + 1)
  variable = np.arange(n + 1, 2 * n)
  declaration = 2 * n
  calls = instruction[::10]
  edges = [
      (0, 1, 2),  # the root calls the entry
      (n, 0, 2),
      *((a, a + 1, 0) for a in instruction[:-1]),
      *((a, v, 1) for a, v in zip(instruction[:-1], variable, strict=True)),
      *((v, b, 1) for v, b in zip(variable, instruction[1:], strict=True)),
      *((c, declaration, 2) for c in calls),
      *((declaration, c, 2) for c in calls),
      (0, declaration, 2),
      (declaration, 0, 2),
  ]
  senders, receivers, flow = np.array(edges).T
  num_nodes = 2 * n + 1
  block = np.zeros(num_nodes, np.int32)
  block[1 : n + 1] = (instruction - 1) // block_length
  return {
      'tokens': np.arange(5, 5 + 3 + tokens_each * n, dtype=np.int32),
      'instruction_offset': np.arange(n + 1, dtype=np.int32) * tokens_each + 3,
      'node_kind': np.repeat([0, 1, 0], [n + 1, n - 1, 1]).astype(np.uint8),
      'node_text': (np.arange(num_nodes) % 9).astype(np.int32),
      'node_block': block,
      'node_depth': block.astype(np.uint8) % 3,
      'text_tokens': np.arange(5, 5 + 18, dtype=np.int32),
      'text_offset': np.arange(10, dtype=np.int32) * 2,
      'edge_flow': flow.astype(np.uint8),
      'edge_position': np.arange(len(flow), dtype=np.int32),
      'senders': senders.astype(np.int32),
      'receivers': receivers.astype(np.int32),
      'source': 's',
      'program': 'p',
  }


class SegmentsTest(parameterized.TestCase):

  def test_what_fits_stays_whole(self):
    example = long_function(15)
    found, cuts = segments.split_example(example, BUDGET)
    self.assertLen(found, 1)
    self.assertIs(found[0], example)
    self.assertEqual(cuts, segments.Cuts())

  @parameterized.named_parameters(
      ('a_little_too_long', 40, 5), ('long', 300, 5), ('many_tokens', 50, 25)
  )
  def test_every_token_is_in_one_segment(self, num_instructions, tokens_each):
    example = long_function(num_instructions, tokens_each)
    found, cuts = segments.split_example(example, BUDGET)
    self.assertGreater(len(found), 1)
    self.assertEqual(cuts.segments, len(found))
    self.assertEqual(cuts.tokens, 0)
    np.testing.assert_array_equal(
        np.concatenate([s['tokens'] for s in found]), example['tokens']
    )
    for segment in found:
      self.assertTrue(segments.fits(segment, BUDGET))
      packing.pack([segment], BUDGET)
      offset = segment['instruction_offset']
      self.assertEqual(offset[-1], len(segment['tokens']))
      # Instructions are counted from node 1, as in any example.
      self.assertTrue((segment['node_kind'][: len(offset)] == 0).all())

  def test_edges_are_those_of_the_function(self):
    example = long_function(100)
    found, cuts = segments.split_example(example, BUDGET)

    seen = set()
    for segment in found:
      # Positions number the edges of the function here.
      original = segment['edge_position'].tolist()
      self.assertLen(set(original), len(original))
      seen.update(original)
      for i, number in enumerate(original):
        self.assertEqual(segment['edge_flow'][i], example['edge_flow'][number])
        for end in ('senders', 'receivers'):
          node, expected = segment[end][i], example[end][number]
          self.assertEqual(
              self.text(segment, node), self.text(example, expected)
          )
    lost = set(range(len(example['senders']))) - seen
    self.assertLen(lost, cuts.edges)
    # Only the steps from one segment to the next are lost.
    self.assertEqual(cuts.edges, len(found) - 1)
    self.assertTrue((example['edge_flow'][list(lost)] == 0).all())

  def text(self, example, node):
    number = example['node_text'][node]
    begin, end = example['text_offset'][number : number + 2]
    return example['text_tokens'][begin:end].tolist()

  def test_cuts_are_at_ends_of_blocks(self):
    ranges = segments.find_segments(long_function(300), BUDGET)
    self.assertEqual([end % 6 for _, end in ranges], [0] * len(ranges))

  def test_a_block_longer_than_a_segment_is_cut_inside(self):
    example = long_function(300, block_length=1000)
    found, _ = segments.split_example(example, BUDGET)
    self.assertLess(len(found), 40)

  def test_an_instruction_longer_than_a_segment_is_cut_and_counted(self):
    example = long_function(3, tokens_each=500)
    found, cuts = segments.split_example(example, BUDGET)
    self.assertLen(found, 3)
    kept = sum(len(s['tokens']) for s in found)
    self.assertEqual(cuts.tokens, len(example['tokens']) - kept)
    for segment in found:
      self.assertTrue(segments.fits(segment, BUDGET))

  def test_an_instruction_with_too_many_operands_and_texts(self):
    num_operands = 500
    example = long_function(2) | {
        'node_kind': np.array([0, 0, 0] + [2] * num_operands, np.uint8),
        'node_text': np.arange(num_operands + 3, dtype=np.int32),
        'node_block': np.zeros(num_operands + 3, np.int32),
        'node_depth': np.zeros(num_operands + 3, np.uint8),
        'text_tokens': np.full(3 * (num_operands + 3), 7, np.int32),
        'text_offset': np.arange(num_operands + 4, dtype=np.int32) * 3,
        'edge_flow': np.ones(num_operands, np.uint8),
        'edge_position': np.arange(num_operands, dtype=np.int32),
        'senders': np.arange(3, num_operands + 3, dtype=np.int32),
        'receivers': np.full(num_operands, 2, np.int32),
    }
    found, cuts = segments.split_example(example, BUDGET)
    for segment in found:
      self.assertTrue(segments.fits(segment, BUDGET))
    self.assertGreater(cuts.edges, 0)
    np.testing.assert_array_equal(
        np.concatenate([s['tokens'] for s in found]), example['tokens']
    )

  def test_single_segments_are_the_same(self):
    example = long_function(100)
    found, _ = segments.split_example(example, BUDGET)
    ranges = segments.find_segments(example, BUDGET)
    for segment, one in zip(found, ranges, strict=True):
      (again,), _ = segments.take_segments(example, [one], BUDGET)
      for name, value in segment.items():
        np.testing.assert_array_equal(again[name], value)

  def test_time_is_about_linear(self):
    budget = dataclasses.replace(
        BUDGET, num_rows=8, num_tokens=512, num_nodes=1024, num_edges=2048
    )
    begin = time.process_time()
    found, _ = segments.split_example(long_function(20_000), budget)
    self.assertGreater(len(found), 20)
    self.assertLess(time.process_time() - begin, 5)


if __name__ == '__main__':
  absltest.main()
