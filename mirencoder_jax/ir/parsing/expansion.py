"""Constant expressions that LLVM has no more, as instructions before the user.

LLVM 7 to 19 wrote `br i1 icmp ne (ptr @f, ptr null), label %a, label %b`. Our
LLVM refuses that in text; in bitcode it puts the comparison before the branch.
This does the same to text, in the same order, so that both read alike. What
the older LLVM would have folded while reading is folded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from mirencoder_jax.ir.parsing import constant_folding
from mirencoder_jax.ir.parsing.constant_expressions import Reader
from mirencoder_jax.ir.parsing.constant_folding import Expression
from mirencoder_jax.ir.parsing.plan import LineError

_PAIRS = frozenset(
    'add fadd sub fsub mul fmul udiv sdiv fdiv urem srem frem shl lshr ashr '
    'and or xor icmp fcmp'.split()
)


class Expanded(NamedTuple):
  """A statement whose constants our LLVM takes.

  Attributes:
    before: instructions that go before it.
    statement: the statement itself.
    edges: of a phi, the instructions that go on the edge from a block, by the
      block's name.
  """

  before: list[str]
  statement: str
  edges: Mapping[str, list[str]]


def expand(statement: str, names: Iterator[str]) -> Expanded | None:
  """Takes the retired expressions out of one instruction.

  Args:
    statement: an instruction without quoted names, with its result.
    names: of the new values, without `%`.

  Returns:
    None where there is nothing to take out, or it is not understood.
  """
  try:
    return _Instruction(statement, names).expanded()
  except (LineError, RecursionError):
    return None


class _Instruction(Reader):
  """An instruction, with the places of the values in it."""

  def __init__(self, statement: str, names: Iterator[str]):
    super().__init__(statement)
    self._names = names
    # Start, end, value, and the block that a phi takes it from.
    self._values: list[tuple[int, int, Expression, str]] = []
    self._num_plain = 0  # behind these are those of operand bundles

  def expanded(self) -> Expanded | None:
    if self.peek(1) == '=':
      self.at = 2
    opcode = self.next()
    while opcode in ('tail', 'musttail', 'notail'):
      opcode = self.next()
    self._operands(opcode)
    # The order in which bitcode has the operands.
    order = list(range(len(self._values)))
    # Those of bundles come before the call.
    order = order[self._num_plain :] + order[: self._num_plain]
    if opcode == 'select':
      order = [1, 2, 0]
    elif opcode == 'store':
      order = [1, 0]
    if len(order) != len(self._values):
      self.refuse('as many operands as it takes')
    before: list[str] = []
    edges: dict[str, list[str]] = {}
    texts: list[str | None] = [''] * len(order)
    for i in order:
      _, _, value, block = self._values[i]
      if value.is_retired and edges.get(block):
        # A switch leads here twice, with equal values, and from the edge's new
        # block once: LLVM keeps the first.
        texts[i] = None
        continue
      into = edges.setdefault(block, []) if block else before
      texts[i] = materialise(value, into, self._names)
    tokens = self.tokens
    pieces, done = [], 0
    for (start, end, _, _), text in zip(self._values, texts, strict=True):
      if text is None:
        pieces += tokens[done : start - 2]  # all before `, [`
        done = end + 3  # behind `, %block ]`
        continue
      pieces += [*tokens[done:start], text]
      done = end
    pieces += tokens[done:]
    changed = ' '.join(pieces)
    if changed == ' '.join(tokens):
      return None
    return Expanded(
        before,
        changed,
        {block: made for block, made in edges.items() if made},
    )

  def _add(self, type_text: str, block_ahead: int = 0) -> None:
    start = self.at
    value = self.read_value(type_text)
    block = self.peek(block_ahead) if block_ahead else ''
    self._values.append((start, self.at, value, block))

  def _operands(self, opcode: str) -> None:
    if opcode in ('call', 'invoke', 'callbr'):
      self._call()
      return
    if opcode == 'phi':
      self.flags()
      type_text = self.type_tokens()
      while self.accept('['):
        self._add(type_text, block_ahead=1)
        self.skip_to(']')
        self.expect(']')
        self.accept(',')
      return
    if opcode in ('icmp', 'fcmp', 'atomicrmw', 'cmpxchg', 'load', 'store'):
      while not self.at_type():  # flags, the predicate, the operation
        if not self.next():
          return
    else:
      self.flags()
    if opcode == 'alloca':
      while self.peek() in ('inalloca', 'swifterror'):
        self.at += 1
    if opcode in ('load', 'getelementptr', 'alloca'):
      self.type_tokens()
      if not self.accept(','):
        return  # `alloca i32`
    while self.at_type():
      type_text = self.type_tokens()
      if not self.peek() or self.peek() in ',':
        return  # `ret void`
      self.skip_attributes()
      if type_text == 'label':
        return
      self._add(type_text)
      if opcode in _PAIRS and len(self._values) == 1:
        self.expect(',')
        self._add(type_text)
        return
      if opcode in ('catchpad', 'cleanuppad') or not self.accept(','):
        return
      self.accept('inrange')

  def _call(self) -> None:
    self.flags()
    self.type_tokens(functions=False)
    if self.peek() == '(' and self.at_function_type():
      self.skip_group()
      if self.accept('*') and self.peek() == '(' and self.at_function_type():
        self.skip_group()
    if self.peek() == 'asm':
      self.inline_asm()
    else:
      self._add('ptr')
    self.expect('(')
    self._arguments()
    self.skip_to('[', 'to')
    self._num_plain = len(self._values)
    while self.peek() == '[' and self.peek(1)[:1] == '"':
      self.at += 1
      while self.peek() and self.peek() != ']':
        self.at += 1  # its name
        self.expect('(')
        self._arguments()
        self.accept(',')

  def _arguments(self) -> None:
    while self.until(')'):
      if self.accept('...'):
        self.accept(',')
        continue
      type_text = self.type_tokens()
      if type_text == 'metadata':
        self._metadata()
      else:
        self.skip_attributes()
        self._add(type_text)
      self.accept(',')


def materialise(
    value: Expression, into: list[str], names: Iterator[str]
) -> str:
  """The text of a value; adds the instructions that make it, if it has any."""
  return _materialise(value, into, names, {})


def _materialise(
    value: Expression,
    into: list[str],
    names: Iterator[str],
    made: dict[tuple[str, str], str],
) -> str:
  if not value.is_retired:
    return value.text
  key = value.type, value.text
  if key in made:
    return made[key]
  texts = [
      _materialise(operand, into, names, made) for operand in value.operands
  ]
  if value.kind == 'aggregate':
    name = _aggregate(value, texts, into, names)
  else:
    name = f'%{next(names)}'
    into.append(f'{name} = {_written(value, texts)}')
  made[key] = name
  return name


def _aggregate(
    value: Expression,
    texts: Sequence[str],
    into: list[str],
    names: Iterator[str],
) -> str:
  """An array, a vector or a struct, put together element by element."""
  whole = 'poison'
  is_vector = value.type.startswith('<') and '{' not in value.type[:3]
  for i, (element, text) in enumerate(zip(value.operands, texts, strict=True)):
    name = f'%{next(names)}'
    kind, index = 'insertvalue', str(i)
    if is_vector:
      kind, index = 'insertelement', f'i32 {i}'
    into.append(
        f'{name} = {kind} {value.type} {whole}, {element.type} {text}, {index}'
    )
    whole = name
  return whole


def _written(value: Expression, texts: Sequence[str]) -> str:
  """An expression as an instruction."""
  typed = [
      f'{operand.type} {text}'
      for operand, text in zip(value.operands, texts, strict=True)
  ]
  head = ' '.join([value.kind, *value.flags])
  if value.kind in constant_folding.CASTS:
    return f'{head} {typed[0]} to {value.type}'
  if value.kind in _PAIRS:
    return f'{head} {typed[0]}, {texts[1]}'
  if value.source:
    head = ' '.join([head, value.source + ','])
    head = re.sub(r'inrange\([^)]*\)', '', head)
  return f'{head} {", ".join([*typed, *value.indices])}'
