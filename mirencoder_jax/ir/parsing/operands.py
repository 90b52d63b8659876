"""Reads types, values and attributes from the tokens of one line of IR.

An `OperandParser` walks over the tokens from left to right and collects what
the `Plan` of the line needs. Bracketed groups are skipped by counting, so
nothing here recurses on the depth of the input.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mirencoder_jax.ir.parsing import cursor, line_shape, type_text
from mirencoder_jax.ir.parsing.plan import ConstantOperand, LineError

_FIRST_CLASS = frozenset(
    'void half bfloat float double fp128 x86_fp80 ppc_fp128 x86_mmx x86_amx '
    'ptr label token metadata'.split()
)
_TYPE_OPENERS = frozenset(['[', '{', '<', 'target', 'opaque'])
FLAGS = frozenset(
    'nsw nuw exact inbounds nusw nneg disjoint samesign fast nnan ninf nsz '
    'arcp contract afn reassoc volatile atomic weak inrange'.split()
)
_ORDERINGS = frozenset(
    'unordered monotonic acquire release acq_rel seq_cst'.split()
)
PLAIN_CONSTANTS = frozenset(
    'true false null undef poison zeroinitializer none'.split()
)
# Constants that are written like a call: `getelementptr (...)`.
EXPRESSIONS = frozenset(
    'getelementptr ptrtoint ptrtoaddr inttoptr bitcast addrspacecast trunc '
    'zext sext fptrunc fpext fptoui fptosi uitofp sitofp select icmp fcmp '
    'add sub mul udiv sdiv urem srem fadd fsub fmul fdiv frem and or xor '
    'shl lshr ashr fneg extractelement insertelement shufflevector '
    'extractvalue insertvalue blockaddress dso_local_equivalent no_cfi splat '
    'ptrauth asm'.split()
)
# What stands behind a value.
_ENDS = ('', ',', ')')
# Words that stand before a number or a symbol and are no type.
_NO_TYPES = frozenset(
    'align cc alignstack asm c within to from unwind cleanup'.split()
)
# Constants that are a word before a symbol.
_PREFIXES = frozenset(['dso_local_equivalent', 'no_cfi'])
# What a constant's words leave out.
_SILENT = frozenset('(),<>[]{}') | {'ptr'}
_SPACED = {'x': ' x ', 'addrspace': ' addrspace'}


class Spelled(NamedTuple):
  """A type that was read.

  Attributes:
    text: node text.
    word: its word among the tokens.
    key: tokens and holes that tell it from other types of this text; empty
      where the text does.
  """

  text: str
  word: str
  key: tuple[str | int, ...] = ()


POINTER = Spelled('ptr', 'ptr')
TOKEN = Spelled('token', 'token')


class OperandParser(cursor.Cursor):
  """Tokens of one line, and what has been read of them.

  Attributes:
    type_holes: holes on whose content the plan hangs.
    words, fills: as in `Plan`.
    text_slots: indices into words of what makes the text of the node.
    locals: operands that are local values, as (position, type, hole).
    constants: operands that are constants.
    labels: holes of the successors.
  """

  def __init__(self, pieces: Sequence[str], struct_words: Mapping[str, str]):
    """Takes the pieces of a line, and the words of the module's structs."""
    super().__init__(pieces)
    self._struct_words = struct_words
    self.type_holes: list[int] = []
    self.words: list[str] = []
    self.fills: list[tuple[int, int]] = []
    self.text_slots: list[int] = []
    self.locals: list[tuple[int, str, int]] = []
    self.constants: list[ConstantOperand] = []
    self.labels: list[int] = []

  # Emission.

  def word(self, word: str) -> None:
    """A word that belongs to the text of the node."""
    self.text_slots.append(len(self.words))
    self.words.append(word)

  def value_word(self, word: str) -> None:
    self.words.append(word)

  def fill(self, hole: int) -> None:
    self.fills.append((len(self.words), hole))
    self.words.append('')

  # Types.

  def at_type(self, ahead: int = 0) -> bool:
    token = self.peek(ahead)
    return (
        token in _FIRST_CLASS
        or token in _TYPE_OPENERS
        or token[:1] == '%'
        # Integers, and the bytes of LLVM 23.
        or (token[:1] in ('i', 'b') and token[1:].isdecimal())
    )

  def at_new_type(self) -> bool:
    """Whether a word stands where only a type may, though none that we know."""
    token, behind = self.peek(), self.peek(1)
    return (
        token[:1].isalpha()
        and token not in FLAGS
        and token not in _NO_TYPES
        and (
            behind[:1] == '@'
            # A name behind it may be a type itself: `fastcc %struct.S @f`.
            or (behind[:1] == '%' and self.peek(2) in _ENDS)
            or behind in _ENDS
            or behind in PLAIN_CONSTANTS
            or line_shape.is_number(behind)
        )
    )

  def type(self, *, functions: bool = True) -> Spelled:
    """Reads a type; returns its node text and its word.

    Args:
      functions: whether a list of parameter types behind it is part of it.
    """
    if not self.at_type() and not self.at_new_type():
      self.refuse('a type')
    start = self.at
    if self.peek() in cursor.OPEN:
      self.skip_group()
    elif self.next() == 'target':
      self.skip_group()
    while True:
      token = self.peek()
      if token == '*':
        self.at += 1
      elif token == 'addrspace':
        self.at += 1
        self.skip_group()
      elif token == '(' and functions and self.at_function_type():
        self.skip_group()
      else:
        break
    tokens = self.tokens[start : self.at]
    # Names of structs, and the numbers in `target("spirv.Image", void, 1)`.
    self.type_holes += [
        self.hole(i) for i in range(start, self.at) if self.is_hole(i)
    ]
    written = ''.join([_SPACED.get(t, t) for t in tokens])
    try:
      text, word = type_text.spell(written, self._struct_words.__getitem__)
    except ValueError as error:
      raise LineError(str(error)) from None
    return Spelled(text, word, self._type_key(text, start))

  def _type_key(self, text: str, start: int) -> tuple[str | int, ...]:
    """Structs share a text: what tells them apart is how they are written."""
    if 'struct' not in text:
      return ()
    return tuple(
        [
            self.hole(i) if self.is_hole(i) else self.tokens[i]
            for i in range(start, self.at)
        ]
    )

  def at_function_type(self) -> bool:
    """Whether the next bracket opens a list of parameter types."""
    return self.peek(1) in (')', '...') or self.at_type(1)

  def type_word(self, spelled: Spelled) -> None:
    """Emits a type; a plain pointer goes without saying."""
    if spelled.word != 'ptr':
      self.word(spelled.word)

  # Values.

  def typed_value(self, position: int) -> Spelled:
    """Reads a type and its value; metadata is skipped."""
    spelled = self.type()
    if spelled.word == 'metadata':
      self._metadata()
      return spelled
    if spelled.word == 'label':  # in an operand bundle, and no successor
      self.block()
      return spelled
    self.type_word(spelled)
    start = self.at
    self.skip_attributes()
    if self.at > start and self.peek() in _ENDS:
      self.at = start  # a constant of the future, not an attribute
    self.value(position, spelled)
    return spelled

  def value(self, position: int, spelled: Spelled) -> None:
    """Reads a value of a known type as the operand at a position."""
    token = self.peek()
    if token[:1] == '%':
      hole = self.hole()
      self.at += 1
      self.locals.append((position, spelled.text, hole))
      self.fill(hole)
    elif token[:1] == '!':
      self._metadata()
    elif token == 'asm':
      self.inline_asm()
    else:
      start = self.at
      self.skip_constant()
      self.constant(position, spelled, start)

  def skip_constant(self) -> None:
    """Skips a constant; refuses anything else."""
    token = self.peek()
    if token in cursor.OPEN:
      self.skip_group()
    elif token in _PREFIXES:
      self.at += 2
    elif token in EXPRESSIONS:
      self.at += 1
      while self.peek() and self.peek() not in ('(', ','):  # its flags
        self.at += 1
        if self.peek(-1) == 'inrange' and self.peek() == '(':
          self.skip_group()
      if self.peek() == '(':
        self.skip_group()
    elif (
        token in PLAIN_CONSTANTS
        or token[:1] == '@'
        or token[:2] == 'c"'
        or line_shape.is_number(token)
    ):
      self.at += 1
    elif token[:1].isalpha() and self.peek(1) in ('(', *_ENDS):
      self.at += 1  # of the future, too
      if self.peek() == '(':
        self.skip_group()
    else:
      self.refuse('a value')

  def constant(self, position: int, spelled: Spelled, start: int) -> None:
    """Records the tokens since `start` as a constant; emits its words."""
    end = self.at
    parts: list[str | int] = []
    key: list[str | int] = list(spelled.key)
    symbol = -1
    for i in range(start, end):
      token = self.tokens[i]
      if not self.is_hole(i):
        key.append(token)
        if token not in _SILENT:
          parts.append('c"' if token[:2] == 'c"' else token)
        continue
      hole = self.hole(i)
      key.append(hole)
      if token[0] == '@' and end - start == 1:
        symbol = hole
      if token[0] != '%':
        parts.append(hole)
      elif self.tokens[i - 4 : i - 3] == ['blockaddress']:
        parts.append('block')
      else:  # the type in a constant getelementptr, say
        self.type_holes.append(hole)
        parts.append(self._struct_words[token])
    for part in parts:
      if isinstance(part, str):
        self.value_word(part)
      else:
        self.fill(part)
    self.constants.append(
        ConstantOperand(
            position, spelled.text, spelled.word, symbol,
            tuple(parts), tuple(key),
        )  # fmt: skip
    )

  def _metadata(self) -> None:
    """Skips `!5`, `!{...}`, `!DIExpression(...)`, `i32 %x` as metadata."""
    if self.at_type():
      # A value seen through metadata makes no node.
      self.type()
    self.at += 1
    if self.peek(-1) in cursor.OPEN:
      self.at -= 1
      self.skip_group()
    elif self.peek() in ('{', '('):
      self.skip_group()
    self.value_word('metadata')

  def inline_asm(self) -> None:
    """`asm sideeffect "text", "constraints"`: its text is not read."""
    self.word('asm')
    while self.peek() and self.peek()[0] != '"':
      self.at += 1
    self.at += 1
    self.expect(',')
    self.at += 1

  # Attributes.

  def skip_attributes(self) -> None:
    """Skips attributes of a parameter, between its type and its value."""
    while True:
      token = self.peek()
      if not token or token in PLAIN_CONSTANTS or token in EXPRESSIONS:
        return
      if not (token[0].isalpha() or token[0] in '"_') or token[:2] == 'c"':
        return
      if line_shape.is_number(token):  # f0x..., u0x...
        return
      self._skip_attribute()

  def _skip_attribute(self) -> None:
    token = self.next()
    if self.accept('='):
      self.at += 1
    elif self.peek() == '(':
      self.skip_group()
    elif token in ('align', 'cc', 'alignstack', 'addrspace'):
      if line_shape.is_number(self.peek()):
        self.at += 1

  def flags(self) -> None:
    """Keeps flags that change what is computed; skips attributes and cc."""
    while not self.at_type() and not self.at_new_type():
      token = self.peek()
      if token in FLAGS:
        self.word(token)
        self.at += 1
        if token == 'inrange' and self.peek() == '(':
          self.skip_group()
      elif token and (token[0].isalpha() or token[0] in '_"#'):
        self._skip_attribute()
      else:
        return

  def kept_flags(self) -> None:
    """Keeps flags, where nothing else may stand; skips those of the future."""
    while True:
      if self.peek() in FLAGS:
        self.word(self.next())
      elif self._at_new_flag():
        self.at += 1
      else:
        return

  def _at_new_flag(self) -> bool:
    return (
        self.peek()[:1].isalpha()
        and self.at_type(1)
        and not self.at_type()
        and not self.at_new_type()
    )

  def label(self) -> None:
    """Reads `label %name` as the next successor."""
    self.expect('label')
    self.labels.append(self.block())

  def block(self) -> int:
    """Reads the name of a block; returns its hole."""
    if self.peek()[:1] != '%':
      self.refuse('a block')
    hole = self.hole()
    self.at += 1
    self.fill(hole)
    return hole

  def tail(self, spelled: Spelled = POINTER) -> None:
    """Orderings, and the alignment of vector accesses, where it costs time."""
    while self.at < len(self.tokens):
      token = self.next()
      if token in _ORDERINGS:
        self.word(token)
      elif token == 'align' and spelled.word[:1] == '<':
        if not self.peek().isdecimal():
          self.refuse('an alignment')
        self.value_word('align')
        self.fill(self.hole())
        self.at += 1
