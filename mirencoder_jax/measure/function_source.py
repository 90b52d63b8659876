"""A C file with one function to measure -> its parts.

Station: first step of `measure loops` and `measure openmp`. Types, macros,
global arrays and other functions may stand around the function; a `main` is
ignored. Comment lines give the values of its parameters and the contents of
arrays, see `source_settings`: an array is a pointer parameter or a global.
Arrays that are not `const` are set back before every timed call, and hold what
the function wrote when results are compared.
"""

import dataclasses
import re
from collections.abc import Callable

from mirencoder_jax.measure import source_settings
from mirencoder_jax.measure.source_settings import Array, SourceError

_COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)
_ATTRIBUTE = re.compile(r'__attribute__\s*\(\(.*?\)\)', re.DOTALL)
_WORD = re.compile(r'[A-Za-z_]\w*')


@dataclasses.dataclass(frozen=True)
class FunctionSource:
  """The parts of a file.

  Attributes:
    name: of the function.
    prelude: everything outside the function, without `main`.
    text: the function.
    code: the same with comments and strings blanked, so that offsets agree.
    body: offset of the body's `{`.
    first_line: line of the file where the function begins.
    returns: the return type.
    signature: text of the parameters.
    arguments: for each parameter the name of its array or its value.
    arrays: all arrays, in the order of their lines.
    notes: the `key: text` lines.
  """

  name: str
  prelude: str
  text: str
  code: str
  body: int
  first_line: int
  returns: str
  signature: str
  arguments: tuple[str, ...]
  arrays: tuple[Array, ...]
  notes: dict[str, str]

  @property
  def footprint(self) -> int:
    """Bytes of all arrays."""
    return sum(array.size * array.count for array in self.arrays)

  def line_of(self, offset: int) -> int:
    """Line of the file at an offset into `text`."""
    return self.first_line + self.text.count('\n', 0, offset)


def _blank(text: str) -> str:
  """Comments and strings as spaces, so that offsets stay."""
  return _COMMENT_OR_STRING.sub(
      lambda match: re.sub(r'[^\n]', ' ', match[0]), text
  )


def closing(code: str, start: int) -> int:
  """Offset of the bracket that closes the one at `start`."""
  pairs = {'(': ')', '{': '}', '[': ']'}
  depth = 0
  for offset in range(start, len(code)):
    if code[offset] == code[start]:
      depth += 1
    elif code[offset] == pairs[code[start]]:
      depth -= 1
      if not depth:
        return offset
  line = code.count('\n', 0, start) + 1
  raise SourceError(f'line {line}: {code[start]!r} is never closed')


def _skip_space(code: str, offset: int) -> int:
  while offset < len(code) and code[offset].isspace():
    offset += 1
  return offset


def _find_functions(code: str) -> list[tuple[int, int, str, int]]:
  """(start, end, name, offset of the parameters) of each definition."""
  # Preprocessor lines may hold braces of macros.
  code = re.sub(
      r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*',
      lambda match: re.sub(r'[^\n]', ' ', match[0]),
      code,
      flags=re.MULTILINE,
  )
  functions = []
  offset = start = 0
  while offset < len(code):
    char = code[offset]
    if char == ';':
      start = offset + 1
    elif char == '{':
      end = closing(code, offset) + 1
      head = code[start:offset]
      head = _ATTRIBUTE.sub(lambda match: ' ' * len(match[0]), head)
      match = re.search(r'([A-Za-z_]\w*)\s*\(', head)
      if match and head.rstrip().endswith(')'):
        functions.append(
            (_skip_space(code, start), end, match[1], start + match.end() - 1)
        )
        start = end
      offset = end - 1
    offset += 1
  return functions


def _split_parameters(text: str) -> list[str]:
  parameters, depth, current = [], 0, ''
  for char in text:
    depth += (char in '([') - (char in ')]')
    if char == ',' and not depth:
      parameters.append(current)
      current = ''
    else:
      current += char
  parameters.append(current)
  parameters = [' '.join(parameter.split()) for parameter in parameters]
  return [] if parameters in ([''], ['void']) else parameters


def _parameter_name(parameter: str) -> str:
  inner = re.search(r'\(\s*\*[^()]*?(\w+)\s*\)', parameter)
  words = _WORD.findall(re.sub(r'\[.*', '', parameter))
  return inner[1] if inner else words[-1]


def _bind(
    name: str, signature: str, outside: str, settings: dict[str, str]
) -> tuple[list[str], list[Array]]:
  """Argument of each parameter, and all arrays, from the settings."""
  parameters = _split_parameters(signature)
  declarations = {_parameter_name(p): p for p in parameters}
  arguments = []
  for parameter_name, declaration in declarations.items():
    if parameter_name not in settings:
      raise SourceError(
          f'parameter {parameter_name} of {name} has no value; add a line '
          f'`// {parameter_name} = ...`'
      )
    if '*' in declaration or '[' in declaration:
      arguments.append(parameter_name)
    elif source_settings.is_number(settings[parameter_name]):
      arguments.append(settings[parameter_name])
    else:
      raise SourceError(
          f'{parameter_name} = {settings[parameter_name]}: a scalar takes a '
          'number'
      )
  arrays = []
  for setting, value in settings.items():
    declaration = declarations.get(setting)
    if declaration is not None and not re.search(r'[*\[]', declaration):
      continue
    if declaration is None and not re.search(rf'\b{setting}\s*\[', outside):
      raise SourceError(
          f'{setting} = {value}: neither a parameter of {name} nor a global '
          'array'
      )
    arrays.append(source_settings.parse_array(setting, value, declaration))
  return arguments, arrays


def parse_function(
    text: str, is_wanted: Callable[[str], bool], what: str
) -> FunctionSource:
  """Finds the function, its parameters and arrays.

  Args:
    text: of the file.
    is_wanted: whether a function with this code is the one.
    what: how messages call what makes it so, such as `a loop`.

  Raises:
    SourceError: the file does not keep the contract; the message says how.
  """
  code = _blank(text)
  functions = _find_functions(code)
  wanted = [
      f for f in functions if f[2] != 'main' and is_wanted(code[f[3] : f[1]])
  ]
  if len(wanted) != 1:
    names = ', '.join(f[2] for f in wanted) or 'none'
    raise SourceError(f'one function with {what} is wanted; found: {names}')
  start, end, name, parameters_at = wanted[0]
  parameters_end = closing(code, parameters_at)
  values, notes = source_settings.parse_settings(text)
  signature = code[parameters_at + 1 : parameters_end]
  outside = code[:start] + code[end:]
  arguments, arrays = _bind(name, signature, outside, values)
  prelude = text[:start] + text[end:]
  for main in (f for f in functions if f[2] == 'main'):
    prelude = prelude.replace(text[main[0] : main[1]], '')
  head = _ATTRIBUTE.sub('', code[start:parameters_at])
  returns = re.sub(r'\b(static|inline|extern)\b', '', head)
  return FunctionSource(
      name=name,
      prelude=prelude,
      text=text[start:end],
      code=code[start:end],
      body=code.index('{', parameters_end) - start,
      first_line=code.count('\n', 0, start) + 1,
      returns=' '.join(returns.split()[:-1]),
      signature=signature,
      arguments=tuple(arguments),
      arrays=tuple(arrays),
      notes=notes,
  )
