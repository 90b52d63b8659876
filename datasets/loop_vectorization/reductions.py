"""Families in which an iteration depends on earlier ones."""

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


def _sum_type(rng: random.Random, kind: str) -> str:
  """Type of the sum of a type: often wider."""
  if kind in FLOATS:
    return 'double' if rng.random() < 0.2 else kind
  return rng.choice(('int', 'unsigned', 'long long'))


def _reduce(sketch: Sketch, total: str, update: str, start: str = '0') -> str:
  body = f'{total} s = {start};\n{sketch.each(update)}\nreturn s;'
  return sketch.write(body, returns=total)


def sum_of_array(rng: random.Random) -> str:
  """The sum of an array, of some of its powers, of every s-th element."""
  sketch, kind = Sketch(rng), any_type(rng)
  total = _sum_type(rng, kind)
  stride = rng.choice((1, 1, 1, 2, 3, 4))
  sketch.trip = min(sketch.trip, 100000)
  sketch.array('a', kind, stride * sketch.trip)
  at = 'a[i]' if stride == 1 else f'a[{stride} * i]'
  value = f'({total}){at}' if total != kind else at
  value = ' * '.join([value] * rng.choice((1, 1, 2, 3)))
  if rng.random() < 0.3:
    value = f'{literal(rng, total)} * {value}'
  return _reduce(sketch, total, f's += {value};')


def bitwise_reduction(rng: random.Random) -> str:
  """and, or, xor over integers, plain or shifted."""
  sketch = Sketch(rng)
  kind = rng.choice((*INTEGERS, *WIDE_INTEGERS))
  total = rng.choice((kind, 'unsigned', 'int'))
  sketch.array('a', kind, sketch.trip)
  value = expression(rng, 'int', ['a[i]'], rng.randint(0, 3))
  operator = rng.choice('&|^')
  start = '-1' if operator == '&' else '0'
  return _reduce(sketch, total, f's {operator}= ({total})({value});', start)


def product(rng: random.Random) -> str:
  """A product of factors near one, or of odd integers that wraps."""
  sketch = Sketch(rng)
  kind = rng.choice((*FLOATS, 'unsigned'))
  if kind == 'unsigned':
    sketch.array('a', kind, sketch.trip)
    value = f'(2 * a[i] + {rng.choice((1, 3, 5, 7))}u)'
  else:
    sketch.array('a', kind, sketch.trip, 'uniform(0.9999, 1.0001)')
    value = 'a[i]'
    if rng.random() < 0.5:
      sketch.array('b', kind, sketch.trip, 'uniform(0.9999, 1.0001)')
      value = rng.choice(('a[i] * b[i]', 'a[i] / b[i]', '(a[i] + b[i]) * 0.5f'))
  return _reduce(sketch, kind, f's *= {value};', '1')


def dot_product(rng: random.Random) -> str:
  """Inner products of equal and of different types, with weights."""
  sketch = Sketch(rng)
  kinds = rng.choice(
      (
          ('float', 'float', 'float'),
          ('double', 'double', 'double'),
          ('float', 'float', 'double'),
          ('short', 'short', 'int'),
          ('signed char', 'signed char', 'int'),
          ('unsigned char', 'signed char', 'int'),
          ('int', 'int', 'int'),
          ('int', 'int', 'long long'),
          ('short', 'float', 'float'),
          ('int', 'double', 'double'),
      )
  )
  first, second, total = kinds
  sketch.array('a', first, sketch.trip)
  sketch.array('b', second, sketch.trip)
  terms = [f'({total})a[i]' if first != total else 'a[i]']
  terms.append(f'({total})b[i]' if second != total else 'b[i]')
  if rng.random() < 0.35:
    sketch.array('w', total, sketch.trip)
    terms.append('w[i]')
  if rng.random() < 0.3:
    terms.insert(0, literal(rng, total))
  if rng.random() < 0.2:
    terms[-1] = terms[-1].replace('[i]', f'[{sketch.n} - 1 - i]')
  return _reduce(sketch, total, f's += {" * ".join(terms)};')


def distance(rng: random.Random) -> str:
  """Sums of absolute and of squared differences."""
  sketch, kind = Sketch(rng), any_type(rng)
  total = _sum_type(rng, kind)
  sketch.inputs('ab', kind, sketch.trip)
  form = rng.choice(('square', 'absolute', 'weighted', 'limited'))
  k = literal(rng, total)
  values = {
      'square': 'd * d',
      'absolute': 'd < 0 ? -d : d',
      'weighted': f'{k} * d * d + (d < 0 ? -d : d)',
      'limited': f'd * d < {k} ? d * d : {k}',
  }
  if total == 'unsigned':
    form = 'square'
  update = (
      f'{{\n  const {total} d = ({total})a[i] - ({total})b[i];\n'
      f'  s += {values[form]};\n}}'
  )
  return _reduce(sketch, total, update)


def reduced_expression(rng: random.Random) -> str:
  """The sum of a random expression of two to four arrays."""
  sketch, kind = Sketch(rng), rng.choice((*FLOATS, *WIDE_INTEGERS))
  names = 'abcd'[: rng.randint(2, 4)]
  sketch.inputs(names, kind, sketch.trip)
  value = expression(rng, kind, [f'{n}[i]' for n in names], rng.randint(0, 4))
  if kind in FLOATS:
    # Sums that cancel would compare badly.
    value = f'__builtin_fabs({value})'
  return _reduce(sketch, kind, f's += {value};')


def extremum(rng: random.Random) -> str:
  """The least or the greatest value, of an array or of an expression."""
  sketch, kind = Sketch(rng), any_type(rng)
  total = kind if kind in (*FLOATS, *WIDE_INTEGERS) else 'int'
  sketch.array('a', kind, sketch.trip)
  leaves = ['a[i]']
  if rng.random() < 0.4:
    sketch.array('b', kind, sketch.trip)
    leaves.append('b[i]')
  value = expression(rng, total, leaves, rng.randint(0, 2))
  sign = rng.choice('<>')
  update = f'{{\n  const {total} v = {value};\n  s = v {sign} s ? v : s;\n}}'
  if rng.random() < 0.3:
    update = f'{{\n  const {total} v = {value};\n  if (v {sign} s) s = v;\n}}'
  return _reduce(sketch, total, update, 'a[0]')


def position_of_extremum(rng: random.Random) -> str:
  """Where the least or the greatest value is."""
  sketch, kind = Sketch(rng), any_type(rng)
  sketch.array('a', kind, sketch.trip)
  total = kind if kind in (*FLOATS, *WIDE_INTEGERS) else 'int'
  value = expression(rng, total, ['a[i]'], rng.randint(0, 2))
  sign = rng.choice(('<', '>', '<=', '>='))
  body = (
      f'{total} best = a[0];\nint where = 0;\n'
      f'for (int i = 0; i < {sketch.n}; ++i) {{\n'
      f'  const {total} v = {value};\n'
      f'  if (v {sign} best) {{\n    best = v;\n    where = i;\n  }}\n}}\n'
      'return where;'
  )
  return sketch.write(body, returns='int')


def count_if(rng: random.Random) -> str:
  """How many elements meet a condition, or two."""
  sketch, kind = Sketch(rng), any_type(rng)
  total = rng.choice(('int', 'unsigned', 'long long'))
  sketch.array('a', kind, sketch.trip)
  k = literal(rng, kind)
  conditions = [f'a[i] {rng.choice("<>")} {k}']
  if kind not in FLOATS:
    conditions += [f'(a[i] & {rng.choice((1, 3, 6, 12))}) == 0']
  chosen = rng.sample(conditions, rng.randint(1, len(conditions)))
  if rng.random() < 0.5:
    sketch.array('b', kind, sketch.trip)
    chosen.append(rng.choice(('a[i] < b[i]', 'a[i] >= b[i]')))
  condition = rng.choice((' && ', ' || ')).join(f'({c})' for c in chosen)
  condition = f'({condition})'
  update = rng.choice((f's += {condition};', f'if ({condition}) ++s;'))
  return _reduce(sketch, total, update)


def conditional_sum(rng: random.Random) -> str:
  """A sum over the elements that meet a condition."""
  sketch, kind = Sketch(rng), any_type(rng)
  total = _sum_type(rng, kind)
  names = 'ab'[: rng.randint(1, 2)]
  sketch.inputs(names, kind, sketch.trip)
  sketch.array(
      'c',
      rng.choice(('int', 'float', 'unsigned char')),
      sketch.trip,
      'uniform(0, 99)',
  )
  value = ' * '.join(f'({total}){n}[i]' for n in names)
  if rng.random() < 0.4:
    value = f'{literal(rng, total)} * {value}'
  limit = rng.choice((2, 10, 35, 50, 75, 98))
  form = f'if (c[i] < {limit}) s += {value};'
  if rng.random() < 0.4:
    form = f's += c[i] < {limit} ? {value} : {rng.choice("012")};'
  return _reduce(sketch, total, form)


def several_sums(rng: random.Random) -> str:
  """Two to four reductions in one loop."""
  sketch, kind = Sketch(rng), rng.choice((*FLOATS, *FLOATS, 'int', 'short'))
  total = _sum_type(rng, kind)
  names = 'ab'[: rng.randint(1, 2)]
  sketch.inputs(names, kind, sketch.trip)
  values = [f'({total}){n}[i]' for n in names]
  forms = [*values, *(f'{v} * {v}' for v in values)]
  forms += [f'{v} * {literal(rng, total)}' for v in values]
  forms += [' * '.join(values)] if len(values) > 1 else []
  chosen = rng.sample(forms, rng.randint(2, min(4, len(forms))))
  lines = [f'{total} s{k} = 0;' for k in range(len(chosen))]
  updates = [f's{k} += {value};' for k, value in enumerate(chosen)]
  sums = ' + '.join(f's{k}' for k in range(len(chosen)))
  lines += [sketch.block(updates), f'return {sums};']
  return sketch.write('\n'.join(lines), returns=total)


def search(rng: random.Random) -> str:
  """Leaves the loop at the first element that meets a condition."""
  sketch, kind = Sketch(rng), any_type(rng)
  found = rng.random() < 0.6
  at = int(sketch.trip * rng.uniform(0.3, 1.0))
  kind = 'int' if found else kind
  sketch.array('a', kind, sketch.trip, 'iota' if found else None)
  form = rng.choice(('==', '>'))
  # What is sought stands at `at`, or nowhere.
  key = at if found else 120
  word = str(key)
  if rng.random() < 0.5:
    word = sketch.scalar('key', kind, key)
  condition = f'a[i] {form} {word}'
  if rng.random() < 0.3:
    sketch.array('b', kind, sketch.trip, 'constant(1)')
    condition = f'a[i] * b[i] {form} {word}'
  body = (
      f'int i;\nfor (i = 0; i < {sketch.n}; ++i) {{\n'
      f'  if ({condition}) break;\n}}\nreturn i;'
  )
  return sketch.write(body, returns='int')


def prefix_sum(rng: random.Random) -> str:
  """Running sums, maxima and products, which are written out."""
  sketch, kind = Sketch(rng), rng.choice((*FLOATS, *WIDE_INTEGERS))
  sketch.array('a', kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)
  value = expression(rng, kind, ['a[i]'], rng.randint(0, 2))
  form = rng.choice(('sum', 'greatest', 'decay'))
  k = '0.5f' if kind == 'float' else '0.5' if kind == 'double' else '3'
  updates = {
      'sum': f's += {value};',
      'greatest': f'{{\n    const {kind} v = {value};\n'
      '    s = v > s ? v : s;\n  }',
      'decay': f's = {value} + {k} * s;'
      if kind in FLOATS
      else f's = ({value}) + s / {k};',
  }
  order = [updates[form], 'y[i] = s;']
  if rng.random() < 0.3:
    order.reverse()
  return sketch.write(f'{kind} s = 0;\n{sketch.block(order)}')


def recurrence(rng: random.Random) -> str:
  """Reads what an iteration some steps before wrote."""
  sketch, kind = Sketch(rng), rng.choice((*FLOATS, *FLOATS, 'int', 'short'))
  back = rng.choice((1, 1, 2, 3, 4, 5, 8, 12, 16, 32, 64))
  sketch.trip = max(sketch.trip, 2 * back)
  sketch.array('y', kind, sketch.trip + back, const=False)
  leaves = []
  if rng.random() < 0.6:
    sketch.array('b', kind, sketch.trip + back)
    leaves.append('b[i]')
  half = '0.5f' if kind == 'float' else '0.5'
  past = f'{half} * y[i - {back}]' if kind in FLOATS else f'y[i - {back}] / 2'
  if back > 2 and rng.random() < 0.3:
    past = f'({past} + y[i - {back - 1}])'
    past = f'{half} * {past}' if kind in FLOATS else f'{past} / 2'
  value = ' + '.join([past, *leaves])
  if rng.random() < 0.4:
    value += f' - {literal(rng, kind)}'
  end = f'{sketch.n} + {back}' if not sketch.known else sketch.trip + back
  body = f'for (int i = {back}; i < {end}; ++i) y[i] = {value};'
  return sketch.write(body)


def first_order(rng: random.Random) -> str:
  """The value before is carried in a variable; some can be undone."""
  sketch, kind = Sketch(rng), rng.choice((*FLOATS, *WIDE_INTEGERS))
  sketch.array('a', kind, sketch.trip)
  sketch.output('y', kind, sketch.trip)
  value = expression(rng, kind, ['a[i]', 'before'], rng.randint(0, 2))
  depth = rng.choice((1, 1, 2))
  carried, extra, kept = 'before = 0', '', []
  if depth == 2:
    carried, extra = 'before = 0, older = 0', f' {rng.choice("+-")} older'
    kept = ['older = before;']
  lines = [f'y[i] = {value}{extra};', *kept, 'before = a[i];']
  return sketch.write(f'{kind} {carried};\n{sketch.block(lines)}')


def induction(rng: random.Random) -> str:
  """Values of counters: squares, ramps, wrapped positions."""
  sketch = Sketch(rng)
  kind = rng.choice((*FLOATS, *WIDE_INTEGERS, 'short'))
  sketch.output('y', kind, sketch.trip)
  k, m = rng.randint(2, 9), rng.choice((3, 7, 8, 10, 16, 100))
  step = literal(rng, kind)
  form = rng.choice(('ramp', 'square', 'modulo', 'carried', 'two'))
  values = {
      'ramp': f'({kind})i * {step}',
      'square': f'({kind})(i % 1000) * ({kind})(i % 1000) + {step}',
      'modulo': f'({kind})((i * {k}) % {m})',
      'carried': f'({kind})x',
      'two': f'({kind})(x ^ i)',
  }
  value = values[form]
  if rng.random() < 0.5:
    sketch.array('a', kind, sketch.trip)
    value = f'{value} {rng.choice("+-")} a[i]'
  if form not in ('carried', 'two'):
    return sketch.write(sketch.block([f'y[i] = {value};']))
  loop = sketch.block([f'y[i] = {value};', f'x += {m};'])
  return sketch.write(f'int x = {k};\n{loop}')
