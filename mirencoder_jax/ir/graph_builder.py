"""`build_graph`: a module, or some of its functions, as a `ProgramGraph`.

The rules are ProGraML's, see `ir.program_graph`. Most graphs are of one
function of some fifty instructions: what counts is the number of numpy calls,
so small parts are gathered in lists first.
"""

from collections.abc import Sequence

import numpy as np

from mirencoder_jax.ir.module import Constant, Function, Module
from mirencoder_jax.ir.program_graph import (
    CALL,
    CONSTANT,
    CONTROL,
    DATA,
    INSTRUCTION,
    ROOT_TEXT,
    UNDEFINED_TEXT,
    VARIABLE,
    ProgramGraph,
)


def build_graph(
    module: Module, functions: Sequence[Function] | None = None
) -> ProgramGraph:
  """The graph of a module, or of some of its functions.

  Args:
    module: what `read_module` gave.
    functions: the definitions to build; None for the whole module with all its
      declarations. Otherwise what these call and is not among them is there as
      a declaration, as after `llvm-extract`.
  """
  return _Builder(module, functions).graph()


class _Builder:
  """Columns of nodes and edges, while they grow."""

  def __init__(self, module: Module, functions: Sequence[Function] | None):
    self._module = module
    self._functions = list(module.functions if functions is None else functions)
    self._symbols = _symbols(module, functions)
    self._index = {symbol: i for i, symbol in enumerate(self._symbols)}
    # Nodes. Numbers come in runs: (value, how often).
    self._texts: list[str] = [ROOT_TEXT]
    self._descriptions: list[str] = [ROOT_TEXT]
    self._kinds: list[tuple[int, int]] = [(INSTRUCTION, 1)]
    self._function_of: list[tuple[int, int]] = [(0, 1)]
    self._blocks: list[int] = [0]
    # Edges.
    self._flows: list[tuple[int, int]] = []
    self._senders: list[np.ndarray] = []
    self._receivers: list[np.ndarray] = []
    self._positions: list[np.ndarray] = []
    # First node, and the nodes where control leaves, of every function.
    self._first: dict[str, int] = {}
    self._exits: dict[str, list[int]] = {}

  def graph(self) -> ProgramGraph:
    num_blocks = 0
    for function in self._functions:
      self._instructions(function, num_blocks)
      num_blocks += len(function.successors)
    num_instructions = len(self._texts) - 1
    self._declarations()
    numbers: dict[Constant, int] = {}
    num_blocks = 0
    for function in self._functions:
      end = num_blocks + len(function.successors)
      self._operands(function, num_blocks, end)
      for constant in function.constants:
        if constant not in numbers:
          numbers[constant] = len(numbers)
      num_blocks = end
    self._constants(numbers, num_blocks)
    self._calls()
    descriptions: dict[str, int] = {}
    for description in self._descriptions:
      if description not in descriptions:
        descriptions[description] = len(descriptions)
    number_of = descriptions.__getitem__
    size = len(self._texts)
    return ProgramGraph(
        kind=_runs(self._kinds, np.uint8),
        description=np.fromiter(
            map(number_of, self._descriptions), np.int32, size
        ),
        function=_runs(self._function_of, np.int32),
        block=np.array(self._blocks, np.int32),
        flow=_runs(self._flows, np.uint8),
        position=np.concatenate(self._positions),
        senders=np.concatenate(self._senders),
        receivers=np.concatenate(self._receivers),
        node_texts=self._texts,
        descriptions=list(descriptions),
        functions=[symbol.strip('"') for symbol in self._symbols],
        num_instructions=num_instructions,
    )

  def _add_nodes(
      self, kind: int, texts: list[str], descriptions: list[str], function: int
  ) -> None:
    self._texts += texts
    self._descriptions += descriptions
    self._kinds.append((kind, len(texts)))
    self._function_of.append((function, len(texts)))

  def _add_edges(self, flow: int, senders, receivers, positions) -> None:
    self._flows.append((flow, len(senders)))
    self._senders.append(np.asarray(senders, np.int32))
    self._receivers.append(np.asarray(receivers, np.int32))
    self._positions.append(np.asarray(positions, np.int32))

  def _instructions(self, function: Function, first_block: int) -> None:
    """Nodes of a definition, and its control flow."""
    base = len(self._texts)
    self._first[function.symbol] = base
    self._add_nodes(
        INSTRUCTION, function.opcodes, function.texts,
        self._index[function.symbol],
    )  # fmt: skip
    self._blocks += _shifted(function.block_of, first_block)
    inner = np.ones(function.num_instructions, bool)
    inner[np.array(function.block_starts[1:]) - 1] = False  # terminators
    senders = np.flatnonzero(inner).astype(np.int32) + np.int32(base)
    self._add_edges(CONTROL, senders, senders + 1, np.zeros_like(senders))
    self._exits[function.symbol] = self._jumps(function, base)

  def _jumps(self, function: Function, base: int) -> list[int]:
    """Edges between blocks; returns the nodes where control leaves.

    A block that cannot be reached from the entry has no edges out of it.
    """
    starts, successors = function.block_starts, function.successors
    exits: list[int] = []
    senders: list[int] = []
    receivers: list[int] = []
    positions: list[int] = []
    seen = {0}
    queue = [0]
    for block in queue:  # grows while it is walked: breadth first
      terminator = starts[block + 1] - 1 + base
      following = successors[block]
      if not following:
        exits.append(terminator)
        continue
      for position, to in enumerate(following):
        senders.append(terminator)
        receivers.append(starts[to] + base)
        positions.append(position)
        if to not in seen:
          seen.add(to)
          queue.append(to)
    self._add_edges(CONTROL, senders, receivers, positions)
    return exits

  def _declarations(self) -> None:
    for symbol in self._symbols:
      if symbol in self._first:
        continue
      node = len(self._texts)
      self._first[symbol] = node
      self._exits[symbol] = [node]
      self._add_nodes(
          INSTRUCTION, [UNDEFINED_TEXT],
          ['declare ' + self._module.symbols[symbol]], self._index[symbol],
      )  # fmt: skip
      self._blocks.append(0)

  def _operands(
      self, function: Function, first_block: int, end_block: int
  ) -> None:
    """Variables and parameters, with their edges."""
    base = self._first[function.symbol]
    index = self._index[function.symbol]
    types = function.use_types
    node = len(self._texts)
    self._add_nodes(VARIABLE, types, [_WORDS[t] for t in types], index)
    block_of = function.block_of
    blocks = [block_of[user] for user in function.use_users]
    self._blocks += _shifted(blocks, first_block)
    shift = np.int32(base)
    variables = np.arange(node, node + len(types), dtype=np.int32)
    definitions = np.array(function.use_definitions, np.int32) + shift
    users = np.array(function.use_users, np.int32) + shift
    self._add_edges(DATA, definitions, variables, np.zeros_like(variables))
    self._add_edges(DATA, variables, users, function.use_positions)
    if function.parameter_users:
      node += len(types)
      used = sorted(set(function.parameter_numbers))
      place = {number: node + i for i, number in enumerate(used)}
      spelled = [function.parameters[number] for number in used]
      self._add_nodes(
          VARIABLE,
          [text for text, _ in spelled],
          ['parameter ' + word for _, word in spelled],
          index,
      )
      self._blocks += [end_block] * len(used)
      self._add_edges(
          DATA,
          [place[number] for number in function.parameter_numbers],
          _shifted(function.parameter_users, base),
          function.parameter_positions,
      )

  def _constants(self, numbers: dict[Constant, int], end_block: int) -> None:
    """Constants are shared by all functions."""
    node = len(self._texts)
    for function in self._functions:
      self._add_edges(
          DATA,
          [numbers[constant] + node for constant in function.constants],
          _shifted(function.constant_users, self._first[function.symbol]),
          function.constant_positions,
      )
    self._add_nodes(
        CONSTANT,
        [constant.type_text for constant in numbers],
        [constant.words for constant in numbers],
        0,
    )
    self._blocks += [end_block] * len(numbers)

  def _calls(self) -> None:
    senders: list[int] = []
    receivers: list[int] = []
    for symbol in self._symbols:
      exits = self._exits[symbol]
      senders += [0, *exits]
      receivers += [self._first[symbol], *([0] * len(exits))]
    for function in self._functions:
      base = self._first[function.symbol]
      for number, symbol in function.calls:
        if symbol not in self._first:
          continue  # a debug intrinsic
        exits = self._exits[symbol]
        senders += [base + number, *exits]
        receivers += [self._first[symbol], *([base + number] * len(exits))]
    self._add_edges(CALL, senders, receivers, [0] * len(senders))


def _symbols(module: Module, functions: Sequence[Function] | None) -> list[str]:
  """The functions that have a node."""
  if functions is None:
    # Declarations of debug intrinsics come and go with debug info.
    return [s for s in module.symbols if not s.startswith('llvm.dbg.')]
  called = (symbol for f in functions for _, symbol in f.calls)
  symbols = dict.fromkeys([f.symbol for f in functions])
  symbols.update(dict.fromkeys(called))
  return [s for s in symbols if not s.startswith('llvm.dbg.')]


def _shifted(numbers: list[int], by: int) -> list[int]:
  return [number + by for number in numbers] if by else numbers


def _runs(runs: list[tuple[int, int]], dtype) -> np.ndarray:
  values, counts = zip(*runs, strict=True)
  return np.repeat(np.array(values, dtype), counts)


class _TypeWords(dict):
  """Word of a node text: `ptr3` for `ptr addrspace(3)`."""

  def __missing__(self, text: str) -> str:
    if len(self) > 1 << 16:
      self.clear()
    word = text
    if ' ' in text:
      word = text.replace(' addrspace(', '').replace(' ', '').replace(')', '')
    self[text] = word
    return word


_WORDS = _TypeWords()
