"""Splits a function that is larger than a whole pack into segments.

A segment is an `Example` of its own: a run of instructions in text order, cut
at the end of a basic block where possible, with their tokens, the root and
their operands. What a cut takes away is counted in `Cuts`, never silent.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import windows as windows_lib

# A segment may take this share of a pack, so that others fit beside it.
SEGMENT_SHARE = 0.5


class Cuts(NamedTuple):
  """What splitting took away, summed over examples."""

  segments: int = 0  # segments made, of split functions only
  edges: int = 0  # edges between two segments, lost
  tokens: int = 0  # tokens of instructions longer than a segment, lost

  def __add__(self, other):
    return Cuts(*(a + b for a, b in zip(self, other, strict=True)))


def fits(example: example_lib.Example, budget: batch_lib.Budget) -> bool:
  """True if the example alone fits an empty pack."""
  windows = windows_lib.example_windows(
      example, budget.num_tokens, budget.by_instruction
  )
  return (
      len(windows) <= budget.num_rows
      and len(example['tokens']) <= (budget.num_pieces or np.inf)
      and len(example['node_kind']) < budget.num_nodes
      and len(example['senders']) <= budget.num_edges
      and len(example['text_offset']) <= budget.num_texts
      and len(example['text_tokens']) <= budget.num_text_tokens
  )


def find_segments(
    example: example_lib.Example, budget: batch_lib.Budget
) -> list[tuple[int, int]]:
  """Instruction ranges that cut an example into segments for a budget.

  Args:
    example: any example that does not fit.
    budget: of the pack.
  """
  view = _View(example)
  limit = _Limit.of(budget)
  ranges, end = [], 0
  while end < view.num_instructions:
    start, end = end, view.furthest_end(end, limit)
    ranges.append((start, end))
  return ranges


def take_segments(
    example: example_lib.Example,
    ranges: list[tuple[int, int]],
    budget: batch_lib.Budget,
) -> tuple[list[example_lib.Example], Cuts]:
  """The segments of instruction ranges that `find_segments` found.

  Returns:
    The segments, and what is in none of them.
  """
  view = _View(example)
  limit = _Limit.of(budget)
  segments = []
  is_kept = np.zeros(len(example['senders']), bool)
  for start, end in ranges:
    segment, edges = view.segment(start, end, limit)
    segments.append(segment)
    is_kept[edges] = True
  num_tokens = sum(len(segment['tokens']) for segment in segments)
  cuts = Cuts(
      segments=len(segments),
      edges=int((~is_kept).sum()),
      tokens=len(example['tokens']) - num_tokens,
  )
  return segments, cuts


def split_example(
    example: example_lib.Example, budget: batch_lib.Budget
) -> tuple[list[example_lib.Example], Cuts]:
  """Splits an example if it does not fit an empty pack.

  Args:
    example: any example.
    budget: of the pack.

  Returns:
    The segments in text order (the example itself if it fits) and what was
    cut. Every token is in exactly one segment, unless a single instruction is
    longer than a segment; an operand used by two segments is in both.
  """
  if fits(example, budget):
    return [example], Cuts()
  return take_segments(example, find_segments(example, budget), budget)


@dataclasses.dataclass(frozen=True)
class _Limit:
  """What one segment may hold."""

  tokens: int
  units: int
  nodes: int
  edges: int
  texts: int
  text_tokens: int

  @classmethod
  def of(cls, budget: batch_lib.Budget) -> '_Limit':
    share = SEGMENT_SHARE
    # Windows end at instructions, so rows fill to three quarters at worst in
    # practice; at least one row is always there.
    rows = max(1, int(share * budget.num_rows))
    full = budget.num_tokens - 2
    tokens = full if rows == 1 else int(rows * full * 0.75)
    if budget.by_instruction:
      tokens = max(1, int(share * budget.num_pieces))
    return cls(
        tokens=tokens,
        units=rows * budget.num_tokens,
        nodes=max(2, int(share * (budget.num_nodes - 1))),
        edges=max(1, int(share * budget.num_edges)),
        texts=max(2, int(share * (budget.num_texts - 1))),
        text_tokens=max(2, int(share * budget.num_text_tokens)),
    )


class _View:
  """An example with its edges sorted by the first instruction they touch."""

  def __init__(self, example):
    self.example = example
    self.offset = np.asarray(example['instruction_offset'], np.int64)
    self.num_instructions = len(self.offset) - 1
    self.text_length = np.diff(example['text_offset'])
    ends = np.stack([example['senders'], example['receivers']]).astype(np.int64)
    is_instruction = (ends >= 1) & (ends <= self.num_instructions)
    far = self.num_instructions
    low = np.where(is_instruction, ends - 1, far).min(axis=0)
    high = np.where(is_instruction, ends - 1, -1).max(axis=0)
    self.order = np.argsort(low, kind='stable')
    self.ends = ends[:, self.order]
    self.low = low[self.order]
    self.high = high[self.order]
    # The rest touch no instruction: the root's edges with a declaration.
    self.num_bound = int(np.searchsorted(self.low, far))

  def contents(self, start, end):
    """Nodes (ascending) and edges (places in `order`) of the instructions."""
    begin, stop = np.searchsorted(self.low[: self.num_bound], [start, end])
    edges = np.arange(begin, stop)[self.high[begin:stop] < end]
    nodes = np.unique(
        np.concatenate(
            [
                [0],
                np.arange(start, end) + 1,
                self.ends[:, edges].ravel(),
            ]
        )
    ).astype(np.int64)
    free = np.isin(self.ends[:, self.num_bound :], nodes).all(axis=0)
    return nodes, np.append(edges, self.num_bound + np.flatnonzero(free))

  def token_span(self, start, end):
    """Their first token and the end; the signature goes with the first."""
    first = 0 if start == 0 else int(self.offset[start])
    is_last = end == self.num_instructions
    last = len(self.example['tokens']) if is_last else int(self.offset[end])
    return first, last

  def within(self, start, end, limit):
    first, last = self.token_span(start, end)
    signature = -(-int(self.offset[0]) // windows_lib.SIGNATURE_PIECES)
    if (
        last - first > limit.tokens
        or end - start + signature * (start == 0) > limit.units
    ):
      return False
    nodes, edges = self.contents(start, end)
    if len(nodes) > limit.nodes or len(edges) > limit.edges:
      return False
    texts = np.unique(self.example['node_text'][nodes])
    return (
        len(texts) <= limit.texts
        and self.text_length[texts].sum() <= limit.text_tokens
    )

  def furthest_end(self, start, limit):
    """The end of the longest run from `start`; at least one instruction."""
    low = start + 1
    high = min(self.num_instructions, start + limit.nodes)
    while low < high:
      middle = (low + high + 1) // 2
      if self.within(start, middle, limit):
        low = middle
      else:
        high = middle - 1
    if low == self.num_instructions:
      return low
    # Prefer the end of a block, if the segment stays at least half as long.
    blocks = self.example['node_block'][start + 1 : low + 2]
    changes = np.flatnonzero(blocks[1:] != blocks[:-1]) + 1
    long_enough = changes[changes * 2 >= low - start]
    return start + int(long_enough[-1]) if len(long_enough) else low

  def segment(self, start, end, limit):
    """The segment as an example, and which of the edges it keeps."""
    example = self.example
    nodes, edges = self.contents(start, end)
    # Only a single instruction can still be over the limit.
    edges = edges[: limit.edges]
    nodes = nodes[: limit.nodes]
    nodes = self._limit_texts(nodes, limit)
    edges = edges[np.isin(self.ends[:, edges], nodes).all(axis=0)]
    texts, node_text = np.unique(
        example['node_text'][nodes], return_inverse=True
    )
    starts = np.asarray(example['text_offset'])[texts]
    lengths = np.minimum(self.text_length[texts], limit.text_tokens // 2)
    place = np.arange(lengths.sum()) - np.repeat(
        np.cumsum(lengths) - lengths, lengths
    )
    first, last = self.token_span(start, end)
    last = min(last, first + limit.tokens)
    offset = self.offset[start : end + 1]
    original = self.order[edges]
    senders, receivers = np.searchsorted(nodes, self.ends[:, edges])
    arrays = {
        'tokens': example['tokens'][first:last],
        'instruction_offset': np.clip(offset, first, last) - first,
        'node_kind': example['node_kind'][nodes],
        'node_text': node_text,
        'node_block': example['node_block'][nodes],
        'node_depth': example['node_depth'][nodes],
        'text_tokens': example['text_tokens'][
            np.repeat(starts, lengths) + place
        ],
        'text_offset': np.concatenate([[0], np.cumsum(lengths)]),
        'edge_flow': example['edge_flow'][original],
        'edge_position': example['edge_position'][original],
        'senders': senders,
        'receivers': receivers,
    }
    arrays = {
        k: np.asarray(v, example_lib.ARRAYS[k]) for k, v in arrays.items()
    }
    if 'label_nodes' in example:  # What is known of the whole is not of a part.
      arrays['label_nodes'] = example['label_nodes'][nodes]
      arrays['label_sizes'] = np.full_like(example['label_sizes'], np.nan)
    return {**example, **arrays}, original

  def _limit_texts(self, nodes, limit):
    """Drops the last operands until the node texts are within the limit."""
    texts = self.example['node_text'][nodes]
    _, first = np.unique(texts, return_index=True)
    is_first = np.zeros(len(nodes), bool)
    is_first[first] = True
    lengths = np.minimum(self.text_length[texts], limit.text_tokens // 2)
    within = (np.cumsum(is_first) <= limit.texts) & (
        np.cumsum(np.where(is_first, lengths, 0)) <= limit.text_tokens
    )
    num_kept = len(nodes) if within.all() else int(np.argmin(within))
    return nodes[: max(2, num_kept)]
