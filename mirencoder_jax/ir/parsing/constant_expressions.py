"""Reads the constants in a line of IR, with all that is in them.

For text that LLVM refuses, whose constant expressions it may have no more.
"""

import re
from collections.abc import Sequence

from mirencoder_jax.ir.parsing import constant_folding, operands
from mirencoder_jax.ir.parsing.constant_folding import Expression
from mirencoder_jax.ir.parsing.plan import LineError

# Kinds of constant expressions that our LLVM takes in text no more.
RETIRED = frozenset(
    'zext sext fptrunc fpext fptoui fptosi uitofp sitofp select icmp fcmp mul '
    'udiv sdiv urem srem fadd fsub fmul fdiv frem and or shl lshr ashr fneg '
    'extractvalue insertvalue'.split()
)
_SEEN = re.compile(
    rf'\b(?:{"|".join(sorted(RETIRED))})(?:\s+[a-z]+)*\s*\((?!\))'
    r'|\bgetelementptr\s[^%]*<vscale'
)
_LEAVES = frozenset(
    'blockaddress dso_local_equivalent no_cfi splat ptrauth asm'.split()
)
_MAX_DEPTH = 150  # of nested constants; deeper ones stay as they are


def has_retired(statement: str) -> bool:
  """Whether a statement may hold such an expression; quick."""
  return bool(_SEEN.search(statement))


def without_initial_value(statement: str) -> str:
  """A global variable without its initial value, which no word is made of."""
  reader = Reader(statement)
  for keyword in ('global', 'constant'):
    if keyword in reader.tokens:
      reader.at = reader.tokens.index(keyword) + 1
      try:
        reader.type()
        start = reader.at
        reader.skip_constant()
      except LineError:
        return statement
      rest = reader.tokens[reader.at :]
      return ' '.join([*reader.tokens[:start], 'zeroinitializer', *rest])
  return statement


class Structs(dict):
  """Sizes of structs do not matter here."""

  def __missing__(self, name: str) -> str:
    return 'struct:0'


class Reader(operands.OperandParser):
  """Reads values with all that is in them."""

  def __init__(self, statement: str):
    super().__init__([statement], Structs())

  def type_tokens(self, functions: bool = True) -> str:
    start = self.at
    self.type(functions=functions)
    return ' '.join(self.tokens[start : self.at])

  def typed(self, depth: int) -> Expression:
    type_text = self.type_tokens()
    self.skip_attributes()
    return self.read_value(type_text, depth)

  def read_value(self, type_text: str, depth: int = 0) -> Expression:
    """A local value or a constant of a known type."""
    if depth > _MAX_DEPTH:
      self.refuse('fewer nested constants')
    token = self.peek()
    start = self.at
    if token in operands.EXPRESSIONS and token not in _LEAVES:
      return self._expression(depth)
    if token in ('[', '{', '<'):
      brackets, elements = self._elements(depth)
      inner = ', '.join(f'{e.type} {e.text}' for e in elements)
      retired = any(element.is_retired for element in elements)
      return Expression(
          type_text,
          brackets[0] + inner + brackets[1],
          'aggregate' if retired else '',
          operands=elements if retired else (),
          is_retired=retired,
      )
    if token[:1] == '%':
      self.at += 1
    else:
      self.skip_constant()
    return Expression(type_text, ' '.join(self.tokens[start : self.at]))

  def _elements(
      self, depth: int
  ) -> tuple[tuple[str, str], tuple[Expression, ...]]:
    """Brackets and elements of an array, a vector or a struct."""
    opening = self.next()
    if opening == '<' and self.accept('{'):
      opening = '<{'
    closing = {'[': ']', '{': '}', '<': '>', '<{': '}>'}[opening]
    elements = []
    while self.peek() != closing[0]:
      elements.append(self.typed(depth + 1))
      if not self.accept(','):
        break
    for bracket in closing:
      self.expect(bracket)
    return (opening, closing), tuple(elements)

  def _expression(self, depth: int) -> Expression:
    kind = self.next()
    flags = []
    while self.peek() and self.peek() != '(':
      if self.peek() != 'inrange':
        flags.append(self.peek())
      elif self.peek(1) == '(':
        self.at += 1
        start = self.at
        self.skip_group()
        flags.append('inrange' + ' '.join(self.tokens[start : self.at]))
        continue
      self.at += 1
    self.expect('(')
    source = ''
    if kind == 'getelementptr':
      source = self.type_tokens()
      self.expect(',')
    found = []
    indices = []
    while True:
      self.accept('inrange')
      if self.peek().isdecimal():  # of insertvalue and extractvalue
        indices.append(self.next())
      else:
        found.append(self.typed(depth + 1))
      if not self.accept(','):
        break
    target = ''
    if self.accept('to'):
      target = self.type_tokens()
    self.expect(')')
    expression = Expression(
        target or _result_type(kind, found),
        '',
        kind,
        flags=tuple(flags),
        source=source,
        operands=tuple(found),
        indices=tuple(indices),
        is_retired=kind in RETIRED
        or 'vscale' in source
        or any(operand.is_retired for operand in found),
    )
    return constant_folding.fold(constant_folding.rewritten(expression))


def _result_type(kind: str, found: Sequence[Expression]) -> str:
  """Type of an expression that does not say it."""
  first = found[0].type
  if kind in ('icmp', 'fcmp'):
    if first.startswith('<'):
      return f'{first.rpartition(" x ")[0]} x i1 >'
    return 'i1'
  if kind == 'select':
    return found[1].type
  if kind == 'extractelement':
    return first.rpartition(' x ')[2][:-1].strip()
  if kind == 'shufflevector':
    mask = found[2].type
    return f'{mask.rpartition(" x ")[0]} x {first.rpartition(" x ")[2]}'
  return first  # extractvalue: not what it is, but never an operand
