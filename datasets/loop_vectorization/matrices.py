"""Families of nested loops over matrices, dense and sparse."""

import random

from datasets.loop_vectorization.writing import (
    FLOATS,
    MOST,
    WIDE_INTEGERS,
    Sketch,
    literal,
    nest,
    row_sums,
    sides_of,
    sized,
)


def matrix_vector(rng: random.Random) -> str:
  """Rows times a vector, or columns added up."""
  kind = rng.choice((*FLOATS, *FLOATS, 'int', 'short'))
  total = 'int' if kind == 'short' else kind
  rows, columns = sides_of(rng, 2)
  sketch = Sketch(rng, columns)
  n, m = sized(sketch, n=rows, m=columns)
  sketch.array('a', kind, rows * columns)
  alpha = literal(rng, total)
  scale = rng.choice(('', f'{alpha} * '))
  form = rng.choice(('rows', 'columns', 'transposed'))
  if form == 'columns':
    sketch.array('x', kind, rows)
    sketch.array('y', total, columns, const=False)
    body = nest(n, m, f'y[j] += {scale}a[i * {m} + j] * x[i];')
  else:
    sketch.array('x', kind, columns)
    sketch.output('y', total, rows)
    at = f'i * {m} + j' if form == 'rows' else f'j * {n} + i'
    update = f's += a[{at}] * x[j];'
    body = row_sums(n, m, total, update, result=f'{scale}s')
  return sketch.write(body)


def matrix_product(rng: random.Random) -> str:
  """Three orders of the loops of a matrix product."""
  kind = rng.choice((*FLOATS, *FLOATS, 'int'))
  inner = rng.choice((4, 8, 12, 16, 24, 31, 32, 48, 64, 100, 128, 200))
  others = [rng.choice((3, 4, 8, 16, 20, 32)) for _ in range(2)]
  sketch = Sketch(rng, inner)
  order = rng.choice(('ijk', 'ikj', 'jki'))
  sizes = dict(zip('nmp', others + [inner], strict=True))
  # a is n x m, b is m x p, c is n x p; the inner loop gets the long side.
  names = {'i': 'n', 'k': 'm', 'j': 'p'}
  long_side = names[order[-1]]
  sizes['p'], sizes[long_side] = sizes[long_side], inner
  count = sizes['n'], sizes['m'], sizes['p']
  sketch.array('a', kind, count[0] * count[1])
  sketch.array('b', kind, count[1] * count[2])
  sketch.array('c', kind, count[0] * count[2], 'constant(0)', const=False)
  spelled = dict(zip('nmp', sized(sketch, **sizes), strict=True))
  at_a = f'a[i * {spelled["m"]} + k]'
  at_b = f'b[k * {spelled["p"]} + j]'
  at_c = f'c[i * {spelled["p"]} + j]'
  if rng.random() < 0.3:
    at_b = f'b[j * {spelled["m"]} + k]'
  alpha = f'{literal(rng, kind)} * ' if rng.random() < 0.3 else ''
  lines = []
  for depth, letter in enumerate(order):
    size = spelled[names[letter]]
    lines.append(
        '  ' * depth + f'for (int {letter} = 0; {letter} < {size}; ++{letter})'
    )
  lines.append(f'      {at_c} += {alpha}{at_a} * {at_b};')
  return sketch.write('\n'.join(lines))


def triangle(rng: random.Random) -> str:
  """The inner trip count is the outer counter."""
  kind = rng.choice((*FLOATS, *FLOATS, 'int'))
  n = rng.choice((8, 16, 20, 33, 50, 64, 100, 150, 200, 256))
  sketch = Sketch(rng, n)
  (size,) = sized(sketch, n=n)
  sketch.array('a', kind, n * n)
  start, end = rng.choice(
      (('0', 'i'), ('0', 'i + 1'), ('i', size), ('i + 1', size))
  )
  form = rng.choice(('sum', 'update', 'mirror'))
  if form == 'sum':
    sketch.array('x', kind, n)
    sketch.output('y', kind, n)
    k = f'{literal(rng, kind)} * ' if rng.random() < 0.5 else ''
    lines = [
        f'  {kind} s = 0;',
        f'  for (int j = {start}; j < {end}; ++j)',
        f'    s += {k}a[i * {size} + j] * x[j];',
        '  y[i] = s;',
    ]
  else:
    sketch.output('y', kind, n * n)
    at = f'i * {size} + j' if form == 'update' else f'j * {size} + i'
    k = literal(rng, kind)
    lines = [
        f'  for (int j = {start}; j < {end}; ++j)',
        f'    y[{at}] = {k} * a[i * {size} + j] + {literal(rng, kind)};',
    ]
  inner = '\n'.join(lines)
  body = f'for (int i = 0; i < {size}; ++i) {{\n{inner}\n}}'
  return sketch.write(body)


def transpose(rng: random.Random) -> str:
  """Columns are read while rows are written, or the other way."""
  kind = rng.choice((*FLOATS, *WIDE_INTEGERS, 'short', 'unsigned char'))
  rows, columns = (min(s, 500) for s in sides_of(rng, 2, 90000))
  sketch = Sketch(rng, columns)
  n, m = sized(sketch, n=rows, m=columns)
  sketch.array('a', kind, rows * columns)
  sketch.output('y', kind, rows * columns)
  source, target = f'a[i * {m} + j]', f'y[j * {n} + i]'
  if rng.random() < 0.5:
    source, target = f'a[j * {n} + i]', f'y[i * {m} + j]'
  k = literal(rng, kind)
  value = rng.choice((source, f'{k} * {source}', f'{source} + {k}'))
  return sketch.write(nest(n, m, f'{target} = {value};'))


def outer_product(rng: random.Random) -> str:
  """Rank-one updates and tables of differences."""
  kind = rng.choice((*FLOATS, *FLOATS, 'int', 'short'))
  rows, columns = sides_of(rng, 2)
  sketch = Sketch(rng, columns)
  n, m = sized(sketch, n=rows, m=columns)
  sketch.array('x', kind, rows)
  sketch.array('z', kind, columns)
  sketch.array('y', kind, rows * columns, 'constant(0)', const=False)
  k = literal(rng, kind)
  value = rng.choice(
      (
          f'{k} * x[i] * z[j]',
          'x[i] * z[j]',
          '(x[i] - z[j]) * (x[i] - z[j])',
          f'x[i] < z[j] ? {k} : x[i]',
          f'x[i] + {k} * z[j]',
      )
  )
  operator = rng.choice(('=', '+='))
  body = nest(n, m, f'y[i * {m} + j] {operator} {value};')
  return sketch.write(body)


def row_statistics(rng: random.Random) -> str:
  """A reduction of each row: sum, norm, greatest, number above."""
  kind = rng.choice((*FLOATS, *FLOATS, 'int', 'short', 'unsigned char'))
  total = kind if kind in FLOATS else 'int'
  rows, columns = sides_of(rng, 2)
  sketch = Sketch(rng, columns)
  n, m = sized(sketch, n=rows, m=columns)
  sketch.array('a', kind, rows * columns)
  sketch.output('y', total, rows)
  k = literal(rng, total)
  at = f'a[i * {m} + j]'
  update = rng.choice(
      (
          f's += {at};',
          f's += ({total}){at} * {at};',
          f's = {at} > s ? {at} : s;',
          f's += {at} > {k};',
          f's += {at} > {k} ? {at} : {k};',
          f's += {k} * {at};',
      )
  )
  return sketch.write(row_sums(n, m, total, update))


def sparse_rows(rng: random.Random) -> str:
  """A sparse matrix times a vector; rows of equal length."""
  kind = rng.choice(FLOATS)
  length = rng.choice((3, 5, 8, 12, 20, 40, 80, 200))
  rows = rng.randint(4, min(MOST // (3 * length), 4000))
  sketch = Sketch(rng, length)
  width = rng.choice((100, 1000, 10000))
  n, m = sized(sketch, n=rows, m=length)
  sketch.array('a', kind, rows * length)
  sketch.array(
      'column',
      rng.choice(('int', 'unsigned short')),
      rows * length,
      f'index({width})',
  )
  sketch.array('x', kind, width)
  sketch.output('y', kind, rows)
  k = f'{literal(rng, kind)} * ' if rng.random() < 0.5 else ''
  at = f'i * {m} + j'
  update = f's += {k}a[{at}] * x[column[{at}]];'
  return sketch.write(row_sums(n, m, kind, update))


def interactions(rng: random.Random) -> str:
  """Every point with every other: divisions and roots inside."""
  kind = rng.choice(FLOATS)
  n = rng.choice((6, 10, 16, 24, 32, 50, 64, 100, 128))
  sketch = Sketch(rng, n)
  (size,) = sized(sketch, n=n)
  axes = 'xyz'[: rng.randint(1, 3)]
  for axis in axes:
    sketch.array(axis, kind, n)
  sketch.output('f', kind, n)
  root = '__builtin_sqrtf' if kind == 'float' else '__builtin_sqrt'
  lines = [f'    const {kind} d{a} = {a}[j] - {a}[i];' for a in axes]
  squares = ' + '.join(f'd{a} * d{a}' for a in axes)
  lines.append(f'    const {kind} r = {squares} + {literal(rng, kind)};')
  weight = ''
  if rng.random() < 0.5:
    sketch.array('m', kind, n)
    weight = 'm[j] * '
  update = rng.choice(
      (
          f'{weight}1 / r',
          f'{weight}1 / (r * {root}(r))',
          f'{weight}{root}(r)',
          f'{weight}r * r',
      )
  )
  lines.append(f'    s += {update};')
  inner = '\n'.join(lines)
  body = (
      f'for (int i = 0; i < {size}; ++i) {{\n  {kind} s = 0;\n'
      f'  for (int j = 0; j < {size}; ++j) {{\n{inner}\n  }}\n'
      '  f[i] = s;\n}'
  )
  return sketch.write(body)
