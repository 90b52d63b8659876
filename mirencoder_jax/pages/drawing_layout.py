"""Where everything of a drawn function stands.

Blocks are put in layers by the longest way from the entry, leaving out the
edges that go back; inside a layer they keep the order of the text, moved under
their predecessors.
"""

import collections
import dataclasses

from mirencoder_jax.ir.module import Function
from mirencoder_jax.pages import edge_routes
from mirencoder_jax.pages.edge_routes import Card

_CHARACTER = 6.63  # width of one at 11 px
_ROW = 16
_HEAD = 18  # of a card, for its label
_PAD = 6
_GAP_X, _GAP_Y = 46, 34
_MARGIN = 40
_DOT = 9
_MAX_TEXT = 84  # characters of a row


@dataclasses.dataclass
class Dot:
  """An operand: a variable or a constant."""

  kind: str
  text: str
  x: float
  y: float


@dataclasses.dataclass
class Row:
  """An instruction; `y` is the baseline of its text."""

  number: int
  text: str
  full_text: str
  is_call: bool
  x: float
  y: float
  width: float
  dots: list[Dot]


@dataclasses.dataclass
class Edge:
  """A curve; of data from an instruction to one that uses its result."""

  path: str
  is_back: bool = False
  sender: int = -1
  receiver: int = -1


@dataclasses.dataclass
class Layout:
  """Everything of a function, in pixels."""

  width: float
  height: float
  cards: list[Card]
  rows: list[Row]
  control: list[Edge]
  data: list[Edge]


def lay_out(function: Function) -> Layout:
  """Places the blocks, instructions and edges of a function."""
  texts = _texts(function)
  operands = _operands(function)
  back = _back_edges(function.successors)
  layers = _layers(function.successors, back)
  cards = _place_cards(function, texts, operands, layers)
  rows = _place_rows(function, texts, operands, cards)
  width = max(card.x + card.width for card in cards) + _MARGIN * 2
  height = max(card.y + card.height for card in cards) + _MARGIN
  router = edge_routes.Router(cards)
  control = _control(function, cards, back, router)
  data = _data(function, cards, rows, router)
  return Layout(width, height, cards, rows, control, data)


def _texts(function: Function) -> list[str]:
  ends = [*function.offsets[1:], len(function.words)]
  texts = []
  for begin, end in zip(function.offsets, ends, strict=True):
    words = function.words[begin:end]
    if words and words[0][:1] == 'b' and words[0][-1:] == ':':
      words = words[1:]
    texts.append(' '.join(words))
  return texts


def _operands(function: Function) -> dict[int, list[tuple[int, str, str]]]:
  """(position, kind, text) of each instruction's operands."""
  found = collections.defaultdict(list)
  for user, position, text in zip(
      function.use_users,
      function.use_positions,
      function.use_types,
      strict=True,
  ):
    found[user].append((position, 'variable', text))
  for user, position, number in zip(
      function.parameter_users,
      function.parameter_positions,
      function.parameter_numbers,
      strict=True,
  ):
    text = f'{function.parameters[number][0]}, parameter {number}'
    found[user].append((position, 'variable', text))
  for user, position, constant in zip(
      function.constant_users,
      function.constant_positions,
      function.constants,
      strict=True,
  ):
    found[user].append((position, 'constant', constant.words))
  return {user: sorted(operands) for user, operands in found.items()}


def _back_edges(successors: list[list[int]]) -> set[tuple[int, int]]:
  """Edges to a block that is still open in a depth-first walk."""
  back, state = set(), [0] * len(successors)
  for root in range(len(successors)):
    if state[root]:
      continue
    state[root] = 1
    stack = [(root, iter(successors[root]))]
    while stack:
      block, rest = stack[-1]
      for target in rest:
        if state[target] == 1:
          back.add((block, target))
        elif state[target] == 0:
          state[target] = 1
          stack.append((target, iter(successors[target])))
          break
      else:
        state[block] = 2
        stack.pop()
  return back


def _layers(
    successors: list[list[int]], back: set[tuple[int, int]]
) -> list[list[int]]:
  """Blocks by the longest way from a block without predecessors."""
  forward = [
      [t for t in targets if (block, t) not in back]
      for block, targets in enumerate(successors)
  ]
  waiting = collections.Counter(t for targets in forward for t in targets)
  depth = [0] * len(successors)
  ready = collections.deque(b for b in range(len(forward)) if not waiting[b])
  while ready:
    block = ready.popleft()
    for target in forward[block]:
      depth[target] = max(depth[target], depth[block] + 1)
      waiting[target] -= 1
      if not waiting[target]:
        ready.append(target)
  layers = [[] for _ in range(max(depth) + 1)]
  for block, level in enumerate(depth):
    layers[level].append(block)
  return layers


def _place_cards(function, texts, operands, layers) -> list[Card]:
  starts = function.block_starts
  cards = [Card(f'b{b}', 0, 0, 0, 0) for b in range(len(starts) - 1)]
  for block, card in enumerate(cards):
    lines = range(starts[block], starts[block + 1])
    card.width = max(
        min(len(texts[i]), _MAX_TEXT) * _CHARACTER
        + (len(operands.get(i, ())) + 1) * _DOT
        + 2 * _PAD
        for i in lines
    )
    card.height = _HEAD + len(lines) * _ROW + _PAD
  ports = collections.defaultdict(list)  # where edges from above leave
  y = _MARGIN / 2
  for layer in layers:
    wish = {b: sum(ports[b]) / max(1, len(ports[b])) for b in layer}
    layer = sorted(layer, key=wish.get)
    total = sum(cards[b].width for b in layer) + _GAP_X * (len(layer) - 1)
    x = sum(wish.values()) / len(layer) - total / 2
    for block in layer:
      cards[block].x, cards[block].y = x, y
      targets = function.successors[block]
      for place, target in enumerate(targets):
        ports[target].append(_port(cards[block], place, len(targets)))
      x += cards[block].width + _GAP_X
    y += max(cards[b].height for b in layer) + _GAP_Y
  left = min(card.x for card in cards) - _MARGIN
  for card in cards:
    card.x -= left
  return cards


def _place_rows(function, texts, operands, cards) -> list[Row]:
  rows = []
  called = {number for number, _ in function.calls}
  for number, text in enumerate(texts):
    block = function.block_of[number]
    card = cards[block]
    place = number - function.block_starts[block]
    y = card.y + _HEAD + place * _ROW + 11
    mine = operands.get(number, [])
    first = card.x + card.width - _PAD - _DOT * len(mine)
    rows.append(
        Row(
            number=number,
            text=_shortened(text),
            full_text=text,
            is_call=number in called,
            x=card.x,
            y=y,
            width=card.width,
            dots=[
                Dot(kind, f'operand {at}: {what}', first + i * _DOT, y - 4)
                for i, (at, kind, what) in enumerate(mine)
            ],
        )
    )
  return rows


def _shortened(text: str) -> str:
  return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + '…'


def _port(card: Card, place: int, total: int) -> float:
  """Where an edge leaves the bottom of a card."""
  return card.x + card.width * (place + 1) / (total + 1)


def _control(function, cards, back, router) -> list[Edge]:
  edges = []
  for block, targets in enumerate(function.successors):
    for place, target in enumerate(targets):
      a, b = cards[block], cards[target]
      is_back = (block, target) in back
      if is_back:
        path = router.beside(a, a.bottom - 8, b, b.y + 9, -1)
      else:
        path = router.down(a, _port(a, place, len(targets)), b)
      edges.append(Edge(path, is_back))
  return edges


def _data(function, cards, rows, router) -> list[Edge]:
  """From the right end of a row to the right end of one that uses it."""
  edges = []
  for user, definition in dict.fromkeys(
      zip(function.use_users, function.use_definitions, strict=True)
  ):
    ends = []
    for number in (definition, user):
      ends += [cards[function.block_of[number]], rows[number].y - 4]
    path = router.beside(*ends, +1)
    edges.append(Edge(path, sender=definition, receiver=user))
  return edges
