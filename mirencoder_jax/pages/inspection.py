"""`inspect_module`: what was read of a module, as the encoder will see it.

Needs no model, and of an encoder its vocabulary only.
"""

import collections
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import windows
from mirencoder_jax.ir import graph_builder
from mirencoder_jax.ir.module import Function, Module
from mirencoder_jax.ir.tokenizer import Tokenizer

ROW_TOKENS = 512


@dataclasses.dataclass(frozen=True)
class Line:
  """An instruction as it is read.

  Attributes:
    block: number of its block.
    text: its words, joined by blanks.
    pieces: of the vocabulary; empty without one.
  """

  block: int
  text: str
  pieces: list[str]


@dataclasses.dataclass(frozen=True)
class FunctionView:
  """A function as the encoder sees it.

  Attributes:
    name: of the function.
    hash: of its normalised code; equal = same code.
    num_instructions, num_blocks, num_words, num_dropped: see `ir.Function`.
    num_tokens, num_windows, num_unknown: with a vocabulary, else 0.
    nodes: of its graph, by kind.
    edges: of its graph, by flow.
    lines: one for each instruction, the signature first.
  """

  name: str
  hash: str
  num_instructions: int
  num_blocks: int
  num_words: int
  num_dropped: int
  num_tokens: int
  num_windows: int
  num_unknown: int
  nodes: dict[str, int]
  edges: dict[str, int]
  lines: list[Line]


@dataclasses.dataclass(frozen=True)
class Inspection:
  """A module as the encoder sees it.

  Attributes:
    name: of the module.
    llvm: version of the producer, '' if unknown.
    unverified: whether LLVM refused the text, which was read as it is.
    refusal: why.
    dropped: counts of what was left out.
    has_pieces: whether there was a vocabulary.
    functions: in the order of the module.
    declared: names of functions that are only declared.
  """

  name: str
  llvm: str
  unverified: bool
  refusal: str
  dropped: dict[str, int]
  has_pieces: bool
  functions: list[FunctionView]
  declared: list[str]

  def as_dict(self) -> dict[str, Any]:
    """For JSON."""
    return dataclasses.asdict(self)


def inspect_module(
    module: Module,
    tokenizer: Tokenizer | None = None,
    *,
    num_tokens: int = ROW_TOKENS,
    functions: Sequence[Function] | None = None,
) -> Inspection:
  """Says what was read of a module.

  Args:
    module: of `ir.read_module`.
    tokenizer: a vocabulary, for pieces and counts of tokens.
    num_tokens: of a window, as the encoder was trained.
    functions: those to look at; by default all of the module.
  """
  functions = module.functions if functions is None else functions
  examples: list[example_lib.Example | None] = [None] * len(functions)
  if tokenizer:
    examples[:] = example_lib.featurize(module, tokenizer, functions=functions)
  defined = {function.symbol for function in module.functions}
  return Inspection(
      name=module.name,
      llvm=module.producer_llvm,
      unverified=module.unverified,
      refusal=module.refusal,
      dropped=dict(module.counts),
      has_pieces=tokenizer is not None,
      functions=[
          _view(module, function, example, tokenizer, num_tokens)
          for function, example in zip(functions, examples, strict=True)
      ],
      declared=[s.strip('"') for s in module.symbols if s not in defined],
  )


def _view(
    module: Module,
    function: Function,
    example: example_lib.Example | None,
    tokenizer: Tokenizer | None,
    num_tokens: int,
) -> FunctionView:
  graph = graph_builder.build_graph(module, [function])
  num_pieces = num_windows = num_unknown = 0
  if example is not None and tokenizer is not None:
    ids = example['tokens']
    num_pieces = len(ids)
    num_unknown = int((ids == tokenizer.unk_id).sum())
    bounds = windows.cut_windows(
        num_pieces, example['instruction_offset'], num_tokens
    )
    num_windows = len(bounds) - 1
  return FunctionView(
      name=function.name,
      hash=function.hash,
      num_instructions=function.num_instructions,
      num_blocks=len(function.block_starts) - 1,
      num_words=len(function.words),
      num_dropped=function.num_dropped,
      num_tokens=num_pieces,
      num_windows=num_windows,
      num_unknown=num_unknown,
      nodes=_counts(graph.kind, ('instruction', 'variable', 'constant')),
      edges=_counts(graph.flow, ('control', 'data', 'call')),
      lines=_lines(function, tokenizer),
  )


def _counts(codes: np.ndarray, names: tuple[str, ...]) -> dict[str, int]:
  found = collections.Counter(codes.tolist())
  return {name: found[code] for code, name in enumerate(names)}


def _lines(function: Function, tokenizer: Tokenizer | None) -> list[Line]:
  """The signature, then the instructions."""
  starts = [0, *function.offsets, len(function.words)]
  blocks = [-1, *function.block_of]
  lines = []
  for block, begin, end in zip(blocks, starts[:-1], starts[1:], strict=True):
    words = function.words[begin:end]
    pieces = []
    if tokenizer and words:
      pieces = [tokenizer.vocab[i] for i in tokenizer.encode(words)[0]]
    lines.append(Line(block, ' '.join(words), pieces))
  return lines
