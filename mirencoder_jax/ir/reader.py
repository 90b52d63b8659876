"""`read_module`: a file, text or bitcode of any LLVM becomes a `Module`.

Station in the flow: first. The input goes through llvmlite's LLVM (in a worker
process) into one canonical text; where LLVM refuses a text, because it is newer
or older than LLVM can upgrade, the same line reader takes the text as it is and
the module is marked `unverified`.

Reading never executes anything and never recurses on the depth of the input.
"""

import os
import pathlib
import re

from mirencoder_jax.ir import function_reader, instruction, known_symbols, llvm
from mirencoder_jax.ir import type_text
from mirencoder_jax.ir.module import Constant, Function, IRError, Module

_BITCODE = (b'BC\xc0\xde', b'\xde\xc0\x17\x0b')
_SYMBOL = re.compile(r'@("[^"]*"|[-\w.$]+)')
_NAMED = re.compile(r'([%@](?:"[^"]*"|[-\w.$]+)) = (.*)', re.DOTALL)
_IDENT = re.compile(
    r'!\{!"[^"]*?(?:version|LLVM|LDC|rustc|flang)[^"\d]*(\d+(?:\.\d+)*)'
)
# What a line at the top level of a module may begin with.
_TOP_LEVEL = (
    'target ', 'source_filename', 'attributes ', 'module asm', 'uselistorder',
    'uselistorder_bb', '$', '!', '^', ';', '}', ']', ' ', '\t', 'deplibs',
)  # fmt: skip
_MAX_BYTES = 1 << 30


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
  data, name = _load(source, name)
  if not data.strip(b' \t\r\n\0'):
    raise IRError('the file is empty', name)
  if data[:4] in _BITCODE:
    return _read_bitcode(data, name)
  text = _decode(data, name)
  if not re.search(r'^\s*(?:define|declare|target|source_filename|[@%!$;])',
                   text, re.MULTILINE):  # fmt: skip
    raise IRError(
        'this is neither LLVM bitcode nor LLVM IR text; compile the source '
        'first, e.g. `clang -S -emit-llvm -O1 file.c`',
        name,
    )
  try:
    canonical = llvm.canonical_text(text.encode())
  except (llvm.LlvmRefusal, llvm.LlvmAbort) as error:
    refusal = ' '.join(str(error).split())
    try:
      module = parse_text(function_reader.tidy(text), name)
    except IRError as own:
      raise IRError(
          f'{own.message} (LLVM says: {refusal[:300]})', name, own.line
      ) from None
    module.unverified = True
    module.refusal = refusal
    return module
  return parse_text(canonical, name)


def _load(
    source: str | bytes | os.PathLike, name: str | None
) -> tuple[bytes, str]:
  """The bytes of the source and what to call it."""
  if isinstance(source, bytes):
    return source, name or '<bytes>'
  if isinstance(source, str) and '\n' in source:
    return source.encode(errors='surrogateescape'), name or '<text>'
  path = pathlib.Path(source)
  name = name or str(path)
  try:
    size = path.stat().st_size
    if size > _MAX_BYTES:
      raise IRError(
          f'{size:,} bytes; the limit is {_MAX_BYTES:,}: split the module with '
          'llvm-split or llvm-extract',
          name,
      )
    return path.read_bytes(), name
  except OSError as error:
    raise IRError(f'cannot be read: {error.strerror or error}', name) from None
  except ValueError:
    raise IRError('this is neither a path nor LLVM IR', name) from None


def _decode(data: bytes, name: str) -> str:
  """IR text is UTF-8; only comments may hold anything else."""
  try:
    return data.decode()
  except UnicodeDecodeError:
    pass
  lines = data.split(b'\n')
  for number, line in enumerate(lines, 1):
    try:
      line.decode()
    except UnicodeDecodeError as error:
      if line.lstrip().startswith(b';'):
        lines[number - 1] = b';'
        continue
      raise IRError(
          f'byte 0x{line[error.start]:02x} is not UTF-8 text; LLVM prints such '
          'bytes as \\xx, so this file is damaged or not IR',
          name,
          number,
      ) from None
  return b'\n'.join(lines).decode()


def _read_bitcode(data: bytes, name: str) -> Module:
  try:
    return parse_text(llvm.canonical_text(data), name, lines=False)
  except llvm.LlvmRefusal as error:
    raise IRError(
        f'bitcode that LLVM cannot read: {" ".join(str(error).split())[:300]}; '
        'it is cut off, damaged, or newer than llvmlite; `llvm-dis` of the '
        'LLVM that wrote it gives text that can be tried instead',
        name,
    ) from None
  except llvm.LlvmAbort as error:
    raise IRError(str(error), name) from None


def parse_text(text: str, name: str, lines: bool = True) -> Module:
  """Reads a module from text laid out as LLVM prints it.

  Args:
    text: the module.
    name: what to call it.
    lines: whether line numbers mean something to the user.

  Raises:
    IRError: as `read_module`.
  """
  outline = _Outline(name, lines)
  outline.read(text.split('\n'))
  if not outline.bodies:
    raise IRError(
        'the module defines no function'
        + (', it only declares some' if outline.symbols else '')
        + '; nothing to encode',
        name,
    )
  return outline.module()


class _Outline:
  """First pass: what stands at the top level of a module."""

  def __init__(self, name: str, lines: bool):
    self.name = name
    self.symbols: dict[str, bool] = {}  # function -> defined here
    self.bodies: list[tuple[int, str, list[str]]] = []
    self.structs: dict[str, str] = {}
    self.globals: dict[str, str] = {}
    self.counts = {'metadata_lines': 0, 'debug_records': 0}
    self.producer = ''
    self._lines = lines

  def error(self, message: str, line: int) -> IRError:
    return IRError(message, self.name, line if self._lines else None)

  def read(self, lines: list[str]) -> None:
    end = len(lines)
    i = 0
    while i < end:
      line = lines[i]
      i += 1
      if not line:
        continue
      if line[0] == '!':
        self.counts['metadata_lines'] += 1
        if not self.producer:
          match = _IDENT.search(line)
          self.producer = match.group(1) if match else ''
      elif line.startswith('define'):
        try:
          close = lines.index('}', i)
        except ValueError:
          raise self.error(
              'the text ends inside this function: no closing `}`; the file '
              'is cut off',
              i,
          ) from None
        self._symbol(line, i, defined=True)
        self.bodies.append((i, line, lines[i:close]))
        i = close + 1
      elif line.startswith('declare'):
        self._symbol(line, i, defined=False)
      elif line[0] in '%@':
        self._named(line, i)
      elif not line.startswith(_TOP_LEVEL):
        raise self.error(
            f'{line.strip()[:60]!r} is not LLVM IR at the top level', i
        )

  def _symbol(self, line: str, number: int, defined: bool) -> None:
    match = _SYMBOL.search(line)
    if not match:
      raise self.error('a function without a name', number)
    self.symbols[match.group(1)] = (
        defined or self.symbols.get(match.group(1), False)
    )

  def _named(self, line: str, number: int) -> None:
    match = _NAMED.match(line)
    if not match:
      raise self.error(
          f'{line.strip()[:60]!r} is not LLVM IR at the top level', number
      )
    symbol, body = match.groups()
    if symbol[0] == '@':
      self.globals[symbol[1:]] = body
    elif body.startswith('type '):
      self.structs[symbol] = body[5:]

  def module(self) -> Module:
    """Second pass: the functions."""
    constants: dict[tuple[str, str], Constant] = {}
    context = function_reader.ModuleContext(
        sizes=type_text.StructSizes(self.structs),
        defined=self.symbols,
        globals=self.globals,
        constants=constants,
    )
    functions = [
        self._function(number, line, body, context)
        for number, line, body in self.bodies
    ]
    self.counts['debug_records'] = sum(f.num_dropped for f in functions)
    return Module(
        name=self.name,
        functions=functions,
        symbols={
            symbol: '@f'
            if defined
            else '@' + (known_symbols.known_word(symbol.strip('"')) or 'f')
            for symbol, defined in self.symbols.items()
        },
        constants=constants,
        producer_llvm=self.producer,
        counts=self.counts,
    )

  def _function(
      self,
      number: int,
      line: str,
      body: list[str],
      context: function_reader.ModuleContext,
  ) -> Function:
    try:
      return function_reader.read_function(line, body, context)
    except function_reader.BodyError as error:
      raise self.error(error.message, number + error.offset) from None
    except instruction.LineError as error:
      raise self.error(str(error), number) from None
