"""Families of loops whose iterations do not depend on each other."""

import random

from datasets.loop_vectorization.writing import (
    FLOATS,
    INTEGERS,
    WIDE_INTEGERS,
    Sketch,
    any_type,
    expression,
    literal,
)


def axpy(rng: random.Random) -> str:
  """y += a x, with one to three x and constants known or not."""
  sketch, kind = Sketch(rng), rng.choice((*FLOATS, *WIDE_INTEGERS))
  names = 'abc'[: rng.randint(1, 3)]
  sketch.inputs(names, kind, sketch.trip)
  sketch.array('y', kind, sketch.trip, const=False)
  terms = []
  for position, name in enumerate(names):
    factor = literal(rng, kind)
    if rng.random() < 0.5:
      sketch.scalar(f'k{position}', kind, 0.5 if kind in FLOATS else 3)
      factor = f'k{position}'
    terms.append(f'{factor} * {name}[i]')
  return sketch.write(
      sketch.each(f'y[i] += {" + ".join(terms)};'),
      restrict=rng.random() < 0.7,
  )


def elementwise(rng: random.Random) -> str:
  """One output, a random expression of up to five inputs."""
  sketch, kind = Sketch(rng), any_type(rng)
  names = 'abcde'[: rng.randint(1, 5)]
  sketch.inputs(names, kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)
  value = expression(rng, kind, [f'{n}[i]' for n in names], rng.randint(0, 4))
  return sketch.write(
      sketch.each(f'y[i] = {value};'), restrict=rng.random() < 0.7
  )


def many_outputs(rng: random.Random) -> str:
  """Two or three outputs of the same inputs."""
  sketch, kind = Sketch(rng), any_type(rng)
  names = 'abc'[: rng.randint(1, 3)]
  sketch.inputs(names, kind, sketch.trip)
  lines = []
  for output in 'xyz'[: rng.randint(2, 3)]:
    sketch.output(output, kind, sketch.trip)
    leaves = [f'{n}[i]' for n in names]
    value = expression(rng, kind, leaves, rng.randint(0, 3))
    lines.append(f'{output}[i] = {value};')
  return sketch.write(sketch.block(lines))


def conversion(rng: random.Random) -> str:
  """One type in, another one out."""
  sketch = Sketch(rng)
  kinds = (*FLOATS, *INTEGERS, *WIDE_INTEGERS)
  source, target = rng.sample(kinds, 2)
  sketch.array('a', source, sketch.trip)
  sketch.output('y', target, sketch.trip)
  middle = rng.choice((source, target, 'int', 'float'))
  if middle in FLOATS and target in ('unsigned char', 'unsigned short'):
    middle = 'int'
  value = expression(rng, middle, [f'({middle})a[i]'], rng.randint(0, 2))
  return sketch.write(sketch.each(f'y[i] = ({target})({value});'))


def mixed_types(rng: random.Random) -> str:
  """Narrow integers, scaled by a floating-point array."""
  sketch = Sketch(rng)
  narrow, wide = rng.choice(INTEGERS), rng.choice(FLOATS)
  sketch.array('q', narrow, sketch.trip)
  sketch.array('scale', wide, sketch.trip)
  target = rng.choice((*FLOATS, 'int'))
  sketch.output('y', target, sketch.trip)
  leaves = [f'({wide})q[i]', 'scale[i]']
  if rng.random() < 0.5:
    other = rng.choice((*INTEGERS, *FLOATS))
    sketch.array('b', other, sketch.trip)
    leaves.append(f'({wide})b[i]')
  value = expression(rng, wide, leaves, rng.randint(0, 2))
  return sketch.write(sketch.each(f'y[i] = ({target})({value});'))


def clamp(rng: random.Random) -> str:
  """Values cut off below, above or on both sides."""
  sketch, kind = Sketch(rng), any_type(rng)
  sketch.array('a', kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)
  value = expression(rng, kind, ['a[i]'], rng.randint(0, 2))
  wide = kind if kind in (*FLOATS, 'long long') else 'int'
  low, high = literal(rng, wide), literal(rng, wide)
  lines = [f'{wide} v = {value};']
  which = rng.choice(('low', 'high', 'both'))
  if which != 'high':
    lines.append(f'v = v < {low} ? {low} : v;')
  if which != 'low':
    high = f'({low} + {high})'
    lines.append(
        rng.choice(
            (f'if (v > {high}) v = {high};', f'v = v > {high} ? {high} : v;')
        )
    )
  lines.append(f'y[i] = ({kind})v;')
  return sketch.write(sketch.block(lines))


def predicated_store(rng: random.Random) -> str:
  """A store under a condition that is rarely, often or usually true."""
  sketch, kind = Sketch(rng), any_type(rng)
  names = 'ab'[: rng.randint(1, 2)]
  sketch.inputs(names, kind, sketch.trip)
  sketch.array('c', 'int', sketch.trip, 'uniform(0, 99)')
  sketch.output('y', kind, sketch.trip)
  value = expression(rng, kind, [f'{n}[i]' for n in names], rng.randint(0, 3))
  limit = rng.choice((3, 20, 50, 80, 97))
  if rng.random() < 0.4:
    sketch.scalar('limit', 'int', limit)
    limit = 'limit'
  body = sketch.block([f'if (c[i] < {limit}) y[i] = {value};'])
  return sketch.write(body)


def branches(rng: random.Random) -> str:
  """if, else if, else: a different value on each path."""
  sketch, kind = Sketch(rng), any_type(rng)
  names = 'ab'[: rng.randint(1, 2)]
  sketch.inputs(names, kind, sketch.trip)
  sketch.array('c', rng.choice(('int', 'float')), sketch.trip, 'uniform(0, 99)')
  sketch.output('y', kind, sketch.trip)
  limits = sorted(rng.sample(range(5, 95, 5), rng.randint(1, 3)))
  lines = []
  for position, limit in enumerate([*limits, None]):
    leaves = rng.sample([f'{n}[i]' for n in names], rng.randint(1, len(names)))
    value = expression(rng, kind, leaves, rng.randint(1, 3))
    word = 'else ' if position else ''
    word += f'if (c[i] < {limit}) ' if limit is not None else ''
    lines.append(f'{word}y[i] = {value};')
  return sketch.write(sketch.block(lines))


def select(rng: random.Random) -> str:
  """One of two inputs, by a comparison of them or of a mask."""
  sketch, kind = Sketch(rng), any_type(rng)
  sketch.inputs('ab', kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)
  condition = f'a[i] {rng.choice("<>")} b[i]'
  if rng.random() < 0.5:
    mask = rng.choice(('unsigned char', 'int', kind))
    sketch.array('m', mask, sketch.trip, 'uniform(0, 1)')
    condition = 'm[i] > 0' if mask not in FLOATS else 'm[i] > 0.5f'
  values = [
      expression(rng, kind, [f'{name}[i]'], rng.randint(0, 2)) for name in 'ab'
  ]
  body = (
      f'for (int i = 0; i < {sketch.n}; ++i)\n'
      f'  y[i] = {condition} ? {values[0]} : {values[1]};'
  )
  return sketch.write(body)
