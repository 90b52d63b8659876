"""ProGraML's program graph of a module or of one function, in numpy arrays.

Station in the flow: beside the tokenizer; both read the same `ir.Module`.
Source: Cummins et al., ProGraML (ICML 2021), the schema of release 0.3.2:
instruction, variable and constant nodes; control, data and call edges with
positions; an external root. A variable is one node for each use, a constant one
node for each distinct value of the module.

Two departures, both because we read newer IR without its names: all pointers
are `ptr`, and a struct inside an array is `struct`. Nodes stand in our own,
deterministic order: root, instructions in text order, declared functions,
variables in order of use, parameters, constants in order of first use.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from mirencoder_jax.ir.module import Function, Module

INSTRUCTION, VARIABLE, CONSTANT = range(3)
CONTROL, DATA, CALL = range(3)
ROOT_TEXT = '[external]'
UNDEFINED_TEXT = '; undefined function'


@dataclasses.dataclass(slots=True)
class ProgramGraph:
  """A multigraph with n nodes and m edges.

  Attributes:
    kind: uint8 [n], INSTRUCTION, VARIABLE or CONSTANT.
    text: int32 [n], index into `texts`: ProGraML's text of the node (opcode or
      type).
    description: int32 [n], index into `descriptions`: words that say more
      (predicate, callee, extents, a constant's value), for the encoder.
    function: int32 [n], index into `functions`; 0 for root and constants.
    block: int32 [n], number of the basic block, running over the module.
    flow: uint8 [m], CONTROL, DATA or CALL.
    position: int32 [m], operand index or index of the successor.
    senders, receivers: int32 [m].
    texts, descriptions: distinct strings.
    functions: names, in the module's order.
    num_instructions: nodes 1..num_instructions are the instructions.
  """

  kind: np.ndarray
  text: np.ndarray
  description: np.ndarray
  function: np.ndarray
  block: np.ndarray
  flow: np.ndarray
  position: np.ndarray
  senders: np.ndarray
  receivers: np.ndarray
  texts: list[str]
  descriptions: list[str]
  functions: list[str]
  num_instructions: int

  @property
  def num_nodes(self) -> int:
    return len(self.kind)

  @property
  def num_edges(self) -> int:
    return len(self.flow)


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
  whole = functions is None
  chosen = list(module.functions if whole else functions)
  symbols = _symbols(module, chosen, whole)
  index_of = {symbol: i for i, symbol in enumerate(symbols)}
  defined = {f.symbol: f for f in chosen}

  first_node = {}
  node = 1
  for function in chosen:
    first_node[function.symbol] = node
    node += function.num_instructions
  num_instructions = node - 1
  declared = [s for s in symbols if s not in defined]
  for symbol in declared:
    first_node[symbol] = node
    node += 1

  texts, descriptions = _Table(), _Table()
  nodes = _Nodes()
  nodes.add(INSTRUCTION, [texts[ROOT_TEXT]], [descriptions[ROOT_TEXT]], 0, [0])
  edges = _Edges()
  block = 0
  exits: dict[str, list[int]] = {s: [first_node[s]] for s in declared}
  for function in chosen:
    base = first_node[function.symbol]
    nodes.add(
        INSTRUCTION,
        list(map(texts.__getitem__, function.opcodes)),
        list(map(descriptions.__getitem__, function.texts)),
        index_of[function.symbol],
        np.asarray(function.block_of, np.int32) + block,
    )
    exits[function.symbol] = _control(function, base, edges)
    block += len(function.successors)
  for symbol in declared:
    word = module.symbols[symbol]
    nodes.add(
        INSTRUCTION, [texts[UNDEFINED_TEXT]], [descriptions['declare ' + word]],
        index_of[symbol], [0],
    )  # fmt: skip
  constants: dict[tuple[str, str], int] = {}
  uses: list[tuple[np.ndarray, list[int], list[tuple[str, str]]]] = []
  node = len(nodes)
  end_block = 0
  for function in chosen:
    base = first_node[function.symbol]
    start_block, end_block = end_block, end_block + len(function.successors)
    node = _data(
        function, base, node, nodes, edges, texts, descriptions,
        index_of[function.symbol], start_block, end_block,
    )  # fmt: skip
    uses.append((
        np.asarray(function.constant_users, np.int32) + base,
        function.constant_positions,
        function.constant_keys,
    ))
    for key in function.constant_keys:
      constants.setdefault(key, len(constants))
  for users, positions, keys in uses:
    senders = [constants[key] + node for key in keys]
    edges.add(DATA, senders, users, positions)
  values = [module.constants[key] for key in constants]
  nodes.add(
      CONSTANT,
      [texts[v.type_text] for v in values],
      [descriptions[v.words] for v in values],
      0,
      np.full(len(values), end_block),
  )
  _calls(chosen, symbols, first_node, exits, edges)
  return ProgramGraph(
      **nodes.arrays(),
      **edges.arrays(),
      texts=list(texts),
      descriptions=list(descriptions),
      functions=[s.strip('"') for s in symbols],
      num_instructions=num_instructions,
  )


def _symbols(
    module: Module, chosen: Sequence[Function], whole: bool
) -> list[str]:
  """The functions that have a node, in the module's order."""
  if whole:
    # Declarations of debug intrinsics come and go with debug info.
    return [s for s in module.symbols if not s.startswith('llvm.dbg.')]
  needed = {f.symbol for f in chosen}
  for function in chosen:
    needed.update(symbol for _, symbol in function.calls)
  if len(chosen) == 1 and len(needed) == 1:
    return [chosen[0].symbol]
  return [s for s in module.symbols if s in needed]


def _control(function: Function, base: int, edges: '_Edges') -> list[int]:
  """Adds control edges; returns the nodes where control leaves the function."""
  starts = np.asarray(function.block_starts, np.int32)
  inner = np.ones(function.num_instructions, bool)
  inner[starts[1:] - 1] = False  # terminators
  senders = np.flatnonzero(inner).astype(np.int32) + base
  edges.add(CONTROL, senders, senders + 1, np.zeros(len(senders), np.int32))
  exits = []
  first, last, positions = [], [], []
  seen = {0}
  queue = [0]
  for at in queue:  # grows while it is walked: breadth first
    terminator = function.block_starts[at + 1] - 1 + base
    if not function.successors[at]:
      exits.append(terminator)
    for position, to in enumerate(function.successors[at]):
      last.append(terminator)
      first.append(function.block_starts[to] + base)
      positions.append(position)
      if to not in seen:
        seen.add(to)
        queue.append(to)
  edges.add(CONTROL, last, first, positions)
  return exits


def _data(
    function, base, node, nodes, edges, texts, descriptions, index,
    start_block, end_block,
) -> int:  # fmt: skip
  """Adds variables and parameters with their edges; returns the next node."""
  users = np.asarray(function.use_users, np.int32)
  definitions = np.asarray(function.use_definitions, np.int32)
  positions = np.asarray(function.use_positions, np.int32)
  local = definitions >= 0
  types = [t for t, d in zip(function.use_types, definitions >= 0) if d]
  variables = np.arange(node, node + len(types), dtype=np.int32)
  block_of = np.asarray(function.block_of, np.int32)
  nodes.add(
      VARIABLE,
      [texts[t] for t in types],
      [descriptions[word_of_type(t)] for t in types],
      index,
      block_of[users[local]] + start_block,
  )
  edges.add(
      DATA,
      definitions[local] + base,
      variables,
      np.zeros(len(types), np.int32),
  )
  edges.add(DATA, variables, users[local] + base, positions[local])
  node += len(types)
  used = np.unique(-1 - definitions[~local])
  place = np.zeros(len(function.parameters) + 1, np.int32)
  place[used] = np.arange(node, node + len(used))
  parameters = [function.parameters[i] for i in used]
  nodes.add(
      VARIABLE,
      [texts[text] for text, _ in parameters],
      [descriptions['parameter ' + word] for _, word in parameters],
      index,
      np.full(len(used), end_block),
  )
  edges.add(
      DATA,
      place[-1 - definitions[~local]],
      users[~local] + base,
      positions[~local],
  )
  return node + len(used)


def _calls(
    chosen: Sequence[Function],
    symbols: Sequence[str],
    first_node: dict[str, int],
    exits: dict[str, list[int]],
    edges: '_Edges',
) -> None:
  senders, receivers = [], []
  for symbol in symbols:
    senders.append(0)
    receivers.append(first_node[symbol])
    for leave in exits[symbol]:
      senders.append(leave)
      receivers.append(0)
  for function in chosen:
    base = first_node[function.symbol]
    for number, symbol in function.calls:
      if symbol not in first_node:
        continue
      senders.append(base + number)
      receivers.append(first_node[symbol])
      for leave in exits[symbol]:
        senders.append(leave)
        receivers.append(base + number)
  edges.add(CALL, senders, receivers, np.zeros(len(senders), np.int32))


def word_of_type(text: str) -> str:
  """The word of a node text: `ptr3` for `ptr addrspace(3)`."""
  if ' ' not in text:
    return text
  return text.replace(' addrspace(', '').replace(' ', '').replace(')', '')


class _Table(dict):
  """Distinct strings, numbered as they come."""

  def __missing__(self, key: str) -> int:
    self[key] = len(self)
    return self[key]


class _Nodes:
  """Columns of the node table, in pieces."""

  def __init__(self):
    self._kind, self._text, self._description = [], [], []
    self._function, self._block = [], []
    self._size = 0

  def __len__(self) -> int:
    return self._size

  def add(self, kind, texts, descriptions, function, blocks) -> None:
    size = len(texts)
    self._size += size
    self._kind.append(np.full(size, kind, np.uint8))
    self._text.append(np.asarray(texts, np.int32))
    self._description.append(np.asarray(descriptions, np.int32))
    self._function.append(np.full(size, function, np.int32))
    self._block.append(np.asarray(blocks, np.int32))

  def arrays(self) -> dict[str, np.ndarray]:
    return {
        'kind': np.concatenate(self._kind),
        'text': np.concatenate(self._text),
        'description': np.concatenate(self._description),
        'function': np.concatenate(self._function),
        'block': np.concatenate(self._block),
    }


class _Edges:
  """Columns of the edge table, in pieces."""

  def __init__(self):
    self._flow, self._position = [], []
    self._senders, self._receivers = [], []

  def add(self, flow, senders, receivers, positions) -> None:
    self._flow.append(np.full(len(senders), flow, np.uint8))
    self._position.append(np.asarray(positions, np.int32))
    self._senders.append(np.asarray(senders, np.int32))
    self._receivers.append(np.asarray(receivers, np.int32))

  def arrays(self) -> dict[str, np.ndarray]:
    return {
        'flow': np.concatenate(self._flow),
        'position': np.concatenate(self._position),
        'senders': np.concatenate(self._senders),
        'receivers': np.concatenate(self._receivers),
    }


def validate(graph: ProgramGraph) -> None:
  """Checks the rules of the schema.

  Raises:
    ValueError: naming the first node or edge that breaks one.
  """
  n, m = graph.num_nodes, graph.num_edges
  for name in ('senders', 'receivers'):
    ends = getattr(graph, name)
    if len(ends) != m or (m and not (0 <= ends.min() and ends.max() < n)):
      raise ValueError(f'{name} is not within 0..{n - 1}')
  kind, flow = graph.kind, graph.flow
  sender, receiver = kind[graph.senders], kind[graph.receivers]

  def refuse(bad: np.ndarray, what: str) -> None:
    if bad.any():
      e = int(np.flatnonzero(bad)[0])
      raise ValueError(
          f'edge {e} ({graph.senders[e]} -> {graph.receivers[e]}): {what}'
      )

  control_or_call = flow != DATA
  refuse(
      control_or_call & ((sender != INSTRUCTION) | (receiver != INSTRUCTION)),
      'control and call edges join instructions',
  )
  refuse((flow == CALL) & (graph.position != 0), 'a call edge has position 0')
  data = flow == DATA
  refuse(
      data & (sender == INSTRUCTION) & (receiver != VARIABLE),
      'an instruction gives its result to a variable',
  )
  refuse(
      data & (sender != INSTRUCTION) & (receiver != INSTRUCTION),
      'a variable or constant goes into an instruction',
  )
  refuse(graph.senders == graph.receivers, 'a self loop')
  touched = np.zeros(n, bool)
  touched[graph.senders] = True
  touched[graph.receivers] = True
  loose = ~touched & (kind != INSTRUCTION)
  if loose.any():
    raise ValueError(f'node {int(np.flatnonzero(loose)[0])} has no edge')
  if n == 0 or graph.texts[graph.text[0]] != ROOT_TEXT:
    raise ValueError('node 0 is not the root')


def to_graphs_tuple(graph: ProgramGraph):
  """A `jraph.GraphsTuple` of one unpadded graph, with numpy arrays.

  Its nodes carry kind, text, description, function and block; its edges flow
  and position.
  """
  import jraph  # and with it JAX, which reading IR does without

  return jraph.GraphsTuple(
      nodes={
          'kind': graph.kind,
          'text': graph.text,
          'description': graph.description,
          'function': graph.function,
          'block': graph.block,
      },
      edges={'flow': graph.flow, 'position': graph.position},
      senders=graph.senders,
      receivers=graph.receivers,
      globals=None,
      n_node=np.array([graph.num_nodes], np.int32),
      n_edge=np.array([graph.num_edges], np.int32),
  )


def to_networkx(graph: ProgramGraph):
  """A `networkx.MultiDiGraph` with ProGraML's attribute names.

  Raises:
    ImportError: if networkx is not installed.
  """
  import networkx as nx

  result = nx.MultiDiGraph()
  for i in range(graph.num_nodes):
    result.add_node(
        i,
        type=int(graph.kind[i]),
        text=graph.texts[graph.text[i]],
        description=graph.descriptions[graph.description[i]],
        function=int(graph.function[i]),
        block=int(graph.block[i]),
    )
  for s, r, flow, position in zip(
      graph.senders, graph.receivers, graph.flow, graph.position, strict=True
  ):
    result.add_edge(int(s), int(r), flow=int(flow), position=int(position))
  return result
