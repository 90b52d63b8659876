"""`Plan`: what every line of one shape becomes.

Station in the flow: made by `ir.instruction`, once per shape of line; followed
by `ir.function_reader`, once per line. A hole is given by the number of the
piece that holds it (`ir.line_shape`).

Operand positions are LLVM's, as ProGraML counts them: every operand has one,
also those that make no node.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from mirencoder_jax.ir import line_shape


class LineError(ValueError):
  """A line that is not an instruction of LLVM IR; says what was expected."""


@dataclasses.dataclass(slots=True, frozen=True)
class ConstantOperand:
  """A constant operand.

  Attributes:
    position: operand index.
    type_text: node text of its type.
    type_word: its type as a word.
    symbol: hole of the symbol if the constant is a symbol alone, else -1.
    parts: its words; a hole as its number.
    key: its LLVM text in pieces; a hole as its number. Equal texts of equal
      type are one constant.
  """

  position: int
  type_text: str
  type_word: str
  symbol: int
  parts: tuple[str | int, ...]
  key: tuple[str | int, ...]

  @property
  def number(self) -> int:
    """The hole of a constant that is one number, else -1."""
    if len(self.key) == 1 and self.key[0].__class__ is int:
      return self.key[0] if self.symbol < 0 else -1
    return -1


@dataclasses.dataclass(slots=True)
class Plan:
  """What every line of one shape becomes.

  Attributes:
    opcode: LLVM's name of the instruction.
    result_type: node text of the result's type, `void` where there is none, ''
      where the line does not say it.
    words: the words, with '' where a hole's word goes; without the result.
    fills: (index into words, hole) of these.
    text: the words that describe the instruction without its values, joined
      by blanks; what the graph's node says. Of a call, what stands before the
      callee.
    text_symbol: the callee's hole, if it is part of the text, else -1.
    text_end: the text behind the callee.
    locals: operands that are local values: (position, type, hole).
    numbers: operands that are one number: the same.
    constants: operands that are other constants.
    all_constants: both, by position.
    labels: holes of the successor blocks, in LLVM's order of successors.
    callee: hole of the symbol of a direct `call`, else -1.
    is_terminator: whether it ends a block.
  """

  opcode: str
  result_type: str = 'void'
  words: list[str] = dataclasses.field(default_factory=list)
  fills: tuple[tuple[int, int], ...] = ()
  text: str = ''
  text_symbol: int = -1
  text_end: str = ''
  locals: tuple[tuple[int, str, int], ...] = ()
  numbers: tuple[tuple[int, str, int], ...] = ()
  constants: tuple[ConstantOperand, ...] = ()
  all_constants: dict[int, ConstantOperand] = dataclasses.field(
      default_factory=dict
  )
  labels: tuple[int, ...] = ()
  callee: int = -1
  is_terminator: bool = False


class Variants:
  """Plans of one shape whose meaning hangs on what is in some of its holes.

  These are names of structs, whose sizes are in the plan, extents that stand
  alone (`vscale x 4 x`), and the index of an `extractvalue`.
  """

  __slots__ = ('_deciding', '_plans')

  def __init__(self, deciding: Sequence[int]):
    self._deciding = deciding
    self._plans: dict[tuple[str, ...], Plan] = {}

  def _key(
      self, pieces: Sequence[str], struct_words: Mapping[str, str]
  ) -> tuple[str, ...]:
    found = [line_shape.holes[pieces[i]] for i in self._deciding]
    return tuple([struct_words[h] if h[0] == '%' else h for h in found])

  def get(
      self, pieces: Sequence[str], struct_words: Mapping[str, str]
  ) -> Plan | None:
    return self._plans.get(self._key(pieces, struct_words))

  def add(
      self, pieces: Sequence[str], struct_words: Mapping[str, str], plan: Plan
  ) -> None:
    self._plans[self._key(pieces, struct_words)] = plan


# Shared by all modules, and bounded: IR of ever new shapes, or of ever new
# struct sizes, must not fill the memory.
_MAX_PLANS = 200_000
plans: dict[str, Plan | Variants] = {}
_num_added = 0


def remember(
    shape: str,
    pieces: Sequence[str],
    struct_words: Mapping[str, str],
    plan: Plan,
    deciding: Sequence[int],
) -> None:
  """Keeps the plan of a shape for the next line like it.

  Args:
    shape: the pieces' literals, joined by blanks.
    pieces: the line.
    struct_words: words of the module's structs.
    plan: what the line becomes.
    deciding: the holes on whose content the plan hangs.
  """
  global _num_added
  _num_added += 1
  if _num_added > _MAX_PLANS:
    plans.clear()
    _num_added = 0
  if not deciding:
    plans[shape] = plan
    return
  variants = plans.get(shape)
  if variants is None:
    variants = plans[shape] = Variants(deciding)
  variants.add(pieces, struct_words, plan)
