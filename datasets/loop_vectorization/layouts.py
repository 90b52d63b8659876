"""Families of ways through memory: strides, indices, structs, channels."""

import random

from datasets.loop_vectorization.writing import (
    FLOATS,
    Sketch,
    any_type,
    expression,
    literal,
)

_FIELDS = ('x', 'y', 'z', 'w', 'm', 'u', 'v', 't')


def strided_load(rng: random.Random) -> str:
  """Every s-th element is read, perhaps with its neighbours."""
  sketch, kind = Sketch(rng), any_type(rng)
  stride = rng.choice((2, 2, 3, 4, 5, 7, 8, 16))
  if sketch.trip * stride > 400000:
    sketch.trip //= stride
  sketch.array('a', kind, sketch.trip * stride)
  sketch.output('y', kind, sketch.trip)
  offsets = rng.sample(range(stride), rng.randint(1, min(stride, 4)))
  at = f'i * {stride}'
  if rng.random() < 0.25:
    sketch.scalar('stride', 'int', stride)
    at = 'i * stride'
  leaves = [f'a[{at} + {o}]' for o in offsets]
  value = expression(rng, kind, leaves, rng.randint(0, 2))
  return sketch.write(sketch.each(f'y[i] = {value};'))


def strided_store(rng: random.Random) -> str:
  """Every s-th element is written, or a whole group of s."""
  sketch, kind = Sketch(rng), any_type(rng)
  stride = rng.choice((2, 2, 3, 4, 6, 8))
  if sketch.trip * stride > 400000:
    sketch.trip //= stride
  sketch.inputs('ab', kind, sketch.trip)
  sketch.output('y', kind, sketch.trip * stride)
  offsets = sorted(rng.sample(range(stride), rng.randint(1, stride)))[:4]
  lines = []
  for offset in offsets:
    value = expression(rng, kind, ['a[i]', 'b[i]'], rng.randint(0, 1))
    lines.append(f'y[{stride} * i + {offset}] = {value};')
  return sketch.write(sketch.block(lines))


def stepped(rng: random.Random) -> str:
  """A counter that advances by a step, known or not."""
  sketch, kind = Sketch(rng), any_type(rng)
  step = rng.choice((2, 3, 4, 8))
  sketch.trip = min(sketch.trip, 60000)
  count = sketch.trip * step
  sketch.inputs('ab', kind, count)
  sketch.array('y', kind, count, 'constant(0)', const=False)
  sketch.trip = count
  word = str(step)
  if rng.random() < 0.5:
    word = sketch.scalar('step', 'int', step)
  value = expression(rng, kind, ['a[i]', 'b[i]'], rng.randint(0, 2))
  body = f'for (int i = 0; i < {sketch.n}; i += {word}) y[i] = {value};'
  return sketch.write(body)


def gather(rng: random.Random) -> str:
  """Reads through an array of indices into a small or a large table."""
  sketch, kind = Sketch(rng), any_type(rng)
  table = rng.choice((16, 64, 256, 1000, 4096, 30000, 300000))
  index = rng.choice(('int', 'int', 'unsigned', 'unsigned short', 'long long'))
  if index == 'unsigned short':
    table = min(table, 30000)
  sketch.array('table', kind, table)
  sketch.array('at', index, sketch.trip, f'index({table})')
  sketch.output('y', kind, sketch.trip)
  leaves = ['table[at[i]]']
  if rng.random() < 0.6:
    sketch.array('b', kind, sketch.trip)
    leaves.append('b[i]')
  value = expression(rng, kind, leaves, rng.randint(0, 3))
  return sketch.write(sketch.each(f'y[i] = {value};'))


def scatter(rng: random.Random) -> str:
  """Writes through a permutation, which the compiler cannot know."""
  sketch, kind = Sketch(rng), any_type(rng)
  sketch.array('a', kind, sketch.trip)
  sketch.array('at', 'int', sketch.trip, 'permutation')
  sketch.output('y', kind, sketch.trip)
  value = expression(rng, kind, ['a[i]'], rng.randint(0, 4))
  operator = rng.choice(('=', '=', '+=')) if kind in FLOATS else '='
  return sketch.write(sketch.each(f'y[at[i]] {operator} {value};'))


def reverse(rng: random.Random) -> str:
  """Counts down, or reads from the end."""
  sketch, kind = Sketch(rng), any_type(rng)
  sketch.inputs('ab', kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)
  n = sketch.n
  at = rng.choice(('a', 'b', 'ab'))
  leaves = [f'{x}[{n} - 1 - i]' if x in at else f'{x}[i]' for x in 'ab']
  value = expression(rng, kind, leaves, rng.randint(0, 2))
  header = f'int i = 0; i < {n}; ++i'
  if rng.random() < 0.4:
    header = f'int i = {n} - 1; i >= 0; --i'
  return sketch.write(f'for ({header}) y[i] = {value};')


def array_of_structs(rng: random.Random) -> str:
  """Some fields of each struct are read; one number comes out."""
  sketch = Sketch(rng)
  kind = rng.choice((*FLOATS, 'int', 'short', 'unsigned char'))
  num_fields = rng.randint(2, 6)
  fields = _FIELDS[:num_fields]
  sketch.trip = min(sketch.trip, 60000)
  prelude = f'struct point {{ {kind} {", ".join(fields)}; }};\n\n'
  sketch.array('p', kind, sketch.trip * num_fields, declared='struct point')
  sketch.output('y', kind, sketch.trip)
  used = rng.sample(fields, rng.randint(1, min(num_fields, 4)))
  value = expression(rng, kind, [f'p[i].{f}' for f in used], rng.randint(0, 3))
  return sketch.write(sketch.each(f'y[i] = {value};'), prelude=prelude)


def update_structs(rng: random.Random) -> str:
  """Structs are read and written: every field, or some."""
  sketch, kind = Sketch(rng), rng.choice((*FLOATS, 'int'))
  half = rng.randint(1, 3)
  fields = _FIELDS[: 2 * half]
  sketch.trip = min(sketch.trip, 40000)
  prelude = f'struct body {{ {kind} {", ".join(fields)}; }};\n\n'
  count = sketch.trip * len(fields)
  sketch.array('p', kind, count, const=False, declared='struct body')
  step = literal(rng, kind)
  if rng.random() < 0.5:
    sketch.scalar('step', kind, 0.01 if kind in FLOATS else 2)
    step = 'step'
  lines = []
  for position in range(half):
    place, speed = fields[position], fields[half + position]
    lines.append(f'p[i].{place} += {step} * p[i].{speed};')
  if rng.random() < 0.4:
    lines.append(f'p[i].{fields[-1]} -= {literal(rng, kind)};')
  return sketch.write(sketch.block(lines), prelude=prelude)


def struct_of_arrays(rng: random.Random) -> str:
  """The same work, with an array for each field."""
  sketch, kind = Sketch(rng), rng.choice((*FLOATS, 'int', 'short'))
  fields = 'xyz'[: rng.randint(2, 3)]
  sketch.trip = min(sketch.trip, 60000)
  for field in fields:
    sketch.array(field, kind, sketch.trip, const=False)
    sketch.array(f'v{field}', kind, sketch.trip)
  step = literal(rng, kind)
  lines = [f'{f}[i] += {step} * v{f}[i];' for f in fields]
  if rng.random() < 0.5:
    sketch.output('energy', kind, sketch.trip)
    terms = ' + '.join(f'v{f}[i] * v{f}[i]' for f in fields)
    lines.append(f'energy[i] = {terms};')
  return sketch.write(sketch.block(lines))


def complex_arithmetic(rng: random.Random) -> str:
  """Products, conjugates and magnitudes of interleaved complex numbers."""
  sketch, kind = Sketch(rng), rng.choice(FLOATS)
  sketch.trip = min(sketch.trip, 60000)
  sketch.inputs('ab', kind, 2 * sketch.trip)
  form = rng.choice(('product', 'conjugate', 'magnitude', 'scale', 'update'))
  sign = rng.choice('+-')
  k = literal(rng, kind)
  ar, ai, br, bi = 'a[2 * i]', 'a[2 * i + 1]', 'b[2 * i]', 'b[2 * i + 1]'
  if form == 'magnitude':
    sketch.output('y', kind, sketch.trip)
    lines = [f'y[i] = {k} * ({ar} * {ar} + {ai} * {ai}) {sign} {br};']
  else:
    if form == 'update':
      sketch.array('y', kind, 2 * sketch.trip, const=False)
    else:
      sketch.output('y', kind, 2 * sketch.trip)
    operator = '+=' if form == 'update' else '='
    flip = '+' if form == 'conjugate' else '-'
    back = '-' if form == 'conjugate' else '+'
    real = f'{ar} * {br} {flip} {ai} * {bi}'
    imaginary = f'{ar} * {bi} {back} {ai} * {br}'
    if form == 'scale':
      real, imaginary = f'{k} * {ar} {sign} {br}', f'{k} * {ai} {sign} {bi}'
    elif rng.random() < 0.5:
      real, imaginary = f'{k} * ({real})', f'{k} * ({imaginary})'
    lines = [
        f'y[2 * i] {operator} {real};',
        f'y[2 * i + 1] {operator} {imaginary};',
    ]
  return sketch.write(sketch.block(lines))


def pixels(rng: random.Random) -> str:
  """Interleaved bytes of an image: grey values, blends, swaps of channels."""
  sketch = Sketch(rng)
  sketch.trip = min(sketch.trip, 100000)
  channels = rng.choice((3, 4))
  sketch.array('a', 'unsigned char', channels * sketch.trip, 'uniform(0, 255)')
  form = rng.choice(('grey', 'swap', 'blend', 'threshold'))
  at = [f'a[{channels} * i + {c}]' for c in range(3)]
  weights = [rng.randint(10, 100) for _ in range(3)]
  shift = rng.choice((7, 8))
  total = ' + '.join(f'{w} * {v}' for w, v in zip(weights, at, strict=True))
  if form in ('grey', 'threshold'):
    sketch.output('y', 'unsigned char', sketch.trip)
    value = f'({total}) >> {shift}'
    if form == 'threshold':
      value = f'({value}) > {rng.randint(30, 200)} ? 255 : 0'
    lines = [f'y[i] = (unsigned char)({value});']
  else:
    sketch.output('y', 'unsigned char', channels * sketch.trip)
    order = rng.sample(range(3), 3)
    lines = []
    for channel in range(3):
      value = at[order[channel]]
      if form == 'blend':
        value = f'({weights[channel]} * {value} + {rng.randint(1, 99)} * '
        value += f'{at[channel]}) >> {shift}'
      lines.append(f'y[{channels} * i + {channel}] = {value};')
  return sketch.write(sketch.block(lines))
