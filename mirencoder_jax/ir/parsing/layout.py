"""Lays text that LLVM did not print out as LLVM would.

Station in the flow: before `ir.reader`'s line reader, for text that llvmlite's
LLVM refuses. Written by hand or by another LLVM, such text may have comments,
tabs, other indentation, and instructions over several lines.
"""

import re

_LABEL = re.compile(r'(?:"[^"]*"|[-\w.$]+):')
_OLD_LABEL = re.compile(r'\s*; <label>:([0-9]+)')  # LLVM 7 and 8
# An alignment before LLVM 7, and a size before LLVM 22.
_OLD_MEMORY = re.compile(
    r'(@llvm\.mem(?:cpy|move|set)\.[^(]*\(.*), i32 [0-9]+(, i1 \w+\))'
)
_OLD_LIFETIME = re.compile(r'(@llvm\.lifetime\.\w+[^(]*\()i64 -?[0-9]+, ')
_STRING = re.compile(r'"[^"]*"')
_NOT_BRACKETS = re.compile(r'[^()[\]{}]+')


def tidy(text: str) -> str:
  """The text with one instruction a line, indented by two, and no comments.

  The numbers of old blocks, which stand in comments, become labels. Line
  numbers stay what they were: lines that are joined leave empty ones.
  """
  layout = _Layout()
  for line in text.replace('\r\n', '\n').replace('\r', '\n').split('\n'):
    layout.add(line)
  layout.flush()
  return '\n'.join(layout.lines)


class _Layout:
  """Lines so far, and the one whose brackets are not closed yet."""

  def __init__(self):
    self.lines: list[str] = []
    self._inside = False  # of a function
    self._parts: list[str] = []
    self._depth = 0

  def add(self, raw: str) -> None:
    old = _OLD_LABEL.match(raw) if self._inside and not self._parts else None
    if old:
      self.lines.append(f'{old.group(1)}:')
      return
    line = without_comment(raw).strip()
    line = line.replace('\t', ' ') if '"' in line else ' '.join(line.split())
    if '@llvm.' in line:
      line = _upgraded(line)
    if line == '}' and (self._inside or not self._parts):
      # Never part of an instruction, however many brackets are open.
      self.flush()
      self._inside = False
      self.lines.append(line)
      return
    self._parts.append(line)
    self._depth += _depth(line)
    if not self._inside and self._parts[0].startswith('define'):
      # Its first line goes on to the brace.
      if self._depth <= 1 and line.endswith('{'):
        self.flush()
        self._inside = True
      elif self._depth <= 0 and line.endswith('}'):
        self._one_line()
    elif self._depth <= 0:
      self.flush()

  def flush(self) -> None:
    """Ends a line; further lines that it took become empty ones."""
    if self._parts:
      line = ' '.join(self._parts)
      indent = self._inside and line and not _LABEL.match(line)
      self.lines.append('  ' + line if indent else line)
      self.lines += [''] * (len(self._parts) - 1)
    self._parts, self._depth = [], 0

  def _one_line(self) -> None:
    """`define void @f() { ret void }`: a function of one instruction."""
    line = ' '.join(self._parts)
    head, _, body = line[:-1].rpartition('{')
    empty = max(0, len(self._parts) - 3)
    self.lines += [head + '{', '  ' + body.strip(), '}'] + [''] * empty
    self._parts, self._depth = [], 0


def _upgraded(line: str) -> str:
  """Calls of intrinsics with arguments that they have no more.

  As LLVM upgrades them, so that such a text reads as it would after mending.
  """
  line = _OLD_MEMORY.sub(r'\1\2', line)
  return _OLD_LIFETIME.sub(r'\1', line)


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
