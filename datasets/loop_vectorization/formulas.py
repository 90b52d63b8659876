"""Families of long formulas at each point."""

import random

from datasets.loop_vectorization.writing import FLOATS, Sketch, literal


def polynomial(rng: random.Random) -> str:
  """A polynomial or a quotient of two, by Horner's rule, at each point."""
  sketch, kind = Sketch(rng), rng.choice(FLOATS)
  sketch.array('a', kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)

  def horner(degree):
    text = literal(rng, kind)
    for _ in range(degree):
      text = f'({text} * x + {literal(rng, kind)})'
    return text

  value = horner(rng.randint(2, 9))
  if rng.random() < 0.4:
    value = f'{value} / {horner(rng.randint(1, 5))}'
  lines = [f'const {kind} x = a[i];', f'y[i] = {value};']
  return sketch.write(sketch.block(lines))


def roots_and_quotients(rng: random.Random) -> str:
  """Long instructions: square roots and divisions."""
  sketch, kind = Sketch(rng), rng.choice(FLOATS)
  names = 'abc'[: rng.randint(2, 3)]
  sketch.inputs(names, kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)
  root = '__builtin_sqrtf' if kind == 'float' else '__builtin_sqrt'
  one = literal(rng, kind)
  squares = ' + '.join(f'{n}[i] * {n}[i]' for n in names)
  form = rng.choice(
      (
          f'{root}({squares} + {one})',
          f'{one} / {root}({squares} + {one})',
          f'a[i] / ({one} + {squares})',
          f'{root}(a[i]) / ({root}(b[i]) + {one})',
          f'a[i] / b[i] + b[i] / ({names[-1]}[i] + {one})',
      )
  )
  value = form
  if rng.random() < 0.5:
    value = f'{literal(rng, kind)} * {value} - {literal(rng, kind)}'
  return sketch.write(sketch.each(f'y[i] = {value};'))
