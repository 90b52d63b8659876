"""C text as tree-sitter's tree, whose offsets are those of the text."""

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mirencoder_jax.measure.source_settings import SourceError

if TYPE_CHECKING:
  from tree_sitter import Node

# The grammar knows these in some places only.
_ATTRIBUTE = re.compile(r'__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)')


@functools.cache
def _parser():
  try:
    import tree_sitter
    import tree_sitter_c
  except ImportError as error:
    raise SourceError(
        f'to read C, {error.name} is needed: '
        "python -m pip install 'mirencoder_jax[measure]'"
    ) from error
  return tree_sitter.Parser(tree_sitter.Language(tree_sitter_c.language()))


def blank_attributes(text: str) -> str:
  """GNU's attributes as spaces, so that offsets stay."""
  return _ATTRIBUTE.sub(lambda match: re.sub(r'[^\n]', ' ', match[0]), text)


def parse(text: str) -> 'Node':
  """The tree of a file.

  Raises:
    SourceError: a brace is never closed, or the extra `measure` is missing.
  """
  # One byte a character, so that offsets into the bytes are into the text.
  code = blank_attributes(text).encode('ascii', 'replace')
  root = _parser().parse(code).root_node
  for node in walk(root):
    if node.is_missing and node.type == '}':
      line = node.parent.start_point[0] + 1
      raise SourceError(f"line {line}: '{{' is never closed")
  return root


def walk(
    node: 'Node', *types: str, outside: tuple[str, ...] = ()
) -> Iterator['Node']:
  """A node and what is in it, in the order of the text.

  Args:
    node: to begin with.
    *types: of the nodes wanted; all if none is named.
    outside: nodes of these types are not entered.
  """
  stack = [node]
  while stack:
    node = stack.pop()
    if not types or node.type in types:
      yield node
    if node.type not in outside:
      stack += reversed(node.children)


def text_of(node: 'Node | None') -> str:
  """Its text, with single blanks; '' of no node."""
  return ' '.join(node.text.decode().split()) if node is not None else ''


def declared(node: 'Node') -> str:
  """The name that a declarator or a parameter declares; '' if none."""
  while node is not None and node.type != 'identifier':
    inner = node.child_by_field_name('declarator')
    if inner is None and node.type == 'parenthesized_declarator':
      inner = next(
          (c for c in node.named_children if c.type != 'ms_call_modifier'), None
      )
    node = inner
  return text_of(node)


def bad_line(root: 'Node') -> int | None:
  """Line of the first text that is no C by itself; None if all is."""
  for node in walk(root):
    if node.is_error or node.is_missing:
      return node.start_point[0] + 1
  return None
