"""Asks opt what LLVM thinks of branches and blocks, without a profile."""

import os

from mirencoder_jax.frontend import bounded
from mirencoder_jax.ir.module import Function
from mirencoder_jax.measure import branch_counts

# Hints of the source are LLVM's to read when it guesses. Blocks without a name
# are counted anew for each line that is printed: names save most of the time.
PASSES = 'function(lower-expect,instnamer,print<branch-prob>,print<block-freq>)'


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
  return branch_counts.read_guesses(
      ask(opt, path, cpu_seconds=cpu_seconds), functions
  )


def ask(opt: str, path: str | os.PathLike, *, cpu_seconds: int = 60) -> str:
  """What LLVM prints of the branches and blocks of a module.

  Raises:
    RunError: opt fails or does not end.
  """
  done = bounded.run_checked(
      [opt, f'-passes={PASSES}', '-disable-output', os.fspath(path)],
      cpu_seconds=cpu_seconds,
  )
  return done.error
