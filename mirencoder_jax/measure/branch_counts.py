"""Text that `opt` prints -> how often each conditional branch went which way.

Three texts of one module belong together: the IR that was prepared, the same IR
with `!prof` of a run, and LLVM's own guesses. Blocks and branches are counted
in the order of the text, which the three share, so that no names are needed.
"""

import itertools
import re
from typing import NamedTuple

from mirencoder_jax.ir import branches
from mirencoder_jax.ir.module import Function, IRError

_DEFINE = re.compile(r'^define\b[^\n]*?@("[^"]*"|[-\w.$]+)\(', re.MULTILINE)
_BRANCH = re.compile(r'^  br i1 .*$', re.MULTILINE)

_WEIGHTS = re.compile(
    r'^!(\d+) = !\{!"branch_weights", i32 (-?\d+), i32 (-?\d+)\}', re.MULTILINE
)
_ENTRIES = re.compile(
    r'^!(\d+) = !\{!"function_entry_count", i64 (-?\d+)', re.MULTILINE
)
_OF_FUNCTION = re.compile(
    r"^Printing analysis .*for function '(.*)':$", re.MULTILINE
)
_EDGE = re.compile(r'^  edge .* probability is (0x[0-9a-f]+) /', re.MULTILINE)
_FREQUENCY = re.compile(r': float = ([-+.\deEinfa]+), int = ', re.MULTILINE)
_WHOLE = 1 << 31


class Guess(NamedTuple):
  """What LLVM thinks of one conditional branch.

  Attributes:
    probability: that its condition is true.
    frequency: how often its block runs for each time its function is entered.
  """

  probability: float
  frequency: float


class Counts(NamedTuple):
  """What a run said of one function.

  Attributes:
    entries: how often it was entered.
    branches: of each conditional branch (condition true, condition false).
  """

  entries: int
  branches: list[tuple[int, int]]


def read_counts(text: str) -> dict[str, Counts]:
  """Symbol of each function -> what `!prof` says.

  A branch without `!prof` was not reached: (0, 0).

  Args:
    text: of `opt -passes=pgo-instr-use -S`, whose input had no `!prof`.
  """
  weights = {
      number: (int(true) % (1 << 32), int(false) % (1 << 32))
      for number, true, false in _WEIGHTS.findall(text)
  }
  entries = dict(_ENTRIES.findall(text))
  counts = {}
  for match in _DEFINE.finditer(text):
    end = text.find('\n}', match.start())
    head = text[match.start() : text.find('\n', match.start())]
    # As `prof_of` a line: its last `!prof`.
    branches = [
        weights.get(_prof_of(line), (0, 0))
        for line in _BRANCH.findall(text, match.start(), end)
    ]
    entered = int(entries.get(_prof_of(head), 0))
    counts[match[1].strip('"')] = Counts(max(entered, 0), branches)
  return counts


def _prof_of(line: str) -> str:
  found = re.findall(r'!prof !(\d+)', line)
  return found[-1] if found else ''


class Printed(NamedTuple):
  """What LLVM printed of one function.

  Attributes:
    probabilities: of each edge, blocks in text order, each block's edges in
      LLVM's order.
    frequencies: of each block in text order, for each entry of the function.
  """

  probabilities: list[float]
  frequencies: list[float]


def read_printed(text: str) -> dict[str, Printed]:
  """Symbol of each function -> what LLVM printed of it.

  Args:
    text: of `opt -passes=print<branch-prob>` and `print<block-freq>`.
  """
  parts: dict[str, Printed] = {}
  heads = [*_OF_FUNCTION.finditer(text)]
  ends = [*(head.start() for head in heads[1:]), len(text)]
  for head, end in zip(heads, ends, strict=True):
    edges, frequencies = parts.setdefault(head[1], Printed([], []))
    found = _EDGE.findall(text, head.end(), end)
    edges += [int(edge, 16) / _WHOLE for edge in found]
    frequencies += map(float, _FREQUENCY.findall(text, head.end(), end))
  return parts


def fitting(parts: dict[str, Printed], function: Function) -> Printed:
  """What LLVM printed of a function.

  Raises:
    IRError: it printed another number of edges or blocks than there are.
  """
  printed = parts.get(_unescaped(function.name), Printed([], []))
  numbers = len(printed.probabilities), len(printed.frequencies)
  num_edges = sum(map(len, function.successors))
  if numbers != (num_edges, len(function.successors)):
    raise IRError(
        f'opt printed {numbers[0]} edges and {numbers[1]} blocks of '
        f'{function.name}, which has {num_edges} and '
        f'{len(function.successors)}'
    )
  return printed


def _unescaped(name: str) -> str:
  """A symbol of the text as a terminal gets it."""
  if '\\' not in name:
    return name
  data = re.sub(
      rb'\\([0-9A-Fa-f]{2})',
      lambda match: bytes([int(match[1], 16)]),
      name.encode('utf-8', 'surrogateescape'),
  )
  return data.decode('utf-8', 'replace')


def read_guesses(
    text: str, functions: list[Function]
) -> dict[str, list[Guess]]:
  """Symbol of each function -> LLVM's guess of each conditional branch.

  Args:
    text: of `opt -passes=print<branch-prob>` and `print<block-freq>`.
    functions: of the module.

  Raises:
    IRError: LLVM printed another number of edges or blocks than there are.
  """
  parts = read_printed(text)
  return {
      function.name: _of_branches(function, fitting(parts, function))
      for function in functions
  }


def first_edges(function: Function) -> list[int]:
  """Of each block, the number of its first edge; the total at the end."""
  return [0, *itertools.accumulate(map(len, function.successors))]


def _of_branches(function: Function, printed: Printed) -> list[Guess]:
  edges = first_edges(function)
  return [
      Guess(
          round(printed.probabilities[edges[branch.block]], 6),
          float(f'{printed.frequencies[branch.block]:.5g}'),
      )
      for branch in branches.conditional_branches(function)
  ]
