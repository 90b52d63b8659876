"""What a function needs to know of its module, and the words of its symbols."""

import dataclasses
import re

from mirencoder_jax.ir.module import Constant
from mirencoder_jax.ir.parsing import (
    constant_text,
    instruction,
    known_symbols,
    line_shape,
    type_text,
)
from mirencoder_jax.ir.parsing.plan import LineError

_GLOBAL = re.compile(r'(?:^|\s)(global|constant)\s+(.*)', re.DOTALL)
_EXTENT_SCAN = 4096  # characters of a global's text in which its type must end


@dataclasses.dataclass
class ModuleContext:
  """What a function needs to know of its module.

  Attributes:
    struct_words: words of the named structs.
    defined: functions by symbol; True where the module has the body.
    globals: text behind `@name = ` of variables, aliases and ifuncs.
    quotes: aliases of names that need quotes; all names here are aliases.
    constants: all constants so far, shared by the functions; grows.
  """

  struct_words: type_text.StructWords
  defined: dict[str, bool]
  globals: dict[str, str]
  quotes: line_shape.Quotes
  constants: dict[tuple[str, str], Constant] = dataclasses.field(
      default_factory=dict
  )
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
      spelled = instruction.parse_type(head, self.struct_words)
    except LineError:
      return match.group(1)
    return f'{match.group(1)} {spelled.word}'

  def symbol_word(self, symbol: str) -> str:
    """`f` for a user's function, else the name under which it is kept."""
    if self.defined[symbol]:
      return 'f'
    name = self.quotes.restore(symbol).strip('"')
    return known_symbols.known_word(name) or 'f'


class FunctionWords(dict):
  """Words of the holes of one function: values, blocks, symbols, numbers.

  Values and blocks are in it from the start; user's symbols are numbered as
  they appear, each kind for itself.

  Attributes:
    variables: (symbol, word) of the globals that were met.
  """

  def __init__(self, local_words: dict[str, str], context: ModuleContext):
    super().__init__(local_words)
    self._context = context
    self._num_functions = 0
    self.variables: list[tuple[str, str]] = []

  def __missing__(self, hole: str) -> str:
    if hole[0] == '%':
      raise KeyError(hole)
    word = self._symbol(hole[1:]) if hole[0] == '@' else _NUMBERS[hole]
    self[hole] = word
    return word

  def _symbol(self, symbol: str) -> str:
    context = self._context
    if symbol in context.defined:
      word = context.symbol_word(symbol)
      if word != 'f':
        return '@' + word
      self._num_functions += 1
      return f'@f{self._num_functions - 1}'
    known = known_symbols.known_word(context.quotes.restore(symbol))
    if known:
      return '@' + known
    word = f'@g{len(self.variables)}'
    self.variables.append((symbol, word))
    return word


class _Numbers(dict):
  """Words of numbers, integers and floats."""

  def __missing__(self, text: str) -> str:
    if len(self) > _MAX_NUMBERS:
      self.clear()
    if constant_text.is_float(text):
      word = constant_text.float_word(text)
    else:
      word = constant_text.integer_word(text)
    self[text] = word
    return word


_MAX_NUMBERS = 1 << 17
_NUMBERS = _Numbers()


def unnumbered(word: str) -> str:
  """A user's symbol without its number: `@f` for `@f12`."""
  if word[:2] in ('@f', '@g') and word[2:].isdecimal():
    return word[:2]
  return word
