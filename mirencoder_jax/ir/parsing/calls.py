"""Readers of calls and of exception handling."""

from mirencoder_jax.ir.parsing import operands
from mirencoder_jax.ir.parsing.operands import OperandParser
from mirencoder_jax.ir.parsing.plan import ConstantOperand, Plan


def call(parser: OperandParser, plan: Plan) -> str:
  """call, invoke and callbr, which differ in what follows the arguments."""
  parser.flags()
  result = parser.type(functions=False)
  if parser.peek() == '(' and parser.at_function_type():
    # `call i32 (ptr, ...) @printf(...)`: what stands first is the result.
    parser.skip_group()
    if parser.accept('*'):
      # With typed pointers: the result is a pointer to a function.
      result = operands.POINTER
      if parser.peek() == '(' and parser.at_function_type():
        parser.skip_group()
  parser.word(result.word)
  start = parser.at
  callee = parser.peek()
  _read_callee(parser, callee)
  end = parser.at
  parser.expect('(')
  parser.value_word('(')
  position = 0
  while parser.until(')'):
    if not parser.accept('...'):  # of a musttail call in a variadic function
      parser.typed_value(position)
      position += 1
    if not parser.accept(','):
      parser.expect(')')
      break
  parser.value_word(')')
  # Attributes, then operand bundles, whose values are operands too.
  parser.skip_to('[', 'to', ',')
  if parser.accept('['):
    position = _bundles(parser, position)
  if plan.opcode == 'invoke':
    _invoke_labels(parser)
    position += 2
  elif plan.opcode == 'callbr':
    position += _callbr_labels(parser)
  _callee_operand(parser, plan, callee, start, end, position)
  return result.text


def _read_callee(parser: OperandParser, callee: str) -> None:
  """Takes the callee's tokens and emits its word."""
  if callee == 'asm':
    parser.inline_asm()
  elif callee[:1] == '@':
    parser.text_slots.append(len(parser.words))
    parser.fill(parser.hole())
    parser.at += 1
  elif callee[:1] == '%':
    parser.fill(parser.hole())
    parser.at += 1
  elif callee in operands.EXPRESSIONS or callee in operands.PLAIN_CONSTANTS:
    parser.skip_constant()
    parser.word('constant')
  else:
    parser.refuse('a callee')


def _bundles(parser: OperandParser, position: int) -> int:
  """`[ "deopt"(i32 %x), ... ]`; returns the next free operand position."""
  while parser.until(']'):
    parser.word(parser.next().strip('"') or 'bundle')
    parser.expect('(')
    while parser.until(')'):
      parser.typed_value(position)
      position += 1
      parser.accept(',')
    parser.accept(',')
  return position


def _invoke_labels(parser: OperandParser) -> None:
  parser.skip_to('to')
  parser.expect('to')
  parser.label()
  parser.expect('unwind')
  parser.label()


def _callbr_labels(parser: OperandParser) -> int:
  parser.skip_to('to')
  parser.expect('to')
  parser.label()
  parser.expect('[')
  count = 1
  while parser.until(']'):
    parser.label()
    parser.accept(',')
    count += 1
  return count


def _callee_operand(
    parser: OperandParser,
    plan: Plan,
    callee: str,
    start: int,
    end: int,
    position: int,
) -> None:
  """The callee is the last operand; a function there makes no node."""
  if callee[:1] == '@':
    hole = parser.hole(start)
    if plan.opcode == 'call':
      plan.callee = hole
    # An alias or ifunc as callee is a constant; the reader knows which.
    parser.constants.append(
        ConstantOperand(position, 'ptr', 'ptr', hole, (hole,), (hole,))
    )
  elif callee[:1] == '%':
    parser.locals.append((position, 'ptr', parser.hole(start)))
  elif callee != 'asm':
    num_words, num_fills = len(parser.words), len(parser.fills)
    after, parser.at = parser.at, end
    parser.constant(position, operands.POINTER, start)
    parser.at = after
    del parser.words[num_words:]
    del parser.fills[num_fills:]


def landingpad(parser: OperandParser, plan: Plan) -> str:
  spelled = parser.type()
  parser.word(spelled.word)
  position = 0
  if parser.accept('personality'):  # as LLVM wrote it before 3.7
    parser.type()
    parser.skip_constant()
  while parser.peek() and parser.peek() != ',':
    clause = parser.peek()
    if clause not in ('cleanup', 'catch', 'filter'):
      parser.refuse('a clause of a landingpad')
    parser.word(parser.next())
    if clause != 'cleanup':
      parser.typed_value(position)
      position += 1
  return spelled.text


def resume(parser: OperandParser, plan: Plan) -> None:
  parser.typed_value(0)


def catchswitch(parser: OperandParser, plan: Plan) -> str:
  parser.expect('within')
  parser.value(0, operands.TOKEN)
  parser.expect('[')
  handlers = []
  while parser.until(']'):
    parser.label()
    handlers.append(parser.labels.pop())
    parser.accept(',')
  _unwind(parser)
  # Where it unwinds to comes before its handlers.
  parser.labels.extend(handlers)
  return 'token'


def funclet_pad(parser: OperandParser, plan: Plan) -> str:
  """The arguments are its first operands, the parent pad the last."""
  parser.expect('within')
  parent = parser.at
  parser.at += 1
  parser.expect('[')
  position = 0
  while parser.until(']'):
    parser.typed_value(position)
    position += 1
    parser.accept(',')
  end = parser.at
  parser.at = parent
  parser.value(position, operands.TOKEN)
  parser.at = end
  return 'token'


def catchret(parser: OperandParser, plan: Plan) -> None:
  parser.expect('from')
  parser.value(0, operands.TOKEN)
  parser.expect('to')
  parser.label()


def cleanupret(parser: OperandParser, plan: Plan) -> None:
  parser.expect('from')
  parser.value(0, operands.TOKEN)
  _unwind(parser)


def _unwind(parser: OperandParser) -> None:
  parser.expect('unwind')
  if parser.accept('to'):
    parser.expect('caller')
  else:
    parser.label()
