"""The `Batch`: what a device sees, and the fixed shapes it is packed into.

`pack` puts many examples into few arrays of fixed shape; `merge` (jittable)
joins several packs into the flat form that models read.

Letters used in shape comments:
  U packs, R token rows of a pack, L tokens of a row, N nodes, E edges,
  G graphs including one of padding, T texts, P text tokens.
Where a pack is read by instructions, R rows of L are places for units, and the
tokens of a pack are one row, [U, 1, L'] with L' = `num_pieces`.
After `merge` the leading U is folded into the next axis: tokens are [B, L] with
B = U * R, nodes [U * N], graphs [U * G], and every index is global.
"""

import dataclasses
from typing import Any, NamedTuple

import jraph
import numpy as np

from mirencoder_jax.ir.tokenizer import Tokenizer

# A jax or numpy array or a tracer; in a `Batch` also a sharding or a shape.
Array = Any


class Units(NamedTuple):
  """What stands in the rows of a pack that is read by instructions.

  A *unit* is an instruction, or a few tokens of a signature. Windows of units
  stand in rows as windows of tokens do otherwise; tokens are one stream.
  """

  # The unit of each token, an index into the R * L places of its pack; the last
  # place for padding, which `token_segment` tells from real tokens.
  of_token: Array  # int32 [U, 1, L']
  # Place of the token in its unit, from 0.
  place: Array  # int32 [U, 1, L']
  # Window of the row, from 1; 0 is padding.
  segment: Array  # int32 [U, R, L]
  # Place of the unit in its example, from 0; continues over the windows.
  position: Array  # int32 [U, R, L]
  # The example slot (graph); G - 1 for padding.
  example: Array  # int32 [U, R, L]
  # The instruction node; N - 1 where there is none.
  node: Array  # int32 [U, R, L]


class Labels(NamedTuple):
  """What a compiler answers; NaN where nobody has asked (`data.labels`)."""

  # Bytes of a function under pipelines of passes.
  sizes: Array  # float32 [U, G, NUM_PIPELINES]
  # Of an instruction's node: the probability that a branch goes to its first
  # successor, and log2 of how often it runs for each run of its function.
  nodes: Array  # float32 [U, N, 2]


class Batch(NamedTuple):
  """Fixed-shape arrays of one or more packs.

  A *pack* holds up to G - 1 examples (functions, or segments of very long
  functions). An example's tokens are cut into windows of at most L tokens;
  rows hold one or more windows each; every window attends only to itself. An
  example's graph is there once, however many windows it has.

  Padding: the last graph of each pack is the padding graph; it owns all spare
  nodes (at least one, the last) and all spare edges (self loops of the last
  node, flow 0, position 0). The last text of a pack is the padding text.

  Shapes are those of the packed form; merged ones drop the U.
  """

  tokens: Array  # int32 [U, R, L], [PAD] where there is none
  # Which window of its row a token belongs to, from 1; 0 is padding. Attention
  # stays inside equal numbers.
  token_segment: Array  # int32 [U, R, L]
  # Place of the token in its example, from 0; continues over the windows.
  token_position: Array  # int32 [U, R, L]
  # The example slot (graph) of the token; G - 1 for padding.
  token_example: Array  # int32 [U, R, L]
  # The instruction node the token belongs to; N - 1 where there is none
  # (signature, special and padding tokens).
  token_node: Array  # int32 [U, R, L]
  # nodes = {'kind': int32 [U, N], 'text': int32 [U, N] (index of a text),
  #          'depth': int32 [U, N] (loops around it)}
  # edges = {'flow': int32 [U, E], 'position': int32 [U, E]}
  # senders, receivers int32 [U, E]; n_node, n_edge int32 [U, G]; globals None
  graph: jraph.GraphsTuple
  # Token ids of all distinct node texts of the pack, end to end.
  text_tokens: Array  # int32 [U, P]
  # The text that each of them belongs to, ascending; T - 1 for padding.
  text_index: Array  # int32 [U, P]
  # True for real texts; gives T its place among the static shapes.
  text_mask: Array  # bool [U, T]
  # True for real examples.
  example_mask: Array  # bool [U, G]
  # Equal numbers = views of one source function (never each other's negatives).
  example_source: Array  # int32 [U, G]; padding -1
  # Equal numbers = same package or program (hard negatives).
  example_package: Array  # int32 [U, G]; padding -1
  # Where packs are read by instructions; else None, and attention is between
  # tokens.
  units: Units | None = None
  # Where a dataset is read with labels.
  labels: Labels | None = None


@dataclasses.dataclass(frozen=True)
class Budget:
  """The fixed shape of a pack.

  Attributes:
    num_rows: R, rows of tokens.
    num_tokens: L, tokens of a row, special tokens included.
    num_nodes: N, graph nodes including at least one of padding.
    num_edges: E, graph edges.
    num_graphs: G, examples plus one.
    num_texts: T, distinct node texts plus one.
    num_text_tokens: P, token ids of all the distinct node texts.
    num_pieces: tokens of a pack that is read by instructions; its rows then
      hold units, and `num_tokens` is the units of a row. 0 where rows hold
      tokens.
  """

  num_rows: int
  num_tokens: int
  num_nodes: int
  num_edges: int
  num_graphs: int
  num_texts: int
  num_text_tokens: int
  num_pieces: int = 0

  @property
  def by_instruction(self) -> bool:
    """Whether rows hold units and not tokens."""
    return self.num_pieces > 0

  def as_dict(self) -> dict[str, int]:
    """What JSON keeps; without `num_pieces` where there are none."""
    fields = dataclasses.asdict(self)
    if not self.by_instruction:
      del fields['num_pieces']
    return fields


def empty_batch(budget: Budget, num_packs: int = 1) -> Batch:
  """A batch of padding only, numpy, to be filled by `pack`."""
  u, b = num_packs, budget
  places = (u, b.num_rows, b.num_tokens)
  rows = (u, 1, b.num_pieces) if b.by_instruction else places

  def full(shape, value):
    return np.full(shape, value, np.int32)

  n_node = full((u, b.num_graphs), 0)
  n_node[:, -1] = b.num_nodes
  n_edge = full((u, b.num_graphs), 0)
  n_edge[:, -1] = b.num_edges
  return Batch(
      tokens=full(rows, Tokenizer.pad_id),
      token_segment=full(rows, 0),
      token_position=full(rows, 0),
      token_example=full(rows, b.num_graphs - 1),
      token_node=full(rows, b.num_nodes - 1),
      graph=jraph.GraphsTuple(
          nodes={
              'kind': full((u, b.num_nodes), 0),
              'depth': full((u, b.num_nodes), 0),
              'text': full((u, b.num_nodes), b.num_texts - 1),
          },
          edges={
              'flow': full((u, b.num_edges), 0),
              'position': full((u, b.num_edges), 0),
          },
          senders=full((u, b.num_edges), b.num_nodes - 1),
          receivers=full((u, b.num_edges), b.num_nodes - 1),
          n_node=n_node,
          n_edge=n_edge,
          globals=None,
      ),
      text_tokens=full((u, b.num_text_tokens), Tokenizer.pad_id),
      text_index=full((u, b.num_text_tokens), b.num_texts - 1),
      text_mask=np.zeros((u, b.num_texts), bool),
      example_mask=np.zeros((u, b.num_graphs), bool),
      example_source=full((u, b.num_graphs), -1),
      example_package=full((u, b.num_graphs), -1),
      units=Units(
          of_token=full(rows, b.num_rows * b.num_tokens - 1),
          place=full(rows, 0),
          segment=full(places, 0),
          position=full(places, 0),
          example=full(places, b.num_graphs - 1),
          node=full(places, b.num_nodes - 1),
      )
      if b.by_instruction
      else None,
  )


def merge(batch: Batch) -> Batch:
  """Folds the pack axis into the next one and makes every index global.

  Works on numpy and inside jit. Padding graphs stay where they are: graph
  `u * G + G - 1` is the padding of pack `u`.

  Args:
    batch: packed form, leading axis U.

  Returns:
    Merged form; the number of texts is U * T, of nodes U * N, of graphs U * G.
  """
  num_packs = batch.tokens.shape[0]
  graph = batch.graph
  num_nodes = graph.nodes['kind'].shape[1]
  num_graphs = graph.n_node.shape[1]
  num_texts = batch.text_mask.shape[1]
  packs = np.arange(num_packs, dtype=np.int32)[:, None]

  def fold(x):
    return x.reshape((-1,) + x.shape[2:])

  def shift(x, step):
    return fold(x + (packs if x.ndim == 2 else packs[..., None]) * step)

  units = batch.units
  if units is not None:
    num_places = units.segment[0].size
    units = Units(
        of_token=shift(units.of_token, num_places),
        place=fold(units.place),
        segment=fold(units.segment),
        position=fold(units.position),
        example=shift(units.example, num_graphs),
        node=shift(units.node, num_nodes),
    )
  labels = batch.labels
  return batch._replace(
      units=units,
      labels=labels and Labels(*map(fold, labels)),
      tokens=fold(batch.tokens),
      token_segment=fold(batch.token_segment),
      token_position=fold(batch.token_position),
      token_example=shift(batch.token_example, num_graphs),
      token_node=shift(batch.token_node, num_nodes),
      graph=graph._replace(
          nodes={
              'kind': fold(graph.nodes['kind']),
              'depth': fold(graph.nodes['depth']),
              'text': shift(graph.nodes['text'], num_texts),
          },
          edges={k: fold(v) for k, v in graph.edges.items()},
          senders=shift(graph.senders, num_nodes),
          receivers=shift(graph.receivers, num_nodes),
          n_node=fold(graph.n_node),
          n_edge=fold(graph.n_edge),
      ),
      text_tokens=fold(batch.text_tokens),
      text_index=shift(batch.text_index, num_texts),
      text_mask=fold(batch.text_mask),
      example_mask=fold(batch.example_mask),
      example_source=fold(batch.example_source),
      example_package=fold(batch.example_package),
  )
