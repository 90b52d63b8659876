"""The first line of a function: `define`, or `declare`.

Station in the flow: used by `ir.function_reader`, once per function.
"""

import dataclasses
from collections.abc import Mapping

from mirencoder_jax.ir import operands

_KERNELS = frozenset(['spir_kernel', 'ptx_kernel', 'amdgpu_kernel'])


@dataclasses.dataclass(slots=True, frozen=True)
class Signature:
  """The first line of a function.

  Attributes:
    symbol: name without `@`.
    is_kernel: whether its calling convention says that a device runs it.
    result: (node text, word) of the type it returns.
    parameters: (node text, word, name with its `%`) of each; the name is None
      where the text has none.
    is_variadic: whether `...` ends the list.
  """

  symbol: str
  is_kernel: bool
  result: tuple[str, str]
  parameters: tuple[tuple[str, str, str | None], ...]
  is_variadic: bool


def parse_signature(line: str, struct_words: Mapping[str, str]) -> Signature:
  """Parses a `define` or `declare` line without quoted names.

  Raises:
    plan.LineError: if it is not one.
  """
  parser = operands.OperandParser([line], struct_words)
  parser.next()
  while parser.peek()[:1] == '!':  # `declare !dbg !5 void @f()`
    parser.at += 1
  start = parser.at
  parser.flags()
  before = [parser.peek(i) for i in range(start - parser.at, 0)]
  result = parser.type(functions=False)
  if parser.peek() == '(' and parser.at_function_type():
    # `void (i32)* @f()` returns a function pointer.
    parser.skip_group()
    parser.expect('*')
    result = operands.POINTER
  if parser.peek()[:1] != '@':
    parser.refuse('a name')
  symbol = parser.next()[1:]
  parser.expect('(')
  parameters = []
  is_variadic = False
  while parser.until(')'):
    if parser.accept('...'):
      is_variadic = True
    else:
      spelled = parser.type()
      parser.skip_attributes()
      name = parser.next() if parser.peek()[:1] == '%' else None
      parameters.append((spelled.text, spelled.word, name))
    if not parser.accept(','):
      parser.expect(')')
      break
  return Signature(
      symbol,
      not _KERNELS.isdisjoint(before),
      (result.text, result.word),
      tuple(parameters),
      is_variadic,
  )
