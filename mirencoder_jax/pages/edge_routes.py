"""Ways of edges between cards that stand in layers, around all of them.

Between two layers is a gap, between two cards of a layer another. An edge
leaves its card, crosses gaps sideways and passes layers in a lane without a
card.
"""

import dataclasses
import itertools
from collections.abc import Sequence

# Between a lane and a card, in turn, so that edges lie apart.
_DOWN, _BESIDE = (8, 11), (14, 18, 22, 26)
_BULGE = 40  # of an edge inside a card, at most


@dataclasses.dataclass
class Card:
  """A basic block; (x, y) is its upper left corner, in pixels."""

  label: str
  x: float
  y: float
  width: float
  height: float

  @property
  def right(self) -> float:
    return self.x + self.width

  @property
  def bottom(self) -> float:
    return self.y + self.height


class Router:
  """Paths (SVG's `d`) between cards; those of a layer have one `y`."""

  def __init__(self, cards: Sequence[Card]):
    self._layers: dict[float, list[Card]] = {}
    for card in sorted(cards, key=lambda c: c.y):
      self._layers.setdefault(card.y, []).append(card)
    self._tops = list(self._layers)
    self._bottoms = [max(c.bottom for c in x) for x in self._layers.values()]
    self._down = itertools.cycle(_DOWN)
    self._beside = itertools.cycle(_BESIDE)

  def down(self, card: Card, x: float, target: Card) -> str:
    """From the bottom of a card, at `x`, to the top of one in a later layer."""
    here, there = self._tops.index(card.y), self._tops.index(target.y)
    path = f'M{x:.0f} {card.bottom:.0f}V{self._bottoms[here]:.0f}'
    end = target.x + target.width / 2
    return path + self._across(here, there, x, end, next(self._down))

  def beside(
      self, card: Card, y: float, target: Card, target_y: float, side: int
  ) -> str:
    """From one side (-1 left, 1 right) of a card to the same of another."""
    begin, end = (c.x if side < 0 else c.right for c in (card, target))
    start = f'M{begin:.0f} {y:.0f}'
    if card.y == target.y:
      bulge = 12 + min(_BULGE, abs(target_y - y) / 4)
      x = (min if side < 0 else max)(begin, end) + side * bulge
      return (
          start
          + f'C{x:.0f} {y:.0f} {x:.0f} {target_y:.0f} '
          + (f'{end:.0f} {target_y:.0f}')
      )
    here, there = self._tops.index(card.y), self._tops.index(target.y)
    clear = next(self._beside)
    x, last = begin + side * clear, end + side * clear
    turn = 9 if here < there else -9
    border = self._bottoms[here] if here < there else self._tops[here]
    return (
        f'{start}Q{x:.0f} {y:.0f} {x:.0f} {y + turn:.0f}V{border:.0f}'
        + self._across(here, there, x, last, clear)
        + f'V{target_y - turn:.0f}Q{last:.0f} {target_y:.0f} '
        f'{end:.0f} {target_y:.0f}'
    )

  def _across(
      self, here: int, there: int, x: float, end: float, clear: float
  ) -> str:
    """From the border of one layer to that of another, past those between."""
    step = 1 if here < there else -1
    inner = range(here + step, there, step)
    near, far = self._bottoms, self._tops
    if step < 0:
      near, far = far, near
    if not inner:
      return _sideways(x, near[here], end, far[there])
    taken = [
        (card.x - clear, card.right + clear)
        for i in inner
        for card in self._layers[self._tops[i]]
    ]
    lane = _lane(taken, x, end)
    return (
        _sideways(x, near[here], lane, far[inner[0]])
        + f'V{near[inner[-1]]:.0f}'
        + _sideways(lane, near[inner[-1]], end, far[there])
    )


def _lane(taken: Sequence[tuple[float, float]], x: float, end: float) -> float:
  """The one outside all that is taken on the shortest way from x to end."""
  free = [
      lane
      for lane in {x, end, *itertools.chain(*taken)}
      if not any(low < lane < high for low, high in taken)
  ]
  return min(free, key=lambda lane: (abs(lane - x) + abs(lane - end), lane))


def _sideways(x: float, y: float, end: float, end_y: float) -> str:
  """An S in the gap between two layers."""
  middle = (y + end_y) / 2
  return f'C{x:.0f} {middle:.0f} {end:.0f} {middle:.0f} {end:.0f} {end_y:.0f}'
