"""Families of nested loops: stencils, matrices, tables."""

import math
import random

from datasets.loop_vectorization.writing import (
    FLOATS,
    MOST,
    Sketch,
    literal,
    row_sums,
    sides_of,
    sized,
)


def _taps(rng: random.Random, kind: str, places: list[str]) -> str:
  """A weighted sum of places."""
  terms = []
  for place in places:
    weight = literal(rng, kind)
    terms.append(place if rng.random() < 0.3 else f'{weight} * {place}')
  return ' + '.join(terms)


def stencil_1d(rng: random.Random) -> str:
  """A weighted sum of neighbours on a line."""
  sketch, kind = Sketch(rng), rng.choice((*FLOATS, *FLOATS, 'int', 'short'))
  reach = rng.randint(1, 4)
  sketch.array('a', kind, sketch.trip + 2 * reach)
  sketch.output('y', kind, sketch.trip + 2 * reach)
  offsets = rng.sample(range(2 * reach + 1), rng.randint(2, 2 * reach + 1))
  value = _taps(rng, kind, [f'a[i + {o}]' for o in sorted(offsets)])
  if rng.random() < 0.3:
    sketch.array('c', kind, sketch.trip)
    value = f'c[i] * ({value})'
  return sketch.write(sketch.each(f'y[i + {reach}] = {value};'))


def stencil_2d(rng: random.Random) -> str:
  """Crosses and boxes in the plane."""
  kind = rng.choice((*FLOATS, *FLOATS, 'int'))
  rows, columns = sides_of(rng, 2)
  sketch = Sketch(rng, columns)
  height, width = rows + 2, columns + 2
  sketch.array('a', kind, height * width)
  sketch.output('y', kind, height * width)
  h, w = sized(sketch, h=height, w=width)
  places = [(-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)]
  if rng.random() < 0.4:
    places += [(-1, -1), (-1, 1), (1, -1), (1, 1)]
  places = rng.sample(places, rng.randint(3, len(places)))
  texts = [f'a[(i + {y}) * {w} + j + {x}]' for y, x in sorted(places)]
  value = _taps(rng, kind, [t.replace('+ -', '- ') for t in texts])
  body = (
      f'for (int i = 1; i < {h} - 1; ++i)\n'
      f'  for (int j = 1; j < {w} - 1; ++j)\n'
      f'    y[i * {w} + j] = {value};'
  )
  return sketch.write(body)


def stencil_3d(rng: random.Random) -> str:
  """Seven points in space, or some of them."""
  kind = rng.choice(FLOATS)
  depth, rows, columns = (min(s, 200) for s in sides_of(rng, 3, 120000))
  sketch = Sketch(rng, columns)
  sizes = dict(d=depth + 2, h=rows + 2, w=columns + 2)
  count = math.prod(sizes.values())
  sketch.array('a', kind, count)
  sketch.output('y', kind, count)
  d, h, w = sized(sketch, **sizes)
  steps = ['', ' - 1', ' + 1', f' - {w}', f' + {w}']
  steps += [f' - {h} * {w}', f' + {h} * {w}']
  chosen = [steps[0], *rng.sample(steps[1:], rng.randint(2, 6))]
  value = _taps(rng, kind, [f'a[at{step}]' for step in chosen])
  body = (
      f'for (int i = 1; i < {d} - 1; ++i)\n'
      f'  for (int j = 1; j < {h} - 1; ++j)\n'
      f'    for (int k = 1; k < {w} - 1; ++k) {{\n'
      f'      const int at = (i * {h} + j) * {w} + k;\n'
      f'      y[at] = {value};\n    }}'
  )
  return sketch.write(body)


def convolution(rng: random.Random) -> str:
  """A filter whose taps are the inner loop."""
  kind = rng.choice((*FLOATS, 'int', 'short'))
  total = 'int' if kind == 'short' else kind
  taps = rng.choice((3, 4, 5, 7, 8, 9, 12, 16, 25, 32, 64, 100))
  rows = rng.randint(4, min(MOST // taps, 3000))
  sketch = Sketch(rng, taps)
  sketch.array('a', kind, rows + taps)
  sketch.array('f', kind, taps)
  sketch.output('y', total, rows)
  n, m = sized(sketch, n=rows, m=taps)
  at = rng.choice(('i + j', f'i + {m} - 1 - j'))
  bias = '0' if rng.random() < 0.7 else literal(rng, total)
  body = row_sums(n, m, total, f's += a[{at}] * f[j];', start=bias)
  return sketch.write(body)


def sweep(rng: random.Random) -> str:
  """In-place relaxation: one direction is a recurrence, one is not."""
  kind = rng.choice(FLOATS)
  rows, columns = sides_of(rng, 2, 100000)
  sketch = Sketch(rng, columns)
  sketch.array('y', kind, (rows + 2) * (columns + 2), const=False)
  h, w = sized(sketch, h=rows + 2, w=columns + 2)
  quarter = '0.25f' if kind == 'float' else '0.25'
  up, down = f'y[(i - 1) * {w} + j]', f'y[(i + 1) * {w} + j]'
  left, right = f'y[i * {w} + j - 1]', f'y[i * {w} + j + 1]'
  chosen = rng.sample([up, down, left, right], rng.randint(2, 4))
  if rng.random() < 0.4:
    sketch.array('b', kind, (rows + 2) * (columns + 2))
    chosen.append(f'b[i * {w} + j]')
  body = (
      f'for (int i = 1; i < {h} - 1; ++i)\n'
      f'  for (int j = 1; j < {w} - 1; ++j)\n'
      f'    y[i * {w} + j] = {quarter} * ({" + ".join(chosen)});'
  )
  if rng.random() < 0.5:
    sketch.scalar('k', kind, 0.2)
    body = body.replace(quarter, 'k')
  return sketch.write(body)
