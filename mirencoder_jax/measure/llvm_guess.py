"""Asks opt what LLVM thinks of branches and blocks, without a profile."""

import os

from mirencoder_jax.frontend import bounded
from mirencoder_jax.ir.module import Function
from mirencoder_jax.measure import branch_counts

# Hints of the source are LLVM's to read when it guesses.
_PASSES = (
    'function(lower-expect),function(print<branch-prob>),'
    'function(print<block-freq>)'
)


def guess(
    opt: str,
    path: str | os.PathLike,
    functions: list[Function],
    *,
    cpu_seconds: int = 60,
) -> dict[str, list[branch_counts.Guess]]:
  """Symbol of each function -> LLVM's guess of each conditional branch.

  Args:
    opt: of `profile_tools`.
    path: of a module.
    functions: of it, as `ir.read_module` has them.
    cpu_seconds: of processor time.

  Raises:
    RunError: opt fails or does not end.
    IRError: it printed what does not fit the functions.
  """
  done = bounded.run_checked(
      [opt, f'-passes={_PASSES}', '-disable-output', os.fspath(path)],
      cpu_seconds=cpu_seconds,
  )
  return branch_counts.read_guesses(done.error, functions)
