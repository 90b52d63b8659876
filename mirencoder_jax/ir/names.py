"""Names as people write them: C++ and Rust symbols without their mangling."""

import functools
import re
from collections.abc import Iterable

# What LLVM adds to a name that is taken already, or to a clone.
_SUFFIX = re.compile(r'(?:\.(?:llvm\.)?\d+)+$')
_UNNAMED = '(anonymous namespace)'
# Rust's hash of a build; some versions of the demangler leave it.
_BUILD = re.compile(r'::h[0-9a-f]{16}$')
_MANGLED = re.compile(r'_{1,3}[ZR]|\?')


@functools.lru_cache(maxsize=1 << 16)
def readable(symbol: str) -> str:
  """A symbol as its language has it; as it is if it is not mangled.

  _Z4axpyifPKfPf                       axpy(int, float, float const*, float*)
  _ZN4spmv3Csr4spmv17h69d9c86e2f95bab4E                      spmv::Csr::spmv
  """
  if not _MANGLED.match(symbol):
    return symbol
  import pydemumble  # LLVM's own demangler

  return _BUILD.sub('', pydemumble.demangle(symbol)) or symbol


def find(name: str, symbols: Iterable[str]) -> list[str]:
  """The symbols that a person may mean by a name.

  Args:
    name: a symbol, or its readable form, with or without parameters.
    symbols: those there are, without quotes.

  Returns:
    One if the name is clear, several if it is not, none if nothing is so named.
  """
  symbols = list(dict.fromkeys(symbols))
  if name in symbols:
    return [name]
  for spelling in (readable, _bare, _untemplated):
    found = [s for s in symbols if spelling(s) == name]
    if found:
      return found
  return []


def _untemplated(symbol: str) -> str:
  """`ns::f` of what is `ns::f<int>(float)` in full."""
  return re.sub(r'(?<=\w)<.*>$', '', _bare(symbol))


def short(symbol: str) -> str:
  """`f` of what is `void ns::f<int>(float)` in full."""
  return _untemplated(symbol).rpartition('::')[2]


def _bare(symbol: str) -> str:
  """`ns::f<int>` of what is `void ns::f<int>(float) const` in full."""
  name = readable(symbol).replace(_UNNAMED, '\0')
  depth, start = 0, 0
  for place, letter in enumerate(name):
    if letter == '<':
      depth += 1
    elif letter == '>':
      depth -= 1
    elif letter == '(' and not depth and place > start:
      return name[start:place].replace('\0', _UNNAMED)
    elif letter == ' ' and not depth and name[start:place] != 'operator':
      start = place + 1  # behind the type of the result
  return name[start:].replace('\0', _UNNAMED)


def plain(symbol: str) -> str:
  """What names a function in another build of a program too.

  Numbers that LLVM adds, and the hash in a symbol of Rust, say nothing.
  """
  return readable(_SUFFIX.sub('', symbol))
