"""`Example`: one function as ragged numpy arrays, the schema on disk.

`ir.Module` in, `Example`s out. `featurize` is the only door from IR to arrays:
dataset builders, inference and notebooks all use it, so that training and
serving cannot differ.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mirencoder_jax.ir import graph_builder, loops
from mirencoder_jax.ir.module import Function, Module
from mirencoder_jax.ir.program_graph import INSTRUCTION
from mirencoder_jax.ir.tokenizer import Tokenizer

# The arrays of an example and their types; strings are provenance.
ARRAYS = {
    # Token ids of the whole function, no special tokens.
    'tokens': 'int32',  # [n_token]
    # Instruction k owns tokens[offset[k]:offset[k + 1]]; what stands before
    # offset[0] is the signature. A block's label counts to its first
    # instruction.
    'instruction_offset': 'int32',  # [n_instruction + 1]
    # Nodes: 0 is the root, 1..n_instruction are the instructions in text order
    # (node k + 1 = instruction k), then variables, constants, declarations.
    'node_kind': 'uint8',  # [n_node] 0 instruction, 1 variable, 2 constant
    'node_text': 'int32',  # [n_node] index of a text
    'node_block': 'int32',  # [n_node] basic block, 0 where there is none
    # Loops around the instruction, or around the use of the variable; else 0.
    'node_depth': 'uint8',  # [n_node]
    # Distinct node texts as token ids: text t is
    # text_tokens[text_offset[t]:text_offset[t + 1]].
    'text_tokens': 'int32',  # [n_text_token]
    'text_offset': 'int32',  # [n_text + 1]
    # Edges, ProGraML's codes: flow 0 control, 1 data, 2 call.
    'edge_flow': 'uint8',  # [n_edge]
    'edge_position': 'int32',  # [n_edge]
    'senders': 'int32',  # [n_edge]
    'receivers': 'int32',  # [n_edge]
}
STRINGS = (
    'function',  # symbol name of the function
    'module',  # file (or member of an archive) it came from
    'program',  # what must stay on one side of a split (package, program)
    'source',  # views of one source function share it: program + function
    'language',
    'opt_level',
    'llvm',  # LLVM version of the producer, '' if unknown
    'hash',  # of the normalised function, hexadecimal
)

Example = dict  # str -> np.ndarray | str


def features() -> Any:
  """TFDS's `FeaturesDict` of an example: flat arrays as bytes, texts."""
  from tensorflow_datasets import features as tfds  # slow, and few need it

  arrays = {
      name: tfds.Tensor(shape=(None,), dtype=np.dtype(dtype), encoding='bytes')
      for name, dtype in ARRAYS.items()
  }
  return tfds.FeaturesDict(arrays | {name: tfds.Text() for name in STRINGS})


def featurize(
    module: Module,
    tokenizer: Tokenizer,
    *,
    provenance: Mapping[str, str] | None = None,
    functions: Sequence[Function] | None = None,
) -> list[Example]:
  """Turns a module into examples, one for each function it defines.

  Nothing is cut here: tokens and graph are whole, whatever their size. The
  order of an example's nodes is the schema's, see `ARRAYS`.

  Args:
    module: what `ir.read_module` gave.
    tokenizer: the vocabulary.
    provenance: values for `STRINGS`; `function`, `hash` and `llvm` are filled
      in from the module, `source` from program and function.
    functions: those of the module's definitions to take; all by default.
  """
  provenance = dict(provenance or {})
  unknown = set(provenance) - set(STRINGS)
  if unknown:
    raise ValueError(f'unknown provenance {sorted(unknown)}; known: {STRINGS}')
  strings = dict.fromkeys(STRINGS, '')
  strings['llvm'] = module.producer_llvm
  strings['module'] = module.name
  strings |= provenance
  if functions is None:
    functions = module.functions
  return [_example(module, f, tokenizer, strings) for f in functions]


def _example(
    module: Module,
    function: Function,
    tokenizer: Tokenizer,
    strings: Mapping[str, str],
) -> Example:
  ids, counts = tokenizer.encode(function.words)
  ends = np.zeros(len(counts) + 1, np.int32)
  np.cumsum(counts, out=ends[1:])
  offsets = np.asarray(function.offsets + [len(function.words)], np.int32)
  graph = graph_builder.build_graph(module, [function])
  text_tokens, text_counts = tokenizer.encode_texts(graph.descriptions)
  text_offset = np.zeros(len(text_counts) + 1, np.int32)
  np.cumsum(text_counts, out=text_offset[1:])
  # Parameters and constants stand in a block after the last.
  depths = np.array([*loops.loop_depths(function.successors), 0], np.uint8)
  node_depth = depths[graph.block]
  node_depth[0] = 0  # the root
  after = function.num_instructions + 1
  node_depth[after:][graph.kind[after:] == INSTRUCTION] = 0  # declarations
  program = strings['program'] or strings['module']
  return {
      'tokens': ids,
      'instruction_offset': ends[offsets],
      'node_kind': graph.kind,
      'node_text': graph.description,
      'node_block': graph.block,
      'node_depth': node_depth,
      'text_tokens': text_tokens,
      'text_offset': text_offset,
      'edge_flow': graph.flow,
      'edge_position': graph.position,
      'senders': graph.senders,
      'receivers': graph.receivers,
      **strings,
      'function': function.name,
      'hash': function.hash,
      'source': strings['source'] or f'{program}/{function.name}',
  }
