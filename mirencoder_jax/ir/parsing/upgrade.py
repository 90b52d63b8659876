"""Text of LLVM 7 to 21 as our LLVM takes it.

Our LLVM reads the bitcode of all of them, and mends what it has no more while
it reads. Of text it mends less: what is missing is done here, with the same
outcome, so that the text and the bitcode of one module read alike. Only text
that LLVM refused comes here.
"""

import itertools
import re
from collections.abc import Iterator, Sequence

from mirencoder_jax.ir.parsing import (
    constant_expressions,
    expansion,
    instruction,
    line_shape,
    signature,
)
from mirencoder_jax.ir.parsing.layout import Laid
from mirencoder_jax.ir.parsing.plan import LineError

_NAME = re.compile(r'%[-\w.$]+(?=\s*=)')
_LATE = re.compile(r'(?:target\s|source_filename\b)')
_TYPE = re.compile(r'%(?:"[^"]*"|[-\w.$]+)\s*=\s*type\b')
# To what takes a struct by value, in that struct.
_TO_FUNCTION = re.compile(
    r'(?:(?<= x )|(?<=[,{\[<(]))(?:(?! x )[^,{}\[\]<>()=])*\([^()]*\)\s*\*+'
)
# `inrange` before an index of a constant getelementptr, until LLVM 18.
_INRANGE = re.compile(r'\binrange\s+(?=[^(\s])')
_MMX = re.compile(r'(?<![-\w.$%@])x86_mmx\b')
# Conventions without a name; LLVM takes every number.
_CONVENTIONS = {
    'webkit_jscc': 'cc 12', 'hhvmcc': 'cc 81', 'hhvm_ccc': 'cc 82',
}  # fmt: skip
_CONVENTION = re.compile(rf'(?<=\s)(?:{"|".join(_CONVENTIONS)})(?=\s)')
# Attributes that had no type until LLVM 12: it is what the pointer points to.
_UNTYPED = re.compile(r'\b(?:byval|sret|inalloca|preallocated)\b(?!\s*\()')
_HAS_UNTYPED = re.compile(
    r'(?:^|= |\s)(?:define|declare|call|invoke)\s.*' + _UNTYPED.pattern
)
# What needs no look at its tokens.
_ANY = re.compile(
    r'inrange|x86_mmx|webkit_jscc|hhvm|byval|sret|inalloca|preallocated|'
    r'@llvm\.coro\.end\('
)
# An alignment before LLVM 7, and a size before LLVM 22.
_OLD_MEMORY = re.compile(
    r'(@llvm\.mem(?:cpy|move|set)\.[^(]*\(.*, i(?:32|64) [^,]+), i32 [0-9]+'
    r'(, i1 \w+\))'
)
_OLD_LIFETIME = re.compile(r'(@llvm\.lifetime\.\w+[^(]*\()i64 -?[0-9]+, ')
_CORO_END = '@llvm.coro.end('
_BOOLEAN = re.compile(r'(?<![-\w.$%@])i1 ([01])(?![\w.])')
_NO_RESULT = frozenset(
    'ret br switch indirectbr resume unreachable catchret cleanupret store '
    'fence'.split()
)


def upgrade(laid: Laid) -> Laid:
  """Mends what our LLVM takes in bitcode and not in text."""
  quotes = line_shape.Quotes()
  names = (f'constexpr.{number}.' for number in itertools.count())
  head: list[tuple[str, int]] = []
  types: list[tuple[str, int]] = []  # LLVM asks for sizes where it reads
  rest: list[tuple[str, int]] = []
  body: list[tuple[str, int]] | None = None
  for line, number in zip(laid.lines, laid.numbers, strict=True):
    if body is not None:
      body.append((line, number))
      if line == '}':
        rest += _function(body, quotes, names)
        body = None
      continue
    if _LATE.match(line):
      head.append((line, number))
      continue
    if _TYPE.match(line):
      line = _without_function_types(_words(line, quotes))
      types.append((line, number))
      continue
    line = _words(line, quotes)
    if line.startswith('define'):
      body = [(line, number)]
    elif line[:1] == '@' and constant_expressions.has_retired(line):
      line = quotes.restore_all(
          constant_expressions.without_initial_value(quotes.replace(line))
      )
      rest.append((line, number))
    else:
      rest.append((line, number))
  lines, numbers = zip(*head, *types, *rest, *(body or ()), strict=True)
  return Laid(list(lines), list(numbers))


def _without_function_types(line: str) -> str:
  """A type in which pointers to functions are pointers."""
  while 'addrspace' not in line and '"' not in line:
    changed = _TO_FUNCTION.sub(' ptr', line)
    if changed == line:
      break
    line = changed
  return line


def finish(laid: Laid) -> Laid:
  """What LLVM would have done to calls, for text that is read without it."""
  return laid._replace(lines=[_finished(line) for line in laid.lines])


def _finished(line: str) -> str:
  if 'i1 ' in line:
    line = _BOOLEAN.sub(
        lambda match: 'i1 true' if match.group(1) == '1' else 'i1 false', line
    )
  if '@llvm.' in line:
    line = _OLD_LIFETIME.sub(r'\1', _OLD_MEMORY.sub(r'\1\2', line))
  return line


def _words(line: str, quotes: line_shape.Quotes) -> str:
  """Replaces words that are no more, wherever they stand."""
  if not _ANY.search(line):
    return line
  line = quotes.replace(line)
  line = _INRANGE.sub('', line)
  line = _MMX.sub('<1 x i64>', line)
  line = _CONVENTION.sub(lambda match: _CONVENTIONS[match.group()], line)
  if _HAS_UNTYPED.search(line):
    line = _typed_attributes(line)
  if _CORO_END in line:
    line = _with_token(line)
  return quotes.restore_all(line)


def _with_token(line: str) -> str:
  """`llvm.coro.end` has a third argument since LLVM 18."""
  at = line.index(_CORO_END) + len(_CORO_END)
  depth, commas = 1, 0
  for i in range(at, len(line)):
    depth += (line[i] == '(') - (line[i] == ')')
    commas += line[i] == ',' and depth == 1
    if not depth:
      if commas != 1:
        break
      token = 'token' if line.startswith('declare') else 'token none'
      return f'{line[:i]}, {token}{line[i:]}'
  return line


def _typed_attributes(line: str) -> str:
  """`%s* byval %p` as `%s* byval(%s) %p`."""
  tokens = line_shape.tokenize(line)
  result: list[str] = []
  pointee = ''
  for i, token in enumerate(tokens):
    if token == '*':
      pointee = ' '.join(_type_before(tokens, i))
    result.append(token)
    if _UNTYPED.fullmatch(token) and pointee and tokens[i + 1 : i + 2] != ['(']:
      result.append(f'({pointee})')
  return ' '.join(result)


def _type_before(tokens: Sequence[str], end: int) -> Sequence[str]:
  """The type that ends before a token."""
  start, depth = end, 0
  while start > 0:
    token = tokens[start - 1]
    if token in ')]}>':
      depth += 1
    elif token in '([{<':
      depth -= 1
      if depth < 0:
        break
    elif depth == 0 and token == ',':
      break
    start -= 1
    if depth == 0 and token not in ('*', ')', 'addrspace'):
      if tokens[start - 1 : start] != ['<'] or token != '{':
        break
  return tokens[start:end]


def _function(
    body: Sequence[tuple[str, int]],
    quotes: line_shape.Quotes,
    names: Iterator[str],
) -> Iterator[tuple[str, int]]:
  """The statements of a definition, from `define` to `}`."""
  body = [(_words(line, quotes), number) for line, number in body]
  phis = False
  for line, _ in body:
    if constant_expressions.has_retired(line):
      phis = phis or ' = phi ' in line
      break
  else:
    if not any(_lacks_result(line) for line, _ in body):
      return iter(body)
  return iter(_Body(body, quotes, names).statements())


def _number(name: str) -> int:
  """Of a value without a name; nobody has as many as ten digits can say."""
  return int(name[1:11])


def _lacks_result(line: str) -> bool:
  """Whether an instruction has a result that has only a number."""
  if line[:2] != '  ' or line[2:3] in '%;#"':
    return False
  word = line.split(None, 1)[0]
  if word in ('tail', 'musttail', 'notail', 'call', 'invoke', 'callbr'):
    return not _gives_nothing(line)
  return word in instruction.OPCODES and word not in _NO_RESULT


def _gives_nothing(line: str) -> bool:
  """Whether a call is of type void."""
  reader = constant_expressions.Reader(line)
  try:
    while reader.next() not in ('call', 'invoke', 'callbr'):
      pass
    reader.flags()
    if reader.type_tokens(functions=False) != 'void':
      return False
    if reader.peek() == '(' and reader.at_function_type():
      reader.skip_group()
    return reader.peek() != '*'
  except LineError:
    return True


class _Body:
  """The statements of one function while blocks and values are added."""

  def __init__(
      self,
      body: Sequence[tuple[str, int]],
      quotes: line_shape.Quotes,
      names: Iterator[str],
  ):
    self._body = body
    self._quotes = quotes
    self._names = names

  def statements(self) -> list[tuple[str, int]]:
    numbered = self._numbered()
    result: list[tuple[str, int]] = []
    # What goes on the edge from one block to another, and the new block.
    edges: dict[tuple[str, str], tuple[str, list[tuple[str, int]]]] = {}
    block = ''
    for line, number, starts in numbered:
      block = starts or block
      if not constant_expressions.has_retired(line) or line[:2] != '  ':
        result.append((line, number))
        continue
      restore = self._quotes.restore_all
      found = expansion.expand(self._quotes.replace(line), self._names)
      if found is None:
        result.append((line, number))
        continue
      result += [('  ' + restore(made), number) for made in found.before]
      statement = found.statement
      for source, made in found.edges.items():
        source = restore(source)
        if (source, block) not in edges:
          edges[source, block] = (f'%phi.{next(self._names)}', [])
        edges[source, block][1].extend(
            [('  ' + restore(line), number) for line in made]
        )
      result.append(('  ' + restore(statement), number))
    if edges:
      result = self._with_edges(result, edges, numbered)
    return result

  def _numbered(self) -> list[tuple[str, int, str]]:
    """The statements, where one begins a block with its name with a `%`.

    Results and blocks that have only numbers are given these.
    """
    restore = self._quotes.restore_all
    first, number = self._body[0]
    count = _unnamed_parameters(self._quotes.replace(first))
    result = [(first, number, '')]
    fresh = True  # the next instruction begins a block
    for line, number in self._body[1:-1]:
      if line[:2] != '  ':
        name = '%' + self._quotes.replace(line)[:-1]
        if name[1:].isdecimal():
          count = _number(name) + 1
        result.append((line, number, restore(name)))
        fresh = False
        continue
      starts = ''
      match = _NAME.match(line, 2)
      is_numbered = match and match.group()[1:].isdecimal()
      if fresh:
        starts = f'%{count}'
        if is_numbered:
          # What is written wins: the block has the number before.
          starts = f'%{_number(match.group()) - 1}'
        count = int(starts[1:]) + 1
        result.append((f'{starts[1:]}:', number, starts))
        starts, fresh = '', False
      if is_numbered:
        count = _number(match.group()) + 1
      elif _lacks_result(line):
        line = f'  %{count} = {line[2:]}'
        count += 1
      word = (line[2:].partition(' = ')[2] if match else line[2:]).split(' ')[0]
      if word in instruction.TERMINATORS:
        fresh = True
      result.append((line, number, starts))
    result.append((*self._body[-1], ''))
    return result

  def _with_edges(
      self,
      statements: list[tuple[str, int]],
      edges: dict[tuple[str, str], tuple[str, list[tuple[str, int]]]],
      numbered: Sequence[tuple[str, int, str]],
  ) -> list[tuple[str, int]]:
    """Puts blocks on edges between blocks, as LLVM does."""
    labels = {starts: line for line, _, starts in numbered if starts}
    label_of = {line: name for name, line in labels.items()}
    result: list[tuple[str, int]] = []
    block = ''
    by_target: dict[str, list[tuple[str, str]]] = {}
    by_source: dict[str, list[tuple[str, str]]] = {}
    for source, target in edges:
      by_target.setdefault(target, []).append((source, target))
      by_source.setdefault(source, []).append((source, target))
    for line, number in statements:
      if line in label_of:
        block = label_of[line]
        for edge in by_target.get(block, ()):
          name, made = edges[edge]
          result.append((f'{name[1:]}:', number))
          result += made
          result.append((f'  br label {block}', number))
      elif ' = phi ' in line and block in by_target:
        for source, _ in by_target[block]:
          line = re.sub(
              rf',\s*{re.escape(source)}(?=\s*\])',
              f', {edges[source, block][0]}',
              line,
          )
      elif block in by_source and 'label' in line:
        for _, target in by_source[block]:
          line = re.sub(
              rf'\blabel {re.escape(target)}(?![-\w.$])',
              f'label {edges[block, target][0]}',
              line,
          )
      result.append((line, number))
    return result


def _unnamed_parameters(first: str) -> int:
  """How many parameters have a number only."""
  try:
    found = signature.parse_signature(first, constant_expressions.Structs())
  except LineError:
    return 0
  return sum(
      name is None or name[1:].isdecimal() for _, _, name in found.parameters
  )
