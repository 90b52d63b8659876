"""`pack`: many ragged examples into one pack of fixed shape, in numpy.

`data.example` (and `data.segments` for functions too long for a pack) in,
`data.batch.Batch` out. `data.planning` says which examples go into which pack;
`pack` copies them there.
"""

import zlib
from collections.abc import Sequence

import jax
import jraph
import numpy as np

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import labels as labels_lib
from mirencoder_jax.data import windows as windows_lib
from mirencoder_jax.ir.tokenizer import Tokenizer

# Multipliers of the hash that finds equal texts (multilinear hashing: two
# different texts collide with probability about 2 ** -63).
_MULTIPLIERS = np.random.default_rng(0).integers(
    1, 2**63, size=4096, dtype=np.uint64
)


def stable_id(name: str | bytes) -> int:
  """A number for a name that is the same in every process; '' is nobody's."""
  data = name.encode() if isinstance(name, str) else name
  return zlib.crc32(data) & 0x7FFFFFFF


def _concatenate(arrays: Sequence[np.ndarray]) -> np.ndarray:
  return np.concatenate([np.asarray(x, np.int32) for x in arrays])


def _unique_texts(tokens: np.ndarray, lengths: np.ndarray):
  """Finds equal texts.

  Returns:
    The number of each text [n], counted from 0 in order of first appearance,
    and which texts are the first of their number.
  """
  starts = np.cumsum(lengths) - lengths
  place = np.arange(len(tokens)) - np.repeat(starts, lengths)
  # [n + 1] sums; cumulative sums wrap around, their differences do not mind.
  with np.errstate(over='ignore'):
    products = (tokens.astype(np.uint64) + np.uint64(1)) * (
        _MULTIPLIERS[place % len(_MULTIPLIERS)]
        + np.uint64(2) * (place // len(_MULTIPLIERS)).astype(np.uint64)
    )
    sums = np.concatenate([[np.uint64(0)], np.cumsum(products)])
    hashes = sums[starts + lengths] - sums[starts]
  _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
  order = np.argsort(first)
  number = np.empty_like(order)
  number[order] = np.arange(len(order))
  return number[inverse], first[order]


def pack(
    examples: Sequence[example_lib.Example],
    budget: batch_lib.Budget,
    *,
    rows: Sequence[int] | None = None,
    with_labels: bool = False,
) -> batch_lib.Batch:
  """Packs examples into one pack (U = 1).

  Args:
    examples: each must fit the budget (`data.segments` splits those that do
      not); all together too.
    budget: the shape of the pack.
    rows: the row of every window of every example, in order, as planned; found
      here by best fit if None.
    with_labels: whether the examples have labels (`data.labels`).

  Returns:
    The pack. Example i is graph i.

  Raises:
    ValueError: if the examples exceed the budget, naming what and by how much.
  """
  batch = batch_lib.empty_batch(budget)
  if with_labels:
    batch = batch._replace(labels=_pack_labels(examples, budget))
  if not examples:
    return batch
  num_examples = len(examples)
  _check('examples', num_examples, budget.num_graphs - 1)
  n_node = np.array([len(e['node_kind']) for e in examples])
  n_edge = np.array([len(e['senders']) for e in examples])
  _check('nodes', n_node.sum(), budget.num_nodes - 1)
  _check('edges', n_edge.sum(), budget.num_edges)
  node_start = np.cumsum(n_node) - n_node
  if budget.by_instruction:
    _pack_units(batch, examples, budget, rows, node_start)
  else:
    _pack_tokens(batch, examples, budget, rows, node_start)
  graph = _pack_graph(batch.graph, examples, n_node, n_edge, node_start)
  _pack_texts(batch, examples, budget, n_node)
  batch.example_mask[0, :num_examples] = True
  batch.example_source[0, :num_examples] = [
      stable_id(e['source']) for e in examples
  ]
  batch.example_package[0, :num_examples] = [
      stable_id(e['program']) for e in examples
  ]
  return batch._replace(graph=graph)


def stack_packs(packs: Sequence[batch_lib.Batch]) -> batch_lib.Batch:
  """Joins packs of one budget along U."""
  if len(packs) == 1:
    return packs[0]
  return jax.tree.map(lambda *arrays: np.concatenate(arrays, axis=0), *packs)


def _check(what, number, limit):
  if number > limit:
    raise ValueError(
        f'{number} {what} do not fit a pack that has room for {limit}; pack '
        'fewer examples, raise the budget, or split long functions with '
        'data.segments.split_example'
    )


def _place(lengths, budget, rows):
  """Where windows [W] begin in the flattened rows, and their segments."""
  if rows is None:
    row_free = np.full(budget.num_rows, budget.num_tokens, np.int64)
    rows = windows_lib.place_windows(lengths.tolist(), row_free)
    if rows is None:
      raise ValueError(
          f'{len(lengths)} windows with {lengths.sum()} places do not fit '
          f'{budget.num_rows} rows of {budget.num_tokens}; pack fewer examples '
          'or raise num_rows'
      )
  rows = np.asarray(rows)
  # Windows of a row follow each other in the order given.
  order = np.argsort(rows, kind='stable')
  sorted_rows = rows[order]
  ends = np.cumsum(lengths[order])
  row_begin = np.searchsorted(sorted_rows, sorted_rows)  # first window of row
  start = ends - lengths[order]
  column = np.empty_like(start)
  column[order] = start - start[row_begin]
  segment = np.empty_like(start)
  segment[order] = np.arange(len(order)) - row_begin + 1
  if (column + lengths).max() > budget.num_tokens:
    raise ValueError(
        'planned rows overflow: were they planned for this budget?'
    )
  return rows * budget.num_tokens + column, segment


def _pack_units(batch, examples, budget, rows, node_start):
  """Writes tokens, as one stream, and the rows of units in place."""
  n_token = np.array([len(e['tokens']) for e in examples])
  _check('tokens', n_token.sum(), budget.num_pieces)
  windows = [
      windows_lib.example_windows(e, budget.num_tokens, True) for e in examples
  ]
  lengths = np.concatenate(windows)  # [W], of units
  n_unit = np.array([w.sum() for w in windows])
  total = int(n_unit.sum())
  place, segment = _place(lengths, budget, rows)
  place = np.repeat(place - (np.cumsum(lengths) - lengths), lengths)
  place += np.arange(total)  # of each unit, in the flattened rows
  bounds, n_signature = zip(
      *(windows_lib.unit_bounds(e) for e in examples), strict=True
  )
  pieces = np.concatenate([np.diff(b) for b in bounds])  # of each unit
  number = np.arange(total) - np.repeat(np.cumsum(n_unit) - n_unit, n_unit)
  instruction = number - np.repeat(n_signature, n_unit)
  node = np.where(
      instruction >= 0,
      instruction + 1 + np.repeat(node_start, n_unit),
      budget.num_nodes - 1,
  )
  example = np.repeat(np.arange(len(examples)), n_unit)
  units = batch.units
  for array, values in (
      (units.segment, np.repeat(segment, lengths)),
      (units.position, number),
      (units.example, example),
      (units.node, node),
  ):
    array.reshape(-1)[place] = values
  num_tokens = int(n_token.sum())
  starts = np.cumsum(pieces) - pieces
  for array, values in (
      (batch.tokens, _concatenate([e['tokens'] for e in examples])),
      (batch.token_segment, 1),
      (
          batch.token_position,
          np.arange(num_tokens)
          - np.repeat(np.cumsum(n_token) - n_token, n_token),
      ),
      (batch.token_example, np.repeat(np.arange(len(examples)), n_token)),
      (batch.token_node, np.repeat(node, pieces)),
      (units.of_token, np.repeat(place, pieces)),
      (units.place, np.arange(num_tokens) - np.repeat(starts, pieces)),
  ):
    array.reshape(-1)[:num_tokens] = values


def _pack_tokens(batch, examples, budget, rows, node_start):
  """Writes the token rows of `batch` in place."""
  n_token = [len(e['tokens']) for e in examples]
  bounds = [
      windows_lib.cut_windows(n, e['instruction_offset'], budget.num_tokens)
      for n, e in zip(n_token, examples, strict=True)
  ]
  n_window = np.array([len(b) - 1 for b in bounds])
  lengths = np.concatenate(
      [windows_lib.window_lengths(b) for b in bounds]
  )  # [W]
  start, segment = _place(lengths, budget, rows)
  total = int(lengths.sum())
  stream_start = np.cumsum(lengths) - lengths  # [W]
  target = np.repeat(start - stream_start, lengths)
  target += np.arange(total)  # [total], place in the flattened rows
  window_example = np.repeat(np.arange(len(examples)), n_window)
  token_example = np.repeat(window_example, lengths)
  last = np.cumsum(n_window) - 1
  is_content = np.ones(total, bool)
  is_content[stream_start] = False
  separators = stream_start[last] + lengths[last] - 1
  is_content[separators] = False
  stream = np.empty(total, np.int32)
  stream[stream_start] = Tokenizer.cls_id
  stream[separators] = Tokenizer.sep_id
  stream[is_content] = _concatenate([e['tokens'] for e in examples])
  node = np.full(total, budget.num_nodes - 1, np.int32)
  node[is_content] = np.concatenate(
      [
          _token_nodes(e['instruction_offset'], n, first, budget.num_nodes - 1)
          for e, n, first in zip(examples, n_token, node_start, strict=True)
      ]
  )
  first_window = last - n_window + 1
  position = np.arange(total) - stream_start[first_window][token_example]

  def write(array, values):
    array.reshape(-1)[target] = values

  write(batch.tokens, stream)
  write(batch.token_segment, np.repeat(segment, lengths))
  write(batch.token_position, position)
  write(batch.token_example, token_example)
  write(batch.token_node, node)


def _token_nodes(offset, num_tokens, first_node, no_node):
  """Node of each token [num_tokens]; `no_node` for the signature."""
  offset = np.asarray(offset, np.int64)
  instruction = np.arange(1, len(offset), dtype=np.int32) + first_node
  nodes = np.repeat(instruction, np.diff(offset))
  before = int(offset[0]) if len(offset) > 1 else num_tokens
  after = num_tokens - before - len(nodes)
  return np.pad(nodes, (before, after), constant_values=no_node)


def _pack_graph(
    graph, examples, n_node, n_edge, node_start
) -> jraph.GraphsTuple:
  """Writes nodes and edges in place; returns the graph (texts come later)."""
  num_nodes, num_edges = int(n_node.sum()), int(n_edge.sum())
  shift = np.repeat(node_start, n_edge)

  def joined(name):
    return _concatenate([e[name] for e in examples])

  graph.nodes['kind'][0, :num_nodes] = joined('node_kind')
  graph.nodes['depth'][0, :num_nodes] = joined('node_depth')
  graph.edges['flow'][0, :num_edges] = joined('edge_flow')
  graph.edges['position'][0, :num_edges] = joined('edge_position')
  graph.senders[0, :num_edges] = joined('senders') + shift
  graph.receivers[0, :num_edges] = joined('receivers') + shift
  graph.n_node[0, : len(n_node)] = n_node
  graph.n_node[0, -1] -= num_nodes
  graph.n_edge[0, : len(n_edge)] = n_edge
  graph.n_edge[0, -1] -= num_edges
  return graph


def _pack_labels(examples, budget) -> batch_lib.Labels:
  """What is known of the examples and of their nodes; NaN elsewhere."""
  sizes = np.full(
      (1, budget.num_graphs, labels_lib.NUM_PIPELINES), np.nan, np.float32
  )
  nodes = np.full((1, budget.num_nodes, 2), np.nan, np.float32)
  if examples:
    sizes[0, : len(examples)] = [e['label_sizes'] for e in examples]
    known = np.concatenate([e['label_nodes'] for e in examples])
    nodes[0, : len(known)] = known
  return batch_lib.Labels(sizes, nodes)


def _pack_texts(batch, examples, budget, n_node) -> None:
  """Writes each distinct node text once, and every node's text number."""
  lengths = np.concatenate([np.diff(e['text_offset']) for e in examples])
  tokens = _concatenate([e['text_tokens'] for e in examples])
  number, first = _unique_texts(tokens, lengths)
  _check('distinct node texts', len(first), budget.num_texts - 1)
  kept = np.zeros(len(lengths), bool)
  kept[first] = True
  kept_tokens = tokens[np.repeat(kept, lengths)]
  _check('tokens of node texts', len(kept_tokens), budget.num_text_tokens)
  num_tokens = len(kept_tokens)
  batch.text_tokens[0, :num_tokens] = kept_tokens
  batch.text_index[0, :num_tokens] = np.repeat(
      np.arange(len(first)), lengths[first]
  )
  batch.text_mask[0, : len(first)] = True
  n_text = np.array([len(e['text_offset']) - 1 for e in examples])
  text_start = np.repeat(np.cumsum(n_text) - n_text, n_node)
  node_text = _concatenate([e['node_text'] for e in examples])
  batch.graph.nodes['text'][0, : len(node_text)] = number[
      node_text + text_start
  ]
