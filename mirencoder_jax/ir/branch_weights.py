"""Writes `!prof` onto the conditional branches of IR text.

What a measured profile leaves there (`!{!"branch_weights", i32 T, i32 F}`), so
that passes and code generation take it as one.
"""

import re
from collections.abc import Mapping, Sequence

_DEFINE = re.compile(r'^define\b[^\n]*?@("[^"]*"|[-\w.$]+)\(')
_NUMBERED = re.compile(r'^!(\d+) = ', re.MULTILINE)
_BRANCH = '  br i1 '
_WHOLE = 1 << 20  # weights are 32 bits wide, and LLVM adds them up
_MARK = ', !prof '


def write_weights(
    text: str, probabilities: Mapping[str, Sequence[float]]
) -> tuple[str, int, int]:
  """Adds weights where a branch has none.

  Args:
    text: of a module, as LLVM prints it.
    probabilities: symbol of a function -> that the condition is true, of each
      of its conditional branches in text order.

  Returns:
    The text, how many branches got weights, and how many kept the `!prof` that
    they had: it is measured, or the programmer's.

  Raises:
    ValueError: a function has another number of branches.
  """
  number = 1 + max(map(int, _NUMBERED.findall(text)), default=-1)
  nodes: dict[int, int] = {}  # weight of true -> its metadata
  lines, symbol = [], ''
  seen: dict[str, int] = {}
  num_written = num_kept = 0
  for line in text.split('\n'):
    if line.startswith('define '):
      found = _DEFINE.match(line)
      symbol = found[1].strip('"') if found else ''
      seen[symbol] = 0
    elif line.startswith(_BRANCH) and symbol in probabilities:
      of_function = probabilities[symbol]
      place = seen[symbol]
      seen[symbol] += 1
      if _MARK in line:
        num_kept += 1
      elif place < len(of_function):
        weight = min(max(round(of_function[place] * _WHOLE), 1), _WHOLE - 1)
        node = nodes.setdefault(weight, number + len(nodes))
        line += f'{_MARK}!{node}'
        num_written += 1
    lines.append(line)
  for symbol, of_function in probabilities.items():
    if seen.get(symbol, 0) != len(of_function):
      raise ValueError(
          f'{symbol} has {seen.get(symbol, 0)} conditional branches in the '
          f'text, and probabilities of {len(of_function)}'
      )
  lines += [
      f'!{node} = !{{!"branch_weights", i32 {weight}, i32 {_WHOLE - weight}}}'
      for weight, node in nodes.items()
  ]
  return '\n'.join(lines) + '\n', num_written, num_kept
