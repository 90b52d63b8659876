"""A C file with one function to measure -> its parts.

Station: first step of `measure loops` and `measure openmp`. Types, macros,
global arrays and other functions may stand around the function; a `main` is
left out. Comment lines give the values of its parameters and the contents of
arrays, see `source_settings`: an array is a pointer parameter or a global. A
file without such lines is called as its `main` does, see `source_defaults`.
Arrays that are not `const` are set back before every timed call, and hold what
the function wrote when results are compared.
"""

import dataclasses
import re
from collections.abc import Callable

from mirencoder_jax.measure import source_defaults, source_settings
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
    name: str,
    signature: str,
    code: str,
    outside: str,
    main: str,
    settings: dict[str, str],
) -> tuple[list[str], list[Array]]:
  """Argument of each parameter, and all arrays.

  Args:
    name: of the function.
    signature: its parameters.
    code: the function.
    outside: code around it.
    main: code of a `main`, '' if there is none.
    settings: lines of the file.
  """
  parameters = _split_parameters(signature)
  declarations = {_parameter_name(p): p for p in parameters}
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

  found = source_defaults.default_globals(outside)
  unset = {n: d for n, d in declarations.items() if n not in settings}
  calls = [match.end() - 1 for match in re.finditer(rf'\b{name}\s*\(', main)]
  call = []
  if calls:
    call = _split_parameters(main[calls[0] + 1 : closing(main, calls[0])])
  given, local = source_defaults.bind_call(
      list(declarations), unset, call, found
  )
  arrays += local
  arrays += [
      array
      for array in found.values()
      if array.name not in settings
      and (
          array.name in given.values()
          or array.name not in declarations
          and re.search(rf'\b{array.name}\b', code)
      )
  ]
  arguments = []
  for parameter_name, declaration in declarations.items():
    value = settings.get(parameter_name, given.get(parameter_name))
    if value is None:
      raise SourceError(
          f'parameter {parameter_name} of {name} has no value; add a line '
          f'`// {parameter_name} = ...`'
      )
    if parameter_name in given:
      arguments.append(value)
    elif re.search(r'[*\[]', declaration):
      arguments.append(parameter_name)
    elif source_settings.is_number(value):
      arguments.append(value)
    else:
      raise SourceError(f'{parameter_name} = {value}: a scalar takes a number')
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
  prelude, main = text[:start] + text[end:], ''
  for first, last, other, _ in functions:
    if other == 'main':
      main = code[first:last]
      prelude = prelude.replace(text[first:last], '')
      outside = outside.replace(main, '')
  arguments, arrays = _bind(
      name, signature, code[start:end], outside, main, values
  )
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
