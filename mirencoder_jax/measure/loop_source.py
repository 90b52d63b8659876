"""A C file with one loop -> its parts, for `loop_program` to clone.

Station: first step of `python -m mirencoder_jax.measure loops`. The contract
of a file is small:

    // family: axpy                       any `key: text`, kept with the labels
    // n = 4096                           value of a scalar parameter
    // x = float[4096] uniform(-1, 1)     contents of an array
    // y = float[4096] uniform(-1, 1)

    void axpy(int n, const float *restrict x, float *restrict y) {
      for (int i = 0; i < n; ++i) y[i] += 2.0f * x[i];
    }

One function holds loops, and exactly one of its loops, a `for`, has no other
inside: that one is tuned. Other functions without loops, types, macros and
global arrays may stand around it; a `main` is ignored. An array is a pointer
parameter or a global; `loop_settings` says what its line may hold. Arrays that
are not `const` are set back before every timed call, and hold what the loop
wrote when results are compared.
"""

import dataclasses
import re

from mirencoder_jax.measure import loop_settings
from mirencoder_jax.measure.loop_settings import Array, LoopError

_COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)
_LOOP = re.compile(r'\b(for|while|do)\b')
_ATTRIBUTE = re.compile(r'__attribute__\s*\(\(.*?\)\)', re.DOTALL)
_WORD = re.compile(r'[A-Za-z_]\w*')


@dataclasses.dataclass(frozen=True)
class LoopSource:
  """The parts of a file.

  Attributes:
    name: of the function.
    prelude: everything outside the function, without `main`.
    before: the function's text up to the tuned loop.
    after: the rest, from the `for` on.
    header: the two semicolons of the `for`, as offsets into `after`, and the
      offset of its closing parenthesis.
    returns: the return type.
    signature: text of the parameters.
    arguments: for each parameter the name of its array or its value.
    arrays: all arrays, in the order of their lines.
    notes: the `key: text` lines.
  """

  name: str
  prelude: str
  before: str
  after: str
  header: tuple[int, int, int]
  returns: str
  signature: str
  arguments: tuple[str, ...]
  arrays: tuple[Array, ...]
  notes: dict[str, str]

  @property
  def footprint(self) -> int:
    """Bytes of all arrays."""
    return sum(array.size * array.count for array in self.arrays)


def _blank(text: str) -> str:
  """Comments and strings as spaces, so that offsets stay."""
  return _COMMENT_OR_STRING.sub(
      lambda match: re.sub(r'[^\n]', ' ', match[0]), text
  )


def _closing(code: str, start: int) -> int:
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
  raise LoopError(f'line {line}: {code[start]!r} is never closed')


def _skip_space(code: str, offset: int) -> int:
  while offset < len(code) and code[offset].isspace():
    offset += 1
  return offset


def _statement_end(code: str, start: int) -> int:
  """Offset behind the statement that begins at `start`."""
  start = _skip_space(code, start)
  if code.startswith('{', start):
    return _closing(code, start) + 1
  word = _WORD.match(code, start)
  keyword = word[0] if word else ''
  if keyword in ('for', 'while', 'if'):
    end = _statement_end(code, _closing(code, code.index('(', start)) + 1)
    other = _WORD.match(code, _skip_space(code, end))
    if keyword == 'if' and other and other[0] == 'else':
      return _statement_end(code, other.end())
    return end
  if keyword == 'do':
    end = _statement_end(code, word.end())
    return code.index(';', end) + 1
  end = code.find(';', start)
  if end < 0:
    raise LoopError('a statement has no end')
  return end + 1


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
      end = _closing(code, offset) + 1
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


def _find_tuned_loop(
    code: str, name: str, body: int, end: int
) -> tuple[int, tuple[int, int, int]]:
  """Offset of the innermost `for`; of its semicolons and its bracket's end."""
  loops = [
      (match.start(), _statement_end(code, match.start()), match[1])
      for match in _LOOP.finditer(code, body, end)
  ]
  innermost = [
      loop
      for loop in loops
      if not any(loop[0] < other[0] < loop[1] for other in loops)
  ]
  if len(innermost) != 1:
    lines = [code.count('\n', 0, loop[0]) + 1 for loop in innermost]
    raise LoopError(
        f'{name} has {len(innermost)} innermost loops, at lines {lines}; one '
        'is wanted: split the file'
    )
  loop_start, _, keyword = innermost[0]
  if keyword != 'for':
    raise LoopError(f'the innermost loop of {name} is a {keyword}, not a for')
  opening = code.index('(', loop_start)
  closing = _closing(code, opening)
  semicolons = [i for i in range(opening, closing) if code[i] == ';']
  if len(semicolons) != 2:
    raise LoopError(f'the for of {name} has {len(semicolons)} semicolons')
  return loop_start, (*semicolons, closing)


def _bind(
    name: str, signature: str, outside: str, settings: dict[str, str]
) -> tuple[list[str], list[Array]]:
  """Argument of each parameter, and all arrays, from the settings."""
  parameters = _split_parameters(signature)
  declarations = {_parameter_name(p): p for p in parameters}
  arguments = []
  for parameter_name, declaration in declarations.items():
    if parameter_name not in settings:
      raise LoopError(
          f'parameter {parameter_name} of {name} has no value; add a line '
          f'`// {parameter_name} = ...`'
      )
    if '*' in declaration or '[' in declaration:
      arguments.append(parameter_name)
    elif loop_settings.is_number(settings[parameter_name]):
      arguments.append(settings[parameter_name])
    else:
      raise LoopError(
          f'{parameter_name} = {settings[parameter_name]}: a scalar takes a '
          'number'
      )
  arrays = []
  for setting, value in settings.items():
    declaration = declarations.get(setting)
    if declaration is not None and not re.search(r'[*\[]', declaration):
      continue
    if declaration is None and not re.search(rf'\b{setting}\s*\[', outside):
      raise LoopError(
          f'{setting} = {value}: neither a parameter of {name} nor a global '
          'array'
      )
    arrays.append(loop_settings.parse_array(setting, value, declaration))
  return arguments, arrays


def parse_loop(text: str) -> LoopSource:
  """Finds the function, its innermost loop, parameters and arrays.

  Raises:
    LoopError: the file does not keep the contract; the message says how.
  """
  code = _blank(text)
  functions = _find_functions(code)
  looping = [
      f for f in functions if f[2] != 'main' and _LOOP.search(code, f[3], f[1])
  ]
  if len(looping) != 1:
    names = ', '.join(f[2] for f in looping) or 'none'
    raise LoopError(f'one function with a loop is wanted; found: {names}')
  start, end, name, parameters_at = looping[0]

  body = _closing(code, parameters_at)
  loop_start, header = _find_tuned_loop(code, name, body, end)
  settings, notes = loop_settings.parse_settings(text)
  signature = code[parameters_at + 1 : body]
  outside = code[:start] + code[end:]
  arguments, arrays = _bind(name, signature, outside, settings)
  prelude = text[:start] + text[end:]
  for main in (f for f in functions if f[2] == 'main'):
    prelude = prelude.replace(text[main[0] : main[1]], '')
  head = _ATTRIBUTE.sub('', code[start:parameters_at])
  returns = re.sub(r'\b(static|inline|extern)\b', '', head)
  return LoopSource(
      name=name,
      prelude=prelude,
      before=text[start:loop_start],
      after=text[loop_start:end],
      header=tuple(offset - loop_start for offset in header),
      returns=' '.join(returns.split()[:-1]),
      signature=signature,
      arguments=tuple(arguments),
      arrays=tuple(arrays),
      notes=notes,
  )
