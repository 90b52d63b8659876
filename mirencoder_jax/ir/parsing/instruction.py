"""One line of IR as a `Plan`: what each instruction says, and its operands.

Calls and exception handling are in `ir.calls`. Every reader takes the parser
behind the opcode, emits words, operands and successors, and returns the node
text of the result's type.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from mirencoder_jax.ir.parsing import aggregates, calls, operands, unknown
from mirencoder_jax.ir.parsing.operands import OperandParser, Spelled
from mirencoder_jax.ir.parsing.plan import ConstantOperand, Plan

_BINARY = (
    'add fadd sub fsub mul fmul udiv sdiv fdiv urem srem frem shl lshr ashr '
    'and or xor'.split()
)
_CASTS = (
    'trunc zext sext fptrunc fpext fptoui fptosi uitofp sitofp ptrtoint '
    'ptrtoaddr inttoptr bitcast addrspacecast'.split()
)
TERMINATORS = frozenset(
    'ret br switch indirectbr invoke callbr resume unreachable catchswitch '
    'catchret cleanupret'.split()
)


def parse_line(
    pieces: Sequence[str], struct_words: Mapping[str, str]
) -> tuple[Plan, list[tuple[int, str]], list[int]]:
  """Parses one instruction.

  Args:
    pieces: the pieces of a whole instruction, without the name of its result
      and without attachments of metadata.
    struct_words: words of the module's structs, by their name with its `%`.

  Returns:
    The plan, its holes as (piece, token), and the holes on whose content the
    plan hangs.

  Raises:
    LineError: if the line is not an instruction.
  """
  parser = OperandParser(pieces, struct_words)
  opcode = parser.next()
  while opcode in ('tail', 'musttail', 'notail'):
    opcode = parser.next()
  read = _READERS.get(opcode, unknown.instruction)
  parser.word(opcode)
  plan = Plan(opcode)
  plan.is_terminator = opcode in TERMINATORS
  result = read(parser, plan)
  plan.result_type = 'void' if result is None else result
  if parser.peek() not in ('', ',') and opcode not in _OPEN_ENDED:
    parser.refuse('the end of the instruction')
  _finish(plan, parser)
  return plan, parser.holes(), parser.type_holes


def _finish(plan: Plan, parser: OperandParser) -> None:
  """Moves what the parser collected into the plan; numbers the holes."""
  number = _Numbering()
  plan.words = parser.words
  plan.fills = tuple([(slot, number[hole]) for slot, hole in parser.fills])
  slots = parser.text_slots
  filled = dict(plan.fills)
  cut = next((k for k, slot in enumerate(slots) if slot in filled), len(slots))
  plan.text = ' '.join([parser.words[i] for i in slots[:cut]])
  if cut < len(slots):
    plan.text_symbol = filled[slots[cut]]
    plan.text += ' '
    plan.text_end = ''.join([' ' + parser.words[i] for i in slots[cut + 1 :]])
  plan.locals = tuple([(p, t, number[hole]) for p, t, hole in parser.locals])
  constants = [_numbered(constant, number) for constant in parser.constants]
  plan.all_constants = {c.position: c for c in constants}
  plan.numbers = tuple(
      [(c.position, c.type_text, c.number) for c in constants if c.number >= 0]
  )
  plan.constants = tuple([c for c in constants if c.number < 0])
  plan.labels = tuple([number[hole] for hole in parser.labels])
  if plan.callee >= 0:
    plan.callee = number[plan.callee]
  plan.pieces = tuple(number)


class _Numbering(dict):
  """Piece -> number of its hole, in the order in which they are asked for."""

  def __missing__(self, piece: int) -> int:
    self[piece] = len(self)
    return self[piece]


def _numbered(operand: ConstantOperand, number: _Numbering) -> ConstantOperand:
  return dataclasses.replace(
      operand,
      symbol=number[operand.symbol] if operand.symbol >= 0 else -1,
      parts=_numbered_parts(operand.parts, number),
      key=_numbered_parts(operand.key, number),
  )


def _numbered_parts(
    parts: Sequence[str | int], number: _Numbering
) -> tuple[str | int, ...]:
  return tuple([p if isinstance(p, str) else number[p] for p in parts])


def _binary(parser: OperandParser, plan: Plan) -> str:
  parser.flags()
  spelled = parser.typed_value(0)
  parser.expect(',')
  parser.value(1, spelled)
  return spelled.text


def _compare(parser: OperandParser, plan: Plan) -> str:
  while parser.peek(1) in operands.FLAGS or not parser.at_type(1):
    if parser.peek() in operands.FLAGS:
      parser.word(parser.peek())
    elif not parser.peek():
      parser.refuse('a predicate')
    parser.at += 1
  parser.word(parser.next())  # the predicate
  spelled = parser.typed_value(0)
  parser.expect(',')
  parser.value(1, spelled)
  if spelled.text[:1] == '<':
    return aggregates.with_element(spelled.text, 'i1')
  return 'i1'


def _unary(parser: OperandParser, plan: Plan) -> str:
  parser.flags()
  return parser.typed_value(0).text


def _cast(parser: OperandParser, plan: Plan) -> str:
  parser.flags()
  parser.typed_value(0)
  parser.expect('to')
  target = parser.type()
  parser.word(target.word)
  return target.text


def _alloca(parser: OperandParser, plan: Plan) -> str:
  while parser.peek() in ('inalloca', 'swifterror'):
    parser.at += 1
  spelled = parser.type()
  parser.word(spelled.word)
  space = ''
  counted = False
  while parser.accept(','):
    if parser.at_type():
      parser.typed_value(0)
      counted = True
    elif parser.peek() == 'addrspace':
      space = parser.peek(2)
      parser.at += 4
    else:
      parser.at += 2  # align N
  if not counted:
    parser.constants.append(
        ConstantOperand(0, 'i32', 'i32', -1, ('1',), ('1',))
    )
  return f'ptr addrspace({space})' if space not in ('', '0') else 'ptr'


def _load(parser: OperandParser, plan: Plan) -> str:
  parser.kept_flags()
  spelled = parser.type()
  parser.word(spelled.word)
  parser.expect(',')
  parser.typed_value(0)
  parser.tail(spelled)
  return spelled.text


def _store(parser: OperandParser, plan: Plan) -> None:
  parser.kept_flags()
  spelled = parser.type()
  parser.word(spelled.word)
  parser.value(0, spelled)
  parser.expect(',')
  parser.typed_value(1)
  parser.tail(spelled)


def _getelementptr(parser: OperandParser, plan: Plan) -> str:
  parser.flags()
  spelled = parser.type()
  parser.word(spelled.word)
  parser.expect(',')
  result = parser.typed_value(0).text
  position = 1
  while parser.accept(','):
    parser.accept('inrange')
    index = parser.type()
    if index.word not in ('i32', 'i64'):
      parser.type_word(index)
    if index.text[:1] == '<' and result[:1] != '<':
      result = aggregates.with_element(index.text, result)
    parser.value(position, index)
    position += 1
  return result


def _phi(parser: OperandParser, plan: Plan) -> str:
  parser.flags()
  spelled = parser.type()
  parser.word(spelled.word)
  position = 0
  while parser.accept('['):
    parser.value(position, spelled)
    parser.expect(',')
    parser.block()
    parser.expect(']')
    parser.accept(',')
    position += 1
  return spelled.text


def _select(parser: OperandParser, plan: Plan) -> str:
  parser.flags()
  parser.typed_value(0)
  parser.expect(',')
  spelled = parser.typed_value(1)
  parser.expect(',')
  parser.value(2, parser.type())
  return spelled.text


def _ret(parser: OperandParser, plan: Plan) -> None:
  if parser.peek() == 'void' and parser.peek(1) in ('', ','):
    parser.word(parser.next())
  else:
    parser.typed_value(0)


def _branch(parser: OperandParser, plan: Plan) -> None:
  if parser.peek() == 'label':
    parser.label()
    return
  parser.value(0, parser.type())
  for _ in range(2):
    parser.expect(',')
    parser.label()


def _switch(parser: OperandParser, plan: Plan) -> None:
  spelled = parser.typed_value(0)
  parser.expect(',')
  parser.label()
  parser.expect('[')
  position = 2
  while parser.until(']'):
    parser.type()
    parser.value(position, spelled)
    parser.expect(',')
    parser.label()
    position += 2


def _indirectbr(parser: OperandParser, plan: Plan) -> None:
  parser.typed_value(0)
  parser.expect(',')
  parser.expect('[')
  while parser.until(']'):
    parser.label()
    parser.accept(',')


def _cmpxchg(parser: OperandParser, plan: Plan) -> str:
  parser.kept_flags()
  parser.typed_value(0)
  for position in (1, 2):
    parser.expect(',')
    parser.typed_value(position)
  parser.tail()
  return 'struct'


def _atomicrmw(parser: OperandParser, plan: Plan) -> str:
  while not parser.at_type(1) and parser.peek():
    parser.at += 1  # volatile, and flags of the future
  parser.word(parser.next())  # the operation
  parser.typed_value(0)
  parser.expect(',')
  spelled = parser.typed_value(1)
  parser.tail()
  return spelled.text


def _fence(parser: OperandParser, plan: Plan) -> None:
  parser.tail()


def _va_arg(parser: OperandParser, plan: Plan) -> str:
  parser.typed_value(0)
  parser.expect(',')
  spelled = parser.type()
  parser.word(spelled.word)
  return spelled.text


def _unreachable(parser: OperandParser, plan: Plan) -> None:
  del parser, plan


_Reader = Callable[[OperandParser, Plan], str | None]
_READERS: dict[str, _Reader] = {
    **dict.fromkeys(_BINARY, _binary),
    **dict.fromkeys(_CASTS, _cast),
    **dict.fromkeys(('fneg', 'freeze'), _unary),
    **dict.fromkeys(('icmp', 'fcmp'), _compare),
    **dict.fromkeys(('call', 'invoke', 'callbr'), calls.call),
    **dict.fromkeys(('catchpad', 'cleanuppad'), calls.funclet_pad),
    'alloca': _alloca,
    'load': _load,
    'store': _store,
    'getelementptr': _getelementptr,
    'phi': _phi,
    'select': _select,
    'ret': _ret,
    'br': _branch,
    'switch': _switch,
    'indirectbr': _indirectbr,
    'extractvalue': aggregates.extractvalue,
    'insertvalue': aggregates.insertvalue,
    'extractelement': aggregates.extractelement,
    'insertelement': aggregates.insertelement,
    'shufflevector': aggregates.shufflevector,
    'cmpxchg': _cmpxchg,
    'atomicrmw': _atomicrmw,
    'fence': _fence,
    'va_arg': _va_arg,
    'landingpad': calls.landingpad,
    'resume': calls.resume,
    'unreachable': _unreachable,
    'catchswitch': calls.catchswitch,
    'catchret': calls.catchret,
    'cleanupret': calls.cleanupret,
}
OPCODES = frozenset(_READERS)
# What their readers leave unread are attributes.
_OPEN_ENDED = frozenset(['call', 'invoke', 'callbr'])
# What an instruction without a result may begin with.
STARTS = OPCODES | {'tail', 'musttail', 'notail'}


def is_one(text: str) -> bool:
  """Whether a text, without its result, begins as instructions do."""
  return text.split(' ', 1)[0] in STARTS


def parse_type(text: str, struct_words: Mapping[str, str]) -> Spelled:
  """The type that a text begins with.

  Raises:
    LineError: if the text does not begin with a type.
  """
  return OperandParser([text], struct_words).type()
