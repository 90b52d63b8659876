"""Instructions of an LLVM newer than ours: opcode and operands, no more.

Only text that LLVM refuses has them.
"""

import re

from mirencoder_jax.ir.parsing import line_shape, operands
from mirencoder_jax.ir.parsing.operands import OperandParser, Spelled
from mirencoder_jax.ir.parsing.plan import LineError, Plan

_OPCODE = re.compile(r'[a-z][a-z0-9_.]*$')
_NO_TYPE = Spelled('unknown', 'unknown')


def is_opcode(word: str) -> bool:
  """Whether a word may be the name of an instruction."""
  return bool(_OPCODE.match(word))


def instruction(parser: OperandParser, plan: Plan) -> str:
  """Reads values behind their types, labels and flags, in the order they have.

  Returns:
    '', because only the uses of its result tell its type.

  Raises:
    LineError: if the line has nothing of an instruction.
  """
  if not is_opcode(plan.opcode):
    raise LineError(f'unknown instruction {plan.opcode[:40]!r}')
  spelled = _NO_TYPE
  position = 0
  is_typed = False
  while token := parser.peek():
    if token == 'label':
      parser.label()
      plan.is_terminator = True
    elif token == 'align':
      parser.at += 2
    elif _is_value(parser):
      parser.value(position, spelled)
      position += 1
    elif parser.at_type() or parser.at_new_type():
      is_typed = is_typed or parser.at_type()
      spelled = parser.type()
      parser.word(spelled.word)
    elif token[0].isalpha():
      parser.word(parser.next())  # a flag
    else:
      parser.at += 1
  if not position and not parser.labels and not is_typed:
    raise LineError(f'unknown instruction {plan.opcode[:40]!r}')
  return ''


def _is_value(parser: OperandParser) -> bool:
  """Whether a value is next, and not a type."""
  token, behind = parser.peek(), parser.peek(1)
  if token[0] == '%':
    # The name of a struct stands before the value of that type.
    return behind[:1] not in ('%', '@') and not line_shape.is_number(behind)
  return (
      token[0] == '@'
      or token in operands.PLAIN_CONSTANTS
      or line_shape.is_number(token)
      or (token in operands.EXPRESSIONS and behind == '(')
      or (token in '[{<' and parser.peek(-1) in ('>', ']', '}'))
  )
