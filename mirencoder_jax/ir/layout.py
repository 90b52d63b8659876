"""Lays text that LLVM did not print out as LLVM would.

Station in the flow: before `ir.reader`'s line reader, for text that llvmlite's
LLVM refuses. Written by hand or by another LLVM, such text may have comments,
tabs, other indentation, and instructions over several lines.
"""

import re

_LABEL = re.compile(r'(?:"[^"]*"|[-\w.$]+):')
_OLD_LABEL = re.compile(r'\s*; <label>:([0-9]+)')  # LLVM 7 and 8
_OPENING = re.compile(r'[(\[{]')
_CLOSING = re.compile(r'[)\]}]')
_STRING = re.compile(r'"[^"]*"')


def tidy(text: str) -> str:
  """The text with one instruction a line, indented by two, and no comments.

  The numbers of old blocks, which stand in comments, become labels. Line
  numbers stay what they were: lines that are joined leave empty ones.
  """
  lines: list[str] = []
  inside = False
  pending: list[str] = []  # of a line whose brackets are not closed yet
  depth = 0
  for raw in text.replace('\r\n', '\n').replace('\r', '\n').split('\n'):
    old = _OLD_LABEL.match(raw) if inside and not pending else None
    if old:
      lines.append(f'{old.group(1)}:')
      continue
    line = _without_comment(raw).strip()
    if '"' not in line:
      line = ' '.join(line.split())
    else:
      line = line.replace('\t', ' ')
    if line == '}' and (inside or pending):
      # Never part of an instruction that is split over lines.
      lines += _flushed(pending, inside)
      pending, depth, inside = [], 0, False
      lines.append(line)
      continue
    header = not inside and (
        line.startswith('define') or bool(pending) and depth >= 0
    )
    bare = _STRING.sub('', line) if '"' in line else line
    if inside or header:
      depth += len(_OPENING.findall(bare)) - len(_CLOSING.findall(bare))
    if header:
      pending.append(line)
      if line.endswith('{') and depth == 1:
        lines += _flushed(pending, False)
        pending, depth, inside = [], 0, True
      elif line.endswith('}') and depth == 0:
        lines += _one_line(' '.join(pending), len(pending))
        pending = []
      continue
    if inside and (pending or depth > 0):
      pending.append(line)
      if depth <= 0:
        lines += _flushed(pending, True)
        pending, depth = [], 0
      continue
    depth = 0
    lines.append(_indented(line) if inside else line)
  lines += _flushed(pending, inside)
  return '\n'.join(lines)


def _flushed(pending: list[str], indent: bool) -> list[str]:
  """One line of several, and as many empty ones as it took more."""
  if not pending:
    return []
  line = ' '.join(pending)
  return [_indented(line) if indent else line] + [''] * (len(pending) - 1)


def _indented(line: str) -> str:
  if not line or _LABEL.match(line):
    return line
  return '  ' + line


def _one_line(line: str, count: int) -> list[str]:
  """`define void @f() { ret void }`: a function of one instruction."""
  head, _, body = line[:-1].rpartition('{')
  return [f'{head}{{', '  ' + body.strip(), '}'] + [''] * max(0, count - 3)


def _without_comment(line: str) -> str:
  if ';' not in line:
    return line
  if '"' not in line:
    return line[: line.index(';')]
  # Behind a quoted string, an even number of quotes stands before a `;`.
  at = line.find(';')
  quotes, counted = 0, 0
  while at >= 0:
    quotes += line.count('"', counted, at)
    if quotes % 2 == 0:
      return line[:at]
    counted = at
    at = line.find(';', at + 1)
  return line
