"""Counts: what code looks like to somebody who only counts.

Baselines of every learned vector. `autophase` counts what the authors of
AutoPhase (Huang and others, MLSys 2020) say that they count, in code of our
own and on the IR as it is read here: blocks by their predecessors, successors,
phis and size, edges and critical ones, instructions by kind, constants.
"""

import collections
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from mirencoder_jax.ir import loops
from mirencoder_jax.ir.module import Function, Module

_MAX_DEPTH = 3  # loops that are deeper count as this deep
_MEMORY = ('load', 'store', 'getelementptr', 'alloca', 'atomicrmw', 'cmpxchg')
_BINARY = frozenset(
    'add fadd sub fsub mul fmul udiv sdiv fdiv urem srem frem shl lshr ashr '
    'and or xor'.split()
)
_UNARY = frozenset(
    'fneg trunc zext sext fptrunc fpext fptoui fptosi uitofp sitofp ptrtoint '
    'inttoptr bitcast addrspacecast load alloca freeze'.split()
)
_COUNTED_OPCODES = (
    *('ashr', 'add', 'alloca', 'and', 'bitcast', 'br', 'call'),
    *('getelementptr', 'icmp', 'lshr', 'load', 'mul', 'or', 'phi', 'ret'),
    *('sext', 'select', 'shl', 'store', 'sub', 'trunc', 'xor', 'zext'),
)


def _opcodes(function: Function) -> Iterable[str]:
  return function.opcodes


def _typed(function: Function) -> Iterable[str]:
  pairs = zip(function.opcodes, function.types, strict=True)
  return [*function.opcodes, *map(' '.join, pairs)]


def _by_depth(function: Function) -> Iterable[str]:
  """Opcodes, and once more with the depth of the loops that they are in."""
  depths = loops.loop_depths(function.successors)
  of_place = [min(depths[b], _MAX_DEPTH) for b in function.block_of]
  pairs = zip(function.opcodes, of_place, strict=True)
  return [*function.opcodes, *(f'{opcode} {depth}' for opcode, depth in pairs)]


def _autophase(function: Function) -> Iterator[str]:
  """A word for each thing that is counted, as often as it is there."""
  opcodes, successors = function.opcodes, function.successors
  predecessors: collections.Counter = collections.Counter(
      to for after in successors for to in set(after)
  )
  for block, after in enumerate(successors):
    members = opcodes[
        function.block_starts[block] : function.block_starts[block + 1]
    ]
    before, following = predecessors[block], len(set(after))
    phis = members.count('phi')
    yield 'blocks'
    yield f'blocks, {min(before, 3)} before'
    yield f'blocks, {min(following, 3)} after'
    yield f'blocks, {min(before, 3)} before and {min(following, 3)} after'
    yield f'blocks, {"no" if not phis else "few" if phis <= 3 else "many"} phis'
    size = len(members)
    yield f'blocks, {"few" if size < 15 else "some" if size <= 500 else "many"}'
    for to in set(after):
      yield 'edges'
      if following > 1 and predecessors[to] > 1:
        yield 'critical edges'
    if members and members[-1] == 'br':
      yield 'branches'
      if len(after) == 1:
        yield 'branches, unconditional'
  for opcode in opcodes:
    yield 'instructions'
    if opcode in _COUNTED_OPCODES:
      yield opcode
    if opcode in _MEMORY:
      yield 'instructions of memory'
    if opcode in _BINARY:
      yield 'instructions, binary'
    if opcode in _UNARY:
      yield 'instructions, unary'
  num_arguments = collections.Counter(
      function.use_users + function.parameter_users
  )
  for user, constant in zip(
      function.constant_users, function.constants, strict=True
  ):
    words = constant.words.split()
    if constant.type_text in ('i32', 'i64'):
      yield f'constants, {constant.type_text}'
    if words and words[-1] in ('0', '1'):
      yield f'constants, {words[-1]}'
    if opcodes[user] in _BINARY:
      yield 'binary with a constant'
  for user, number in num_arguments.items():
    if opcodes[user] == 'phi':
      yield from ['phi arguments'] * number
  yield 'functions'


# Name of a count -> the words of a function that it counts.
COUNTS: dict[str, Callable[[Function], Iterable[str]]] = {
    'opcodes': _opcodes,
    'opcodes+types': _typed,
    'opcodes by loop depth': _by_depth,
    'autophase': _autophase,
}


def count(modules: Iterable[Module | None], kind: str) -> np.ndarray:
  """Counts over each module's functions; float32 [M, D], D by the data.

  Args:
    modules: None counts nothing.
    kind: one of `COUNTS`.
  """
  counters = []
  for module in modules:
    counter: collections.Counter = collections.Counter()
    for function in module.functions if module is not None else ():
      counter.update(COUNTS[kind](function))
    counters.append(counter)
  words = sorted(set().union(*counters))
  return np.array([[c[word] for word in words] for c in counters], np.float32)
