"""Passes for some functions of a module, the others left as they are.

LLVM's own way: function passes skip what is `optnone`, and the inliner what is
`noinline`. What passes do to a whole module (unused functions, constants of
callers) they do to all of it, so that functions still fit together.
"""

import re
from collections.abc import Callable, Collection

_SYMBOL = re.compile(r'@("[^"]*"|[-\w.$]+)\(')
_GROUP = re.compile(r'^attributes #(\d+) = \{(.*)\}$', re.MULTILINE)
_COMMENT = re.compile(r'^; Function Attrs: .*\n', re.MULTILINE)
_NUMBER = re.compile(r' #(\d+)\b')
_GATED, _NOINLINE = '"gated" ', '"gated-noinline" '  # that was there before


def gate(text: str, symbols: Collection[str]) -> str:
  """The text with functions that no function pass is to touch.

  Args:
    text: as LLVM prints it, every defined function with attributes.
    symbols: of functions, without quotes.
  """
  groups = dict(_GROUP.findall(text))
  copies: dict[str, int] = {}
  free = 1 + max(map(int, groups), default=-1)

  def copied(group: str) -> str:
    return f' #{copies.setdefault(group, free + len(copies))}'

  lines = _regrouped(text, symbols, copied)
  for group, copy in copies.items():
    kept = _NOINLINE if re.search(r'\bnoinline ', groups[group]) else ''
    body = re.sub(r'\b(?:minsize|optsize|noinline) ', '', groups[group])
    lines.append(
        f'attributes #{copy} = {{ noinline optnone {_GATED}{kept}{body} }}'
    )
  return '\n'.join(lines) + '\n'


def demand_inlining(text: str, symbols: Collection[str]) -> str:
  """The text with functions that are to be inlined everywhere.

  Args:
    text: as LLVM prints it, every defined function with attributes.
    symbols: those of them that may be inlined are marked.
  """
  groups = dict(_GROUP.findall(text))

  def marked(group: str) -> str:
    never = 'noinline ' in groups[group]
    return f' #{group}' if never else f' alwaysinline #{group}'

  return '\n'.join(_regrouped(text, symbols, marked))


def _regrouped(
    text: str,
    symbols: Collection[str],
    change: Callable[[str], str],
) -> list[str]:
  """Lines, in which the attributes of some functions are others."""
  lines = text.split('\n')
  for at, line in enumerate(lines):
    if not line.startswith('define '):
      continue
    symbol = _SYMBOL.search(line)
    if symbol is None or symbol[1].strip('"') not in symbols:
      continue
    head, tail = line[: symbol.end()], line[symbol.end() :]
    group = _NUMBER.search(tail)
    assert group is not None  # of what is marked
    lines[at] = head + tail.replace(group[0], change(group[1]), 1)
  return lines


def ungate(text: str) -> str:
  """The text with all functions as they were to be: small."""
  return _GROUP.sub(_opened, _COMMENT.sub('', text))


def _opened(group: re.Match) -> str:
  text = group[0]
  if _GATED not in text:
    return text
  text = text.replace(_GATED, '').replace('optnone ', 'minsize optsize ')
  if _NOINLINE in text:
    return text.replace(_NOINLINE, '')
  return text.replace('noinline ', '', 1)
