"""A C file with one loop -> its parts, for `loop_program` to clone.

The first step of `python -m mirencoder_jax.measure loops`. The contract of a
file is small:

    // family: axpy                       any `key: text`, kept with the labels
    // n = 4096                           value of a scalar parameter
    // x = float[4096] uniform(-1, 1)     contents of an array
    // y = float[4096] uniform(-1, 1)

    void axpy(int n, const float *restrict x, float *restrict y) {
      for (int i = 0; i < n; ++i) y[i] += 2.0f * x[i];
    }

One function holds loops, and exactly one of its loops, a `for`, has no other
inside: that one is tuned. `function_source` says what else a file may hold.
"""

import dataclasses

from mirencoder_jax.measure import c_tree, function_source
from mirencoder_jax.measure.function_source import FunctionSource
from mirencoder_jax.measure.source_settings import SourceError

_LOOPS = ('for_statement', 'while_statement', 'do_statement')


@dataclasses.dataclass(frozen=True)
class LoopSource:
  """A function and its tuned loop.

  Attributes:
    function: the parts of the file.
    before: the function's text up to the tuned loop.
    after: the rest, from the `for` on.
    header: the two semicolons of the `for` and its closing parenthesis, as
      offsets into `after`.
  """

  function: FunctionSource
  before: str
  after: str
  header: tuple[int, int, int]


def _find_tuned_loop(
    function: FunctionSource,
) -> tuple[int, tuple[int, int, int]]:
  """Offset of the innermost `for`; of its semicolons and its bracket's end."""
  name = function.name
  innermost = [
      loop
      for loop in c_tree.walk(function.node, *_LOOPS)
      if sum(1 for _ in c_tree.walk(loop, *_LOOPS)) == 1
  ]
  if len(innermost) != 1:
    lines = [loop.start_point[0] + 1 for loop in innermost]
    raise SourceError(
        f'{name} has {len(innermost)} innermost loops, at lines {lines}; one '
        'is wanted: split the file'
    )
  (loop,) = innermost
  if loop.type != 'for_statement':
    keyword = loop.type.removesuffix('_statement')
    raise SourceError(f'the innermost loop of {name} is a {keyword}, not a for')
  body = loop.child_by_field_name('body')
  header = [
      node
      for child in loop.children
      if child != body
      for node in c_tree.walk(child, ';', ')')
      if not node.is_missing
  ]
  semicolons = [node.start_byte for node in header if node.type == ';']
  if len(semicolons) != 2:
    raise SourceError(f'the for of {name} has {len(semicolons)} semicolons')
  end = max(node.start_byte for node in header)
  start = function.node.start_byte
  return loop.start_byte - start, (
      semicolons[0] - start,
      semicolons[1] - start,
      end - start,
  )


def parse_loop(text: str) -> LoopSource:
  """Finds the function and its innermost loop.

  Raises:
    SourceError: the file does not keep the contract; the message says how.
  """
  function = function_source.parse_function(
      text, lambda node, _: any(c_tree.walk(node, *_LOOPS)), 'a loop'
  )
  start, header = _find_tuned_loop(function)
  return LoopSource(
      function=function,
      before=function.text[:start],
      after=function.text[start:],
      header=tuple(offset - start for offset in header),
  )
