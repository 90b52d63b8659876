"""What a pasted function leaves out: declarations, types, comdats, metadata.

Text that LLVM refuses because it is a part of a module. What is called
somewhere is a function; every other symbol is a variable, of the type as which
it is read and written, where all agree on it. Named types are opaque, and where
LLVM must know a size, as large as the indices into them ask for.
"""

import re

from mirencoder_jax.ir.parsing import constant_expressions, line_shape
from mirencoder_jax.ir.parsing.layout import Laid
from mirencoder_jax.ir.parsing.plan import LineError

_SYMBOL = re.compile(r'@[-\w.$]+')
_FUNCTION = re.compile(r'(?:define|declare)\b[^@]*(@[-\w.$]+)')
_VARIABLE = re.compile(r'(@[-\w.$]+)\s*=')
_TYPE = re.compile(r'(%[-\w.$]+)\s*=\s*type\b')
_LOCAL = re.compile(r'%(?![0-9]+(?![-\w.$]))[-\w.$]+')  # not by number
_RESULT = re.compile(r'  (%[-\w.$]+) =')
_LABEL = re.compile(r'([-\w.$]+):')
_PARAMETER = re.compile(r'(?<=[^,(] )(%[-\w.$]+)(?=\s*[,)])')
_OPAQUE_TYPE = re.compile(r'(%(?:"[^"]*"|\S+)) = type opaque$')
_MADE_UP = '[0 x i7919]'  # last in a struct that is of no real size
_SIZED_TYPE = re.compile(rf'(= type ){{ .*{re.escape(_MADE_UP)} }}$', re.M)
_PERSONALITY = re.compile(r'\bpersonality [^@]*(@[-\w.$]+)')
_INDEX = re.compile(r', i(?:32|64) ([^\s,()]+)')
_COMDAT = re.compile(r'(\$[-\w.$]+)\s*=\s*comdat\b')
_IN_COMDAT = re.compile(r' comdat\b(?:\s*\((\$[-\w.$]+)\))?')
_NODE = re.compile(r'(![0-9]+)\s*=')
_ATTACHED = re.compile(r',?\s*![a-zA-Z][-\w.$]*\s+(![0-9]+)(?![-\w.$])')
_USES_NODE = re.compile(r'(?<![-\w.$])![0-9]+')
_DEBUG = re.compile(r'  (?:#dbg_|(?:tail )?call .*@llvm\.dbg\.)')
_CALL = re.compile(
    r'(?:^  |= )(?:(?:tail|musttail|notail) )?(?:call|invoke|callbr)\s'
)
# Accesses that say the type of what they access.
_ACCESSES = (
    r'\bload (?:atomic |volatile )*(?P<type>[^,=(]*)',
    r'\bstore (?:atomic |volatile )*(?P<type>[^,=(]*) [^ ,(]+',
    r'\bgetelementptr (?:inbounds |nuw |nusw )*\(?(?P<type>[^,=(]*)',
)
_MAX_WIDTH = 1000
_OPAQUE = '%undeclared'


def complete(laid: Laid) -> Laid | None:
  """Adds what is used and not there; None where nothing is missing."""
  quotes = line_shape.Quotes()
  lines = [quotes.replace(line) if '"' in line else line for line in laid.lines]
  declared: set[str] = set()
  nodes: set[str] = set()
  for line in lines:
    if line[:1] == ' ':
      continue
    for pattern, found in (
        (_FUNCTION, declared), (_VARIABLE, declared), (_NODE, nodes),
        (_COMDAT, declared), (_TYPE, declared),
    ):  # fmt: skip
      if match := pattern.match(line):
        found.add(match.group(1))
  missing: dict[str, str] = {}
  comdats: dict[str, None] = {}
  types = _missing_types(lines, declared)
  kept: list[str] = []
  dropped = False
  inside = False
  for original, line in zip(laid.lines, lines, strict=True):
    inside = inside and line != '}' or line.startswith('define')
    if inside and '!' in line:
      text = _without_nodes(line, nodes)
      if text != line:
        dropped = True
        line, original = text, quotes.restore_all(text)
    kept.append(original)
    comdat = _comdat(line) if ' comdat' in line else ''
    if comdat and comdat not in declared:
      comdats[comdat] = None
    if inside and '@' in line:
      for symbol in _SYMBOL.findall(line):
        if symbol not in declared:
          _learn(symbol, line, missing)
  if not (missing or comdats or types or dropped):
    return None
  added = [quotes.restore_all(f'{name} = comdat any') for name in comdats]
  for symbol, made in missing.items():
    made = made or f'{symbol} = external global {_OPAQUE}'
    added.append(quotes.restore_all(made))
  if any(line.endswith(_OPAQUE) for line in added):
    types.append(_OPAQUE)
  # Before all else: LLVM asks for sizes where it reads.
  head = [f'{quotes.restore_all(name)} = type opaque' for name in types]
  return Laid(
      head + kept + added,
      laid.numbers[:1] * len(head)
      + laid.numbers
      + laid.numbers[-1:] * len(added),
  )


def with_sizes(laid: Laid) -> Laid | None:
  """Makes opaque types structs into which every index points; None if none."""
  lines = [
      f'{match.group(1)} = type {_struct(match.group(1), laid.lines)}'
      if (match := _OPAQUE_TYPE.match(line))
      else line
      for line in laid.lines
  ]
  return laid._replace(lines=lines) if lines != laid.lines else None


def without_sizes(text: str) -> str:
  """LLVM's text with what `with_sizes` gave a size as opaque types."""
  return _SIZED_TYPE.sub(r'\1opaque', text)


def _struct(name: str, lines: list[str]) -> str:
  step = re.compile(rf'\bgetelementptr [a-z(), \d-]*{re.escape(name)},(.*)')
  width = depth = 1
  for line in lines:
    if name in line and (match := step.search(line)):
      indices = _INDEX.findall(match.group(1))
      depth = max(depth, len(indices) - 1)
      if len(indices) > 1 and indices[1].isdecimal():
        width = max(width, 1 + min(int(indices[1]), _MAX_WIDTH))
  element = '[1 x ' * (depth - 1) + 'i8' + ']' * (depth - 1)
  return f'{{ {", ".join([element] * width)}, {_MADE_UP} }}'


def _missing_types(lines: list[str], declared: set[str]) -> list[str]:
  """Names in functions that are neither values nor types that are there."""
  found: dict[str, None] = {}
  used: dict[str, None] = {}
  values: set[str] = set()
  inside = False
  for line in lines:
    if line.startswith('define'):
      inside, used = True, {}
      values = set(_PARAMETER.findall(line))
    if not inside:
      continue
    if match := _RESULT.match(line):
      values.add(match.group(1))
    elif match := _LABEL.match(line):
      values.add(f'%{match.group(1)}')
    used |= dict.fromkeys(_LOCAL.findall(line))
    if line == '}':
      inside = False
      found |= {n: None for n in used if n not in values | declared}
  return list(found)


def _comdat(line: str) -> str:
  """The comdat in which a line puts what it defines; by default its name."""
  match = _IN_COMDAT.search(line)
  symbol = _SYMBOL.search(line)
  if not match or not symbol or line[:1] not in 'd@':
    return ''
  return match.group(1) or f'${symbol.group()[1:]}'


def _without_nodes(line: str, nodes: set[str]) -> str:
  """A line without attachments of metadata that is not there."""
  if all(node in nodes for node in _USES_NODE.findall(line)):
    return line
  if _DEBUG.match(line):
    return ''
  return _ATTACHED.sub(
      lambda match: match.group() if match.group(1) in nodes else '', line
  )


def _learn(symbol: str, line: str, missing: dict[str, str]) -> None:
  """Notes how a line uses a symbol that is not declared."""
  before = missing.get(symbol)
  if symbol in _PERSONALITY.findall(line):
    missing[symbol] = f'declare i32 {symbol}(...)'
    return
  if before and before.startswith('declare'):
    return
  if _CALL.search(line):
    called = _declaration(line, symbol)
    if called:
      missing[symbol] = called
      return
  made = _variable(line, symbol)
  if before is None:
    missing[symbol] = made
  elif before != made:
    missing[symbol] = ''  # of a type that nobody knows


def _declaration(line: str, symbol: str) -> str:
  """The declaration of what a line calls, if it calls this symbol."""
  reader = constant_expressions.Reader(line)
  try:
    while reader.next() not in ('call', 'invoke', 'callbr'):
      pass
    reader.flags()
    result = reader.type_tokens(functions=False)
    parameters = ''
    if reader.peek() == '(' and reader.at_function_type():
      start = reader.at
      reader.skip_group()
      parameters = ' '.join(reader.tokens[start : reader.at])
      reader.accept('*')
    if reader.next() != symbol:
      return ''
    reader.expect('(')
    types = []
    while not parameters and reader.until(')'):
      types.append(reader.type_tokens())
      if types[-1] != 'metadata':
        reader.skip_attributes()
        reader.read_value(types[-1])
      else:
        reader.skip_to(',', ')')
      reader.accept(',')
  except LineError:
    return ''
  return (
      f'declare {result} {symbol}{parameters or "(" + ", ".join(types) + ")"}'
  )


def _variable(line: str, symbol: str) -> str:
  """The variable that a line reads, writes or steps over."""
  name = rf'{re.escape(symbol)}(?![-\w.$])'
  space = re.search(rf'addrspace\s*\(\s*([0-9]+)\s*\)\s*\**\s*{name}', line)
  place = f'addrspace({space.group(1)}) ' if space else ''
  for pattern in _ACCESSES:
    match = re.search(rf'{pattern}, [^,]*{name}', line)
    if match:
      return f'{symbol} = external {place}global {match.group("type").strip()}'
  return f'{symbol} = external {place}global {_OPAQUE}'
