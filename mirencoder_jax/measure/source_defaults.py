"""Settings of a file that has none: as its own `main` calls the function.

The loops of NeuroVectorizer, for one, are files of a few global arrays, one
function and a `main` that measures it:

    unsigned int ub[1024], uc[1024];
    void example9(unsigned *ret) { ... }
    int main(...) { ... BENCH("Example9", example9(&dummy), ...); ... }

What the call names is what the function gets: a global array or a number. An
address of something else becomes a small array. Global arrays hold random
numbers.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mirencoder_jax.measure import c_tree, source_settings
from mirencoder_jax.measure.source_settings import Array

if TYPE_CHECKING:
  from tree_sitter import Node

# What a pointer to a local variable of `main` becomes.
_NUM_LOCAL = 64
_POINTERS = ('pointer_declarator', 'array_declarator')


def _default(name: str, spelling: str, count: int, **keywords) -> Array | None:
  spelling = ' '.join(spelling.split())
  scalar = source_settings.SCALARS.get(spelling)
  if scalar is None:
    return None
  kind, size = scalar
  return Array(
      name=name,
      kind=kind,
      size=size,
      count=count,
      content='uniform',
      numbers=(0.0, 1.0) if kind == 'f' else (0.0, 99.0),
      **keywords,
  )


def default_globals(root: 'Node') -> dict[str, Array]:
  """Global arrays of scalars by name.

  Args:
    root: of a file's tree.
  """
  arrays = {}
  outside = ('function_definition', 'initializer_list')
  for declaration in c_tree.walk(root, 'declaration', outside=outside):
    spelling = c_tree.text_of(declaration.child_by_field_name('type'))
    for node in c_tree.walk(declaration, 'array_declarator', outside=outside):
      inner = {n.type for n in c_tree.walk(node)}
      if node.parent.type in _POINTERS or 'pointer_declarator' in inner:
        continue
      # Its length may be a macro: the compiler counts.
      name = c_tree.declared(node)
      array = _default(name, spelling, 0, writable=True, is_global=True)
      if array is not None:
        arrays[name] = array
  return arrays


def _default_local(name: str, declaration: 'Node') -> Array | None:
  """A small array for a pointer parameter; None if its type is no scalar."""
  return _default(
      name,
      c_tree.text_of(declaration.child_by_field_name('type')),
      _NUM_LOCAL,
      writable=all(c_tree.text_of(n) != 'const' for n in declaration.children),
      is_global=False,
  )


def find_call(main: 'Node | None', name: str) -> list[str]:
  """Arguments of the first call of a function; empty if there is none."""
  for call in c_tree.walk(main, 'call_expression') if main is not None else ():
    if c_tree.text_of(call.child_by_field_name('function')) == name:
      arguments = call.child_by_field_name('arguments').named_children
      return [c_tree.text_of(n) for n in arguments if n.type != 'comment']
  return []


def bind_call(
    names: Sequence[str],
    declarations: Mapping[str, 'Node'],
    call: Sequence[str],
    known: Mapping[str, Array],
) -> tuple[dict[str, str], list[Array]]:
  """Arguments of the parameters that a call gives a meaning to.

  Args:
    names: of all parameters, in order.
    declarations: of those without a setting.
    call: arguments of the call in `main`; empty if there is none.
    known: global arrays.

  Returns:
    Parameter -> argument, and small arrays for addresses of locals.
  """
  arguments, arrays = {}, []
  if len(call) != len(names):
    return arguments, arrays
  for name, given in zip(names, call, strict=True):
    if name not in declarations:
      continue
    word = given.strip().lstrip('&').split('[')[0].strip()
    if source_settings.is_number(given.strip()):
      arguments[name] = given.strip()
    elif word in known:
      arguments[name] = word
    elif any(c_tree.walk(declarations[name], *_POINTERS)):
      array = _default_local(name, declarations[name])
      if array is not None:
        arguments[name] = name
        arrays.append(array)
  return arguments, arrays
