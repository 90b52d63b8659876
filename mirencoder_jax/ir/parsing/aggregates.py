"""Readers of instructions that take vectors, structs and arrays apart."""

from mirencoder_jax.ir.parsing.operands import OperandParser, Spelled
from mirencoder_jax.ir.parsing.plan import Plan


def extractvalue(parser: OperandParser, plan: Plan) -> str:
  spelled = parser.typed_value(0)
  parser.expect(',')
  if not parser.peek().isdecimal():
    parser.refuse('an index')
  if parser.peek(1) == ',':
    result = ''  # a member of a member
  else:
    # Which member it is decides the type of the result.
    parser.type_holes.append(parser.hole())
    result = _member(spelled, parser.peek())
  parser.at -= 1
  _indices(parser)
  return result


def insertvalue(parser: OperandParser, plan: Plan) -> str:
  spelled = parser.typed_value(0)
  parser.expect(',')
  parser.typed_value(1)
  _indices(parser)
  return spelled.text


def _indices(parser: OperandParser) -> None:
  parser.expect(',')
  while True:
    if not parser.peek().isdecimal():
      parser.refuse('an index')
    parser.fill(parser.hole())
    parser.at += 1
    if parser.peek() != ',' or not parser.peek(1).isdecimal():
      return
    parser.at += 1


def extractelement(parser: OperandParser, plan: Plan) -> str:
  vector = parser.typed_value(0)
  parser.expect(',')
  parser.typed_value(1)
  return _element(vector.text)


def insertelement(parser: OperandParser, plan: Plan) -> str:
  vector = parser.typed_value(0)
  for position in (1, 2):
    parser.expect(',')
    parser.typed_value(position)
  return vector.text


def shufflevector(parser: OperandParser, plan: Plan) -> str:
  vector = parser.typed_value(0)
  parser.expect(',')
  parser.value(1, parser.type())
  parser.expect(',')
  mask = parser.type()
  parser.word(mask.word)
  # The mask is no operand since LLVM 11, but it says what is computed.
  num_constants = len(parser.constants)
  parser.value(2, mask)
  del parser.constants[num_constants:]
  return with_element(mask.text, _element(vector.text))


def with_element(vector: str, element: str) -> str:
  """`<4 x i1>` from `<4 x float>` and `i1`."""
  return f'{vector.rpartition(" x ")[0]} x {element}>'


def _element(vector: str) -> str:
  """`float` from `<4 x float>`."""
  return vector.rpartition(' x ')[2][:-1]


def _member(spelled: Spelled, index: str) -> str:
  """Type of a member of a literal struct or an array; '' if it is not said."""
  if spelled.text[:1] == '[':
    return spelled.text[1:-1].partition(' x ')[2]
  word = spelled.word
  if word[:1] == '<':
    word = word[1:-1]
  if word[:1] != '{' or not index.isdecimal():
    return ''
  members, depth, start = [], 0, 1
  for i, letter in enumerate(word):
    depth += (letter in '[{(<') - (letter in ']})>')
    if (letter == ',' and depth == 1) or depth == 0:
      members.append(word[start:i])
      start = i + 1
  number = int(index[:9])
  member = members[number] if number < len(members) else ''
  # Words of larger types are not spelled as node texts are.
  return member if member.isalnum() else ''
