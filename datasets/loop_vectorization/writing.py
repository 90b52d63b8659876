"""What all families write with: types, sizes, expressions, the file's form."""

import math
import random
from collections.abc import Sequence

FLOATS = ('float', 'double')
INTEGERS = ('int', 'short', 'signed char', 'unsigned char', 'unsigned short')
WIDE_INTEGERS = ('int', 'unsigned', 'long long')
# Iterations of all levels of a nest: a call stays below a millisecond.
MOST = 300000
# Trip counts from a handful, where the loop around the loop counts, to more
# than the first two caches hold.
_TRIPS = (
    (1, (3, 24)),
    (2, (25, 100)),
    (3, (101, 600)),
    (5, (601, 4096)),
    (4, (4097, 20000)),
    (1, (60000, 200000)),
)


class Sketch:
  """A loop in the making: what it reads, and how long it is.

  Attributes:
    rng: where all choices come from.
    trip: its trip count.
    known: the trip count stands in the code as a number.
  """

  def __init__(self, rng: random.Random, trip: int | None = None):
    self.rng = rng
    self.trip = trip or draw_trip(rng)
    self.known = rng.random() < 0.3
    self._arrays: dict[str, tuple[str, str, bool, str]] = {}
    self._scalars: dict[str, tuple[str, str]] = {}

  @property
  def n(self) -> str:
    """How the code spells the trip count."""
    if self.known:
      return str(self.trip)
    self.scalar('n', 'int', self.trip)
    return 'n'

  def scalar(self, name: str, kind: str, value: float | int) -> str:
    self._scalars[name] = (kind, repr(value))
    return name

  def array(
      self,
      name: str,
      kind: str,
      count: int,
      content: str | None = None,
      *,
      const: bool = True,
      declared: str | None = None,
  ) -> str:
    """Declares an array; `declared` is its C type if it is not `kind`."""
    content = content or ordinary(kind)
    self._arrays[name] = (kind, f'{count}] {content}', const, declared or kind)
    return name

  def output(self, name: str, kind: str, count: int, **keywords) -> str:
    return self.array(name, kind, count, 'constant(0)', const=False, **keywords)

  def inputs(self, names: str, kind: str, count: int) -> None:
    """An array for each letter."""
    for name in names:
      self.array(name, kind, count)

  def each(self, statement: str) -> str:
    """A loop over the trip count, around one statement."""
    return f'for (int i = 0; i < {self.n}; ++i) {statement}'

  def block(self, lines: Sequence[str]) -> str:
    """The same, around several."""
    inner = '\n'.join(f'  {line}' for line in lines)
    return self.each(f'{{\n{inner}\n}}')

  def write(
      self,
      body: str,
      *,
      returns: str = 'void',
      prelude: str = '',
      restrict: bool = True,
  ) -> str:
    """The file: settings, then the function; `generate` says its family."""
    lines = [f'// {name} = {v}' for name, (_, v) in self._scalars.items()]
    lines += [
        f'// {name} = {kind}[{rest}'
        for name, (kind, rest, _, _) in self._arrays.items()
    ]
    stars = '*restrict ' if restrict else '*'
    parameters = [
        f'{"const " if const else ""}{declared} {stars}{name}'
        for name, (_, _, const, declared) in self._arrays.items()
    ]
    parameters += [
        f'{kind} {name}' for name, (kind, _) in self._scalars.items()
    ]
    indented = '\n'.join(f'  {line}' for line in body.strip('\n').split('\n'))
    head = f'{returns} loop({", ".join(parameters)})'
    return '\n'.join([*lines, '', f'{prelude}{head} {{', indented, '}', ''])


def draw_trip(rng: random.Random, most: int = 1 << 30) -> int:
  """A trip count; half of them round, as people choose them."""
  weights, ranges = zip(*_TRIPS, strict=True)
  low, high = rng.choices(ranges, weights)[0]
  low, high = min(low, most), min(high, most)
  trip = rng.randint(low, high)
  if rng.random() < 0.5:
    unit = 1 << max(trip.bit_length() - 3, 0)
    trip = max(trip // unit * unit, 1)
  return trip


def sides_of(rng: random.Random, levels: int, most: int = MOST) -> list[int]:
  """Trip counts of a nest, the inner one last."""
  inner = draw_trip(rng, 4096)
  sides = [inner]
  for _ in range(levels - 1):
    room = max(most // max(math.prod(sides), 1), 2)
    sides.insert(0, rng.randint(2, min(room, 400)))
  return sides


def sized(sketch: Sketch, **sizes: int) -> list[str]:
  """Spells sizes as parameters, or as numbers."""
  if sketch.known:
    return [str(size) for size in sizes.values()]
  return [sketch.scalar(name, 'int', size) for name, size in sizes.items()]


def nest(n: str, m: str, statement: str) -> str:
  """Two loops around a statement."""
  return (
      f'for (int i = 0; i < {n}; ++i)\n'
      f'  for (int j = 0; j < {m}; ++j) {statement}'
  )


def row_sums(
    n: str, m: str, kind: str, update: str, start: str = '0', result: str = 's'
) -> str:
  """A reduction `s` of each row, which is written to `y`."""
  return (
      f'for (int i = 0; i < {n}; ++i) {{\n'
      f'  {kind} s = {start};\n'
      f'  for (int j = 0; j < {m}; ++j) {update}\n'
      f'  y[i] = {result};\n}}'
  )


def any_type(rng: random.Random) -> str:
  """A type of scalars, floating point a little more often."""
  return rng.choice((*FLOATS, *FLOATS, *INTEGERS, *WIDE_INTEGERS))


def ordinary(kind: str) -> str:
  """Contents for which sums and products of a few stay in range."""
  if kind in FLOATS:
    return 'uniform(0.25, 1.75)'
  return 'uniform(0, 100)' if 'unsigned' in kind else 'uniform(-60, 60)'


def literal(rng: random.Random, kind: str) -> str:
  """A constant of a type, as C spells it."""
  if kind in FLOATS:
    text = f'{rng.uniform(0.1, 2.5):.3g}'
    text = text if '.' in text else f'{text}.0'
    return f'{text}f' if kind == 'float' else text
  return str(rng.randint(2, 9))


def expression(
    rng: random.Random, kind: str, leaves: Sequence[str], depth: int
) -> str:
  """A random expression in which every leaf stands once.

  Args:
    rng: where the choices come from.
    kind: type of the leaves, which says what operators there are.
    leaves: what it is made of.
    depth: how many unary operators or constants it may add.
  """
  terms = list(leaves)
  rng.shuffle(terms)
  operators = ['+', '-', '*', '+', '*']
  operators += [] if kind in FLOATS else ['&', '|', '^']
  for _ in range(depth):
    at = rng.randrange(len(terms))
    if kind in FLOATS:
      root = '__builtin_sqrtf' if kind == 'float' else '__builtin_sqrt'
      magnitude = '__builtin_fabsf' if kind == 'float' else '__builtin_fabs'
      one = '1.0f' if kind == 'float' else '1.0'
      form = rng.choice(
          ['({0} * {1})', '({0} + {1})', '({1} - {0})']
          + [f'{root}({magnitude}({{0}}))', f'{magnitude}({{0}} - {{1}})']
          + [f'({{1}} / ({one} + {{0}} * {{0}}))']
      )
    else:
      form = rng.choice(
          ['({0} * {1})', '({0} + {1})', '({0} >> {1} % 4)', '({0} ^ {1})']
          + ['({0} > {1} ? {0} : {1})', '({0} << 2)', '(~{0})']
      )
    terms[at] = form.format(terms[at], literal(rng, kind))
  while len(terms) > 1:
    left, right = terms.pop(), terms.pop()
    terms.append(f'({left} {rng.choice(operators)} {right})')
    rng.shuffle(terms)
  text = terms[0]
  return text[1:-1] if _is_wrapped(text) else text


def _is_wrapped(text: str) -> bool:
  """Whether the first bracket closes with the last."""
  depth = 0
  for offset, char in enumerate(text):
    depth += (char == '(') - (char == ')')
    if not depth:
      return offset == len(text) - 1 and text[0] == '('
  return False
