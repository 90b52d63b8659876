"""Families of integer work: bits, bytes, tables, positions."""

import random

from datasets.loop_vectorization.writing import (
    FLOATS,
    INTEGERS,
    WIDE_INTEGERS,
    Sketch,
    expression,
    literal,
)


def bit_tricks(rng: random.Random) -> str:
  """Rotations, spreads, counts of bits without a branch."""
  sketch = Sketch(rng)
  kind = rng.choice(('unsigned', 'unsigned', 'unsigned long long'))
  declared = kind
  if kind == 'unsigned long long':
    kind = 'long long'
  bits = 32 if kind == 'unsigned' else 64
  sketch.array('a', kind, sketch.trip, 'uniform(0, 1000000)', declared=declared)
  sketch.output('y', kind, sketch.trip, declared=declared)
  r = rng.randint(1, bits - 1)
  parts = rng.sample(
      [
          f'x = (x << {r}) | (x >> {bits - r});',
          f'x ^= x >> {rng.randint(1, 20)};',
          f'x ^= x << {rng.randint(1, 20)};',
          'x = x & (x - 1);',
          'x = x & (0 - x);',
          f'x = ~x + {rng.randint(1, 99)};',
          f'x *= {rng.randrange(3, 9999, 2)}u;',
          'x = ((x >> 1) & 0x55555555u) | ((x & 0x55555555u) << 1);',
          'x = x - ((x >> 1) & 0x55555555u);',
          f'x = x / {rng.choice((3, 5, 7, 10, 100))}u;',
          f'x = x % {rng.choice((3, 7, 10, 1000))}u;',
      ],
      rng.randint(2, 6),
  )
  lines = [f'{declared} x = a[i];', *parts, 'y[i] = x;']
  return sketch.write(sketch.block(lines))


def population_count(rng: random.Random) -> str:
  """Set bits, leading or trailing zeros, parity: summed or stored."""
  sketch = Sketch(rng)
  sketch.array('a', 'unsigned', sketch.trip, 'uniform(1, 1000000)')
  builtin = rng.choice(('popcount', 'clz', 'ctz', 'parity'))
  leaf = 'a[i]'
  if rng.random() < 0.6:
    sketch.array('b', 'unsigned', sketch.trip, 'uniform(1, 1000000)')
    leaf = rng.choice(('(a[i] ^ b[i])', '(a[i] & b[i])', '(a[i] | b[i])'))
  if builtin in ('clz', 'ctz'):
    leaf = f'({leaf} | {rng.choice((1, 256, 65536))}u)'
  value = f'__builtin_{builtin}({leaf})'
  if rng.random() < 0.5:
    value = f'{rng.randint(2, 20)} * {value}'
  if rng.random() < 0.5:
    sketch.output('y', 'int', sketch.trip)
    return sketch.write(sketch.block([f'y[i] = {value};']))
  body = f'int s = 0;\n{sketch.block([f"s += {value};"])}\nreturn s;'
  return sketch.write(body, returns='int')


def hash_each(rng: random.Random) -> str:
  """A few rounds of mixing for each element."""
  sketch = Sketch(rng)
  sketch.array('a', 'unsigned', sketch.trip, 'uniform(0, 1000000)')
  sketch.output('y', 'unsigned', sketch.trip)
  lines = ['unsigned h = a[i];']
  for _ in range(rng.randint(1, 5)):
    lines.append(f'h ^= h >> {rng.randint(5, 19)};')
    lines.append(f'h *= {rng.randrange(1 << 20, 1 << 31, 2) + 1}u;')
  if rng.random() < 0.5:
    lines.append(f'h &= {(1 << rng.randint(4, 20)) - 1}u;')
  lines.append('y[i] = h;')
  return sketch.write(sketch.block(lines))


def checksum(rng: random.Random) -> str:
  """Hashes that run through all bytes, one after the other or side by side."""
  sketch = Sketch(rng)
  sketch.trip = min(sketch.trip, 50000)
  kind = rng.choice(('unsigned char', 'unsigned short', 'unsigned'))
  sketch.array('a', kind, sketch.trip)
  odd = rng.choice((31, 33, 65599, 16777619))
  form = rng.choice(('polynomial', 'xor', 'two', 'rotate', 'plain'))
  updates = {
      'polynomial': [f'h = h * {odd}u + a[i];'],
      'xor': [f'h = (h ^ a[i]) * {odd}u;'],
      'two': ['g += a[i];', f'h += g * {rng.randint(1, 9)}u;'],
      'rotate': [f'h = ((h << {rng.randint(1, 9)}) | (h >> 23)) ^ a[i];'],
      'plain': [f'h += a[i] * {odd}u;', 'g ^= a[i];'],
  }
  body = (
      f'unsigned h = {rng.randint(1, 9999)}, g = 1;\n'
      f'{sketch.block(updates[form])}\nreturn h + g;'
  )
  # The sum of a hash means nothing if a bit differs: kept below 2^24.
  body = body.replace('return h + g;', 'return (h + g) & 0xffffffu;')
  return sketch.write(body, returns='unsigned')


def letters(rng: random.Random) -> str:
  """Bytes of text: case, digits, blanks."""
  sketch = Sketch(rng)
  sketch.array('a', 'unsigned char', sketch.trip, 'uniform(32, 126)')
  k = rng.randint(33, 120)
  low = rng.randint(33, 80)
  high = low + rng.randint(5, 40)
  form = rng.choice(('case', 'count', 'replace', 'shift', 'range'))
  if form in ('count', 'range'):
    condition = (
        f'a[i] == {k}'
        if form == 'count'
        else (f'a[i] >= {low} && a[i] <= {high}')
    )
    total = rng.choice(('int', 'unsigned', 'long long'))
    count = sketch.block([f'if ({condition}) ++s;'])
    body = f'{total} s = 0;\n{count}\nreturn s;'
    return sketch.write(body, returns=total)
  sketch.output('y', 'unsigned char', sketch.trip)
  lines = {
      'case': [
          f'y[i] = a[i] >= {low} && a[i] <= {high} '
          f'? a[i] {rng.choice(("- 32", "+ 32", "^ 32"))} : a[i];'
      ],
      'replace': [f'y[i] = a[i] == {k} ? {rng.randint(33, 99)} : a[i];'],
      'shift': [
          'int c = a[i];',
          f'if (c > {low}) c += {rng.randint(1, 25)};',
          f'y[i] = c > {high} ? c - 26 : c;',
      ],
  }
  return sketch.write(sketch.block(lines[form]))


def bytes_equal(rng: random.Random) -> str:
  """Two strings: where they differ, and how often."""
  sketch = Sketch(rng)
  kind = rng.choice(('unsigned char', 'signed char', 'unsigned short', 'int'))
  sketch.array('a', kind, sketch.trip, 'constant(7)')
  form = rng.choice(('first', 'count', 'any', 'mask'))
  # Strings that differ early are no loop.
  alike = form == 'first' or rng.random() < 0.5
  sketch.array(
      'b', kind, sketch.trip, 'constant(7)' if alike else 'uniform(6, 7)'
  )
  if form == 'mask':
    sketch.output('y', 'unsigned char', sketch.trip)
    k = rng.choice((1, 255, 128))
    sign = rng.choice(('==', '!=', '<'))
    lines = [f'y[i] = a[i] {sign} b[i] ? {k} : 0;']
    return sketch.write(sketch.block(lines))
  k = rng.randint(1, 99)
  bodies = {
      'first': (
          'int i;\nfor (i = 0; i < {n}; ++i) {{\n'
          f'  if ((a[i] ^ {k}) != (b[i] ^ {k})) break;\n'
          '}}\nreturn i;'
      ),
      'count': (
          f'int s = {k};\nfor (int i = 0; i < {{n}}; ++i) '
          's += a[i] != b[i];\nreturn s;'
      ),
      'any': (
          'int s = 0;\nfor (int i = 0; i < {n}; ++i) '
          f's |= (a[i] ^ b[i]) & {k};\nreturn s;'
      ),
  }
  body = bodies[form].format(n=sketch.n)
  return sketch.write(body, returns='int')


def table_lookup(rng: random.Random) -> str:
  """A table of at most 256 entries, read by bytes."""
  sketch = Sketch(rng)
  size = rng.choice((16, 64, 256))
  kind = rng.choice(('unsigned char', 'short', 'int', 'float', 'double'))
  sketch.array('table', kind, size)
  sketch.array('a', 'unsigned char', sketch.trip, f'uniform(0, {size - 1})')
  sketch.output('y', kind, sketch.trip)
  at = rng.choice(
      (
          'a[i]',
          f'a[i] & {size - 1}',
          f'(a[i] >> 1) & {size - 1}',
          f'(a[i] + {rng.randint(1, 99)}) & {size - 1}',
      )
  )
  value = f'table[{at}]'
  if rng.random() < 0.6:
    value = expression(rng, kind, [value], rng.randint(1, 2))
  lines = [f'y[i] = {value};']
  return sketch.write(sketch.block(lines))


def interpolation(rng: random.Random) -> str:
  """Two neighbours in a table, by the whole part of a coordinate."""
  sketch, kind = Sketch(rng), rng.choice(FLOATS)
  size = rng.choice((17, 65, 257, 1025, 20001))
  sketch.array('table', kind, size)
  sketch.array('x', kind, sketch.trip, f'uniform(0, {size - 2})')
  sketch.output('y', kind, sketch.trip)
  scale = '' if rng.random() < 0.5 else f'{literal(rng, kind)} * '
  lines = [
      'const int k = (int)x[i];',
      f'const {kind} t = x[i] - ({kind})k;',
      f'y[i] = {scale}(table[k] + t * (table[k + 1] - table[k]));',
  ]
  if rng.random() < 0.5:
    lines[-1] = f'y[i] = {scale}(table[k] * (1 - t) + table[k + 1] * t);'
  if rng.random() < 0.3:
    lines[-1] = lines[-1].replace('y[i] =', 'y[i] = x[i] -')
  return sketch.write(sketch.block(lines))


def histogram(rng: random.Random) -> str:
  """Counts or weights by key: places may coincide."""
  sketch = Sketch(rng)
  bins = rng.choice((8, 16, 64, 256, 1024, 8192))
  key = rng.choice(('unsigned char', 'unsigned short', 'int'))
  key = 'int' if bins > 256 and key == 'unsigned char' else key
  sketch.array('a', key, sketch.trip, f'index({bins})')
  total = rng.choice(('int', 'unsigned', 'float', 'double', 'long long'))
  sketch.array('y', total, bins, 'constant(0)', const=False)
  at = rng.choice(
      (
          'a[i]',
          f'a[i] ^ {rng.randint(1, bins - 1)}',
          f'(a[i] + {rng.randint(1, 99)}) & {bins - 1}',
      )
  )
  update = f'y[{at}] += {rng.randint(1, 9)};'
  if rng.random() < 0.4:
    sketch.array('w', total, sketch.trip)
    update = f'y[{at}] += w[i];'
  if rng.random() < 0.3:
    update = f'if (a[i] > {rng.randint(0, bins // 2)}) {update}'
  return sketch.write(sketch.block([update]))


def compaction(rng: random.Random) -> str:
  """Elements that meet a condition move together; the count comes out."""
  sketch = Sketch(rng)
  kind = rng.choice((*FLOATS, *WIDE_INTEGERS, *INTEGERS))
  sketch.array('a', kind, sketch.trip)
  target = rng.choice((kind, 'int'))
  sketch.output('y', target, sketch.trip)
  k = literal(rng, kind)
  value = 'a[i]' if target == kind else 'i'
  form = rng.choice(
      (
          f'if (a[i] > {k}) y[count++] = {value};',
          f'y[count] = {value};\n  count += a[i] > {k};',
          f'if (a[i] < {k}) y[count++] = {value};',
      )
  )
  body = f'int count = 0;\n{sketch.block([form])}\nreturn count;'
  return sketch.write(body, returns='int')


def fixed_point(rng: random.Random) -> str:
  """Products of fractions kept in integers, rounded and cut off."""
  sketch, kind = Sketch(rng), rng.choice(('short', 'int', 'signed char'))
  names = 'abc'[: rng.randint(1, 3)]
  sketch.inputs(names, kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)
  shift = rng.randint(3, 15)
  factors = ' * '.join(f'{n}[i]' for n in names)
  if len(names) == 1:
    factors = f'{rng.randint(3, 99)} * a[i]'
  lines = [f'int v = ({factors} + {1 << (shift - 1)}) >> {shift};']
  if rng.random() < 0.5:
    limit = rng.choice((31, 127, 100))
    lines.append(f'if (v > {limit}) v = {limit};')
    lines.append(f'if (v < -{limit}) v = -{limit};')
  lines.append(f'y[i] = ({kind})v;')
  return sketch.write(sketch.block(lines))


def averages(rng: random.Random) -> str:
  """Means and saturated sums of bytes and shorts."""
  sketch, kind = Sketch(rng), rng.choice(('unsigned char', 'unsigned short'))
  names = 'abcd'[: rng.choice((2, 2, 3, 4))]
  sketch.inputs(names, kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)
  weights = [rng.choice(('', '', '2 * ', '3 * ', '5 * ')) for _ in names]
  total = ' + '.join(f'{w}{n}[i]' for w, n in zip(weights, names, strict=True))
  form = rng.choice(('mean', 'saturated', 'difference'))
  top = '255' if kind == 'unsigned char' else '65535'
  shift = rng.randint(1, 4)
  lines = {
      'mean': [f'y[i] = ({kind})(({total} + {1 << (shift - 1)}) >> {shift});'],
      'saturated': [
          f'const int s = {total};',
          f'y[i] = ({kind})(s > {top} ? {top} : s);',
      ],
      'difference': [
          f'const int s = {total.replace(" + ", " - ", 1)};',
          f'y[i] = ({kind})(s < 0 ? 0 : s);',
      ],
  }
  return sketch.write(sketch.block(lines[form]))


def whole_division(rng: random.Random) -> str:
  """Integer quotients and remainders, by numbers and by arrays."""
  sketch, kind = (
      Sketch(rng),
      rng.choice(('int', 'unsigned', 'short', 'long long', 'unsigned char')),
  )
  sketch.array('a', kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)
  divisor = str(rng.choice((3, 5, 6, 7, 10, 12, 60, 100)))
  form = rng.random()
  if form < 0.3:
    sketch.array('b', kind, sketch.trip, 'uniform(1, 20)')
    divisor = 'b[i]'
  elif form < 0.5:
    divisor = sketch.scalar('d', kind, int(divisor))
  value = rng.choice(
      (
          f'a[i] / {divisor}',
          f'a[i] % {divisor}',
          f'a[i] / {divisor} + a[i] % {divisor}',
          f'a[i] - a[i] / {divisor} * {rng.randint(2, 9)}',
      )
  )
  return sketch.write(sketch.block([f'y[i] = {value};']))
