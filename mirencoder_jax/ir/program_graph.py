"""ProGraML's program graph, in numpy arrays: the container and its rules.

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
import functools

import numpy as np

INSTRUCTION, VARIABLE, CONSTANT = range(3)
CONTROL, DATA, CALL = range(3)
ROOT_TEXT = '[external]'
UNDEFINED_TEXT = '; undefined function'


@dataclasses.dataclass
class ProgramGraph:
  """A multigraph with n nodes and m edges.

  Attributes:
    kind: uint8 [n], INSTRUCTION, VARIABLE or CONSTANT.
    description: int32 [n], index into `descriptions`: words that say more
      (predicate, callee, extents, a constant's value), for the encoder.
    function: int32 [n], index into `functions`; 0 for root and constants.
    block: int32 [n], number of the basic block, running over the module.
    flow: uint8 [m], CONTROL, DATA or CALL.
    position: int32 [m], operand index or index of the successor.
    senders, receivers: int32 [m].
    node_texts: ProGraML's text of every node (opcode or type).
    descriptions: distinct strings.
    functions: names; of a whole module, in its order.
    num_instructions: nodes 1..num_instructions are the instructions.
  """

  kind: np.ndarray
  description: np.ndarray
  function: np.ndarray
  block: np.ndarray
  flow: np.ndarray
  position: np.ndarray
  senders: np.ndarray
  receivers: np.ndarray
  node_texts: list[str]
  descriptions: list[str]
  functions: list[str]
  num_instructions: int

  @property
  def num_nodes(self) -> int:
    return len(self.kind)

  @property
  def num_edges(self) -> int:
    return len(self.flow)

  @functools.cached_property
  def texts(self) -> list[str]:
    """The distinct node texts, in the order in which they appear."""
    return list(dict.fromkeys(self.node_texts))

  @functools.cached_property
  def text(self) -> np.ndarray:
    """int32 [n], index into `texts`."""
    index = {text: i for i, text in enumerate(self.texts)}
    return np.array([index[text] for text in self.node_texts], np.int32)


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
  refuse(graph.position < 0, 'a negative position')
  num_out = np.bincount(graph.senders, minlength=n)
  num_in = np.bincount(graph.receivers, minlength=n)
  wrong = (kind != INSTRUCTION) & (num_out == 0)
  wrong |= (kind == CONSTANT) & (num_in > 0)
  # A result's variable is one for each use.
  wrong |= (kind == VARIABLE) & ((num_in > 1) | (num_in == 1) & (num_out > 1))
  if wrong.any():
    i = int(np.flatnonzero(wrong)[0])
    raise ValueError(
        f'node {i} ({graph.node_texts[i]}) has {num_in[i]} incoming and '
        f'{num_out[i]} outgoing edges'
    )
  if n == 0 or graph.node_texts[0] != ROOT_TEXT:
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
        text=graph.node_texts[i],
        description=graph.descriptions[graph.description[i]],
        function=int(graph.function[i]),
        block=int(graph.block[i]),
    )
  for s, r, flow, position in zip(
      graph.senders, graph.receivers, graph.flow, graph.position, strict=True
  ):
    result.add_edge(int(s), int(r), flow=int(flow), position=int(position))
  return result
