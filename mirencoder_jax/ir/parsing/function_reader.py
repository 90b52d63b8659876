"""One function definition, from its lines to a `Function`.

Looks up the plan of every line by its shape and follows it: words, operands,
control flow.
"""

from collections.abc import Iterable

from mirencoder_jax.ir.module import Constant, Function
from mirencoder_jax.ir.parsing import (
    function_scan,
    instruction,
    line_shape,
    module_context,
)
from mirencoder_jax.ir.parsing import plan as plan_lib
from mirencoder_jax.ir.parsing.function_scan import BodyError, Scan
from mirencoder_jax.ir.parsing.module_context import (
    FunctionWords,
    ModuleContext,
)
from mirencoder_jax.ir.parsing.plan import LineError, Plan, Variants
from mirencoder_jax.ir.parsing.signature import Signature, parse_signature


def read_function(
    first: str, body: Iterable[str], context: ModuleContext
) -> Function:
  """Reads a definition.

  Args:
    first: its `define` line, quoted names replaced.
    body: the lines up to, not including, the closing `}`.
    context: the module.

  Raises:
    BodyError: for a line that is not an instruction or uses a value that is
      not defined.
    LineError: for a malformed first line.
  """
  signature = parse_signature(first, context.struct_words)
  scan = Scan(signature, context.quotes)
  scan.read(body)
  return _Emitter(signature, scan, context).function()


class _Emitter:
  """Second pass: words, operands and control flow."""

  def __init__(self, signature: Signature, scan: Scan, context: ModuleContext):
    self._signature = signature
    self._scan = scan
    self._context = context
    self._words = FunctionWords(scan.words, context)
    self._lexicon = line_shape.lexicon()

  def function(self) -> Function:
    scan, context = self._scan, self._context
    signature = self._signature
    function = Function(
        symbol=context.quotes.restore(signature.symbol), words=[], offsets=[],
        opcodes=[], types=[], texts=[], block_of=[],
        block_starts=scan.starts + [len(scan.lines)], successors=[],
        parameters=[p[:2] for p in signature.parameters],
        use_users=[], use_positions=[], use_types=[], use_definitions=[],
        parameter_users=[], parameter_positions=[], parameter_numbers=[],
        constant_users=[], constant_positions=[], constants=[], calls=[],
        num_dropped=scan.num_dropped,
    )  # fmt: skip
    try:
      self._emit(function)
    except KeyError as error:
      line = len(function.offsets) - 1  # the one that is being read
      raise BodyError(
          f'{str(error.args[0])[:60]!r} is used but not defined in this '
          'function',
          scan.offsets[line],
      ) from None
    except LineError as error:
      line = len(function.offsets) - 1
      raise BodyError(
          f'{error}, in {scan.lines[line][:80]!r}', scan.offsets[line]
      ) from None
    _complete_types(function)
    head = self._head()
    function.words = head + function.words
    size = len(head)
    function.offsets = [offset + size for offset in function.offsets]
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
    for symbol, word in self._words.variables:
      head.append(word)
      head += self._context.global_type(symbol).split(' ')
    return head

  def _emit(self, function: Function) -> None:
    """The loop over the lines; everything in it is paid per instruction."""
    scan, context, word_of = self._scan, self._context, self._words
    labels, definitions = scan.labels, scan.definitions
    words, offsets = function.words, function.offsets
    plans: list[Plan] = []
    texts = function.texts
    use_users, use_definitions = function.use_users, function.use_definitions
    use_positions, use_types = function.use_positions, function.use_types
    constants = context.constants
    constant_users = function.constant_users
    constant_positions = function.constant_positions
    operands = function.constants
    successors = function.successors
    starts = iter(scan.starts)
    next_start, block = next(starts), -1
    known_plans, struct_words = plan_lib.plans, context.struct_words
    literals, hole_of = self._lexicon.literals, self._lexicon.holes
    for number, line in enumerate(scan.lines):
      offsets.append(len(words))
      if number == next_start:
        block += 1
        next_start = next(starts, -1)
        if len(successors) != block or next_start == number:
          self._no_terminator(number)
        words.append(f'b{block % function_scan.NUM_NUMBERS}:')
      # What says nothing goes: attachments of metadata, and the alignment of
      # accesses that are not vectors.
      whole = line
      cut = line.find(', !')
      if cut >= 0:
        line = line[:cut]
      if '<' not in line:
        align = line.find(', align ')
        if align >= 0 and line[align + 8 :].isdecimal():
          line = line[:align]
      pieces = line.split(' ')
      try:
        plan = known_plans[' '.join([literals[piece] for piece in pieces])]
        if plan.__class__ is Variants:
          plan = plan[plan.key(pieces, hole_of, struct_words)]
      except KeyError:
        plan, pieces = self._parse(pieces, whole)
        literals, hole_of = self._lexicon.literals, self._lexicon.holes
      holes = [hole_of[pieces[i]] for i in plan.pieces]
      plans.append(plan)
      value = scan.values[number]
      if value:
        words.append(value)
      base = len(words)
      words += plan.words
      for slot, hole in plan.fills:
        words[base + slot] = word_of[holes[hole]]
      if plan.text_symbol < 0:
        texts.append(plan.text)
      else:
        symbol = module_context.unnumbered(word_of[holes[plan.text_symbol]])
        texts.append(plan.text + symbol + plan.text_end)
      for position, type_text, hole in plan.locals:
        definition = definitions[holes[hole]]
        if definition >= 0:
          use_users.append(number)
          use_positions.append(position)
          use_types.append(type_text)
          use_definitions.append(definition)
        else:
          function.parameter_users.append(number)
          function.parameter_positions.append(position)
          function.parameter_numbers.append(-1 - definition)
      for position, type_text, hole in plan.numbers:
        key = (type_text, holes[hole])
        constant = constants.get(key)
        if constant is None:
          constant = self._constant(plan, position, key, holes)
        constant_users.append(number)
        constant_positions.append(position)
        operands.append(constant)
      if plan.constants:
        self._constants(function, number, plan, holes)
      if plan.callee >= 0:
        symbol = holes[plan.callee][1:]
        if symbol in context.defined:
          function.calls.append((number, context.quotes.restore(symbol)))
      if plan.is_terminator:
        if len(successors) != block:
          raise LineError('an instruction behind the end of its block')
        successors.append([labels[holes[hole]] for hole in plan.labels])
    if len(successors) != block + 1 or next_start >= 0:
      self._no_terminator(len(scan.lines))
    function.opcodes = [plan.opcode for plan in plans]
    function.types = [plan.result_type for plan in plans]
    ends = function.block_starts
    for block in range(len(ends) - 1):
      function.block_of += [block] * (ends[block + 1] - ends[block])

  def _no_terminator(self, number: int) -> None:
    """Refuses what stands before an instruction."""
    line = max(number - 1, 0)
    raise BodyError(
        'a block ends here without br, ret or the like, in '
        f'{self._scan.lines[line][:80]!r}',
        self._scan.offsets[line],
    )

  def _parse(self, pieces: list[str], line: str) -> tuple[Plan, list[str]]:
    """The plan of a line with a new piece or a new shape, and its pieces."""
    struct_words = self._context.struct_words
    lexicon = self._lexicon = line_shape.lexicon()
    pieces = lexicon.learn(pieces)
    try:
      return plan_lib.find(pieces, lexicon, struct_words), pieces
    except KeyError:
      pass
    try:
      plan, found, deciding = instruction.parse_line(pieces, struct_words)
    except LineError:
      if ', !' not in line:
        raise
      # The cut was inside metadata that is an argument, `!{i32 1, !5}`.
      pieces = lexicon.learn(line.split(' '))
      plan, found, deciding = instruction.parse_line(pieces, struct_words)
    if any(lexicon.holes[pieces[i]] != token for i, token in found):
      # Not spaced as LLVM does: `[5, %a]`. Every token is a piece then.
      pieces = lexicon.learn_tokens(' '.join(pieces))
      plan, found, deciding = instruction.parse_line(pieces, struct_words)
    plan_lib.remember(pieces, lexicon, struct_words, plan, found, deciding)
    return plan, pieces

  def _constants(
      self, function: Function, number: int, plan: Plan, holes: list[str]
  ) -> None:
    """Adds the constant operands of a line that are not plain numbers."""
    context = self._context
    for operand in plan.constants:
      if operand.symbol >= 0 and holes[operand.symbol][1:] in context.defined:
        continue  # a function as an operand makes no node
      written = ' '.join(
          [
              part if part.__class__ is str else holes[part]
              for part in operand.key
          ]
      )
      key = (operand.type_text, written)
      constant = context.constants.get(key)
      if constant is None:
        constant = self._constant(plan, operand.position, key, holes)
      function.constant_users.append(number)
      function.constant_positions.append(operand.position)
      function.constants.append(constant)

  def _constant(
      self, plan: Plan, position: int, key: tuple[str, str], holes: list[str]
  ) -> Constant:
    """Adds a constant: type and value; a variable by kind and value type."""
    operand = plan.all_constants[position]
    context = self._context
    words = [operand.type_word]
    for part in operand.parts:
      if isinstance(part, str):
        words.append(part)
        continue
      hole = holes[part]
      if hole[0] != '@':
        words.append(self._words[hole])
      elif hole[1:] in context.defined:
        words.append(module_context.unnumbered(self._words[hole]))
      else:
        words.append('@g')
        words += context.global_type(hole[1:]).split(' ')
    constant = context.constants[key] = Constant(key[0], ' '.join(words))
    return constant


def _complete_types(function: Function) -> None:
  """Fills in types of results that only their uses tell (`extractvalue`)."""
  if '' not in function.types:
    return
  types = function.types
  for definition, text in zip(
      function.use_definitions, function.use_types, strict=True
  ):
    if not types[definition]:
      types[definition] = text
  for number, text in enumerate(types):
    if not text:
      types[number] = 'struct'
