"""One function definition, from its lines to a `Function`.

Station in the flow: called by `ir.reader` for every body. Two passes over the
lines: the first finds blocks and the numbers of values (a phi may use a value
that is defined below it), the second emits words, operands and control flow
from the cached plans of `ir.instruction`.
"""

import dataclasses
import re

from mirencoder_jax.ir import constant_text, instruction, known_symbols
from mirencoder_jax.ir import type_text
from mirencoder_jax.ir.module import Constant, Function

_LABEL = re.compile(r'("[^"]*"|[-\w.$]+):')
_OLD_LABEL = re.compile(r'; <label>:(\d+)')  # LLVM 7 and 8
_DEBUG_CALL = re.compile(r'call void @llvm\.dbg\.')
_ATTACHMENT = re.compile(r', !(?=(?:[^"]*"[^"]*")*[^"]*$).*')
_GLOBAL = re.compile(r'(?:^|\s)(global|constant)\s+(.*)', re.DOTALL)
_EXTENT_SCAN = 4096  # characters of a global's text in which its type must end
# Plans of lines seen so far, by the literal text of a line; shared by all
# modules, and bounded: IR with ever new shapes must not fill the memory.
_MAX_PLANS = 200_000
_plans: dict[str, object] = {}


class BodyError(ValueError):
  """A body that cannot be read; `offset` is the line behind the `define`."""

  def __init__(self, message: str, offset: int):
    super().__init__(message)
    self.message = message
    self.offset = offset


@dataclasses.dataclass
class ModuleContext:
  """What a function needs to know of its module.

  Attributes:
    sizes: sizes of the named structs.
    defined: functions by symbol; True where the module has the body.
    globals: text behind `@name = ` of variables, aliases and ifuncs.
    constants: all constants so far, shared by the functions; grows.
  """

  sizes: type_text.StructSizes
  defined: dict[str, bool]
  globals: dict[str, str]
  constants: dict[tuple[str, str], Constant]
  _types: dict[str, str] = dataclasses.field(default_factory=dict)

  def global_type(self, symbol: str) -> str:
    """`global [1024xdouble]`: kind and value type of a variable, as words."""
    if symbol not in self._types:
      self._types[symbol] = self._read_global(symbol)
    return self._types[symbol]

  def _read_global(self, symbol: str) -> str:
    match = _GLOBAL.search(self.globals.get(symbol, ''))
    if not match:
      return 'alias' if symbol in self.globals else 'global'
    head = match.group(2)[:_EXTENT_SCAN]
    try:
      _, word = instruction.parse_type(head, self.sizes.word)
    except instruction.LineError:
      return match.group(1)
    return f'{match.group(1)} {word}'


class _Integers(dict):
  def __missing__(self, text: str) -> str:
    return constant_text.integer_word(text)


class _Floats(dict):
  def __missing__(self, text: str) -> str:
    return constant_text.float_word(text)


class _Symbols(dict):
  """Words of the symbols of one function, numbered as they appear."""

  def __init__(self, context: ModuleContext):
    super().__init__()
    self._context = context
    self._functions = 0
    self.variables: list[tuple[str, str]] = []  # symbol, word

  def __missing__(self, symbol: str) -> str:
    defined = self._context.defined.get(symbol)
    known = None if defined else known_symbols.known_word(symbol.strip('"'))
    if known:
      word = '@' + known
    elif defined is not None:
      word = f'@f{self._functions}'
      self._functions += 1
    else:
      word = f'@g{len(self.variables)}'
      self.variables.append((symbol, word))
    self[symbol] = word
    return word


_INTEGERS = _Integers()
_FLOATS = _Floats()


def tidy(text: str) -> str:
  """Lays text that LLVM did not print out as LLVM would.

  Comments go (but not the numbers of old blocks), tabs and runs of blanks
  become one blank, instructions are indented by two, labels by none. Line
  numbers stay what they were.
  """
  lines = []
  inside = False
  for line in text.split('\n'):
    old = _OLD_LABEL.match(line) if inside else None
    if old:
      lines.append(f'{old.group(1)}:')
      continue
    line = _without_comment(line).strip()
    if '"' not in line:
      line = ' '.join(line.split())
    if not inside:
      inside = line.startswith('define') and line.endswith('{')
      lines.append(line)
    elif line == '}':
      inside = False
      lines.append(line)
    elif not line:
      lines.append('')
    else:
      label = _LABEL.match(line)
      lines.append(line if label else '  ' + line)
  return '\n'.join(lines)


def _without_comment(line: str) -> str:
  if ';' not in line:
    return line
  if '"' not in line:
    return line[: line.index(';')]
  quoted = False
  for i, letter in enumerate(line):
    if letter == '"':
      quoted = not quoted
    elif letter == ';' and not quoted:
      return line[:i]
  return line


def read_function(
    first: str, body: list[str], context: ModuleContext
) -> Function:
  """Reads a definition.

  Args:
    first: its `define` line.
    body: the lines up to, not including, the closing `}`.
    context: the module.

  Raises:
    BodyError: for a line that is not an instruction or uses a value that is
      not defined.
    instruction.LineError: for a malformed first line.
  """
  signature = instruction.parse_signature(first, context.sizes.word)
  scan = _Scan(signature)
  scan.read(body)
  return _Emitter(signature, scan, context).function()


class _Scan:
  """First pass: whole instructions, blocks, and the numbers of values."""

  def __init__(self, signature: instruction.Signature):
    self.lines: list[str] = []
    self.offsets: list[int] = []  # of each line in the body, from 1
    self.starts: list[int] = []  # first instruction of each block
    self.labels: dict[str, int] = {}
    # name -> instruction, or -1 - i for parameter i
    self.definitions: dict[str, int] = {}
    self.words: dict[str, str] = {}
    self.num_dropped = 0
    unnamed = 0
    for i, (_, _, name) in enumerate(signature.parameters):
      if name is None:
        name = str(unnamed)
      if name.isdigit():
        unnamed += 1
      self.definitions[name] = -1 - i
      self.words[name] = f'%a{i}'
    self._unnamed = unnamed

  def read(self, body: list[str]) -> None:
    lines, offsets = self.lines, self.offsets
    definitions, words = self.definitions, self.words
    values = 0
    open_switch = False
    terminated = True  # the entry block needs no label
    for offset, line in enumerate(body, 1):
      if line[:3] == '  %':
        # The common case: an instruction with a result.
        equals = line.find(' = ')
        name = line[3:equals]
        definitions[name] = len(lines)
        words[name] = f'%{values}'
        values += 1
        if terminated:
          self._implicit_block()
        terminated = line[equals + 3] in 'ci' and line.startswith(
            ('invoke ', 'callbr ', 'catchswitch '), equals + 3
        )
        lines.append(line)
        offsets.append(offset)
        continue
      if not line or line[0] == ';':
        continue
      if line[0] != ' ':
        self._block(line, offset)
        terminated = False
        continue
      word = line.split(None, 1)[0]
      if line[2] == ' ' or open_switch or word not in instruction.STARTS:
        if word.startswith('#dbg_'):
          self.num_dropped += 1
          continue
        if not open_switch and not (lines and _continues(word, lines[-1])):
          raise BodyError(f'unknown instruction {word!r}', offset)
        lines[-1] += ' ' + line.strip()
        if open_switch and word[0] == ']':
          open_switch = False
        continue
      if '@llvm.dbg.' in line and _DEBUG_CALL.search(line):
        self.num_dropped += 1
        continue
      if terminated:
        self._implicit_block()
      terminated = word in instruction.TERMINATORS
      open_switch = word == 'switch' and line.count('[') > line.count(']')
      lines.append(line)
      offsets.append(offset)
    if not lines:
      raise BodyError('the function has no instructions', 0)
    if not self.starts:
      self.starts.append(0)

  def _block(self, line: str, offset: int) -> None:
    match = _LABEL.match(line)
    if not match:
      raise BodyError(f'{line.strip()[:60]!r} is not LLVM IR', offset)
    self.labels[match.group(1)] = len(self.starts)
    self.starts.append(len(self.lines))

  def _implicit_block(self) -> None:
    """A block without a label: the entry, or one that has only a number."""
    if self.starts:
      numbers = [int(n) for n in self.words if n.isdigit()]
      numbers += [int(n) for n in self.labels if n.isdigit()]
      self.labels[str(max(numbers, default=-1) + 1)] = len(self.starts)
    else:
      # Referred to by phis and blockaddresses of unnamed blocks only.
      self.labels[str(self._unnamed)] = 0
    self.starts.append(len(self.lines))


def _continues(word: str, above: str) -> bool:
  """Whether a word may go on with the instruction above it."""
  if above.lstrip().startswith('%'):
    above = above[above.find(' = ') + 3 :]
  opcode = above.split(None, 1)[0]
  return word in _CONTINUATIONS.get(opcode, ())


_CONTINUATIONS = {
    'landingpad': ('catch', 'filter', 'cleanup'),
    'invoke': ('to', 'unwind'),
    'callbr': ('to', '['),
    'switch': ('[',),
}


class _Emitter:
  """Second pass: words, operands and control flow."""

  def __init__(
      self,
      signature: instruction.Signature,
      scan: _Scan,
      context: ModuleContext,
  ):
    self._signature = signature
    self._scan = scan
    self._context = context
    self._symbols = _Symbols(context)
    blocks = {name: f'b{i}' for name, i in scan.labels.items()}
    # In the order of the hole kinds of `ir.instruction`.
    self._tables = (scan.words, blocks, self._symbols, _INTEGERS, _FLOATS)

  def function(self) -> Function:
    scan, context = self._scan, self._context
    signature = self._signature
    function = Function(
        symbol=signature.symbol, words=[], offsets=[], opcodes=[], types=[],
        texts=[], block_of=[], block_starts=scan.starts + [len(scan.lines)],
        successors=[], parameters=[p[:2] for p in signature.parameters],
        use_users=[], use_positions=[], use_types=[], use_definitions=[],
        constant_users=[], constant_positions=[], constant_keys=[], calls=[],
        num_dropped=scan.num_dropped,
    )  # fmt: skip
    words: list[str] = []
    self._instructions(function, words)
    head = self._head()
    function.words = head + words
    function.offsets = [offset + len(head) for offset in function.offsets]
    del context
    return function

  def _head(self) -> list[str]:
    """Signature and used globals; their extents carry the problem's size."""
    signature = self._signature
    head = ['define']
    if signature.is_kernel:
      head.append('kernel')
    head += [signature.result[1], '(']
    for i, (_, word, _) in enumerate(signature.parameters):
      head += [word, f'%a{i}']
    if signature.is_variadic:
      head.append('...')
    head.append(')')
    for symbol, word in self._symbols.variables:
      head.append(word)
      head += self._context.global_type(symbol).split(' ')
    return head

  def _instructions(self, function: Function, words: list[str]) -> None:
    """The loop over the lines; everything in it is paid per instruction."""
    scan, context = self._scan, self._context
    tables = self._tables
    definitions = scan.definitions
    struct_word = context.sizes.word
    starts = iter(scan.starts[1:] + [-1])
    next_start = next(starts)
    block = 0
    shape = instruction.shape
    plans = _plans
    offsets, opcodes, types = function.offsets, function.opcodes, function.types
    texts, block_of = function.texts, function.block_of
    use_users, use_positions = function.use_users, function.use_positions
    use_types, use_definitions = function.use_types, function.use_definitions
    constant_users = function.constant_users
    constant_positions = function.constant_positions
    constant_keys = function.constant_keys
    constants = context.constants
    successors = function.successors
    if len(plans) > _MAX_PLANS:
      plans.clear()
    words.append('b0:')
    offsets.append(0)
    number = -1
    try:
      for number, line in enumerate(scan.lines):
        if number == next_start:
          while number == next_start:
            block += 1
            if len(successors) < block:  # no terminator above: not LLVM IR
              raise instruction.LineError(
                  'the block above does not end in a terminator'
              )
            next_start = next(starts)
          offsets.append(len(words))
          words.append(f'b{block}:')
        elif number:
          offsets.append(len(words))
        cut = line.find(', !')
        if cut >= 0:
          line = line[:cut] if '"' not in line else _ATTACHMENT.sub('', line)
        plan = None
        if '"' not in line:
          key, holes = shape(line)
          plan = plans.get(key)
          if plan.__class__ is _Variants:
            plan = plan.get(holes, struct_word)
        if plan is None:
          plan, own, type_holes = instruction.compile_line(line, struct_word)
          if '"' not in line and own == holes:
            _remember(plans, key, plan, holes, type_holes, struct_word)
          holes = own
        if plan.fills:
          base = len(words)
          words += plan.words
          for slot, kind, hole in plan.fills:
            words[base + slot] = tables[kind][holes[hole]]
          text = plan.text
          if text is None:
            text = ' '.join([_unnumbered(words[base + i])
                             for i in plan.text_slots])  # fmt: skip
          texts.append(text)
        else:
          words += plan.words
          texts.append(plan.text)
        opcodes.append(plan.opcode)
        types.append(plan.result_type)
        block_of.append(block)
        if plan.local_holes:
          use_positions += plan.local_positions
          use_types += plan.local_types
          for hole in plan.local_holes:
            use_users.append(number)
            use_definitions.append(definitions[holes[hole]])
        for position, type_text, hole in plan.numbers:
          key = (type_text, holes[hole])
          if key not in constants:
            constants[key] = self._constant(plan, position, key, holes)
          constant_users.append(number)
          constant_positions.append(position)
          constant_keys.append(key)
        if plan.constants:
          self._constants(function, number, plan, holes)
        if plan.callee >= 0:
          symbol = holes[plan.callee]
          if symbol in context.defined:
            function.calls.append((number, symbol))
        if plan.is_terminator:
          if len(successors) != block:
            raise instruction.LineError('an instruction behind a terminator')
          labels = scan.labels
          successors.append([labels[holes[h]] for h in plan.labels])
      if len(successors) != block + 1:
        raise instruction.LineError('the function does not end in a terminator')
    except KeyError as error:
      raise BodyError(
          f'{error.args[0]!r} is used but not defined in this function',
          scan.offsets[number],
      ) from None
    except instruction.LineError as error:
      raise BodyError(
          f'{error}, in {scan.lines[number].strip()[:80]!r}',
          scan.offsets[number],
      ) from None

  def _constants(
      self,
      function: Function,
      number: int,
      plan: instruction.Plan,
      holes: list[str],
  ) -> None:
    constants = self._context.constants
    for operand in plan.constants:
      if operand.symbol >= 0 and holes[operand.symbol] in self._context.defined:
        continue  # a function as an operand makes no node
      key = (
          operand.type_text,
          ''.join([p if p.__class__ is str else holes[p] for p in operand.key]),
      )
      if key not in constants:
        constants[key] = self._constant(plan, operand.position, key, holes)
      function.constant_users.append(number)
      function.constant_positions.append(operand.position)
      function.constant_keys.append(key)

  def _constant(
      self,
      plan: instruction.Plan,
      position: int,
      key: tuple[str, str],
      holes: list[str],
  ) -> Constant:
    """Type and value of a constant; a variable by its kind and value type."""
    operand = plan.all_constants[position]
    words = [operand.type_word]
    for part in operand.parts:
      if isinstance(part, str):
        words.append(part)
        continue
      kind, hole = part
      if kind == instruction.GLOBAL:
        if holes[hole] in self._context.defined:
          words.append(_unnumbered(self._symbols[holes[hole]]))
        else:
          words.append('@g')
          words += self._context.global_type(holes[hole]).split(' ')
      else:
        words.append(self._tables[kind][holes[hole]])
    return Constant(key[0], ' '.join(words))


def _unnumbered(word: str) -> str:
  """A user's symbol without its number: `@f` for `@f12`."""
  if word[:2] in ('@f', '@g') and word[2:].isdigit():
    return word[:2]
  return word


class _Variants:
  """Plans of one line shape that names structs, by the sizes of these."""

  __slots__ = ('_holes', '_plans')

  def __init__(self, type_holes: list[int]):
    self._holes = type_holes
    self._plans: dict[tuple[str, ...], instruction.Plan] = {}

  def _key(self, holes, struct_word) -> tuple[str, ...]:
    return tuple([struct_word('%' + holes[i]) for i in self._holes])

  def get(self, holes, struct_word) -> instruction.Plan | None:
    return self._plans.get(self._key(holes, struct_word))

  def add(self, holes, struct_word, plan: instruction.Plan) -> None:
    self._plans[self._key(holes, struct_word)] = plan


def _remember(plans, key, plan, holes, type_holes, struct_word) -> None:
  if not type_holes:
    plans[key] = plan
    return
  variants = plans.get(key)
  if variants is None:
    variants = plans[key] = _Variants(type_holes)
  variants.add(holes, struct_word, plan)
