"""Turns the library functions of a module into declarations.

Compilers put instances of the standard library's templates (libc++) and
generics (Rust's core, alloc, std) into a module. They are not ours to ship, and
hundreds of copies of `std::vector` would drown the programs. Their bodies go,
their calls stay; what was inlined into our functions stays too.
"""

import re

_SYMBOL = re.compile(r'@("[^"]*"|[-\w.$]+)\(')
_CXX_LIBRARY = re.compile(
    r'_Z(?:Th[n\d_]*|Tv[n\d_]*)?(?:N[VK]*S[tabsiod]|S[tabsiod]|N[VK]*9__gnu_cxx)'
    r'|__clang_call_terminate'
)
# `_ZN` length, and for an impl its escaped `<` or `&`, then the first name.
_RUST_PATH = re.compile(r'_ZN\d+(?:_?\$(?:LT|RF|BP)\$(?:mut|const)?)*_*(\w+)')
_LINKAGE = re.compile(
    r'\b(?:private|internal|available_externally|linkonce|weak|linkonce_odr|'
    r'weak_odr|external|dso_local|dso_preemptable|hidden|protected) '
)
_ALIASED = re.compile(r'^@.* alias .*@("[^"]*"|[-\w.$]+)$', re.M)
_TAIL = re.compile(r' (?:local_unnamed_addr|unnamed_addr|#\d+)(?= )')


def is_library(symbol: str, language: str, crate: str) -> bool:
  """Whether a function was written by somebody else.

  Args:
    symbol: mangled name without `@` and quotes.
    language: as in the manifest.
    crate: name of the Rust program.
  """
  if language == 'c++':
    return bool(_CXX_LIBRARY.match(symbol))
  if language == 'rust' and symbol.startswith('_R'):
    return True  # the new mangling, so far of the library's own crates only
  if language == 'rust' and symbol.startswith('_ZN'):
    path = _RUST_PATH.match(symbol)
    return not path or not path.group(1).startswith(crate)
  return False


def drop_library_bodies(text: str, language: str, crate: str) -> str:
  """The module with declarations in place of library definitions."""
  # An alias needs a definition: the few that have one keep their bodies.
  aliased = set(_ALIASED.findall(text))
  kept = []
  skipping = False
  for line in text.split('\n'):
    if skipping:
      skipping = line != '}'
      continue
    if line.startswith('define '):
      symbol = _SYMBOL.search(line)
      name = symbol.group(1)
      if name not in aliased and is_library(name.strip('"'), language, crate):
        kept.append(_declaration(line, symbol.start()))
        skipping = True
        continue
    kept.append(line)
  return '\n'.join(kept)


def _declaration(line: str, name: int) -> str:
  """`declare` for a `define` line, whose symbol begins at `name`."""
  head = 'declare ' + _LINKAGE.sub('', line[len('define ') : name])
  depth = 0
  start = (
      line.index('(', name)
      if line[name + 1] != '"'
      else line.index('(', line.index('"', name + 2))
  )
  for end in range(start, len(line)):
    depth += (line[end] == '(') - (line[end] == ')')
    if depth == 0:
      break
  attributes = ''.join(_TAIL.findall(line[end + 1 :]))
  return head + line[name : end + 1] + attributes
