"""A C file with one function to measure -> its parts.

The first step of `measure loops` and `measure openmp`. Types, macros,
global arrays and other functions may stand around the function; a `main` is
left out. Comment lines give the values of its parameters and the contents of
arrays, see `source_settings`: an array is a pointer parameter or a global. A
file without such lines is called as its `main` does, see `source_defaults`.
Arrays that are not `const` are set back before every timed call, and hold what
the function wrote when results are compared.
"""

import dataclasses
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from mirencoder_jax.measure import c_tree, source_defaults, source_settings
from mirencoder_jax.measure.source_settings import Array, SourceError

if TYPE_CHECKING:
  from tree_sitter import Node

_COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)


@dataclasses.dataclass(frozen=True)
class FunctionSource:
  """The parts of a file.

  Attributes:
    name: of the function.
    prelude: everything outside the function, without `main`.
    text: the function.
    node: its definition in the tree of the file.
    code: the text with comments, strings and attributes blanked, so that
      offsets agree.
    body: offset of the body's `{`.
    first_line: line of the file where the function begins.
    returns: the return type.
    signature: text of the parameters.
    arguments: for each parameter the name of its array or its value.
    arrays: all arrays, in the order of their lines.
    notes: the `key: text` lines.
  """

  name: str
  prelude: str
  text: str
  node: 'Node'
  code: str
  body: int
  first_line: int
  returns: str
  signature: str
  arguments: tuple[str, ...]
  arrays: tuple[Array, ...]
  notes: dict[str, str]

  def line_of(self, offset: int) -> int:
    """Line of the file at an offset into `text`."""
    return self.first_line + self.text.count('\n', 0, offset)


def _blank(text: str) -> str:
  """Comments, strings and attributes as spaces, so that offsets stay."""
  code = _COMMENT_OR_STRING.sub(
      lambda match: re.sub(r'[^\n]', ' ', match[0]), text
  )
  return c_tree.blank_attributes(code)


def _declarator(function: 'Node') -> 'Node':
  """The name and the parameters of a definition."""
  node = function.child_by_field_name('declarator')
  while node is not None and node.child_by_field_name('parameters') is None:
    node = node.child_by_field_name('declarator')
  # What has a body, and something else in place of parameters.
  return node if node is not None else function


def _parameters(declarator: 'Node') -> dict[str, 'Node']:
  """Name -> declaration, in order."""
  found: dict[str, Node] = {}
  for node in declarator.child_by_field_name('parameters').named_children:
    if node.type == 'parameter_declaration':
      words = c_tree.text_of(node).split()
      found[c_tree.declared(node) or words[-1]] = node
    elif node.is_error and found:
      # What stood before was a macro, as in `float *RESTRICT x`.
      _, declaration = found.popitem()
      found[c_tree.text_of(node).split()[-1]] = declaration
  return {} if list(found) == ['void'] else found


def _return_type(function: 'Node', code: str) -> str:
  """Everything before the name but where it is stored."""
  name = _declarator(function).child_by_field_name('declarator')
  head = code[function.start_byte : name.start_byte]
  return ' '.join(re.sub(r'\b(static|inline|extern)\b', ' ', head).split())


def _bind(
    function: 'Node',
    outside: str,
    root: 'Node',
    main: 'Node | None',
    settings: dict[str, str],
) -> tuple[list[str], list[Array]]:
  """Argument of each parameter, and all arrays.

  Args:
    function: the definition.
    outside: code around it.
    root: of the file's tree.
    main: the definition of `main`, if there is one.
    settings: lines of the file.
  """
  declarator = _declarator(function)
  name = c_tree.declared(declarator)
  declarations = _parameters(declarator)
  texts = {key: c_tree.text_of(node) for key, node in declarations.items()}
  arrays = []
  for setting, value in settings.items():
    declaration = texts.get(setting)
    if declaration is not None and not re.search(r'[*\[]', declaration):
      continue
    if declaration is None and not re.search(rf'\b{setting}\s*\[', outside):
      raise SourceError(
          f'{setting} = {value}: neither a parameter of {name} nor a global '
          'array'
      )
    arrays.append(source_settings.parse_array(setting, value, declaration))

  found = source_defaults.default_globals(root)
  unset = {n: d for n, d in declarations.items() if n not in settings}
  call = source_defaults.find_call(main, name)
  given, local = source_defaults.bind_call(
      list(declarations), unset, call, found
  )
  arrays += local
  used = {node.text.decode() for node in c_tree.walk(function, 'identifier')}
  arrays += [
      array
      for array in found.values()
      if array.name not in settings
      and (
          array.name in given.values()
          or array.name not in declarations
          and array.name in used
      )
  ]
  arguments = []
  for parameter_name, declaration in texts.items():
    value = settings.get(parameter_name, given.get(parameter_name))
    if value is None:
      raise SourceError(
          f'parameter {parameter_name} of {name} has no value; add a line '
          f'`// {parameter_name} = ...`'
      )
    if parameter_name in given:
      arguments.append(value)
    elif re.search(r'[*\[]', declaration):
      arguments.append(parameter_name)
    elif source_settings.is_number(value):
      arguments.append(value)
    else:
      raise SourceError(f'{parameter_name} = {value}: a scalar takes a number')
  return arguments, arrays


def parse_function(
    text: str, is_wanted: Callable[['Node', str], bool], what: str
) -> FunctionSource:
  """Finds the function, its parameters and arrays.

  Args:
    text: of the file.
    is_wanted: whether a function of this tree and code is the one.
    what: how messages call what makes it so, such as `a loop`.

  Raises:
    SourceError: the file does not keep the contract; the message says how.
  """
  root = c_tree.parse(text)
  code = _blank(text)
  functions = {
      c_tree.declared(_declarator(node)): node
      for node in c_tree.walk(root, 'function_definition')
  }
  main = functions.pop('main', None)
  wanted = {
      name: node
      for name, node in functions.items()
      if is_wanted(node, code[node.start_byte : node.end_byte])
  }
  if len(wanted) != 1:
    line = c_tree.bad_line(root)
    raise SourceError(
        f'one function with {what} is wanted; found: '
        f'{", ".join(wanted) or "none"}'
        + (f' (line {line} is no C without its macros)' if line else '')
    )
  ((name, function),) = wanted.items()
  start, end = function.start_byte, function.end_byte
  values, notes = source_settings.parse_settings(text)
  left_out = sorted(
      ((n.start_byte, n.end_byte) for n in (function, main) if n is not None),
      reverse=True,
  )
  prelude, outside = text, code
  for first, last in left_out:
    prelude = prelude[:first] + prelude[last:]
    outside = outside[:first] + outside[last:]
  arguments, arrays = _bind(function, outside, root, main, values)
  parameters = _declarator(function).child_by_field_name('parameters')
  return FunctionSource(
      name=name,
      prelude=prelude,
      text=text[start:end],
      node=function,
      code=code[start:end],
      body=function.child_by_field_name('body').start_byte - start,
      first_line=function.start_point[0] + 1,
      returns=_return_type(function, code),
      signature=code[parameters.start_byte + 1 : parameters.end_byte - 1],
      arguments=tuple(arguments),
      arrays=tuple(arrays),
      notes=notes,
  )
