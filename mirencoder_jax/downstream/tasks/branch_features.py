"""What a person sees in a branch: the baseline of whatever is learned of it.

The rules of thumb of compilers (Ball and Larus, 1993, and LLVM's) as features,
and what they are made of: what is compared, how, and with what; where the
operands come from; for both sides whether they leave the loop, go back, return,
call, store or end in `unreachable`, how deep and how large they are.
"""

import re
from collections.abc import Iterator

import numpy as np

from mirencoder_jax.ir import branches, loops
from mirencoder_jax.ir.module import Function

_PREDICATES = (
    *('eq', 'ne', 'sgt', 'sge', 'slt', 'sle', 'ugt', 'uge', 'ult', 'ule'),
    *('oeq', 'one', 'ogt', 'oge', 'olt', 'ole', 'ord', 'uno', 'ueq', 'une'),
)
_CONDITIONS = (
    *('icmp', 'fcmp', 'call', 'load', 'phi', 'and', 'or', 'xor', 'select'),
    *('trunc', 'parameter', 'constant'),
)
_ORIGINS = (
    *('load', 'phi', 'call', 'add', 'sub', 'mul', 'and', 'or', 'xor', 'shl'),
    *('lshr', 'ashr', 'srem', 'urem', 'sdiv', 'udiv', 'getelementptr', 'sext'),
    *('zext', 'trunc', 'select', 'icmp', 'fadd', 'fsub', 'fmul', 'fdiv'),
    *('alloca', 'ptrtoint', 'parameter', 'constant'),
)
_TYPES = ('i1', 'i8', 'i16', 'i32', 'i64', 'ptr', 'float', 'double')
_CONSTANTS = ('none', 'null', 'zero', 'one', 'minus one', 'positive',
              'negative', 'other')  # fmt: skip
_ENDS = ('ret', 'unreachable', 'switch', 'br', 'invoke', 'indirectbr')
_HELD = ('call', 'store', 'load', 'phi', 'getelementptr', 'icmp', 'fmul')
_NUMBER = re.compile(r'-?\d+')
_FAR = 64  # blocks, beyond which nobody looks


def describe(function: Function) -> np.ndarray:
  """Features of each conditional branch; float32 [branches, len(NAMES)]."""
  found = branches.conditional_branches(function)
  if not found:
    return np.zeros((0, len(NAMES)), np.float32)
  seen = _Seen(function)
  rows = [[value for _, value in seen.features(branch)] for branch in found]
  return np.array(rows, np.float32)


class _Seen:
  """A function as it is looked at from its branches."""

  def __init__(self, function: Function):
    self._function = function
    self._depths = loops.loop_depths(function.successors)
    self._before: list[int] = [0] * len(function.successors)
    for after in function.successors:
      for to in set(after):
        self._before[to] += 1
    self._operands: dict[int, dict[int, tuple[str, str]]] = {}

    def put(users, positions, kinds):
      for user, position, kind in zip(users, positions, kinds, strict=True):
        self._operands.setdefault(user, {})[position] = kind

    opcodes = function.opcodes
    put(
        function.use_users,
        function.use_positions,
        [(opcodes[d], '') for d in function.use_definitions],
    )
    put(
        function.parameter_users,
        function.parameter_positions,
        [('parameter', '')] * len(function.parameter_users),
    )
    put(
        function.constant_users,
        function.constant_positions,
        [('constant', c.words) for c in function.constants],
    )
    self._condition_of = {
        user: definition
        for user, definition in zip(
            function.use_users, function.use_definitions, strict=True
        )
        if opcodes[user] == 'br'
    }

  def features(self, branch: branches.Branch) -> Iterator[tuple[str, float]]:
    """Pairs of name and value, the same names for every branch."""
    function = self._function
    starts = function.block_starts
    yield 'blocks', np.log1p(len(function.successors))
    yield 'instructions', np.log1p(function.num_instructions)
    yield 'place', branch.block / len(function.successors)
    yield 'in entry', branch.block == 0
    yield 'depth', self._depths[branch.block]
    yield 'blocks before', self._before[branch.block]
    yield 'block size', np.log1p(
        starts[branch.block + 1] - starts[branch.block]
    )
    for opcode in _HELD:
      yield f'block has {opcode}', self._counts(branch.block, opcode)
    yield from self._condition(branch)
    for name, to, other in (
        ('true', branch.true, branch.false),
        ('false', branch.false, branch.true),
    ):
      for key, value in self._side(branch.block, to, other):
        yield f'{name} {key}', value

  def _counts(self, block: int, opcode: str) -> float:
    starts = self._function.block_starts
    members = self._function.opcodes[starts[block] : starts[block + 1]]
    return float(np.log1p(members.count(opcode)))

  def _condition(self, branch) -> Iterator[tuple[str, float]]:
    function = self._function
    at = self._condition_of.get(branch.instruction)
    kind = 'parameter'
    if at is not None:
      kind = function.opcodes[at]
    elif any(
        k == 'constant'
        for k, _ in self._operands.get(branch.instruction, {}).values()
    ):
      kind = 'constant'
    for name in _CONDITIONS:
      yield f'condition {name}', kind == name
    words = function.texts[at].split() if at is not None else []
    is_compare = kind in ('icmp', 'fcmp')
    for name in _PREDICATES:
      yield f'compares {name}', is_compare and name in words
    for name in _TYPES:
      yield f'compares {name}', is_compare and words[-1] == name
    operands = self._operands.get(at, {}) if at is not None else {}
    sides = [operands.get(position, ('', '')) for position in (0, 1)]
    for number, (origin, _) in enumerate(sides):
      for name in _ORIGINS:
        yield f'operand {number} {name}', origin == name
    constant = next((words for k, words in sides if k == 'constant'), '')
    found = _kind_of_constant(constant)
    for name in _CONSTANTS:
      yield f'constant {name}', found == name
    number = _NUMBER.findall(constant.partition(' ')[2])
    size = abs(int(number[0])) if number and found != 'other' else 0
    yield 'constant size', np.log1p(float(min(size, 1 << 40)))
    yield 'condition before this block', (
        at is not None and function.block_of[at] != branch.block
    )

  def _side(self, block: int, to: int, other: int):
    function = self._function
    starts, depths = function.block_starts, self._depths
    last = function.opcodes[starts[to + 1] - 1]
    yield 'depth', depths[to] - depths[block]
    yield 'leaves loop', depths[to] < depths[block]
    yield 'enters loop', depths[to] > depths[block]
    yield 'goes back', to <= block
    yield 'size', np.log1p(starts[to + 1] - starts[to])
    yield 'blocks before', self._before[to]
    for name in _ENDS:
      yield f'ends in {name}', last == name
    yield 'branches', len(function.successors[to])
    for opcode in _HELD:
      yield f'has {opcode}', self._counts(to, opcode)
    after = function.successors[to]
    yield 'joins other', other in after
    yield 'next goes back', any(next_to <= block for next_to in after)
    ends = {function.opcodes[starts[b + 1] - 1] for b in after}
    for name in ('ret', 'unreachable'):
      yield f'next ends in {name}', name in ends
    reached = self._reach(to, block)
    yield 'comes here again', block in reached
    yield 'meets other', other in reached
    yield 'reaches', np.log1p(len(reached))
    ends = {function.opcodes[starts[b + 1] - 1] for b in reached}
    yield 'may return', 'ret' in ends
    yield 'only unreachable', 'unreachable' in ends and 'ret' not in ends

  def _reach(self, start: int, stop: int) -> set[int]:
    """Blocks that can be reached, not through `stop`; `_FAR` at most."""
    seen, todo = {start}, [start]
    while todo and len(seen) < _FAR:
      block = todo.pop()
      if block == stop:
        continue
      for to in self._function.successors[block]:
        if to not in seen:
          seen.add(to)
          todo.append(to)
    return seen


def _kind_of_constant(words: str) -> str:
  if not words:
    return 'none'
  value = words.split()[-1]
  named = {'null': 'null', '0': 'zero', '1': 'one', '-1': 'minus one'}
  if value in named:
    return named[value]
  if not re.fullmatch(r'-?[\d.eE+-]+', value):
    return 'other'
  return 'negative' if value.startswith('-') else 'positive'


def _names() -> tuple[str, ...]:
  """Of the features, from a function of one branch."""
  function = Function(
      symbol='f', words=[], offsets=[0, 0, 0], opcodes=['br', 'ret', 'ret'],
      types=['void'] * 3, texts=['br', 'ret', 'ret'], block_of=[0, 1, 2],
      block_starts=[0, 1, 2, 3], successors=[[1, 2], [], []],
      parameters=[('i1', 'i1')], use_users=[], use_positions=[], use_types=[],
      use_definitions=[], parameter_users=[0], parameter_positions=[0],
      parameter_numbers=[0], constant_users=[], constant_positions=[],
      constants=[], calls=[],
  )  # fmt: skip
  (branch,) = branches.conditional_branches(function)
  return tuple(name for name, _ in _Seen(function).features(branch))


NAMES = _names()
