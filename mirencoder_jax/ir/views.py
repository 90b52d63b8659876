"""Views: one module after other optimisation pipelines, as modules of its own.

A compiler leaves unoptimised bitcode once (`clang -O2 -Xclang
-disable-llvm-passes`); what it would have become at other levels, or after an
unusual order of passes, LLVM makes of it here, in the worker process, without a
compiler on the machine. The views of a function mean the same, which is what
the matching and contrastive objectives learn from.
"""

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mirencoder_jax.ir import llvm, mending, reader
from mirencoder_jax.ir import source as source_lib
from mirencoder_jax.ir.module import IRError, Module

DEFAULT = ('O1', 'O2', 'random1', 'random2', 'random3')
_LEVELS = ('O0', 'O1', 'O2', 'O3', 'Os')
_RANDOM = re.compile(r'random([1-9]\d*)')
# Passes that random pipelines are drawn from: those of llvmlite that change
# code and keep its meaning whatever ran before. (Left out: what prints, what
# removes names, what lowers `invoke` or atomics to something weaker, what
# needs a loop form that another pass must make.)
_PASSES = (
    'aggressive_dce',
    'aggressive_instcombine',
    'always_inliner',
    'argument_promotion',
    'break_critical_edges',
    'dead_arg_elimination',
    'dead_code_elimination',
    'dead_store_elimination',
    'global_opt',
    'instruction_combine',
    'ipsccp',
    'jump_threading',
    'lcssa',
    'loop_deletion',
    'loop_rotate',
    'loop_simplify',
    'loop_strength_reduce',
    'loop_unroll',
    'lower_switch',
    'mem_copy_opt',
    'new_gvn',
    'reassociate',
    'register_to_memory',
    'sccp',
    'simplify_cfg',
    'sinking',
    'sroa',
    'tail_call_elimination',
    'unify_function_exit_nodes',
)
_PASSES_OF_RANDOM = (2, 7)


class View(NamedTuple):
  """A way to see a module.

  Attributes:
    name: as asked for, `O2` or `random1`.
    pipeline: what LLVM runs, `O2` or names of passes joined by commas.
  """

  name: str
  pipeline: str

  @property
  def opt_level(self) -> str:
    """The level as examples have it; `passes` for a random pipeline."""
    return self.name if self.name in _LEVELS else 'passes'


class LostView(NamedTuple):
  """A view that LLVM could not make, and why."""

  view: View
  reason: str  # 'abort', 'refused' or 'unreadable'
  message: str


def check_names(names: Sequence[str]) -> None:
  """Raises ValueError for names that are no views, or that come twice."""
  for name in names:
    if name not in _LEVELS and not _RANDOM.fullmatch(name):
      raise ValueError(
          f'view {name!r} is not known; known: {", ".join(_LEVELS)}, and '
          'random1, random2, ...'
      )
  if len(set(names)) != len(names):
    raise ValueError(f'a view is named twice in {",".join(names)}')


def views_of(data: bytes, names: Sequence[str]) -> list[View]:
  """The views of a module; what is random depends on its bytes alone."""
  seed = hashlib.sha256(data).hexdigest()
  return [
      View(name, name if name in _LEVELS else _random_pipeline(seed, name))
      for name in names
  ]


def _random_pipeline(seed: str, name: str) -> str:
  rng = random.Random(f'{seed} {name}')
  return ','.join(rng.sample(_PASSES, rng.randint(*_PASSES_OF_RANDOM)))


def read_views(
    data: bytes, name: str, names: Sequence[str], timeout: float = 300.0
) -> Iterator[tuple[View, Module] | LostView]:
  """Reads the views of a module one after the other.

  Args:
    data: bitcode or text that `ir.read_module` reads and LLVM verifies.
    name: what to call the module in messages.
    names: of the views.
    timeout: seconds that LLVM may take for one view.

  Yields:
    The view and its module, which may hold fewer functions than the original
    (those that were inlined everywhere are gone); or a `LostView`, at the
    price of that view alone. A view that holds no function at all is left out.
  """
  if not source_lib.is_bitcode(data):
    data = source_lib.decode(data, name).encode(errors='replace')
  accepted = data  # by LLVM; what is random hangs on the bytes as they are
  for view in views_of(data, names):
    try:
      try:
        text = llvm.canonical_text(accepted, timeout, view.pipeline)
      except llvm.LlvmRefusal:
        mended = mending.mend_bytes(data) if accepted is data else None
        if mended is None:
          raise
        accepted = mended
        text = llvm.canonical_text(accepted, timeout, view.pipeline)
    except llvm.LlvmAbort as error:
      yield LostView(view, 'abort', str(error))
      continue
    except llvm.LlvmRefusal as error:
      yield LostView(view, 'refused', ' '.join(str(error).split())[:200])
      continue
    if '\ndefine ' not in text and not text.startswith('define '):
      continue
    try:
      module = reader.parse_text(text, name, lines=False)
    except IRError as error:
      yield LostView(view, 'unreadable', error.message)
      continue
    yield view, module
