"""`isolate`: a function as a module of its own, in which all else is declared.

What a compiler makes of such a module hangs on the function alone: callees are
declarations, what can be written to is external, and constants keep their
values. `slicing` does the opposite and takes what is reached along.
"""

import re

from mirencoder_jax.frontend import slicing
from mirencoder_jax.ir.module import IRError

# What may be named: globals, types, comdats, attributes, metadata.
_NAME = re.compile(r'[@%#!](?:"[^"]*"|[-\w.$]+)')
_DEFINED = re.compile(r'(?:define|declare)\b[^@]*?(@(?:"[^"]*"|[-\w.$]+))\(')
_ENTITY = re.compile(
    r'(%(?:"[^"]*"|[-\w.$]+)) = type |(@(?:"[^"]*"|[-\w.$]+)) = '
    r'|attributes (#\d+) = |(!\d+) = '
)
_LINKAGE = (
    r'\b(?:private|internal|available_externally|linkonce_odr|linkonce|'
    r'weak_odr|weak|common|extern_weak|external|hidden|protected|default|'
    r'dso_local|dso_preemptable) '
)
_COMDAT = re.compile(r',? comdat(?:\(\$(?:"[^"]*"|[-\w.$]+)\))?')
_VARIABLE = re.compile(
    r'(?P<head>(?:thread_local(?:\(\w+\))? |(?:local_)?unnamed_addr |'
    r'addrspace\(\d+\) |externally_initialized )*)'
    r'(?P<kind>global|constant) '
)
_BRACKETS = {'(': ')', '[': ']', '{': '}', '<': '>'}


def _closed(text: str, start: int) -> int:
  """Where the type, or the list in brackets, that begins at `start` ends."""
  if text[start] not in _BRACKETS:
    end = re.compile(r'(?:%"[^"]*"|[^\s,])+').match(text, start)
    return end.end() if end else len(text)
  depth, at = 0, start
  while at < len(text):
    char = text[at]
    if char == '"':
      at = text.index('"', at + 1)
    elif char in _BRACKETS:
      depth += 1
    elif char in ')]}>':
      depth -= 1
      if not depth:
        return at + 1
    at += 1
  return len(text)


def _opening(text: str) -> int:
  """Where the round bracket opens that the last character closes."""
  depth = 0
  for at in range(len(text) - 1, -1, -1):
    depth += (text[at] == ')') - (text[at] == '(')
    if not depth:
      return at
  return 0


def _linkage(line: str, at: int) -> tuple[str, str]:
  """Without linkage words up to `at`; `dso_local ` where a call stays near."""
  head, rest = line[:at], line[at:]
  local = re.search(r'\b(?:private|internal|dso_local) ', head) is not None
  return re.sub(_LINKAGE, '', head) + rest, 'dso_local ' if local else ''


def _declare(line: str) -> str:
  """A definition's first line, or a declaration, as a declaration."""
  symbol = _DEFINED.match(line)
  assert symbol is not None  # of whoever calls this
  end = _closed(line, symbol.end() - 1)
  attributes = re.search(r' #\d+', line[end:])
  shared = re.search(r' (?:local_)?unnamed_addr\b', line[end:])
  space = re.search(r' addrspace\(\d+\)', line[end:])
  tail = ''.join(m[0] for m in (shared, space, attributes) if m)
  head, local = _linkage(line[:end], symbol.start(1))
  head = re.sub(r'^(?:define|declare) ', f'declare {local}', head)
  return f'{head}{tail}'


def _variable(line: str, symbol: str) -> str:
  """A global as another module sees it; a constant keeps its value."""
  equals = len(symbol) + 3
  body = line[equals:]
  alias = re.match(r'(?:[\w()]+ )*?(?:alias|ifunc) (.*), ', body)
  if alias is not None:
    kind = alias[1].rstrip()
    start = _opening(kind) if kind.endswith(')') else 0
    if start:  # of a function
      return f'declare {kind[:start]}{symbol}{kind[start:]}'
    return f'{symbol} = external global {kind}'
  kind = re.search(r'\b(?:global|constant) ', body)
  if kind is None:
    return line
  body, local = _linkage(body, kind.start())
  found = _VARIABLE.match(body)
  if found is None:
    return line
  if found['kind'] == 'constant' and 'external ' not in line[: kind.start()]:
    return _COMDAT.sub('', line)
  end = _closed(body, found.end())
  align = re.search(r', align \d+', body[end:])
  return (
      f'{symbol} = external {local}{found["head"]}{found["kind"]} '
      f'{body[found.end() : end]}{align[0] if align else ""}'
  )


class Module:
  """A module's text in parts, of which a function takes what it names.

  Attributes:
    symbols: of the functions that it defines, in order, without quotes.
    triple: of its target, '' if it names none.
  """

  def __init__(self, text: str, file: str = ''):
    """Reads the text that LLVM prints.

    Args:
      text: of the module.
      file: what messages call it.
    """
    self._file = file
    self._bodies: dict[str, str] = {}
    self._parts: dict[str, str] = {}
    self._flags: list[str] = []
    self._head: list[str] = []
    self._named: dict[str, frozenset[str]] = {}
    self.triple = ''
    for first, lines in slicing.pieces(slicing.strip_debug(text)):
      self._take(first, lines)
    self.symbols = tuple(symbol[1:].strip('"') for symbol in self._bodies)

  def _take(self, first: str, lines: str) -> None:
    if first.startswith('target '):
      self._head.append(first)
      if first.startswith('target triple'):
        self.triple = first.split('"')[1]
    elif first.startswith('!llvm.module.flags'):
      self._flags.append(first)
    elif first.startswith(('define', 'declare')):
      symbol = _DEFINED.match(first)
      if symbol is None:
        return
      if first.startswith('define'):
        self._bodies[symbol[1]] = lines
      self._parts[symbol[1]] = _declare(first)
    elif found := _ENTITY.match(first):
      name = next(filter(None, found.groups()))
      is_global = name[0] == '@'
      self._parts[name] = _variable(first, name) if is_global else first

  def _names(self, key: str, text: str) -> frozenset[str]:
    if key not in self._named:
      found = _NAME.findall(text)
      self._named[key] = frozenset(n for n in found if n in self._parts)
    return self._named[key]

  def isolate(self, symbol: str) -> str:
    """The module of one function.

    Raises:
      IRError: it is not defined here.
    """
    key = next(
        (k for k in (f'@{symbol}', f'@"{symbol}"') if k in self._bodies), None
    )
    if key is None:
      raise IRError(f'no function called {symbol!r}', self._file)
    first, _, rest = self._bodies[key].partition('\n')
    first, local = _linkage(first, first.index(key))
    first = re.sub('^define ', f'define {local}', _COMDAT.sub('', first))
    body = f'{first}\n{rest}'
    reached = set(self._names(f'body {key}', body)) - {key}
    for flag in self._flags:
      reached |= self._names(flag, flag)
    new = list(reached)
    while new:
      name = new.pop()
      more = self._names(name, self._parts[name]) - reached - {key}
      reached |= more
      new += more
    # In the module's order, so that numbers and bytes are the same every time.
    kept = [text for name, text in self._parts.items() if name in reached]
    return '\n'.join([*self._head, *kept, body, *self._flags]) + '\n'
