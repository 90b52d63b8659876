"""Cuts one function with everything it needs out of a module's text.

The function is found by its name or by the source line that it is from; what it
does not reach is left out, and so are debug records, which hold the paths of
whoever compiled it.
"""

import dataclasses
import functools
import re
from collections.abc import Iterator, Set

from mirencoder_jax.ir import llvm, names
from mirencoder_jax.ir.module import IRError

_SYMBOL = re.compile(r'@("[^"]*"|[-\w$.]+)')
_DEFINE = re.compile(r'define\b[^@\n]*@("[^"]*"|[-\w$.]+)\(')
_NAMED = re.compile(r'(?:declare\b[^@\n]*)?@("[^"]*"|[-\w$.]+)(?:\(| =)')
_SUBPROGRAM = re.compile(r'^!(\d+) = .*!DISubprogram\((.*)\)$', re.M)
_LOCATION = re.compile(r'^!(\d+) = .*!DILocation\(', re.M)
_DEBUG_USE = re.compile(r',? !dbg !\d+')
# Where an OpenMP region stands, as clang tells the OpenMP library.
_IDENT = re.compile(r'\[\d+ x i8\] c";[^"]*;;\\00"')
_NO_IDENT = r'[23 x i8] c";unknown;unknown;0;0;;\\00"'
# Outlined regions: `.omp_outlined.`, and since LLVM 17 `f.omp_outlined`. Where
# clang makes a second function for the debugger, the region is in it.
_OUTLINED = re.compile(r'\.omp_outlined\.?(_debug__)?\.*\d*$')
# What a definition says between `define` and its type, and loses as `internal`.
_LINKAGE = re.compile(
    r'^define (?:(?:private|internal|available_externally|linkonce|weak|common|'
    r'linkonce_odr|weak_odr|external|dso_local|dso_preemptable|hidden|protected|'
    r'default) )*'
)


@dataclasses.dataclass(frozen=True)
class Definition:
  """A function that a module defines.

  Attributes:
    symbol: its name in the IR, without quotes.
    line: where the source has it, 0 if the module does not say.
    is_outlined: whether it is the body of an OpenMP region.
  """

  symbol: str
  line: int
  is_outlined: bool

  def is_called(self, name: str) -> bool:
    """Whether `name` is its symbol, or its name in C++ or CUDA."""
    return name in (self.symbol, names.short(self.symbol))


def pieces(text: str) -> Iterator[tuple[str, str]]:
  """Top-level pieces of a module: (first line, all lines)."""
  lines = iter(text.splitlines())
  for line in lines:
    body = [line]
    if _DEFINE.match(line):
      for inner in lines:
        body.append(inner)
        if inner == '}':
          break
    yield line, '\n'.join(body)


def _blocks(text: str) -> Iterator[tuple[str | None, str]]:
  """Pieces of a module: (symbol of what it defines or declares, its lines)."""
  for line, lines in pieces(text):
    named = _DEFINE.match(line) or _NAMED.match(line)
    yield named[1] if named else None, lines


def find_definitions(text: str) -> list[Definition]:
  """Every function that the module defines, in order."""
  lines = {}
  for number, fields in _SUBPROGRAM.findall(text):
    line = re.search(r'\bline: (\d+)', fields)
    lines[number] = int(line[1]) if line else 0
  definitions = []
  for match in re.finditer(r'^define\b.*$', text, re.M):
    symbol = _DEFINE.match(match[0])
    if symbol is None:
      continue
    debug = re.search(r'!dbg !(\d+)', match[0])
    name = symbol[1].strip('"')
    definitions.append(
        Definition(
            symbol=name,
            line=lines.get(debug[1], 0) if debug else 0,
            is_outlined=_OUTLINED.search(name) is not None,
        )
    )
  return definitions


def find_function(
    text: str, *, symbol: str = '', line: int = 0, file: str = ''
) -> Definition:
  """The one function with that name, or that comes from that line.

  Args:
    text: LLVM IR; for lines, compiled with them.
    symbol: name in the IR, or in the source, or ''.
    line: of the `parallel` directive of an OpenMP region, or where a function
      is declared; or 0.
    file: what messages call the module.

  Raises:
    IRError: there is none, or more than one; with those that there are.
  """
  definitions = find_definitions(text)
  if not definitions:
    raise IRError('the module defines no function', file)
  if symbol:
    found = [d for d in definitions if d.is_called(symbol)]
    found = [d for d in found if d.symbol == symbol] or found
    others = sorted({names.short(d.symbol) for d in definitions})
    wanted, known = f'called {symbol!r}', ', '.join(others[:12])
  else:
    found = [d for d in definitions if d.line == line]
    if not any(d.line for d in definitions):
      raise IRError('the module has no debug lines; compile with -g1', file)
    found = [d for d in found if d.is_outlined] or found
    # A wrapper, and the region itself.
    found = [d for d in found if '_debug__' in d.symbol] or found
    near = sorted(definitions, key=lambda d: abs(d.line - line))[:5]
    wanted = f'of line {line}'
    known = ', '.join(f'{d.symbol} of line {d.line}' for d in near)
  if not found:
    raise IRError(f'no function {wanted}; there are {known}', file)
  if len(found) > 1:
    listed = ', '.join(d.symbol for d in found)
    raise IRError(f'{len(found)} functions {wanted}: {listed}; name one', file)
  return found[0]


def slice_function(
    text: str, symbol: str, *, pipeline: str = '', file: str = ''
) -> str:
  """The module of one function: it, what it reaches, and nothing else.

  What it calls becomes internal to the module.

  Args:
    text: LLVM IR, as a compiler or LLVM prints it.
    symbol: a function that it defines, without quotes.
    pipeline: passes of LLVM to run over the slice, such as `O1`; '' for none.
    file: what messages call the module.

  Returns:
    LLVM's own text of the slice, which it has verified.

  Raises:
    IRError: the module does not define it, or LLVM refuses the slice.
  """
  blocks = _blocks_without_debug(text)
  content: dict[str, list[str]] = {}
  for name, block in blocks:
    if name is not None:
      content.setdefault(name.strip('"'), []).append(block)
  if symbol not in content:
    raise IRError(f'no function called {symbol!r}', file)
  reached, new = {symbol}, [symbol]
  while new:
    for block in content[new.pop()]:
      for name in _SYMBOL.findall(block):
        name = name.strip('"')
        if name in content and name not in reached:
          reached.add(name)
          new.append(name)
  kept = []
  for name, block in blocks:
    if name is None:
      kept.append(block)
    elif name.strip('"') in reached:
      # Were it internal, it would be gone: nothing calls it.
      linkage = 'define ' if name.strip('"') == symbol else 'define internal '
      kept.append(_LINKAGE.sub(linkage, block))
  kept = _drop_nodes(kept, content.keys() - reached)
  try:
    return llvm.canonical_text('\n'.join(kept).encode(), pipeline=pipeline)
  except (llvm.LlvmRefusal, llvm.LlvmAbort) as error:
    raise IRError(
        f'LLVM refuses the slice of {symbol}: {error}', file
    ) from None


@functools.lru_cache(maxsize=1)  # many kernels are cut from one module
def _blocks_without_debug(text: str) -> tuple[tuple[str | None, str], ...]:
  return tuple(_blocks(strip_debug(text)))


def _drop_nodes(lines: list[str], removed: Set[str]) -> list[str]:
  """Drops metadata about functions that are gone, such as what is a kernel."""

  def is_about_removed(line):
    names = (name.strip('"') for name in _SYMBOL.findall(line))
    return not removed.isdisjoint(names)

  nodes = [re.match(r'!(\d+) = ', line) for line in lines]
  lost = {
      node[1]
      for node, line in zip(nodes, lines, strict=True)
      if node is not None and is_about_removed(line)
  }
  kept = []
  for node, line in zip(nodes, lines, strict=True):
    if node is not None and node[1] in lost:
      continue
    named = re.fullmatch(r'(!\D\S* = !\{)(.*)\}', line) if lost else None
    if named is not None:
      members = [m for m in named[2].split(', ') if m.lstrip('!') not in lost]
      line = named[1] + ', '.join(members) + '}'
    kept.append(line)
  return kept


def strip_debug(text: str) -> str:
  """Takes debug records, and references to debug metadata, out of a text.

  What metadata is then left without a use, LLVM does not print. Of the paths
  that are left, file names are kept.
  """
  locations = set(_LOCATION.findall(text))
  kept = []
  for line in text.splitlines():
    if line.startswith(('!llvm.dbg.cu', '!llvm.ident')):
      continue
    if re.match(r'\s+(#dbg_|.*call void @llvm\.dbg\.)', line):
      continue
    if line.startswith('source_filename'):
      line = re.sub(r'"[^"]*[/\\]', '"', line)
    elif line.startswith('@') and ' ptr ' in text:
      # Typed pointers have the length of the string in their types.
      line = _IDENT.sub(_NO_IDENT, line)
    elif line.startswith('!'):
      # Loops name the lines where they start and end.
      if 'distinct !{' in line:
        head, numbers = line.split('distinct !{', 1)
        names = numbers.rstrip('}').split(', ')
        names = [n for n in names if n.lstrip('!') not in locations]
        line = f'{head}distinct !{{{", ".join(names)}}}'
    elif '!dbg' in line:
      line = _DEBUG_USE.sub('', line)
    kept.append(line)
  return '\n'.join(kept) + '\n'
