"""A parsed loop -> C text with one clone a configuration; and what came out.

Station: second step of `measure loops`. Clone k is forced to configuration k
by a pragma, the clone behind them has no pragma (the compiler's own choice).
Reading the assembly tells which clones are the same code, so that each
distinct code is timed once; reading the remarks tells what the vectoriser made
of each pragma.
"""

import hashlib
import re
from collections.abc import Collection
from typing import NamedTuple

from mirencoder_jax.measure import function_source, loop_source

VECTOR_WIDTHS = (1, 2, 4, 8, 16, 32, 64)
INTERLEAVE_COUNTS = (1, 2, 4, 8, 16)
CONFIGURATIONS = tuple(
    (width, count) for width in VECTOR_WIDTHS for count in INTERLEAVE_COUNTS
)
NAMES = tuple(f'vf{w}_if{c}' for w, c in CONFIGURATIONS) + ('compiler',)
COMPILER = len(CONFIGURATIONS)

_CONTENT_CODES = {
    'uniform': 'u',
    'index': 'i',
    'constant': 'c',
    'permutation': 'p',
    'iota': 's',
}
_REMARK = re.compile(
    r':(?P<line>\d+):\d+: remark: (?:vectorized loop \(vectorization width: '
    r'(?P<width>\w+), interleaved count: (?P<count>\d+)|interleaved loop '
    r'\(interleaved count: (?P<alone>\d+))'
)
_FUNCTION = re.compile(
    r'^(?:_?)loop_clone_(\d+):.*?(?=^\.?L?func_end|^\s*\.cfi_endproc|^\.Lfunc_end)',
    re.MULTILINE | re.DOTALL,
)
_CONSTANTS = re.compile(
    r'^(\.?L?CPI\d+_\d+):[^\n]*\n'
    r'((?:[ \t]+\.(?:byte|short|word|long|quad|zero|space|ascii?z?)\b'
    r'[^\n]*\n)+)',
    re.MULTILINE,
)


class Program(NamedTuple):
  """C text of all clones.

  Attributes:
    text: of the translation unit.
    first_lines: line where each clone begins, in the order of `NAMES`.
  """

  text: str
  first_lines: tuple[int, ...]


EVERY = frozenset(range(len(NAMES)))


def within(widest: int) -> frozenset[int]:
  """Choices of no more lanes than `widest`; the compiler's own is one."""
  return frozenset(
      i for i, (w, n) in enumerate(CONFIGURATIONS) if w * n <= widest
  ) | {COMPILER}


def _counted(source: loop_source.LoopSource) -> str:
  """The function with counters in the header of the tuned loop."""
  first, second, closing = source.header
  head = source.after
  condition = head[first + 1 : second].strip() or '1'
  step = head[second + 1 : closing].strip()
  step = f'(void)({step})' if step else '(void)0'
  return (
      _before(source, 'loop_counted')
      + head[: first + 1]
      + f' (++driver_evaluations, ({condition})); ++driver_iterations, {step}'
      + head[closing:]
  )


def _before(source: loop_source.LoopSource, name: str) -> str:
  """The function's text up to the tuned loop, under another name."""
  body = source.function.body
  # A static clone might be specialised for its only caller.
  head = re.sub(r'\b(static|inline)\b', '', source.before[:body])
  text = head + source.before[body:]
  return re.sub(rf'\b{source.function.name}\b', name, text)


def driver_tables(
    function: function_source.FunctionSource,
) -> tuple[list[str], str]:
  """C lines with the arrays as the driver wants them; arguments of a call."""
  arrays = [
      f"{{'{a.kind}', {a.size}, {a.count or f'sizeof({a.name}) / {a.size}'}, "
      f"'{_CONTENT_CODES[a.content]}', "
      f'{{{a.numbers[0]!r}, {a.numbers[1]!r}}}, {int(a.writable)}}},'
      for a in function.arrays
  ]
  data = [
      f'(void *){a.name},' if a.is_global else '0,' for a in function.arrays
  ]
  positions = {array.name: i for i, array in enumerate(function.arrays)}
  arguments = [
      f'driver_data[{positions[a]}]' if a in positions else a
      for a in function.arguments
  ]
  lines = [
      f'const int driver_num_arrays = {len(arrays)};',
      'const struct driver_array driver_arrays[] = '
      f'{{{" ".join(arrays)} {{0}}}};',
      f'void *driver_data[] = {{{" ".join(data)} 0}};',
  ]
  return lines, ', '.join(arguments)


def build_program(
    source: loop_source.LoopSource, built: Collection[int] = EVERY
) -> Program:
  """Writes the translation unit of a loop's clones and its tables.

  Args:
    source: the loop.
    built: choices that get a clone.
  """
  lines = ['#include "driver.h"', *source.function.prelude.split('\n')]
  first_lines = []
  attribute = '__attribute__((noinline))'
  for index in range(len(NAMES)):
    first_lines.append(len(lines) + 1)
    if index not in built:
      continue
    lines.append(attribute)
    text = _before(source, f'loop_clone_{index}')
    if index != COMPILER:
      width, count = CONFIGURATIONS[index]
      text += (
          f'\n#pragma clang loop vectorize_width({width}) '
          f'interleave_count({count})\n'
      )
    lines += (text + source.after).split('\n')
  lines += ['long long driver_evaluations, driver_iterations;', attribute]
  lines += _counted(source).split('\n')

  tables, call = driver_tables(source.function)
  clones = ', '.join(
      f'loop_clone_{i}' if i in built else '0' for i in range(len(NAMES))
  )
  result = '' if source.function.returns == 'void' else 'result = '
  lines += [
      *tables,
      f'typedef {source.function.returns} loop_type('
      f'{source.function.signature});',
      f'static loop_type *const loop_clones[] = {{{clones}}};',
      'const int driver_wall_clock = 0;',
      'double driver_call(int clone, long repetitions) {',
      '  loop_type *function = loop_clones[clone];',
      '  double result = 0;',
      '  for (long i = 0; i < repetitions; ++i) {',
      f'    {result}function({call});',
      '  }',
      '  return result;',
      '}',
      f'void driver_count(void) {{ loop_counted({call}); }}',
  ]
  return Program('\n'.join(lines) + '\n', tuple(first_lines))


def parse_remarks(remarks: str, program: Program) -> list[tuple[int, int]]:
  """(vector width, interleave count) that each clone got; (1, 1) for none."""
  made = [(1, 1)] * len(NAMES)
  bounds = (*program.first_lines, 1 << 60)
  for match in _REMARK.finditer(remarks):
    line = int(match['line'])
    for index in range(len(NAMES)):
      if bounds[index] <= line < bounds[index + 1]:
        # A scalable width reads `vscale x 4`; its number is not known here.
        width = match['width'] or '1'
        count = match['count'] or match['alone']
        made[index] = (int(width) if width.isdigit() else 0, int(count))
  return made


def find_same_code(assembly: str) -> list[int]:
  """For each clone the first one whose instructions are the same.

  Names of labels do not count, contents of constant pools do. A clone that is
  not found in the assembly stands for itself.

  Args:
    assembly: without comments (`-fno-verbose-asm`).
  """
  constants = {
      match[1]: ' '.join(match[2].split())
      for match in _CONSTANTS.finditer(assembly)
  }
  first: dict[str, int] = {}
  same = list(range(len(NAMES)))
  for match in _FUNCTION.finditer(assembly):
    index = int(match[1])
    if index >= len(NAMES):
      continue
    body = match[0].split('\n', 1)[1]
    body = re.sub(r'\.?L?CPI\d+_\d+', lambda m: constants.get(m[0], m[0]), body)
    body = re.sub(r'(BB|JTI|func_begin|tmp)\d+(_\d+)?', r'\1\2', body)
    digest = hashlib.sha256(body.encode()).hexdigest()
    same[index] = first.setdefault(digest, index)
  return same
