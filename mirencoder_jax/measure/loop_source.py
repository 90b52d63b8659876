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
inside: that one is tuned. `function_source` says what else a file may hold.
"""

import dataclasses
import re

from mirencoder_jax.measure import function_source
from mirencoder_jax.measure.function_source import FunctionSource, closing
from mirencoder_jax.measure.source_settings import SourceError

_LOOP = re.compile(r'\b(for|while|do)\b')
_WORD = re.compile(r'[A-Za-z_]\w*')


@dataclasses.dataclass(frozen=True)
class LoopSource:
  """A function and its tuned loop.

  Attributes:
    function: the parts of the file.
    before: the function's text up to the tuned loop.
    after: the rest, from the `for` on.
    header: the two semicolons of the `for` and its closing parenthesis, as
      offsets into `after`.
  """

  function: FunctionSource
  before: str
  after: str
  header: tuple[int, int, int]


def _skip_space(code: str, offset: int) -> int:
  while offset < len(code) and code[offset].isspace():
    offset += 1
  return offset


def _statement_end(code: str, start: int) -> int:
  """Offset behind the statement that begins at `start`."""
  start = _skip_space(code, start)
  if code.startswith('{', start):
    return closing(code, start) + 1
  word = _WORD.match(code, start)
  keyword = word[0] if word else ''
  if keyword in ('for', 'while', 'if'):
    end = _statement_end(code, closing(code, code.index('(', start)) + 1)
    other = _WORD.match(code, _skip_space(code, end))
    if keyword == 'if' and other and other[0] == 'else':
      return _statement_end(code, other.end())
    return end
  if keyword == 'do':
    end = _statement_end(code, word.end())
    return code.index(';', end) + 1
  end = code.find(';', start)
  if end < 0:
    raise SourceError('a statement has no end')
  return end + 1


def _find_tuned_loop(
    function: FunctionSource,
) -> tuple[int, tuple[int, int, int]]:
  """Offset of the innermost `for`; of its semicolons and its bracket's end."""
  code, name = function.code, function.name
  loops = [
      (match.start(), _statement_end(code, match.start()), match[1])
      for match in _LOOP.finditer(code, function.body)
  ]
  innermost = [
      loop
      for loop in loops
      if not any(loop[0] < other[0] < loop[1] for other in loops)
  ]
  if len(innermost) != 1:
    lines = [function.line_of(loop[0]) for loop in innermost]
    raise SourceError(
        f'{name} has {len(innermost)} innermost loops, at lines {lines}; one '
        'is wanted: split the file'
    )
  start, _, keyword = innermost[0]
  if keyword != 'for':
    raise SourceError(f'the innermost loop of {name} is a {keyword}, not a for')
  opening = code.index('(', start)
  end = closing(code, opening)
  semicolons = [i for i in range(opening, end) if code[i] == ';']
  if len(semicolons) != 2:
    raise SourceError(f'the for of {name} has {len(semicolons)} semicolons')
  return start, (*semicolons, end)


def parse_loop(text: str) -> LoopSource:
  """Finds the function and its innermost loop.

  Raises:
    SourceError: the file does not keep the contract; the message says how.
  """
  function = function_source.parse_function(
      text, lambda code: _LOOP.search(code) is not None, 'a loop'
  )
  start, header = _find_tuned_loop(function)
  return LoopSource(
      function=function,
      before=function.text[:start],
      after=function.text[start:],
      header=tuple(offset - start for offset in header),
  )
