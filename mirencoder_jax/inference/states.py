"""States inside a function: of its tokens, instructions and graph nodes.

Aligned with the words of the function, and with lines of its source where the
IR was compiled with `-g`.
"""

import dataclasses
import functools
import os
from collections.abc import Collection
from typing import Any

import jax
import numpy as np

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import buckets, packing, segments
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.ir import debug_lines
from mirencoder_jax.ir.tokenizer import Tokenizer
from mirencoder_jax.models import mirencoder

# A function of more rows is beyond what one graph is kept for.
_MAX_ROWS = 4096
_PARTS = (16, 8, 4, 2)  # of a row, for short functions
_SHORTEST = 16


@dataclasses.dataclass(frozen=True)
class FunctionStates:
  """What the encoder says of every place in a function.

  Attributes:
    function: its name.
    hash: of its code, see `ir.Function`.
    pieces: of the vocabulary, one for each token.
    token_states: float32 [n_token, D]; where instructions are read, what a
      masked token would be filled in from.
    token_instruction: int32 [n_token], the instruction that a token belongs to;
      -1 for the signature.
    instructions: words of each instruction, joined by blanks.
    instruction_states: float32 [n_instruction, D], of its node in the graph;
      where instructions are read, D from the text and W from the graph side by
      side, each a mix of the states after every layer.
    instruction_line: int32 [n_instruction], line of the source; 0 where the IR
      does not say.
    node_states: float32 [n_node, D]; node 0 is the root, node k + 1 is
      instruction k, then variables and constants, as in `ir.ProgramGraph`.
    node_texts: what each node is: words joined by blanks.
    node_kind: uint8 [n_node]; 0 instruction, 1 variable, 2 constant.
  """

  function: str
  hash: str
  pieces: list[str]
  token_states: np.ndarray
  token_instruction: np.ndarray
  instructions: list[str]
  instruction_states: np.ndarray
  instruction_line: np.ndarray
  node_states: np.ndarray
  node_texts: list[str]
  node_kind: np.ndarray

  def instruction_token_states(self) -> np.ndarray:
    """float32 [n_instruction, D]: means over each instruction's tokens."""
    inside = self.token_instruction >= 0
    owners = self.token_instruction[inside]
    shape = len(self.instruction_states), self.token_states.shape[1]
    sums = np.zeros(shape, np.float32)
    np.add.at(sums, owners, self.token_states[inside])
    counts = np.bincount(owners, minlength=len(sums))
    return sums / np.maximum(counts, 1)[:, None]

  def line_states(self) -> dict[int, np.ndarray]:
    """float32 [D] by source line: means over the line's instructions."""
    lines = sorted(set(self.instruction_line.tolist()) - {0})
    return {
        line: self.instruction_states[self.instruction_line == line].mean(0)
        for line in lines
    }


def encode_states(
    encoder: inference.Encoder,
    source: str | bytes | os.PathLike,
    *,
    only: Collection[str] | None = None,
) -> list[FunctionStates]:
  """The states of every function of a module.

  A function is kept whole, as several windows of tokens over one graph, also
  where `encode` would split it: states of both sides of a cut were useless.

  Args:
    encoder: of `load`.
    source: a path, IR text, or bitcode.
    only: hashes of the functions that are wanted; each of them once.

  Raises:
    IRError: if it cannot be read, or a function has more than 4,096 windows.
  """
  module = ir_lib.read_module(source)
  lines = debug_lines.read_source_lines(source)
  numbers = list(range(len(module.functions)))
  if only is not None:
    first = {f.hash: i for i, f in reversed([*enumerate(module.functions)])}
    numbers = sorted(first[h] for h in only if h in first)
  functions = [module.functions[i] for i in numbers]
  examples = example_lib.featurize(
      module, encoder.tokenizer, functions=functions
  )
  return [
      _states(encoder, function, example, lines[i])
      for i, function, example in zip(numbers, functions, examples, strict=True)
  ]


@functools.partial(jax.jit, static_argnums=0)
def _apply(
    model: mirencoder.MIREncoder, params: Any, batch: batch_lib.Batch
) -> tuple[jax.Array, jax.Array, jax.Array | None]:
  outputs = model.apply(
      {'params': params}, batch_lib.merge(batch), deterministic=True
  )
  return outputs.token_states, outputs.node_states, outputs.unit_states


def _states(
    encoder: inference.Encoder,
    function: ir_lib.Function,
    example: example_lib.Example,
    line: np.ndarray,
) -> FunctionStates:
  by_instruction = encoder.config.reads == 'instructions'
  budget = _budget(example, encoder.num_tokens, by_instruction)
  batch = packing.pack([example], budget)
  tokens, nodes, units = jax.tree.map(
      lambda x: np.asarray(x, np.float32),
      _apply(encoder.model, encoder.params, batch),
  )
  special = np.isin(batch.tokens, (Tokenizer.cls_id, Tokenizer.sep_id))
  is_content = ((batch.token_segment > 0) & ~special).ravel()
  order = np.argsort(batch.token_position.ravel()[is_content], kind='stable')
  tokens = tokens.reshape(-1, tokens.shape[-1])[is_content][order]
  num_nodes = len(example['node_kind'])
  offset = example['instruction_offset']
  num_instructions = len(offset) - 1
  places = np.arange(len(example['tokens']))
  vocab = encoder.tokenizer.vocab
  instructions = nodes[1 : num_instructions + 1]
  if units is not None:
    node = batch.units.node.ravel()
    is_instruction = node < budget.num_nodes - 1
    text = np.zeros((num_instructions, units.shape[-1]), np.float32)
    text[node[is_instruction] - 1] = units.reshape(-1, units.shape[-1])[
        is_instruction
    ]
    instructions = np.concatenate([text, instructions], axis=1)
  words, starts = function.words, [*function.offsets, len(function.words)]
  texts = example['text_offset']
  names = [
      encoder.tokenizer.decode(example['text_tokens'][begin:end])
      for begin, end in zip(texts[:-1], texts[1:], strict=True)
  ]
  if len(line) != num_instructions:
    line = np.zeros(num_instructions, np.int32)
  return FunctionStates(
      function=function.name,
      hash=function.hash,
      pieces=[vocab[i] for i in example['tokens']],
      token_states=tokens,
      token_instruction=(
          np.searchsorted(offset, places, side='right').astype(np.int32) - 1
      ),
      instructions=[
          ' '.join(words[begin:end])
          for begin, end in zip(starts[:-1], starts[1:], strict=True)
      ],
      instruction_states=instructions,
      instruction_line=line,
      node_states=nodes[:num_nodes],
      node_texts=[names[i] for i in example['node_text']],
      node_kind=example['node_kind'],
  )


def _budget(
    example: example_lib.Example, num_tokens: int, by_instruction: bool
) -> batch_lib.Budget:
  """The smallest part or power of two of rows that holds an example whole."""
  least = len(example['tokens'])
  if by_instruction:
    least = len(example['instruction_offset']) - 1
  lengths = [num_tokens // part for part in _PARTS]
  parts = [(1, x) for x in lengths if x >= max(_SHORTEST, least)]
  rows = [(2**i, num_tokens) for i in range(_MAX_ROWS.bit_length())]
  for num_rows, length in parts + rows:
    budget = buckets.create_bucket(num_rows, length, by_instruction)
    if segments.fits(example, budget):
      return budget
  raise ir_lib.IRError(
      f'{example["function"]} has {len(example["tokens"]):,} tokens, more than '
      f'{_MAX_ROWS:,} windows hold; `encode` embeds it in parts',
      example['module'],
  )
