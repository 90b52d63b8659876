"""`read_module`: a file, text or bitcode of any LLVM becomes a `Module`.

The input goes through llvmlite's LLVM (in a worker process) into one canonical
text; where LLVM refuses a text, because it is newer or older than LLVM can
upgrade, the same line reader takes the text as it is and the module is marked
`unverified`.

Reading never executes anything and never recurses on the depth of the input.
"""

import collections
import contextlib
import gc
import os
import re
from collections.abc import Callable, Iterator, Sequence

from mirencoder_jax.ir import llvm, mending
from mirencoder_jax.ir import refusal as refusal_lib
from mirencoder_jax.ir import source as source_lib
from mirencoder_jax.ir.module import Function, IRError, Module
from mirencoder_jax.ir.parsing import (
    function_reader,
    instruction,
    layout,
    line_shape,
    module_context,
    several,
    type_text,
)
from mirencoder_jax.ir.parsing.function_scan import BodyError
from mirencoder_jax.ir.parsing.plan import LineError

# `<string>:3:5: error: expected type`, as LLVM puts it.
_SYMBOL = re.compile(r'@([-\w.$]+)')
# Whose versions are LLVM's: clang's, flang's and its own, not those of rustc,
# LDC, Swift or Apple's clang.
_IDENT = re.compile(
    r'![0-9]+ = !\{!"(?![^"]*Apple)(?:[^"]*?[ (])?'
    r'(?:clang|flang|flang-new|LLVM)(?: version)? ?([0-9]+(?:\.[0-9]+)*)'
)
_TRIPLE = re.compile(r'^target triple = "([^"]*)"', re.MULTILINE)
# Part of the message when that is our mistake.
BROKE = 'reading it without LLVM failed'
# Characters of a body that are cut into lines at a time.
_CHUNK = 1 << 20
# What is kept of a global; its initial value may be megabytes.
_HEAD_OF_GLOBAL = 4096
# What a line at the top level of a module may begin with.
_TOP_LEVEL = (
    'target ', 'source_filename', 'attributes ', 'module asm', 'uselistorder',
    'uselistorder_bb', '$', '!', '^', ';', '}', ']', ' ', '\t', 'deplibs',
)  # fmt: skip


def read_module(
    source: str | bytes | os.PathLike, name: str | None = None
) -> Module:
  """Reads LLVM IR: `.ll` text of any LLVM since 7, or bitcode.

  Args:
    source: a path, the bytes of a file, or IR text. A `str` without a line
      break is a path.
    name: what to call the module in messages; the path by default.

  Returns:
    The module, with at least one function definition.

  Raises:
    IRError: if there is no such file, it is not IR, it is cut off, it defines
      no function, or LLVM aborts on it; the message names file and line.
  """
  data, name = source_lib.load(source, name)
  is_bitcode = source_lib.is_bitcode(data)
  if not is_bitcode:
    data = source_lib.decode(data, name).encode(errors='replace')
  try:
    canonical = llvm.canonical_text(data)
  except llvm.LlvmRefusal as error:
    if is_bitcode:
      raise IRError(
          f'LLVM cannot read this bitcode ({refusal_lib.reason(error)}): '
          f'{refusal_lib.bitcode_advice(str(error))}',
          name,
      ) from None
    return _guarded(_read_refused)(
        data.decode(), name, refusal_lib.reason(error)
    )
  except llvm.LlvmAbort as error:
    if is_bitcode:
      raise IRError(
          f'{error}, or older than what LLVM upgrades: {refusal_lib.LLVM_DIS}',
          name,
      ) from None
    return _guarded(_read_refused)(data.decode(), name, str(error))
  del data  # modules may be large
  return parse_text(canonical, name, lines=False)


def _guarded(read: Callable[[str, str, str], Module]) -> Callable[..., Module]:
  """`read`, which no text that LLVM refuses can break.

  What such a text may hold has no end: a mistake of ours must cost that file,
  and not the others.
  """

  def guarded(text: str, name: str, refusal: str) -> Module:
    try:
      return read(text, name, refusal)
    except IRError:
      raise
    except (ArithmeticError, AttributeError, LookupError, TypeError,
            ValueError, RecursionError) as error:  # fmt: skip
      raise IRError(
          f'LLVM refuses it ({refusal}), and {BROKE}: '
          f'{type(error).__name__}: {str(error)[:200]}',
          name,
      ) from error

  return guarded


def _read_refused(text: str, name: str, refusal: str) -> Module:
  """Reads text that LLVM refuses: mended, or as it is."""
  several.check_heads(text.split('\n'), name)
  mended = mending.mend(layout.lay_out(text))
  if mended.canonical is not None:
    module = parse_text(mended.canonical, name, lines=False)
    module.counts['debug_records'] += mended.num_debug
    if mended.is_sure:
      return module
  else:
    try:
      module = parse_text(mended.laid.text, name, numbers=mended.laid.numbers)
    except IRError as error:
      raise IRError(
          f'{error.message} (LLVM: {refusal})', name, error.line
      ) from None
  module.unverified = True
  opcodes = collections.Counter(
      opcode
      for function in module.functions
      for opcode in function.opcodes
      if opcode not in instruction.OPCODES
  )
  if opcodes:
    module.counts['unknown_instructions'] = opcodes.total()
    refusal += (
        f'; {_counted(opcodes.total(), "instruction")} not known here, read by '
        f'the operands alone ({", ".join(sorted(opcodes)[:5])})'
    )
  if lost := module.counts.get('lost_functions'):
    refusal += f'; {_counted(lost, "function")} could not be read and left out'
    if module.refusal:
      refusal += f' ({module.refusal})'
  module.refusal = refusal
  return module


def _counted(number: int, what: str) -> str:
  return f'{number:,} {what}' + 's' * (number != 1)


def parse_text(
    text: str,
    name: str,
    lines: bool = True,
    numbers: Sequence[int] | None = None,
) -> Module:
  """Reads a module from text laid out as LLVM prints it.

  Args:
    text: the module.
    name: what to call it.
    lines: whether line numbers mean something to the user.
    numbers: of the lines of the text, where they are others to the user.

  Raises:
    IRError: as `read_module`.
  """
  outline = _Outline(text, name, lines, numbers)
  outline.read()
  if not outline.bodies:
    raise IRError(
        'the module defines no function'
        + (', it only declares some' if outline.defined else '')
        + '; nothing to encode',
        name,
    )
  module = outline.module()
  triple = _TRIPLE.search(text, 0, outline.bodies[0][0])
  module.triple = triple[1] if triple else ''
  return module


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
  """Stops the search for cycles while millions of new objects have none."""
  was_enabled = gc.isenabled()
  gc.disable()
  try:
    yield
  finally:
    if was_enabled:
      gc.enable()


class _Outline:
  """First pass: what stands at the top level of a module.

  Attributes:
    defined: symbol of every function -> whether it is defined here.
    bodies: where every definition begins in the text, and where its first line
      and its body end.
    structs: text of every named type behind `type`, by name with its `%`.
    globals: text behind `@name =` of everything else with a symbol.
    lost: errors of the functions that could not be read.
  """

  def __init__(
      self,
      text: str,
      name: str,
      lines: bool,
      numbers: Sequence[int] | None = None,
  ):
    self.defined: dict[str, bool] = {}
    self.bodies: list[tuple[int, int, int]] = []
    self.structs: dict[str, str] = {}
    self.globals: dict[str, str] = {}
    self.lost: list[IRError] = []
    self._text = text
    self._name = name
    self._lines = lines
    self._line_numbers = numbers
    self._quotes = line_shape.Quotes()
    self._num_metadata = 0
    self._producer = ''

  def _error(self, message: str, at: int, offset: int = 0) -> IRError:
    """An error in the line at an index of the text, or `offset` below it."""
    line = None
    if self._lines:
      line = self._text.count('\n', 0, at) + 1 + offset
      if self._line_numbers is not None:
        line = self._line_numbers[min(line, len(self._line_numbers)) - 1]
    return IRError(self._quotes.restore_all(message), self._name, line)

  def read(self) -> None:
    text = self._text
    at, size = 0, len(text)
    while at < size:
      end = text.find('\n', at)
      end = size if end < 0 else end
      first = text[at]
      if first == '!':
        self._num_metadata += 1
        if not self._producer:
          match = _IDENT.match(text, at, end)
          self._producer = match.group(1) if match else ''
      elif text.startswith('define', at):
        self._symbol(at, end, defined=True)
        close = self._closing(at, end)
        self.bodies.append((at, end, close))
        end = text.find('\n', close + 1)
        end = size if end < 0 else end
      elif text.startswith('declare', at):
        self._symbol(at, end, defined=False)
      elif first in '%@':
        self._named(at, end)
      elif first != '\n' and not text.startswith(_TOP_LEVEL, at):
        line = text[at:end].strip()
        if line:
          raise self._stray(line, at)
      at = end + 1

  def _closing(self, at: int, end: int) -> int:
    """Where the line break before the `}` of a function is."""
    close = end - 1
    while True:
      close = self._text.find('\n}', close + 1)
      if close < 0:
        raise self._error(
            'the text ends inside this function: no closing `}`; the file is '
            'cut off',
            at,
        )
      if self._text[close + 2 : close + 3] in ('', '\n', ' '):
        return close

  def _line(self, at: int, end: int) -> str:
    line = self._text[at:end]
    return self._quotes.replace(line) if '"' in line else line

  def _symbol(self, at: int, end: int, defined: bool) -> None:
    match = _SYMBOL.search(self._line(at, end))
    if not match:
      raise self._error('a function without a name', at)
    symbol = match.group(1)
    before = self.defined.get(symbol, False)
    if before and defined:
      raise self._twice('@' + symbol, at)
    self.defined[symbol] = defined or before

  def _twice(self, name: str, at: int) -> IRError:
    return self._error(
        f'{name} is defined twice: this holds more than one module; give each '
        'for itself',
        at,
    )

  def _stray(self, line: str, at: int) -> IRError:
    if instruction.is_one(line.partition(' = ')[2] or line):
      why = 'an instruction outside a function; give all of it, `define` to `}`'
    else:
      why = 'not LLVM IR at the top level'
    return self._error(f'{line[:60]!r} is {why}', at)

  def _named(self, at: int, end: int) -> None:
    line = self._line(at, end)
    name, equals, body = line.partition(' = ')
    if not equals or ' ' in name or instruction.is_one(body):
      raise self._stray(line.strip(), at)
    if name[1:] in self.globals if name[0] == '@' else name in self.structs:
      raise self._twice(name, at)
    if name[0] == '@':
      self.globals[name[1:]] = body[:_HEAD_OF_GLOBAL]
    elif body.startswith('type '):
      self.structs[name] = body[5:]

  def module(self) -> Module:
    """Second pass: the functions."""
    context = module_context.ModuleContext(
        struct_words=type_text.StructWords(self.structs),
        defined=self.defined,
        globals=self.globals,
        quotes=self._quotes,
    )
    with _no_collections():
      functions = self._functions(context)
    restore = self._quotes.restore
    return Module(
        name=self._name,
        functions=functions,
        symbols={
            restore(symbol): '@' + context.symbol_word(symbol)
            for symbol in self.defined
        },
        constants=context.constants,
        refusal=f'line {self.lost[0].line}: {self.lost[0].message}'
        if self.lost
        else '',
        producer_llvm=self._producer,
        counts={
            'metadata_lines': self._num_metadata,
            'debug_records': sum(f.num_dropped for f in functions),
            **({'lost_functions': len(self.lost)} if self.lost else {}),
        },
    )

  def _functions(self, context: module_context.ModuleContext) -> list[Function]:
    """The definitions; of a text that LLVM refused those that can be read."""
    functions = []
    for place in self.bodies:
      try:
        functions.append(self._function(*place, context))
      except IRError as error:
        if not self._lines:
          raise
        self.lost.append(error)
    if not functions:
      raise self.lost[0]
    return functions

  def _function(
      self, at: int, end: int, close: int, context: module_context.ModuleContext
  ) -> Function:
    first = self._line(at, end)
    body = _lines(self._text, end + 1, close)
    try:
      return function_reader.read_function(first, body, context)
    except BodyError as error:
      raise self._error(error.message, at, error.offset) from None
    except LineError as error:
      raise self._error(str(error), at) from None


def _lines(text: str, start: int, end: int) -> Iterator[str]:
  """The lines of a part of a text, not all of them at a time."""
  while (cut := text.find('\n', start + _CHUNK, end)) >= 0:
    yield from text[start:cut].split('\n')
    start = cut + 1
  yield from text[start:end].split('\n')
