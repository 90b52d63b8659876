"""What an older LLVM folded of a constant expression while it read it.

LLVM prints none of these; people and tests write them. Whole numbers only, as
what LLVM prints has no other.
"""

import operator
from typing import NamedTuple


class Expression(NamedTuple):
  """A value: a constant, or the name of a local one.

  Attributes:
    type: LLVM's text of its type.
    text: LLVM's text of the value.
    kind: of a constant expression its opcode, of an array, a vector or a struct
      with something retired in it `aggregate`; '' of what is taken as it is.
    flags: words behind the opcode.
    source: of a getelementptr the type that it steps over.
    operands: in the order of the text.
    indices: of an insertvalue and extractvalue.
    is_retired: whether our LLVM does not take it as a constant.
  """

  type: str
  text: str
  kind: str = ''
  flags: tuple[str, ...] = ()
  source: str = ''
  operands: 'tuple[Expression, ...]' = ()
  indices: tuple[str, ...] = ()
  is_retired: bool = False


_ARITHMETIC = {
    'add': operator.add, 'sub': operator.sub, 'mul': operator.mul,
    'and': operator.and_, 'or': operator.or_, 'xor': operator.xor,
}  # fmt: skip
_COMMUTATIVE = frozenset(['add', 'mul', 'and', 'or', 'xor'])
_COMPARISONS = {
    'eq': operator.eq, 'ne': operator.ne, 'gt': operator.gt, 'ge': operator.ge,
    'lt': operator.lt, 'le': operator.le,
}  # fmt: skip
_TURNED = {'gt': 'lt', 'ge': 'le', 'lt': 'gt', 'le': 'ge'}
_KEPT_BY_ZERO = frozenset(['add', 'sub', 'or', 'xor', 'shl', 'lshr', 'ashr'])
_MAX_BITS = 1 << 12


def fold(expression: Expression) -> Expression:
  """The expression, or what it is folded to."""
  kind, operands = expression.kind, expression.operands
  if kind == 'select':
    condition = _number(operands[0])
    if condition is not None:
      return operands[1] if condition else operands[2]
    return expression
  if kind in ('trunc', 'zext', 'sext'):
    return _cast(expression)
  if len(operands) != 2 or (kind != 'icmp' and kind not in _BINARY):
    return expression
  left, right = _number(operands[0]), _number(operands[1])
  if left is not None and right is not None:
    return _whole(expression, left, right)
  # What is no expression goes to the right.
  turned = operands[1], operands[0]
  if kind == 'icmp' and operands[1].kind and not operands[0].kind:
    predicate = expression.flags[-1]
    other = _TURNED.get(predicate[-2:], predicate[-2:])
    return rewritten(
        expression, flags=(predicate[:-2] + other,), operands=turned
    )
  if left is not None:
    if kind in _COMMUTATIVE:
      return fold(rewritten(expression, operands=turned))
  elif right is not None:
    return _neutral(expression, right)
  return expression


def rewritten(expression: Expression, **changes) -> Expression:
  """The expression with other parts, and the text of these."""
  expression = expression._replace(**changes)
  return expression._replace(text=written(expression))


def written(expression: Expression) -> str:
  """A constant expression as LLVM's text."""
  inner = ', '.join(
      [f'{operand.type} {operand.text}' for operand in expression.operands]
      + list(expression.indices)
  )
  if expression.source:
    inner = f'{expression.source}, {inner}'
  if expression.kind in CASTS:
    inner += f' to {expression.type}'
  return ' '.join([expression.kind, *expression.flags, f'({inner})'])


CASTS = frozenset(
    'ptrtoint ptrtoaddr inttoptr bitcast addrspacecast trunc zext sext fptrunc '
    'fpext fptoui fptosi uitofp sitofp'.split()
)
_BINARY = frozenset(
    'add sub mul udiv sdiv urem srem and or xor shl lshr ashr'.split()
)


def _bits(type_text: str) -> int:
  digits = type_text[1:] if type_text[:1] == 'i' else ''
  if digits.isdecimal() and len(digits) < 5 and int(digits) <= _MAX_BITS:
    return int(digits)
  return 0


def _number(value: Expression) -> int | None:
  """A whole number, without its sign; None of everything else."""
  bits = _bits(value.type)
  if value.kind or not bits:
    return None
  text = {'true': '1', 'false': '0', 'zeroinitializer': '0'}.get(
      value.text, value.text
  )
  if not text.lstrip('-').isdecimal() or len(text) > 1000:
    return None
  return int(text) & ((1 << bits) - 1)


def _literal(type_text: str, number: int) -> Expression:
  bits = _bits(type_text)
  if bits == 1:
    return Expression(type_text, 'true' if number & 1 else 'false')
  return Expression(type_text, str(_signed(number & ((1 << bits) - 1), bits)))


def _signed(number: int, bits: int) -> int:
  return number - (1 << bits) if number >> (bits - 1) else number


def _cast(expression: Expression) -> Expression:
  (operand,) = expression.operands
  number, bits = _number(operand), _bits(expression.type)
  if number is None or not bits:
    return expression
  if expression.kind == 'sext':
    number = _signed(number, _bits(operand.type))
  return _literal(expression.type, number)


def _whole(expression: Expression, left: int, right: int) -> Expression:
  """Two numbers."""
  kind = expression.kind
  type_text = expression.operands[0].type
  bits = _bits(type_text)
  if kind == 'icmp':
    predicate = expression.flags[-1]
    if predicate[0] == 's':
      left, right = _signed(left, bits), _signed(right, bits)
    compare = _COMPARISONS.get(predicate[-2:])
    if compare is None:
      return expression
    return Expression('i1', 'true' if compare(left, right) else 'false')
  if kind in _ARITHMETIC:
    return _literal(type_text, _ARITHMETIC[kind](left, right))
  if kind in ('shl', 'lshr', 'ashr'):
    if right >= bits:
      return Expression(type_text, 'poison')
    if kind == 'shl':
      return _literal(type_text, left << right)
    left = _signed(left, bits) if kind == 'ashr' else left
    return _literal(type_text, left >> right)
  if right == 0:
    return Expression(type_text, 'poison')
  if kind in ('sdiv', 'srem'):
    left, right = _signed(left, bits), _signed(right, bits)
  quotient = abs(left) // abs(right)
  if (left < 0) != (right < 0):
    quotient = -quotient
  is_division = kind in ('udiv', 'sdiv')
  return _literal(
      type_text, quotient if is_division else left - quotient * right
  )


def _neutral(expression: Expression, right: int) -> Expression:
  """A number on the right that changes nothing, or decides all."""
  kind, value = expression.kind, expression.operands[0]
  ones = (1 << _bits(value.type)) - 1
  nothing = (
      (right == 0 and kind in _KEPT_BY_ZERO)
      or (right == 1 and kind in ('mul', 'udiv', 'sdiv'))
      or (right == ones and kind == 'and')
  )
  if nothing:
    return value
  if right == 0 and kind in ('mul', 'and'):
    return _literal(value.type, 0)
  if right == ones and kind == 'or':
    return _literal(value.type, ones)
  return expression
