"""One line of IR as a `Plan`: what to emit for every line of that shape.

Station in the flow: used by `ir.reader`, once per line of a function. A line is
split into literal text and *holes* (names and numbers). All lines with the same
literals have the same plan: which words they become, which holes are operands
at which position with which type, where control goes. Plans are compiled once
and cached, so that reading a line is a split, a look-up and a few appends;
compiling is a recursive-descent parser without the recursion.

Operand positions are LLVM's, as ProGraML counts them (PROGRAML_SCHEMA): every
operand has one, also those that make no node.
"""

import dataclasses
import re
from collections.abc import Callable, Sequence

from mirencoder_jax.ir import constant_text, type_text

# Kinds of hole: the table in which the reader looks up a hole's word.
LOCAL, LABEL, GLOBAL, INTEGER, FLOAT = range(5)

_NUMBER = r'-?(?:0x[KLMHR]?[0-9A-Fa-f]+|\d+\.\d*(?:[eE][-+]?\d+)?|\d+)'
# Names behind a sigil, and numbers that stand alone, in a piece of a line without
# blanks. Extents (`[4 x`) and address spaces belong to the shape of a line.
_HOLE = re.compile(
    r'(?<=[%@#!])[-\w.$]+'
    rf'|(?<![-\w.$%@#!\[<])(?<!addrspace\(){_NUMBER}(?![-\w.$])'
)
_TOKEN = re.compile(
    r'c"[^"]*"|[%@!#$]?"[^"]*"|[%@][-\w.$]+|![-\w.$]*|#\d+'
    rf'|{_NUMBER}(?![-\w.$])|\.\.\.|[-\w.$]+|[][<>{{}}(),=*|:]'
)
_IS_NUMBER = re.compile(rf'{_NUMBER}$')
_FIRST_CLASS = frozenset(
    'void half bfloat float double fp128 x86_fp80 ppc_fp128 x86_mmx x86_amx '
    'ptr label token metadata'.split()
)
_INTEGER_TYPE = re.compile(r'i\d+$')
_FLAGS = frozenset(
    'nsw nuw exact inbounds nusw nneg disjoint samesign fast nnan ninf nsz arcp '
    'contract afn reassoc volatile atomic weak inrange'.split()
)
_ORDERINGS = frozenset(
    'unordered monotonic acquire release acq_rel seq_cst'.split()
)
_PLAIN_CONSTANTS = frozenset(
    'true false null undef poison zeroinitializer none'.split()
)
# Constants that are written like a call: `getelementptr (...)`.
_EXPRESSIONS = frozenset(
    'getelementptr ptrtoint ptrtoaddr inttoptr bitcast addrspacecast trunc zext '
    'sext fptrunc fpext fptoui fptosi uitofp sitofp select icmp fcmp add sub '
    'mul udiv sdiv urem srem fadd fsub fmul fdiv frem and or xor shl lshr ashr '
    'fneg extractelement insertelement shufflevector extractvalue insertvalue '
    'blockaddress dso_local_equivalent no_cfi splat ptrauth asm'.split()
)
_BINARY = frozenset(
    'add fadd sub fsub mul fmul udiv sdiv fdiv urem srem frem shl lshr ashr and '
    'or xor'.split()
)
_CASTS = frozenset(
    'trunc zext sext fptrunc fpext fptoui fptosi uitofp sitofp ptrtoint '
    'ptrtoaddr inttoptr bitcast addrspacecast'.split()
)
_CLOSE = {'[': ']', '<': '>', '{': '}', '(': ')'}
_OPEN = frozenset(_CLOSE)
_SPACED = {'x': ' x ', 'addrspace': ' addrspace'}
TERMINATORS = frozenset(
    'ret br switch indirectbr invoke callbr resume unreachable catchswitch '
    'catchret cleanupret'.split()
)


@dataclasses.dataclass(slots=True)
class Plan:
  """What every line of one shape becomes.

  Attributes:
    opcode: LLVM's name of the instruction.
    result_type: node text of the result's type, `void` where there is none.
    has_result: whether the line assigns a name.
    words: the words, with '' where a hole's word goes.
    fills: (index into words, kind of hole, number of hole).
    text: the words that describe the instruction without its values, joined
      by blanks; what the graph's node says. None where a symbol is in it.
    text_slots: indices into words that make `text`.
    local_positions, local_types, local_holes: operands that are local values.
    numbers: operands that are one number: (position, type, hole).
    constants: operands that are other constants.
    all_constants: both, as `ConstantOperand`s, by position.
    labels: holes of the successor blocks, in LLVM's order of successors.
    callee: hole of the symbol of a direct `call`, else -1.
    is_terminator: whether it ends a block.
  """

  opcode: str
  result_type: str = 'void'
  has_result: bool = False
  words: list[str] = dataclasses.field(default_factory=list)
  fills: tuple[tuple[int, int, int], ...] = ()
  text: str | None = None
  text_slots: tuple[int, ...] = ()
  local_positions: tuple[int, ...] = ()
  local_types: tuple[str, ...] = ()
  local_holes: tuple[int, ...] = ()
  numbers: tuple[tuple[int, str, int], ...] = ()
  constants: tuple['ConstantOperand', ...] = ()
  all_constants: dict[int, 'ConstantOperand'] = dataclasses.field(
      default_factory=dict
  )
  labels: tuple[int, ...] = ()
  callee: int = -1
  is_terminator: bool = False



@dataclasses.dataclass(slots=True, frozen=True)
class ConstantOperand:
  """A constant operand.

  Attributes:
    position: operand index.
    type_text: node text of its type.
    type_word: its type as a word.
    symbol: hole of the symbol if the constant is a symbol alone, else -1.
    parts: its words; a hole as (kind, number).
    key: its LLVM text in pieces; a hole as its number. Equal texts of equal
      type are one constant.
  """

  position: int
  type_text: str
  type_word: str
  symbol: int
  parts: tuple[str | tuple[int, int], ...]
  key: tuple[str | int, ...]

  @property
  def number(self) -> int:
    """The hole of a constant that is one number, else -1."""
    if len(self.key) == 2 and self.key[0] == '' and self.key[1].__class__ is int:
      return self.key[1]
    return -1


def tokenize(line: str) -> list[str]:
  """The lexical tokens of a line of IR."""
  return _TOKEN.findall(line)


def holes_of(tokens: Sequence[str]) -> list[str]:
  """The holes of a line, from its tokens; names without their sigil."""
  return [_hole_text(t) for i, t in enumerate(tokens) if _is_hole(tokens, i)]


@dataclasses.dataclass(slots=True, frozen=True)
class Signature:
  """The first line of a function.

  Attributes:
    symbol: name without `@`, with its quotes if it has any.
    is_kernel: whether its calling convention says that a device runs it.
    result: (node text, word) of the type it returns.
    parameters: (node text, word, name) of each; the name is None where the
      text has none.
    is_variadic: whether `...` ends the list.
  """

  symbol: str
  is_kernel: bool
  result: tuple[str, str]
  parameters: tuple[tuple[str, str, str | None], ...]
  is_variadic: bool


_KERNELS = frozenset(['spir_kernel', 'ptx_kernel', 'amdgpu_kernel'])


def parse_signature(
    line: str, struct_word: Callable[[str], str]
) -> Signature:
  """Parses a `define` or `declare` line.

  Raises:
    LineError: if it is not one.
  """
  parser = _Parser(tokenize(line), struct_word)
  return parser.signature()


def _hole_text(token: str) -> str:
  return token[1:] if token[0] in '%@#!' else token


def _is_hole(tokens: Sequence[str], i: int) -> bool:
  token = tokens[i]
  if token[0] in '%@':
    return True
  if token[0] in '#!':
    return len(token) > 1 and token[1] != '"'
  if not _IS_NUMBER.match(token):
    return False
  if i > 1 and tokens[i - 1] == '(' and tokens[i - 2] == 'addrspace':
    return False
  return not (i + 1 < len(tokens) and tokens[i + 1] == 'x')


class _Lexicon(dict):
  """Piece of a line without blanks -> (its literal text, its holes).

  Most pieces come again and again (`%5,`, `i32`, `align`): looking them up is
  four times faster than a regular expression over the line.
  """

  def __missing__(self, piece: str) -> tuple[str, tuple[str, ...]]:
    if len(self) > _MAX_LEXICON:
      self.clear()
    entry = ('\0'.join(_HOLE.split(piece)), tuple(_HOLE.findall(piece)))
    self[piece] = entry
    return entry


_MAX_LEXICON = 500_000
_lexicon = _Lexicon()


def shape(line: str) -> tuple[str, list[str]]:
  """The literal text of a line and its holes; for lines without quotes."""
  entries = [_lexicon[piece] for piece in line.split(' ')]
  return (
      ' '.join([literal for literal, _ in entries]),
      [hole for _, holes in entries for hole in holes],
  )


class LineError(ValueError):
  """A line that is not an instruction of LLVM IR; says what was expected."""


def compile_line(
    line: str, struct_word: Callable[[str], str]
) -> tuple[Plan, list[str], list[int]]:
  """Parses one instruction.

  Args:
    line: a whole instruction, continuation lines joined, without attachments
      of metadata.
    struct_word: spelling of a named struct type, by its name with `%`.

  Returns:
    The plan, the line's holes, and the numbers of the holes that are names of
    struct types (they are resolved in the plan, so a line with others has
    another plan).

  Raises:
    LineError: if the line is not an instruction.
  """
  parser = _Parser(tokenize(line), struct_word)
  plan = parser.instruction()
  return plan, parser.holes, parser.type_holes


class _Parser:
  """Builds a `Plan` from the tokens of one line, left to right."""

  def __init__(self, tokens: list[str], struct_word: Callable[[str], str]):
    self._tokens = tokens
    self._at = 0
    self._struct_word = struct_word
    self.holes: list[str] = []
    self._hole_of: dict[int, int] = {}  # index of token -> number of hole
    for i in range(len(tokens)):
      if _is_hole(tokens, i):
        self._hole_of[i] = len(self.holes)
        self.holes.append(_hole_text(tokens[i]))
    self.type_holes: list[int] = []
    self._words: list[str] = []
    self._fills: list[tuple[int, int, int]] = []
    self._text_slots: list[int] = []
    self._locals: list[tuple[int, str, int]] = []
    self._constants: list[ConstantOperand] = []
    self._labels: list[int] = []

  # Tokens.

  def _peek(self, ahead: int = 0) -> str:
    i = self._at + ahead
    return self._tokens[i] if i < len(self._tokens) else ''

  def _next(self) -> str:
    token = self._peek()
    self._at += 1
    return token

  def _accept(self, token: str) -> bool:
    if self._peek() == token:
      self._at += 1
      return True
    return False

  def _expect(self, token: str) -> None:
    if not self._accept(token):
      found = self._peek() or 'the end of the line'
      raise LineError(f'expected {token!r}, found {found!r}')

  def _skip_group(self) -> None:
    """Skips a bracketed group, from its opening to its closing token."""
    depth = 0
    while self._at < len(self._tokens):
      token = self._next()
      if token in _OPEN:
        depth += 1
      elif token in (']', '>', '}', ')'):
        depth -= 1
        if depth == 0:
          return
    raise LineError('a bracket is not closed')

  # Emission.

  def _word(self, word: str) -> None:
    """A word that belongs to the text of the node."""
    self._text_slots.append(len(self._words))
    self._words.append(word)

  def _value_word(self, word: str) -> None:
    self._words.append(word)

  def _fill(self, kind: int, hole: int) -> None:
    self._fills.append((len(self._words), kind, hole))
    self._words.append('')

  # Types.

  def _at_type(self) -> bool:
    token = self._peek()
    if token in _FIRST_CLASS or token in ('[', '{', '<', 'target', 'opaque'):
      return True
    return token[:1] == '%' or bool(_INTEGER_TYPE.match(token))

  def _type(self, *, functions: bool = True) -> tuple[str, str]:
    """Reads a type; returns its node text and its word.

    Args:
      functions: whether a list of parameter types behind it is part of it.
    """
    if not self._at_type():
      found = self._peek() or 'the end of the line'
      raise LineError(f'expected a type, found {found!r}')
    start = self._at
    if self._peek() in _OPEN:
      self._skip_group()
    elif self._next() == 'target':
      self._skip_group()
    while True:
      token = self._peek()
      if token == '*':
        self._at += 1
      elif token == 'addrspace':
        self._at += 1
        self._skip_group()
      elif token == '(' and functions and self._at_function_type():
        self._skip_group()
      else:
        break
    for i in range(start, self._at):
      if self._tokens[i][0] == '%':
        self.type_holes.append(self._hole_of[i])
    text = ''.join(
        _SPACED.get(t, t) for t in self._tokens[start : self._at]
    )
    try:
      return type_text.spell(text, self._struct_word)
    except ValueError as error:
      raise LineError(str(error)) from None

  def _at_function_type(self) -> bool:
    """Whether the bracket behind a type opens a list of parameter types."""
    token = self._peek(1)
    return (
        token in (')', '...', '[', '{', '<')
        or token in _FIRST_CLASS
        or token[:1] == '%'
        or bool(_INTEGER_TYPE.match(token))
    )

  def _type_word(self, spelled: tuple[str, str]) -> None:
    """Emits a type; a plain pointer goes without saying."""
    if spelled[1] != 'ptr':
      self._word(spelled[1])

  # Values.

  def _value(self, position: int, spelled: tuple[str, str]) -> None:
    """Reads a value of a known type as the operand at a position."""
    token = self._peek()
    if token[:1] == '%':
      hole = self._hole_of[self._at]
      self._at += 1
      self._locals.append((position, spelled[0], hole))
      self._fill(LOCAL, hole)
      return
    if token[:1] == '!':
      self._metadata()
      return
    start = self._at
    if token[:1] == '@':
      self._at += 1
    elif token in _OPEN:
      self._skip_group()
    elif token in _PLAIN_CONSTANTS or _IS_NUMBER.match(token):
      self._at += 1
    elif token[:2] == 'c"':
      self._at += 1
    elif token in _EXPRESSIONS:
      if token == 'asm':
        self._inline_asm()
        return
      self._at += 1
      while self._peek() and self._peek() != '(' and self._peek() != ',':
        if self._peek()[:1] == '@':  # dso_local_equivalent @f
          self._at += 1
          break
        self._at += 1
        if self._peek(-1) == 'inrange' and self._peek() == '(':
          self._skip_group()
      if self._peek() == '(':
        self._skip_group()
    else:
      raise LineError(f'expected a value, found {token or "the end"!r}')
    self._constant(position, spelled, start, self._at)

  def _constant(
      self, position: int, spelled: tuple[str, str], start: int, end: int
  ) -> None:
    """Records tokens [start, end) as a constant operand and emits its words."""
    parts: list[str | tuple[int, int]] = []
    key: list[str | int] = []
    symbol = -1
    for i in range(start, end):
      token = self._tokens[i]
      hole = self._hole_of.get(i)
      if hole is None:
        key.append(token)
        if token not in ('(', ')', ',', 'ptr', '<', '>', '[', ']', '{', '}'):
          parts.append('c"' if token[:2] == 'c"' else token)
        continue
      key.append(token[0] if token[0] in '%@' else '')
      key.append(hole)
      if token[0] == '@':
        parts.append((GLOBAL, hole))
        if end - start == 1:
          symbol = hole
      elif token[0] == '%':
        if self._tokens[i - 4 : i - 3] == ['blockaddress']:
          parts.append('block')
        else:  # the type in a constant getelementptr, say
          self.type_holes.append(hole)
          parts.append(self._struct_word(token))
      elif constant_text.is_float(token):
        parts.append((FLOAT, hole))
      else:
        parts.append((INTEGER, hole))
    for part in parts:
      if isinstance(part, str):
        self._value_word(part)
      else:
        self._fill(*part)
    self._constants.append(
        ConstantOperand(
            position, spelled[0], spelled[1], symbol, tuple(parts), tuple(key)
        )
    )

  def _metadata(self) -> None:
    """Skips `!5`, `!"text"`, `!{...}`, `!DIExpression(...)`."""
    self._at += 1
    if self._peek() in ('{', '('):
      self._skip_group()
    self._value_word('metadata')

  def _inline_asm(self) -> None:
    """`asm sideeffect "text", "constraints"`: its text is not read."""
    self._word('asm')
    self._at += 1
    while self._peek() and self._peek()[0] != '"':
      self._at += 1
    self._at += 1
    self._expect(',')
    self._at += 1

  def _typed_value(self, position: int) -> tuple[str, str]:
    spelled = self._type()
    if spelled[1] == 'metadata':
      if self._at_type():
        self._typed_metadata()
      else:
        self._metadata()
      return spelled
    self._type_word(spelled)
    self._skip_attributes()
    self._value(position, spelled)
    return spelled

  def _typed_metadata(self) -> None:
    """`metadata i32 %x`: a value seen through metadata makes no node."""
    self._type()
    if self._peek() in _OPEN:
      self._skip_group()
    else:
      self._at += 1
      if self._peek() == '(':
        self._skip_group()
    self._value_word('metadata')

  def _skip_attributes(self) -> None:
    """Skips attributes of a parameter, between its type and its value."""
    while True:
      token = self._peek()
      if not token or token in _PLAIN_CONSTANTS or token in _EXPRESSIONS:
        return
      if not (token[0].isalpha() or token[0] in '"_') or token[:2] == 'c"':
        return
      self._at += 1
      if token == 'align' and _IS_NUMBER.match(self._peek()):
        self._at += 1
      elif self._accept('='):
        self._at += 1
      elif self._peek() == '(':
        self._skip_group()

  def _flags(self) -> None:
    """Keeps flags that change what is computed; skips attributes and cc."""
    while not self._at_type():
      token = self._peek()
      if token in _FLAGS:
        self._word(token)
        self._at += 1
        if token == 'inrange' and self._peek() == '(':
          self._skip_group()
      elif token and (token[0].isalpha() or token[0] in '_"#'):
        self._at += 1
        if self._accept('='):
          self._at += 1
        elif self._peek() == '(':
          self._skip_group()
        elif token in ('align', 'cc') and _IS_NUMBER.match(self._peek()):
          self._at += 1
      else:
        return

  def _label(self) -> None:
    self._expect('label')
    if self._peek()[:1] != '%':
      raise LineError(f'expected a block, found {self._peek() or "the end"!r}')
    hole = self._hole_of[self._at]
    self._at += 1
    self._labels.append(hole)
    self._fill(LABEL, hole)

  def _alignment(self, spelled: tuple[str, str]) -> None:
    """Keeps the alignment of vector accesses, where it costs time."""
    while self._at < len(self._tokens):
      token = self._next()
      if token in _ORDERINGS:
        self._word(token)
      elif token == 'align' and spelled[1][:1] == '<':
        self._value_word('align')
        self._fill(INTEGER, self._hole_of[self._at])

  # Instructions.

  def instruction(self) -> Plan:
    """Reads the whole line."""
    result_hole = -1
    if self._peek(1) == '=':
      if self._peek()[:1] != '%':
        raise LineError(f'{self._peek()!r} is not the name of a value')
      result_hole = 0
      self._at = 2
      self._fill(LOCAL, 0)
    opcode = self._next()
    while opcode in ('tail', 'musttail', 'notail'):
      opcode = self._next()
    read = _READERS.get(opcode)
    if read is None:
      raise LineError(f'unknown instruction {opcode!r}')
    self._word(opcode)
    plan = Plan(opcode, has_result=result_hole == 0)
    plan.is_terminator = opcode in TERMINATORS
    plan.result_type = read(self, plan) or 'void'
    if self._peek() not in ('', ',') and opcode not in _OPEN_ENDED:
      raise LineError(f'unexpected {self._peek()!r}')
    plan.words = self._words
    plan.fills = tuple(self._fills)
    plan.text_slots = tuple(self._text_slots)
    filled = {slot for slot, _, _ in self._fills}
    if not filled.intersection(self._text_slots):
      plan.text = ' '.join(self._words[i] for i in self._text_slots)
    plan.local_positions = tuple(p for p, _, _ in self._locals)
    plan.local_types = tuple(t for _, t, _ in self._locals)
    plan.local_holes = tuple(h for _, _, h in self._locals)
    plan.all_constants = {c.position: c for c in self._constants}
    plan.numbers = tuple(
        (c.position, c.type_text, c.number)
        for c in self._constants
        if c.number >= 0
    )
    plan.constants = tuple(c for c in self._constants if c.number < 0)
    plan.labels = tuple(self._labels)
    return plan

  def signature(self) -> Signature:
    """`define linkage cc attributes type @name(type attributes %x, ...)`."""
    self._at += 1
    while self._peek()[:1] == '!':  # `declare !dbg !5 void @f()`
      self._at += 1
    start = self._at
    self._flags()
    is_kernel = not _KERNELS.isdisjoint(self._tokens[start : self._at])
    result = self._type(functions=False)
    if self._peek() == '(' and self._at_function_type():
      self._skip_group()
      self._expect('*')
      result = ('ptr', 'ptr')
    if self._peek()[:1] != '@':
      raise LineError(f'expected a name, found {self._peek() or "the end"!r}')
    symbol = self._next()[1:]
    self._expect('(')
    parameters = []
    is_variadic = False
    while not self._accept(')'):
      if self._accept('...'):
        is_variadic = True
      else:
        spelled = self._type()
        self._skip_attributes()
        name = self._next()[1:] if self._peek()[:1] == '%' else None
        parameters.append((*spelled, name))
      if not self._accept(','):
        self._expect(')')
        break
    return Signature(symbol, is_kernel, result, tuple(parameters), is_variadic)

  def binary(self, plan: Plan) -> str:
    self._flags()
    spelled = self._typed_value(0)
    self._expect(',')
    self._value(1, spelled)
    return spelled[0]

  def compare(self, plan: Plan) -> str:
    while self._peek() in _FLAGS:
      self._word(self._next())
    self._word(self._next())  # the predicate
    spelled = self._typed_value(0)
    self._expect(',')
    self._value(1, spelled)
    return _with_element(spelled[0], 'i1') if spelled[0][:1] == '<' else 'i1'

  def unary(self, plan: Plan) -> str:
    self._flags()
    return self._typed_value(0)[0]

  def cast(self, plan: Plan) -> str:
    self._flags()
    self._typed_value(0)
    self._expect('to')
    target = self._type()
    self._word(target[1])
    return target[0]

  def alloca(self, plan: Plan) -> str:
    while self._peek() in ('inalloca', 'swifterror'):
      self._at += 1
    spelled = self._type()
    self._word(spelled[1])
    space = ''
    counted = False
    while self._accept(','):
      if self._at_type():
        self._typed_value(0)
        counted = True
      elif self._peek() == 'addrspace':
        space = self._peek(2)
        self._at += 4
      else:
        self._at += 2  # align N
    if not counted:
      self._constants.append(
          ConstantOperand(0, 'i32', 'i32', -1, ('1',), ('', '1'))
      )
    return f'ptr addrspace({space})' if space not in ('', '0') else 'ptr'

  def load(self, plan: Plan) -> str:
    while self._peek() in _FLAGS:
      self._word(self._next())
    spelled = self._type()
    self._word(spelled[1])
    self._expect(',')
    self._typed_value(0)
    self._alignment(spelled)
    return spelled[0]

  def store(self, plan: Plan) -> None:
    while self._peek() in _FLAGS:
      self._word(self._next())
    spelled = self._type()
    self._word(spelled[1])
    self._value(0, spelled)
    self._expect(',')
    self._typed_value(1)
    self._alignment(spelled)

  def getelementptr(self, plan: Plan) -> str:
    self._flags()
    spelled = self._type()
    self._word(spelled[1])
    self._expect(',')
    result = self._typed_value(0)[0]
    position = 1
    while self._accept(','):
      self._accept('inrange')
      index = self._type()
      if index[1] not in ('i32', 'i64'):
        self._type_word(index)
      if index[0][:1] == '<' and result[:1] != '<':
        result = _with_element(index[0], result)
      self._value(position, index)
      position += 1
    return result

  def phi(self, plan: Plan) -> str:
    self._flags()
    spelled = self._type()
    self._word(spelled[1])
    position = 0
    while self._accept('['):
      self._value(position, spelled)
      self._expect(',')
      if self._peek()[:1] != '%':
        raise LineError(f'expected a block, found {self._peek()!r}')
      self._fill(LABEL, self._hole_of[self._at])
      self._at += 1
      self._expect(']')
      self._accept(',')
      position += 1
    return spelled[0]

  def select(self, plan: Plan) -> str:
    self._flags()
    self._typed_value(0)
    self._expect(',')
    spelled = self._typed_value(1)
    self._expect(',')
    self._type()
    self._value(2, spelled)
    return spelled[0]

  def ret(self, plan: Plan) -> None:
    if self._accept('void'):
      self._word('void')
    else:
      self._typed_value(0)

  def branch(self, plan: Plan) -> None:
    if self._peek() == 'label':
      self._label()
      return
    spelled = self._type()
    self._value(0, spelled)
    self._expect(',')
    self._label()
    self._expect(',')
    self._label()

  def switch(self, plan: Plan) -> None:
    spelled = self._typed_value(0)
    self._expect(',')
    self._label()
    self._expect('[')
    position = 2
    while not self._accept(']'):
      self._type()
      self._value(position, spelled)
      self._expect(',')
      self._label()
      position += 2

  def indirectbr(self, plan: Plan) -> None:
    self._typed_value(0)
    self._expect(',')
    self._expect('[')
    while not self._accept(']'):
      self._label()
      self._accept(',')

  def call(self, plan: Plan) -> str:
    """call, invoke and callbr, which differ in what follows the arguments."""
    self._flags()
    result = self._type(functions=False)
    if self._peek() == '(' and self._at_function_type():
      # `call i32 (ptr, ...) @printf(...)`: what stands first is the result.
      self._skip_group()
      if self._peek() == '*':  # or a function pointer, in typed pointers' days
        result = ('ptr', 'ptr')
        self._at += 1
    self._word(result[1])
    callee_at = self._at
    callee = self._peek()
    if callee == 'asm':
      self._inline_asm()
    elif callee[:1] == '@':
      self._text_slots.append(len(self._words))
      self._fill(GLOBAL, self._hole_of[self._at])
      self._at += 1
    elif callee[:1] == '%':
      self._fill(LOCAL, self._hole_of[self._at])
      self._at += 1
    elif callee in _EXPRESSIONS or callee in _PLAIN_CONSTANTS:
      self._at += 1
      while self._peek() and self._peek() not in ('(', ')'):
        self._at += 1
        if self._peek(-1)[:1] == '@':
          break
      if callee in _EXPRESSIONS and callee not in (
          'dso_local_equivalent',
          'no_cfi',
      ):
        self._skip_group()
      self._word('constant')
    else:
      raise LineError(f'expected a callee, found {callee or "the end"!r}')
    callee_end = self._at
    self._expect('(')
    self._value_word('(')
    position = 0
    while not self._accept(')'):
      self._typed_value(position)
      position += 1
      if not self._accept(','):
        self._expect(')')
        break
    self._value_word(')')
    # Attributes, then operand bundles, whose values are operands too.
    while self._peek() and self._peek() not in ('[', 'to', ','):
      self._at += 1
    if self._accept('['):
      position = self._bundles(position)
    after = position
    if plan.opcode == 'invoke':
      self._invoke_labels()
      after += 2
    elif plan.opcode == 'callbr':
      after += self._callbr_labels()
    self._callee(plan, callee, callee_at, callee_end, after)
    return result[0]

  def _bundles(self, position: int) -> int:
    """`[ "deopt"(i32 %x), ... ]`; returns the next free operand position."""
    while not self._accept(']'):
      name = self._next()
      self._word(name.strip('"') or 'bundle')
      self._expect('(')
      while not self._accept(')'):
        self._typed_value(position)
        position += 1
        self._accept(',')
      self._accept(',')
    return position

  def _invoke_labels(self) -> None:
    while self._peek() and self._peek() != 'to':
      self._at += 1
    self._expect('to')
    self._label()
    self._expect('unwind')
    self._label()

  def _callbr_labels(self) -> int:
    while self._peek() and self._peek() != 'to':
      self._at += 1
    self._expect('to')
    self._label()
    self._expect('[')
    count = 1
    while not self._accept(']'):
      self._label()
      self._accept(',')
      count += 1
    return count

  def _callee(
      self, plan: Plan, callee: str, start: int, end: int, position: int
  ) -> None:
    """The callee is the last operand; a function there makes no node."""
    if callee[:1] == '@':
      if plan.opcode == 'call':
        plan.callee = self._hole_of[start]
      # An alias or ifunc as callee is a constant; the reader knows which.
      self._constants.append(
          ConstantOperand(
              position, 'ptr', 'ptr', self._hole_of[start],
              ((GLOBAL, self._hole_of[start]),), ('@', self._hole_of[start]),
          )  # fmt: skip
      )
    elif callee[:1] == '%':
      self._locals.append((position, 'ptr', self._hole_of[start]))
    elif callee != 'asm':
      words, fills = len(self._words), len(self._fills)
      self._constant(position, ('ptr', 'ptr'), start, end)
      del self._words[words:]
      del self._fills[fills:]

  def extractvalue(self, plan: Plan) -> str:
    spelled = self._typed_value(0)
    first = self._peek(1)
    self._indices()
    return _member(spelled[1], int(first)) if first.isdigit() else 'struct'

  def insertvalue(self, plan: Plan) -> str:
    spelled = self._typed_value(0)
    self._expect(',')
    self._typed_value(1)
    self._indices()
    return spelled[0]

  def _indices(self) -> None:
    while self._accept(','):
      if self._at not in self._hole_of:
        raise LineError(f'expected an index, found {self._peek()!r}')
      self._fill(INTEGER, self._hole_of[self._at])
      self._at += 1

  def extractelement(self, plan: Plan) -> str:
    vector = self._typed_value(0)
    self._expect(',')
    self._typed_value(1)
    return vector[0].rpartition(' x ')[2][:-1]

  def insertelement(self, plan: Plan) -> str:
    vector = self._typed_value(0)
    for position in (1, 2):
      self._expect(',')
      self._typed_value(position)
    return vector[0]

  def shufflevector(self, plan: Plan) -> str:
    vector = self._typed_value(0)
    self._expect(',')
    self._type()
    self._value(1, vector)
    self._expect(',')
    mask = self._type()
    # The mask is no operand since LLVM 11, but it says what is computed.
    constants = len(self._constants)
    self._word(mask[1])
    self._value(2, mask)
    del self._constants[constants:]
    return _with_element(mask[0], vector[0].rpartition(' x ')[2][:-1])

  def cmpxchg(self, plan: Plan) -> str:
    while self._peek() in _FLAGS:
      self._word(self._next())
    self._typed_value(0)
    self._expect(',')
    self._typed_value(1)
    self._expect(',')
    self._typed_value(2)
    self._alignment(('', ''))
    return 'struct'

  def atomicrmw(self, plan: Plan) -> str:
    self._accept('volatile')
    self._word(self._next())  # the operation
    self._typed_value(0)
    self._expect(',')
    spelled = self._typed_value(1)
    self._alignment(('', ''))
    return spelled[0]

  def fence(self, plan: Plan) -> None:
    self._alignment(('', ''))

  def va_arg(self, plan: Plan) -> str:
    self._typed_value(0)
    self._expect(',')
    spelled = self._type()
    self._word(spelled[1])
    return spelled[0]

  def landingpad(self, plan: Plan) -> str:
    spelled = self._type()
    self._word(spelled[1])
    position = 0
    while self._peek():
      clause = self._next()
      if clause == 'cleanup':
        self._word(clause)
      elif clause in ('catch', 'filter'):
        self._word(clause)
        self._typed_value(position)
        position += 1
      elif clause != 'personality':
        raise LineError(f'unknown clause {clause!r} of a landingpad')
    return spelled[0]

  def unreachable(self, plan: Plan) -> None:
    return None

  def catchswitch(self, plan: Plan) -> str:
    self._expect('within')
    self._value(0, ('token', 'token'))
    self._expect('[')
    handlers = []
    while not self._accept(']'):
      self._label()
      handlers.append(self._labels.pop())
      self._accept(',')
    self._expect('unwind')
    if self._accept('to'):
      self._expect('caller')
    else:
      self._label()
    self._labels.extend(handlers)
    return 'token'

  def funclet_pad(self, plan: Plan) -> str:
    self._expect('within')
    parent = self._at
    self._at += 1
    self._expect('[')
    position = 0
    while not self._accept(']'):
      self._typed_value(position)
      position += 1
      self._accept(',')
    end = self._at
    self._at = parent
    self._value(position, ('token', 'token'))
    self._at = end
    return 'token'

  def catchret(self, plan: Plan) -> None:
    self._expect('from')
    self._value(0, ('token', 'token'))
    self._expect('to')
    self._label()

  def cleanupret(self, plan: Plan) -> None:
    self._expect('from')
    self._value(0, ('token', 'token'))
    self._expect('unwind')
    if self._accept('to'):
      self._expect('caller')
    else:
      self._label()


def _with_element(vector: str, element: str) -> str:
  """`<4 x i1>` from `<4 x float>` and `i1`."""
  return f'{vector.rpartition(" x ")[0]} x {element}>'


def _member(word: str, index: int) -> str:
  """Type of a member of a literal struct, `struct` where it can't be told."""
  if word[:1] != '{':
    return word[1:-1].partition('x')[2] if word[:1] == '[' else 'struct'
  members, depth, start = [], 0, 1
  for i, letter in enumerate(word):
    depth += (letter in '[{(<') - (letter in ']})>')
    if (letter == ',' and depth == 1) or depth == 0:
      members.append(word[start:i])
      start = i + 1
  return members[index] if index < len(members) else 'struct'


_READERS = {
    **{opcode: _Parser.binary for opcode in _BINARY},
    **{opcode: _Parser.cast for opcode in _CASTS},
    'fneg': _Parser.unary,
    'freeze': _Parser.unary,
    'icmp': _Parser.compare,
    'fcmp': _Parser.compare,
    'alloca': _Parser.alloca,
    'load': _Parser.load,
    'store': _Parser.store,
    'getelementptr': _Parser.getelementptr,
    'phi': _Parser.phi,
    'select': _Parser.select,
    'ret': _Parser.ret,
    'br': _Parser.branch,
    'switch': _Parser.switch,
    'indirectbr': _Parser.indirectbr,
    'call': _Parser.call,
    'invoke': _Parser.call,
    'callbr': _Parser.call,
    'extractvalue': _Parser.extractvalue,
    'insertvalue': _Parser.insertvalue,
    'extractelement': _Parser.extractelement,
    'insertelement': _Parser.insertelement,
    'shufflevector': _Parser.shufflevector,
    'cmpxchg': _Parser.cmpxchg,
    'atomicrmw': _Parser.atomicrmw,
    'fence': _Parser.fence,
    'va_arg': _Parser.va_arg,
    'landingpad': _Parser.landingpad,
    'resume': _Parser.unary,
    'unreachable': _Parser.unreachable,
    'catchswitch': _Parser.catchswitch,
    'catchpad': _Parser.funclet_pad,
    'cleanuppad': _Parser.funclet_pad,
    'catchret': _Parser.catchret,
    'cleanupret': _Parser.cleanupret,
}
OPCODES = frozenset(_READERS)
# What their readers leave unread are attributes.
_OPEN_ENDED = frozenset(['call', 'invoke', 'callbr', 'switch'])
# What an instruction without a result may begin with.
STARTS = OPCODES | {'tail', 'musttail', 'notail'}


def parse_type(
    text: str, struct_word: Callable[[str], str]
) -> tuple[str, str]:
  """Node text and word of the type that a text begins with.

  Raises:
    LineError: if the text does not begin with a type.
  """
  return _Parser(tokenize(text), struct_word)._type()
