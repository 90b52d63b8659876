"""Lays text that LLVM did not print out as LLVM would.

Before the line reader, for text that llvmlite's LLVM refuses. Written by hand
or by another LLVM, such text may have comments, tabs, other indentation,
instructions over several lines and several instructions on one.
"""

import re
from typing import NamedTuple

from mirencoder_jax.ir.parsing import cursor, instruction, line_shape, operands

_NAME = r'(?:%[-\w.$]+|%"[^"]*")'
_LABEL = re.compile(r'((?:"[^"]*"|[-\w.$]+):)(?!:)\s*')
_OLD_LABEL = re.compile(r'\s*; <label>:([0-9]+)')  # LLVM 7 and 8
_RESULT = re.compile(rf'{_NAME}\s*=(?!=)')
_WORD = re.compile(r'[a-z][\w.]*')
_STARTS = '|'.join(sorted(instruction.STARTS))
# Where a second instruction might begin on a line.
_SECOND = re.compile(rf'[^=\s]\s+(?:{_NAME}\s*=\s|(?:{_STARTS})\s(?!\s*\())')
# A first word that goes on with what stands above it.
_GOES_ON = re.compile(
    r'(?:to|unwind|catch|filter|cleanup|personality|within|from|label|align|'
    r'i\d+|void|ptr|half|bfloat|float|double|metadata|null|undef|true|false|'
    r'poison|zeroinitializer|none|syncscope|x)\b'
)
_WANTS_MORE = re.compile(r'(?:[,=]|(?:^|= )(?:tail|musttail|notail))$')
_TOP = re.compile(
    r'(?:define|declare|target|source_filename|attributes|module|uselistorder|'
    r'uselistorder_bb|deplibs)\b|[@%!$^}]|#(?=\s|$)'
)
_DUMP = re.compile(r'\*\*\* IR Dump .*')
# Behind this a `{` begins a type: `prefix { i32, i32 } { i32 1, i32 2 }`.
_LITERAL = re.compile(r'(?:\s(?:prefix|prologue)|<|\})\s*$')
_STRING = re.compile(r'"[^"]*"')
_NOT_BRACKETS = re.compile(r'[^()[\]{}]+')


class Laid(NamedTuple):
  """A text of one statement a line.

  Attributes:
    lines: instructions are indented by two; there are no comments.
    numbers: the line of the text where each begins, from 1.
  """

  lines: list[str]
  numbers: list[int]

  @property
  def text(self) -> str:
    return '\n'.join(self.lines)


def lay_out(text: str) -> Laid:
  """One instruction a line, and the numbers of old blocks as labels."""
  layout = _Layout()
  lines = text.replace('\r\n', '\n').replace('\r', '\n').split('\n')
  for number, line in enumerate(lines, 1):
    layout.add(line, number)
  layout.flush()
  return Laid(layout.lines, layout.numbers)


def tidy(text: str) -> str:
  """As `lay_out`, the text alone."""
  return lay_out(text).text


class _Layout:
  """Statements so far, and the one that is not over yet."""

  def __init__(self):
    self.lines: list[str] = []
    self.numbers: list[int] = []
    self._inside = False  # of a function
    self._parts: list[str] = []
    self._depth = 0  # of brackets in the parts
    self._indent = 0  # of the first part
    self._number = 0  # of its line

  def add(self, raw: str, number: int) -> None:
    old = _OLD_LABEL.match(raw) if self._inside and not self._depth else None
    if old:
      self.flush()
      self._put(f'{old.group(1)}:', number)
      return
    line = without_comment(raw).strip()
    line = line.replace('\t', ' ') if '"' in line else ' '.join(line.split())
    if not line:
      return
    indent = len(raw) - len(raw.lstrip())
    if line == '}' and (self._inside or not self._parts):
      # Never part of an instruction, however many brackets are open.
      self.flush()
      self._inside = False
      self._put(line, number)
    elif self._inside:
      self._body(line, indent, number)
    else:
      self._top(line, number)

  def flush(self) -> None:
    """Ends a statement."""
    if self._parts:
      line = ' '.join(self._parts)
      self._put('  ' + line if self._inside else line, self._number)
    self._parts, self._depth = [], 0

  def _put(self, line: str, number: int) -> None:
    self.lines.append(line)
    self.numbers.append(number)

  def _take(self, line: str, indent: int, number: int) -> None:
    """Adds a line to the statement."""
    if not self._parts:
      self._indent, self._number = indent, number
    self._parts.append(line)
    self._depth += _depth(line)

  def _top(self, line: str, number: int) -> None:
    if _DUMP.match(line):
      return  # the head of a dump of a pass manager
    if self._parts and not self._top_goes_on(line):
      self.flush()
    self._take(line, 0, number)
    first = self._parts[0]
    if first.startswith('define'):
      # Its first line goes on to the brace.
      head = ' '.join(self._parts)
      brace = _body_brace(head) if '{' in line else -1
      if brace >= 0:
        self._parts = [head[: brace + 1]]
        self.flush()
        self._inside = True
        if body := head[brace + 1 :].strip():
          self._body(body, 0, number)
    elif first == '}':
      self.flush()

  def _top_goes_on(self, line: str) -> bool:
    if self._depth > 0:
      return True
    first, last = self._parts[0], self._parts[-1]
    if _TOP.match(line) and last[-1] not in ',=':
      # The symbol may stand on a line of its own.
      return first.startswith(('define', 'declare')) and '@' not in ' '.join(
          self._parts
      )
    return (
        first.startswith('define')
        or last[-1] in ',='
        or last.endswith(('global', 'constant', 'alias', 'type', 'define'))
        or line[0] in ',([{<"#'
    )

  def _body(self, line: str, indent: int, number: int) -> None:
    """A line of a function; whatever stands on it."""
    label = _LABEL.match(line)
    if label and self._depth <= 0:
      self.flush()
      self._put(label.group(1), number)
      line = line[label.end() :]
      if not line:
        return
    if self._parts and self._begins(line, indent):
      self.flush()
    parts = _statements(line) if _SECOND.search(line) else [line]
    for part in parts[:-1]:
      self._take(part, indent, number)
      self.flush()
    last = parts[-1]
    ends = last[-1] == '}' and self._depth + _depth(last) < 0
    last = last[:-1].rstrip() if ends else last
    if last:
      self._take(last, indent, number)
    if ends:
      self.flush()
      self._inside = False
      self._put('}', number)

  def _begins(self, line: str, indent: int) -> bool:
    """Whether a line begins a statement, rather than going on with one."""
    if self._depth > 0 or _WANTS_MORE.search(self._parts[-1]):
      return False
    if _RESULT.match(line) or line.startswith('#dbg_'):
      return True
    word = _WORD.match(line)
    if not word or _GOES_ON.match(line):
      return False
    if word.group() in instruction.STARTS:
      tokens = line_shape.tokenize(line[word.end() :])
      return next((t for t in tokens if t not in _FLAGS), '') != '('
    return indent <= self._indent  # an instruction of the future


def _body_brace(head: str) -> int:
  """Where the `{` of a function's body stands, -1 if it is not there yet."""
  if head.endswith('{'):
    return len(head) - 1
  plain = _STRING.sub(lambda m: '"' * len(m.group()), head)
  depth, seen = 0, False
  for i in range(max(plain.find('@'), 0), len(plain)):
    letter = plain[i]
    if (
        letter == '{'
        and depth == 0
        and seen
        and not _LITERAL.search(plain, 0, i)
    ):
      return i
    if letter in '([{':
      depth += 1
      seen = seen or letter == '('
    elif letter in ')]}':
      depth -= 1
  return -1


def _statements(line: str) -> list[str]:
  """Cuts a line where a further instruction begins on it."""
  cuts = [0]
  depth, before = 0, ''
  found = list(line_shape.TOKEN.finditer(line))
  tokens = [match.group() for match in found]
  for i, match in enumerate(found):
    token = tokens[i]
    behind = next((t for t in tokens[i + 1 :] if t not in _FLAGS), '')
    depth += (token in cursor.OPEN) - (token in cursor.CLOSE)
    quoted = token[0] == '"' and line[: match.start()].endswith('%')
    begins = depth == 0 and (
        ((token[0] == '%' or quoted) and behind == '=')
        or (
            token in instruction.STARTS
            and behind != '('
            and before not in _OPERATION_BEHIND
        )
    )
    if begins and i:
      cuts.append(match.start() - quoted)
    before = token
  return [
      line[start:end].strip()
      for start, end in zip(cuts, [*cuts[1:], len(line)], strict=True)
  ]


# Words between the opcode of a constant expression and its bracket.
_FLAGS = operands.FLAGS | frozenset(
    'eq ne ugt uge ult ule sgt sge slt sle oeq ogt oge olt ole one ord ueq une '
    'uno'.split()
)
# Words that stand before an opcode within one instruction.
_OPERATION_BEHIND = frozenset(
    ['=', 'tail', 'musttail', 'notail', 'atomicrmw', 'volatile', 'elementwise']
)


def _depth(line: str) -> int:
  """How many more brackets a line opens than it closes."""
  if '"' in line:
    line = _STRING.sub('', line)
  brackets = _NOT_BRACKETS.sub('', line)
  return sum(1 if bracket in '([{' else -1 for bracket in brackets)


def without_comment(line: str) -> str:
  """A line of IR up to its `;`, if that is not inside quotes."""
  if ';' not in line:
    return line
  if '"' not in line:
    return line[: line.index(';')]
  # A `;` behind an odd number of quotes is inside a string.
  at = line.find(';')
  quotes, counted = 0, 0
  while at >= 0:
    quotes += line.count('"', counted, at)
    if quotes % 2 == 0:
      return line[:at]
    counted = at
    at = line.find(';', at + 1)
  return line
