"""Conditional branches of a function, by number.

Labels name a branch by its function's hash and by its number: its place among
the function's conditional branches in text order, from 0. That holds whatever
values and blocks are called.
"""

from typing import NamedTuple

from mirencoder_jax.ir.module import Function


class Branch(NamedTuple):
  """One conditional branch, by numbers of instructions and blocks.

  Attributes:
    instruction: which it is.
    block: that it ends.
    true, false: blocks that it goes to.
  """

  instruction: int
  block: int
  true: int
  false: int


def conditional_branches(function: Function) -> list[Branch]:
  """The branches that have a condition, in text order; a `switch` is none."""
  found = []
  for block, after in enumerate(function.successors):
    last = function.block_starts[block + 1] - 1
    if function.opcodes[last] == 'br' and len(after) == 2:
      found.append(Branch(last, block, *after))
  return found
