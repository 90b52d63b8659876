"""The first line of a function: `define`, or `declare`."""

import dataclasses
from collections.abc import Mapping

from mirencoder_jax.ir.parsing import line_shape, operands
from mirencoder_jax.ir.parsing import plan as plan_lib

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
  """Parses a `define` line without quoted names.

  Raises:
    plan.LineError: if it is not one.
  """
  lexicon = line_shape.lexicon()
  pieces = lexicon.learn(line.split(' '))
  try:
    template = plan_lib.find(pieces, lexicon, struct_words, plan_lib.SIGNATURE)
  except KeyError:
    parser = operands.OperandParser(pieces, struct_words)
    template = _parse(parser)
    found, deciding = parser.holes(), parser.type_holes
    if any(lexicon.holes[pieces[i]] != token for i, token in found):
      pieces = lexicon.learn_tokens(line)
      template = _parse(operands.OperandParser(pieces, struct_words))
    else:
      plan_lib.remember(
          *(pieces, lexicon, struct_words, template, found, deciding),
          plan_lib.SIGNATURE,
      )
  holes = lexicon.holes
  return Signature(
      holes[pieces[template.symbol]][1:],
      template.is_kernel,
      template.result,
      tuple(
          [
              (text, word, holes[pieces[hole]] if hole >= 0 else None)
              for text, word, hole in template.parameters
          ]
      ),
      template.is_variadic,
  )


def _parse(parser: operands.OperandParser) -> plan_lib.Template:
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
  symbol = parser.hole()
  parser.at += 1
  parser.expect('(')
  parameters = []
  is_variadic = False
  while parser.until(')'):
    if parser.accept('...'):
      is_variadic = True
    else:
      spelled = parser.type()
      parser.skip_attributes()
      hole = -1
      if parser.peek()[:1] == '%':
        hole = parser.hole()
        parser.at += 1
      parameters.append((spelled.text, spelled.word, hole))
    if not parser.accept(','):
      parser.expect(')')
      break
  return plan_lib.Template(
      symbol,
      not _KERNELS.isdisjoint(before),
      (result.text, result.word),
      tuple(parameters),
      is_variadic,
  )
