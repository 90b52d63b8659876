"""`Plan`: what every line of one shape becomes.

Holes are what `ir.line_shape` closes.

Operand positions are LLVM's, as ProGraML counts them: every operand has one,
also those that make no node.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from mirencoder_jax.ir.parsing import line_shape


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
    pieces: the pieces of the line that hold holes; hole k is in pieces[k].
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
  pieces: tuple[int, ...] = ()
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


@dataclasses.dataclass(slots=True, frozen=True)
class Template:
  """What the first lines of functions of one shape say.

  Attributes:
    symbol: hole of the function's symbol.
    is_kernel: whether its calling convention says that a device runs it.
    result: (node text, word) of the type it returns.
    parameters: (node text, word, hole of the name) of each; the hole is -1
      where the line has no name.
    is_variadic: whether `...` ends the list.
  """

  symbol: int
  is_kernel: bool
  result: tuple[str, str]
  parameters: tuple[tuple[str, str, int], ...]
  is_variadic: bool


class Variants:
  """Plans of one shape whose meaning hangs on what is in some of its holes.

  These are names of structs, whose sizes are in the plan, extents that stand
  alone (`vscale x 4 x`), and the index of an `extractvalue`.
  """

  __slots__ = ('_deciding', '_plans')

  def __init__(self, deciding: Sequence[int]):
    self._deciding = deciding
    self._plans: dict[tuple[str, ...], Plan | Template] = {}

  def key(
      self,
      pieces: Sequence[str],
      holes: Mapping[str, str],
      struct_words: Mapping[str, str],
  ) -> tuple[str, ...]:
    """What decides, of a line."""
    found = [holes[pieces[i]] for i in self._deciding]
    return tuple([struct_words[h] if h[0] == '%' else h for h in found])

  def __getitem__(self, key: tuple[str, ...]) -> 'Plan | Template':
    return self._plans[key]

  def __setitem__(self, key: tuple[str, ...], plan: 'Plan | Template') -> None:
    self._plans[key] = plan


# Shared by all modules, and bounded: IR of ever new shapes, or of ever new
# struct sizes, must not fill the memory.
plans: dict[str, 'Plan | Template | Variants'] = {}
_MAX_PLANS = 200_000
# Longer lines (switches of a thousand cases) have few like them.
_MAX_SHAPE = 2000
_num_added = 0
SIGNATURE = '\n'


def find(
    pieces: Sequence[str],
    lexicon: line_shape.Lexicon,
    struct_words: Mapping[str, str],
    prefix: str = '',
) -> 'Plan | Template':
  """The plan of a line.

  Args:
    pieces: the line.
    lexicon: knows the pieces.
    struct_words: words of the module's structs.
    prefix: `SIGNATURE` for the first line of a function. In a damaged body may
      stand what looks like one, and is read otherwise.

  Raises:
    KeyError: if there is none yet, or a piece is not known.
  """
  plan = plans[prefix + lexicon.shape(pieces)]
  if plan.__class__ is Variants:
    return plan[plan.key(pieces, lexicon.holes, struct_words)]
  return plan


def remember(
    pieces: Sequence[str],
    lexicon: line_shape.Lexicon,
    struct_words: Mapping[str, str],
    plan: 'Plan | Template',
    found: Sequence[tuple[int, str]],
    deciding: Sequence[int],
    prefix: str = '',
) -> None:
  """Keeps the plan of a line for the next line of its shape.

  Args:
    pieces: the line.
    lexicon: knows the pieces.
    struct_words: words of the module's structs.
    plan: what the line becomes.
    found: (piece, token) of what the parser takes for holes.
    deciding: those of them on whose content the plan hangs.
    prefix: as in `find`.
  """
  global _num_added
  shape = prefix + lexicon.shape(pieces)
  if len(shape) > _MAX_SHAPE or line_shape.ALIAS in shape:
    return
  _num_added += 1
  if _num_added > _MAX_PLANS:
    plans.clear()
    _num_added = 0
  # What only looks like a hole (`4` in `vscale x 4 x i32`) decides, too.
  holes = {i for i, _ in found}
  alike = [i for i, piece in enumerate(pieces) if lexicon.holes[piece]]
  decides = sorted({*deciding, *(i for i in alike if i not in holes)})
  if not decides:
    plans[shape] = plan
    return
  variants = plans.get(shape)
  if variants is None:
    variants = plans[shape] = Variants(decides)
  variants[variants.key(pieces, lexicon.holes, struct_words)] = plan
