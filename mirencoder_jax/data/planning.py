"""Plans which examples go into which pack, so that little is padding.

The shuffled examples of an epoch are cut into blocks of about 96 packs; a block
is planned on its own, so that any place of any epoch is found without planning
what lies before it. Within a block the largest examples go first, each to the
pack it balances best under all limits at once (rows of tokens, nodes, edges,
examples, texts, text tokens). Views of one source function may be kept
together two by two, so that they meet in a batch.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import packing
from mirencoder_jax.data import windows as windows_lib

PACKS_PER_BLOCK = 96
# Packs opened at first, over what would do if examples could be poured. Too few
# and the last examples need packs of their own, too many and all stay slack.
_SLACK = 1.05


class Sizes(NamedTuple):
  """What each of n examples needs of a pack; numpy.

  `windows` depends on the row length L it was measured for.
  """

  nodes: np.ndarray  # int32 [n]
  edges: np.ndarray  # int32 [n]
  texts: np.ndarray  # int32 [n]
  text_tokens: np.ndarray  # int32 [n]
  source: np.ndarray  # int32 [n], equal for views of one source function
  pieces: np.ndarray  # int32 [n], tokens without special ones
  # Row places of all windows, special tokens included; example i owns
  # windows[window_offset[i]:window_offset[i + 1]].
  windows: np.ndarray  # int32 [num_windows]
  window_offset: np.ndarray  # int64 [n + 1]

  @property
  def num_examples(self) -> int:
    return len(self.nodes)

  @property
  def tokens(self) -> np.ndarray:
    """Row places of each example."""
    sums = np.concatenate([[0], np.cumsum(self.windows, dtype=np.int64)])
    return np.diff(sums[self.window_offset])

  def take(self, indices: np.ndarray) -> 'Sizes':
    """The sizes of some examples."""
    begin, end = self.window_offset[indices], self.window_offset[indices + 1]
    windows = [self.windows[a:b] for a, b in zip(begin, end, strict=True)]
    return Sizes(
        *(x[indices] for x in self[:6]),
        np.concatenate(windows) if windows else self.windows[:0],
        np.concatenate([[0], np.cumsum(end - begin)]),
    )

  def join(self, other: 'Sizes') -> 'Sizes':
    """These examples, then the other ones."""
    arrays = [np.concatenate([a, b]) for a, b in zip(self, other, strict=True)]
    shifted = other.window_offset[1:] + self.window_offset[-1]
    arrays[-1] = np.concatenate([self.window_offset, shifted])
    return Sizes(*arrays)


class Pack(NamedTuple):
  """One planned pack."""

  examples: list[int]
  rows: list[int]  # of every window of every example, in order


def measure(
    examples: Iterable[example_lib.Example],
    row_tokens: int,
    by_instruction: bool = False,
) -> Sizes:
  """Measures examples for rows of L tokens, or units."""
  counts, windows, n_window = [], [], []
  for example in examples:
    counts.append(
        (
            len(example['node_kind']),
            len(example['senders']),
            len(example['text_offset']) - 1,
            len(example['text_tokens']),
            packing.stable_id(example['source']),
            len(example['tokens']),
        )
    )
    windows.append(
        windows_lib.example_windows(example, row_tokens, by_instruction)
    )
    n_window.append(len(windows[-1]))
  columns = np.array(counts, np.int32).reshape(-1, 6).T
  return Sizes(
      *columns,
      np.concatenate([np.zeros(0, np.int32), *windows]).astype(np.int32),
      np.concatenate([[0], np.cumsum(n_window, dtype=np.int64)]).astype(
          np.int64
      ),
  )


def estimate_budget(
    sizes: Sizes,
    num_rows: int,
    num_tokens: int,
    by_instruction: bool = False,
) -> batch_lib.Budget:
  """A budget whose other limits fit what usually comes with the tokens.

  Args:
    sizes: of the examples to pack, measured for `num_tokens`.
    num_rows: R, rows of a pack.
    num_tokens: L, tokens or units of a row.
    by_instruction: whether rows hold units.

  Returns:
    A budget with a little room in nodes and edges and more in what costs less,
    so that packs fill up with tokens first.
  """
  if not sizes.num_examples:
    raise ValueError('cannot estimate a budget: there are no examples')
  # Packs get about this share of their tokens filled.
  num_examples = 0.98 * num_rows * num_tokens / sizes.tokens.mean()

  def room(mean, factor, multiple):
    return math.ceil(mean * num_examples * factor / multiple) * multiple

  return batch_lib.Budget(
      num_rows=num_rows,
      num_tokens=num_tokens,
      num_nodes=room(sizes.nodes.mean(), 1.02, 32),
      num_edges=room(sizes.edges.mean(), 1.05, 32),
      num_graphs=room(1.0, 1.25, 4) + 4,
      num_texts=room(sizes.texts.mean(), 1.12, 16) + 16,
      num_text_tokens=room(sizes.text_tokens.mean(), 1.12, 32) + 32,
      num_pieces=room(sizes.pieces.mean(), 1.03, 32) if by_instruction else 0,
  )


def oversize(sizes: Sizes, budget: batch_lib.Budget) -> np.ndarray:
  """True for examples that no pack can hold; they must be split."""
  num_windows = np.diff(sizes.window_offset)
  return (
      (sizes.nodes > budget.num_nodes - 1)
      | (sizes.edges > budget.num_edges)
      | (sizes.texts > budget.num_texts - 1)
      | (sizes.text_tokens > budget.num_text_tokens)
      | (num_windows > budget.num_rows)
      | (budget.by_instruction & (sizes.pieces > budget.num_pieces))
  )


class _OpenPacks:
  """Packs being filled, as arrays over packs."""

  def __init__(self, num_packs: int, budget: batch_lib.Budget):
    self.load = np.zeros((num_packs, 7))
    self.row_free = np.full(
        (num_packs, budget.num_rows), budget.num_tokens, np.int64
    )
    self.packs = [Pack([], []) for _ in range(num_packs)]

  def add(
      self, examples: list[int], demand: np.ndarray, windows: list[int]
  ) -> bool:
    """Puts examples where they balance best; False if they fit nowhere."""
    room = (self.load + demand <= 1.0 + 1e-9).all(axis=1)
    room &= self.row_free.max(axis=1) >= max(windows)
    # The scarcest thing counts: a pack short of nodes gets the example rich in
    # nodes.
    filled = np.where(room, (self.load + demand).max(axis=1), np.inf)
    for pack in np.argsort(filled, kind='stable')[: int(room.sum())]:
      rows = windows_lib.place_windows(windows, self.row_free[pack])
      if rows is not None:
        self.load[pack] += demand
        self.packs[pack].examples.extend(examples)
        self.packs[pack].rows.extend(rows)
        return True
    return False

  def grow(self, budget: batch_lib.Budget) -> None:
    other = _OpenPacks(1, budget)
    self.load = np.concatenate([self.load, other.load])
    self.row_free = np.concatenate([self.row_free, other.row_free])
    self.packs += other.packs


def plan_block(
    sizes: Sizes,
    budget: batch_lib.Budget,
    examples: np.ndarray,
    partners: np.ndarray | None = None,
) -> list[Pack]:
  """Distributes some examples over as few packs as possible.

  Args:
    sizes: of all examples.
    budget: of a pack.
    examples: numbers of those to distribute [n]; none may be oversize.
    partners: for each of them another example that goes into the same pack, or
      -1 [n]; two that take more than half a pack are put apart.

  Returns:
    Packs that hold every given example exactly once.
  """
  demands = np.stack(
      [
          sizes.tokens / (budget.num_rows * budget.num_tokens),
          sizes.nodes / (budget.num_nodes - 1),
          sizes.edges / budget.num_edges,
          np.full(sizes.num_examples, 1 / (budget.num_graphs - 1)),
          sizes.texts / (budget.num_texts - 1),
          sizes.text_tokens / budget.num_text_tokens,
          sizes.pieces / (budget.num_pieces or np.inf),
      ],
      axis=1,
  )  # [all, 7], shares of a pack
  units = []
  if partners is None:
    partners = np.full(len(examples), -1)
  for first, second in zip(examples.tolist(), partners.tolist(), strict=True):
    if second < 0:
      units.append([first])
    elif (demands[first] + demands[second]).max() <= 0.5:
      units.append([first, second])
    else:
      units += [[first], [second]]
  demands = np.array([demands[unit].sum(axis=0) for unit in units])
  demands = demands.reshape(-1, 7)  # there may be none
  num_packs = math.ceil(demands.sum(axis=0).max() * _SLACK)
  opened = _OpenPacks(max(1, num_packs), budget)
  for place in np.argsort(-demands.max(axis=1), kind='stable').tolist():
    windows = [
        sizes.windows[slice(*sizes.window_offset[example : example + 2])]
        for example in units[place]
    ]
    unit = units[place], demands[place], np.concatenate(windows).tolist()
    if not opened.add(*unit):
      opened.grow(budget)
      if not opened.add(*unit):
        raise ValueError(
            f'example {units[place][0]} does not fit an empty pack; split it '
            'first'
        )
  return opened.packs


def pair_views(
    order: np.ndarray, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Takes examples of one source two by two.

  Args:
    order: all examples, shuffled [n]; some may be there more than once.
    source: of each example [n].

  Returns:
    One example of each pair, in shuffled order, and the other or -1; of an odd
    number of views one is alone.
  """
  by_source = np.argsort(source[order], kind='stable')  # places in `order`
  sources = source[order[by_source]]
  begin = np.searchsorted(sources, sources)  # where the run of a source begins
  is_first = (np.arange(len(order)) - begin) % 2 == 0
  follows = np.append(sources[1:] == sources[:-1], False)
  partner = np.where(follows, np.roll(order[by_source], -1), -1)
  partner_at = np.full(len(order), -2)  # -2: it is another one's partner
  partner_at[by_source[is_first]] = partner[is_first]
  is_taken = partner_at > -2
  return order[is_taken], partner_at[is_taken]


class Plan:
  """The packs of all epochs of a shuffled dataset.

  Blocks are counted over all epochs: block i belongs to epoch i // num_blocks.
  Every epoch holds each example once, or as often as is said. A function of its
  arguments alone, so every process and every restart sees the same packs.

  Attributes:
    num_blocks: blocks of an epoch.
  """

  def __init__(
      self,
      sizes: Sizes,
      budget: batch_lib.Budget,
      seed: int,
      pair_views: bool = False,
      repeats: np.ndarray | None = None,
  ):
    """Plans nothing yet.

    Args:
      sizes: of the examples; none may be oversize.
      budget: of a pack.
      seed: of the order.
      pair_views: whether views of one source go into a pack two by two.
      repeats: how often an epoch holds each example, int [n]; once if None.
    """
    if repeats is None:
      repeats = np.ones(sizes.num_examples, np.int64)
    self._repeats = repeats
    self._sizes = sizes
    self._pair_views = pair_views
    self._budget = budget
    self._seed = seed
    tokens = (sizes.tokens * repeats).sum() / (
        budget.num_rows * budget.num_tokens
    )
    nodes = (sizes.nodes * repeats).sum() / (budget.num_nodes - 1)
    self.num_blocks = max(1, round(max(tokens, nodes) / PACKS_PER_BLOCK))
    self._cached = {}  # the last blocks planned

  def block(self, index: int) -> list[Pack]:
    """The packs of a block, shuffled."""
    if index not in self._cached:
      epoch, part = divmod(index, self.num_blocks)
      order = np.random.default_rng((self._seed, epoch)).permutation(
          np.repeat(np.arange(self._sizes.num_examples), self._repeats)
      )
      partners = np.full(len(order), -1)
      if self._pair_views:
        order, partners = pair_views(order, self._sizes.source)
      packs = plan_block(
          self._sizes,
          self._budget,
          np.array_split(order, self.num_blocks)[part],
          np.array_split(partners, self.num_blocks)[part],
      )
      rng = np.random.default_rng((self._seed, epoch, part))
      while len(self._cached) > 1:
        self._cached.pop(next(iter(self._cached)))
      self._cached[index] = [packs[i] for i in rng.permutation(len(packs))]
    return self._cached[index]

  def advance(
      self, position: tuple[int, int], num_packs: int
  ) -> tuple[list[Pack], tuple[int, int]]:
    """The next packs from a position, and the position after them.

    Args:
      position: a block and a place in it; (0, 0) is the start.
      num_packs: how many to take; they may come from several epochs.
    """
    block, place = position
    taken = []
    while len(taken) < num_packs:
      packs = self.block(block)[place : place + num_packs - len(taken)]
      taken += packs
      place += len(packs)
      if place >= len(self.block(block)):
        block, place = block + 1, 0
    return taken, (block, place)


def plan_epoch(
    sizes: Sizes,
    budget: batch_lib.Budget,
    seed: int,
    epoch: int,
    pair_views: bool = False,
) -> list[Pack]:
  """All packs of an epoch, in order; a function of its arguments alone."""
  plan = Plan(sizes, budget, seed, pair_views)
  blocks = range(epoch * plan.num_blocks, (epoch + 1) * plan.num_blocks)
  return [pack for i in blocks for pack in plan.block(i)]
