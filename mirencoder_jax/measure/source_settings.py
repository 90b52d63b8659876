"""The comment lines of a loop's file: values, contents of arrays, notes.

    // family: axpy                       any `key: text`, kept with the labels
    // n = 4096                           value of a scalar parameter
    // x = float[4096] uniform(-1, 1)     contents of an array

An array's line gives the scalar type, how many scalars, and

    uniform(low, high)   random numbers, integers include both ends
    index(m)             random integers of 0 .. m - 1
    permutation          0 .. count - 1 in random order
    iota                 0, 1, 2, ...
    constant(c)          c everywhere
"""

import dataclasses
import re

# Spelling -> (kind, bytes): what the driver needs to fill and to compare.
SCALARS = {
    'char': ('i', 1),
    'signed char': ('i', 1),
    'int8_t': ('i', 1),
    'unsigned char': ('u', 1),
    'uint8_t': ('u', 1),
    'short': ('i', 2),
    'int16_t': ('i', 2),
    'unsigned short': ('u', 2),
    'uint16_t': ('u', 2),
    'int': ('i', 4),
    'int32_t': ('i', 4),
    'unsigned': ('u', 4),
    'unsigned int': ('u', 4),
    'uint32_t': ('u', 4),
    'long long': ('i', 8),
    'int64_t': ('i', 8),
    'unsigned long long': ('u', 8),
    'uint64_t': ('u', 8),
    'float': ('f', 4),
    'double': ('f', 8),
}
# Content -> how many numbers it takes.
_CONTENTS = {
    'uniform': 2,
    'index': 1,
    'permutation': 0,
    'iota': 0,
    'constant': 1,
}
# An array larger than this is a slip of the pen.
_MAX_BYTES = 1 << 28

_NUMBER = r'[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?'
_ARRAY = re.compile(
    r'(?P<type>[a-z_0-9 ]+?)\s*\[\s*(?P<count>\d+)\s*\]\s*'
    r'(?P<content>\w+)\s*(?:\((?P<numbers>[^()]*)\))?'
)
_NOTE = re.compile(r'^//[ \t]*(\w+)[ \t]*:[ \t]*(.*?)[ \t]*$', re.MULTILINE)
_SETTING = re.compile(r'^//[ \t]*(\w+)[ \t]*=[ \t]*(.*?)[ \t]*$', re.MULTILINE)


class SourceError(ValueError):
  """A file that does not keep the contract, or does not run; says why."""


@dataclasses.dataclass(frozen=True)
class Array:
  """What an array holds before the loop runs.

  Attributes:
    name: of the parameter or global.
    kind: `i`, `u` or `f`: signed, unsigned, floating point.
    size: bytes of a scalar.
    count: number of scalars; 0 for all of a global.
    content: a key of the contents in the module's docstring.
    numbers: its two numbers, 0 where it takes fewer.
    writable: False if it is declared `const`.
    is_global: it is not a parameter.
  """

  name: str
  kind: str
  size: int
  count: int
  content: str
  numbers: tuple[float, float]
  writable: bool
  is_global: bool


def parse_array(name: str, text: str, declaration: str | None) -> Array:
  """Reads an array's line.

  Args:
    name: of the parameter or global.
    text: what stands behind the `=`.
    declaration: of the parameter; None for a global.

  Raises:
    SourceError: it is not of the form above.
  """
  match = _ARRAY.fullmatch(text)
  if not match:
    raise SourceError(
        f'{name} = {text}: not of the form TYPE[COUNT] CONTENT, such as '
        'float[4096] uniform(-1, 1)'
    )
  spelling = ' '.join(match['type'].split())
  if spelling not in SCALARS:
    raise SourceError(
        f'{name}: type {spelling!r} is none of {", ".join(SCALARS)}'
    )
  kind, size = SCALARS[spelling]
  count = int(match['count'])
  if not 0 < count * size <= _MAX_BYTES:
    raise SourceError(f'{name}: {count} x {size} bytes; at most {_MAX_BYTES}')
  content = match['content']
  numbers = [n for n in (match['numbers'] or '').split(',') if n.strip()]
  if content not in _CONTENTS or len(numbers) != _CONTENTS[content]:
    forms = ', '.join(f'{k} ({v} numbers)' for k, v in _CONTENTS.items())
    raise SourceError(f'{name} = {text}: the contents are {forms}')
  try:
    values = [float(n) for n in numbers] + [0.0, 0.0]
  except ValueError as error:
    raise SourceError(f'{name} = {text}: {error}') from error
  const = declaration is not None and re.search(
      r'\bconst\b[^*]*[*\[]', declaration + '['
  )
  return Array(
      name=name,
      kind=kind,
      size=size,
      count=count,
      content=content,
      numbers=(values[0], values[1]),
      writable=not const,
      is_global=declaration is None,
  )


def parse_settings(text: str) -> tuple[dict[str, str], dict[str, str]]:
  """`name = value` lines and `key: text` lines of a file."""
  return dict(_SETTING.findall(text)), dict(_NOTE.findall(text))


def is_number(text: str) -> bool:
  return re.fullmatch(_NUMBER, text) is not None
