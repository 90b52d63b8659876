"""What a pasted function leaves out: declarations, globals, metadata.

Text that LLVM refuses because it is a part of a module. What is called
somewhere is a function; everything else is a variable, of the type as which it
is read and written, where all agree on it.
"""

import re

from mirencoder_jax.ir.parsing import constant_expressions, line_shape
from mirencoder_jax.ir.parsing.layout import Laid
from mirencoder_jax.ir.parsing.plan import LineError

_SYMBOL = re.compile(r'@[-\w.$]+')
_FUNCTION = re.compile(r'(?:define|declare)\b[^@]*(@[-\w.$]+)')
_VARIABLE = re.compile(r'(@[-\w.$]+)\s*=')
_NODE = re.compile(r'(![0-9]+)\s*=')
_ATTACHED = re.compile(r',?\s*![a-zA-Z][-\w.$]*\s+(![0-9]+)(?![-\w.$])')
_USES_NODE = re.compile(r'(?<![-\w.$])![0-9]+')
_DEBUG = re.compile(r'  (?:#dbg_|(?:tail )?call .*@llvm\.dbg\.)')
_CALL = re.compile(
    r'(?:^  |= )(?:(?:tail|musttail|notail) )?(?:call|invoke|callbr)\s'
)
# Accesses that say the type of what they access.
_ACCESSES = (
    r'\bload (?:atomic |volatile )*(?P<type>[^,=]*)',
    r'\bstore (?:atomic |volatile )*(?P<type>[^,=]*) [^ ,]+',
    r'\bgetelementptr (?:inbounds |nuw |nusw )*\(?(?P<type>[^,=(]*)',
)
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
    ):  # fmt: skip
      if match := pattern.match(line):
        found.add(match.group(1))
  missing: dict[str, str] = {}
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
    if inside and '@' in line:
      for symbol in _SYMBOL.findall(line):
        if symbol not in declared:
          _learn(symbol, line, missing)
  if not missing and not dropped:
    return None
  added = []
  for symbol, made in missing.items():
    made = made or f'{symbol} = external global {_OPAQUE}'
    added.append(quotes.restore_all(made))
  if any(line.endswith(_OPAQUE) for line in added):
    added.insert(0, f'{_OPAQUE} = type opaque')
  return Laid(kept + added, laid.numbers + [laid.numbers[-1]] * len(added))


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
