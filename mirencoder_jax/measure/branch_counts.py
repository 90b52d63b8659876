"""Text that `opt` prints -> how often each conditional branch went which way.

Three texts of one module belong together: the IR that was prepared, the same IR
with `!prof` of a run, and LLVM's own guesses. Blocks and branches are counted
in the order of the text, which the three share, so that no names are needed.
"""

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
_FREQUENCY = re.compile(r': float = ([-+.\deinfa]+), int = ', re.MULTILINE)
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
  parts: dict[str, tuple[list[str], list[str]]] = {}
  heads = [*_OF_FUNCTION.finditer(text)]
  ends = [*(head.start() for head in heads[1:]), len(text)]
  for head, end in zip(heads, ends, strict=True):
    edges, frequencies = parts.setdefault(head[1], ([], []))
    edges += _EDGE.findall(text, head.end(), end)
    frequencies += _FREQUENCY.findall(text, head.end(), end)
  guesses = {}
  for function in functions:
    edges, frequencies = parts.get(function.name, ([], []))
    num_edges = sum(map(len, function.successors))
    if (len(edges), len(frequencies)) != (num_edges, len(function.successors)):
      raise IRError(
          f'opt printed {len(edges)} edges and {len(frequencies)} blocks of '
          f'{function.name}, which has {num_edges} and '
          f'{len(function.successors)}'
      )
    guesses[function.name] = _of_branches(function, edges, frequencies)
  return guesses


def _of_branches(function, edges, frequencies) -> list[Guess]:
  conditional = {b.block for b in branches.conditional_branches(function)}
  found, edge = [], 0
  for block, after in enumerate(function.successors):
    if block in conditional:
      found.append(
          Guess(
              round(int(edges[edge], 16) / _WHOLE, 6),
              float(f'{float(frequencies[block]):.5g}'),
          )
      )
    edge += len(after)
  return found
