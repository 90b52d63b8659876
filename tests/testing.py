"""Random but valid inputs for tests: examples, and batches of them.

Stands in for `data.example.featurize` and `data.batch.pack` where a test needs
arrays and not IR. What comes out holds to everything that `Batch` documents;
the packing is simple and wastes space.
"""

import dataclasses
import os

import numpy as np

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data.batch import Batch, Budget
from mirencoder_jax.data.example import Example
from mirencoder_jax.ir import tokenizer as tokenizer_lib

# Special tokens come first in every vocabulary: [PAD] [UNK] [CLS] [SEP] [MASK].
NUM_SPECIAL = 5

BUDGET = Budget(
    num_rows=3,
    num_tokens=32,
    num_nodes=64,
    num_edges=160,
    num_graphs=5,
    num_texts=32,
    num_text_tokens=96,
)

# What may happen to a file on a disk or on its way; bytes to other bytes.
DAMAGE = {
    'cut': lambda data: data[: len(data) // 2],
    'emptied': lambda data: b'',
    'flipped': lambda data: _change(data, len(data) // 2, 16),
    # Still JSON, if it was: a digit becomes the next one.
    'altered': lambda data: _change(data, _last_digit(data), 1),
}


def _change(data: bytes, place: int, bits: int) -> bytes:
  return data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :]


def _last_digit(data: bytes) -> int:
  return max(i for i, c in enumerate(data[:-8]) if c in b'0246')


def random_example(
    rng: np.random.Generator,
    vocab_size: int,
    *,
    num_tokens: int = 24,
    num_nodes: int = 12,
    num_edges: int = 30,
    num_texts: int = 6,
) -> Example:
  """A random example in the schema of `data.example`, of exactly these sizes.

  Args:
    rng: source of all choices.
    vocab_size: token ids are NUM_SPECIAL <= id < vocab_size.
    num_tokens: at least one for each instruction (a third of the nodes).
    num_nodes: at least 3; node 0 is the root.
    num_edges: at least num_nodes; more are control, data and call edges.
    num_texts: at most num_nodes; each has 1 to 3 token ids.
  """
  num_instructions = max(1, (num_nodes - 1) // 3)
  offset = np.sort(
      rng.choice(num_tokens, num_instructions, replace=False)
  ).astype(np.int32)
  kind = np.zeros(num_nodes, np.uint8)
  kind[num_instructions + 1 :] = rng.integers(
      1, 3, num_nodes - num_instructions - 1
  )
  lengths = rng.integers(1, 4, num_texts)
  text = np.concatenate(
      [np.arange(num_texts), rng.integers(0, num_texts, num_nodes - num_texts)]
  )
  # Root to entry, the chain of instructions, then edges of any flow; every
  # further node has one, and some are there twice (`add %x, %x`).
  chain = np.arange(num_instructions)
  values = np.arange(num_instructions + 1, num_nodes)
  extra = max(0, num_edges - len(chain) - len(values))
  flow = np.concatenate(
      [
          np.where(chain == 0, 2, 0),
          np.ones_like(values),
          rng.integers(0, 3, extra),
      ]
  )[:num_edges]
  senders = np.concatenate([chain, values, rng.integers(0, num_nodes, extra)])[
      :num_edges
  ]
  receivers = np.concatenate(
      [
          chain + 1,
          rng.integers(1, num_instructions + 1, len(values)),
          rng.integers(0, num_nodes, extra),
      ]
  )[:num_edges]
  return {
      'tokens': rng.integers(NUM_SPECIAL, vocab_size, num_tokens, np.int32),
      'instruction_offset': np.append(offset, np.int32(num_tokens)),
      'node_kind': kind,
      'node_text': rng.permutation(text).astype(np.int32),
      'node_block': np.zeros(num_nodes, np.int32),
      'node_depth': rng.integers(0, 4, num_nodes, np.uint8),
      'text_tokens': rng.integers(
          NUM_SPECIAL, vocab_size, lengths.sum(), np.int32
      ),
      'text_offset': np.append(0, np.cumsum(lengths)).astype(np.int32),
      'edge_flow': flow.astype(np.uint8),
      'edge_position': rng.integers(0, 4, len(flow), np.int32),
      'senders': senders.astype(np.int32),
      'receivers': receivers.astype(np.int32),
      'function': f'f{rng.integers(1 << 30)}',
      'module': 'random.ll',
      'program': f'p{rng.integers(3)}',
      'source': f's{rng.integers(1 << 30)}',
      'language': 'c',
      'opt_level': 'O0',
      'llvm': '',
      'hash': f'{rng.integers(1 << 62):016x}',
  }


def naive_pack(packs: list[list[Example]], budget: Budget) -> Batch:
  """Packs given examples into given packs; windows go first-fit into rows.

  Args:
    packs: the examples of each pack, by slot.
    budget: fixed shape; an example that does not fit raises `ValueError`.
  """
  batch = batch_lib.empty_batch(budget, len(packs))
  strings = {}  # program or source -> number

  def number(key, value):
    return strings.setdefault((key, value), len(strings))

  for u, examples in enumerate(packs):
    if len(examples) >= budget.num_graphs:
      raise ValueError(f'{len(examples)} examples do not fit {budget}')
    used = np.zeros(budget.num_rows, np.int32)
    windows = np.zeros(budget.num_rows, np.int32)
    node, edge, text, text_token = 0, 0, 0, 0
    nodes, edges = batch.graph.nodes, batch.graph.edges
    for slot, example in enumerate(examples):
      # Instruction k is node k + 1; what stands before the first has none.
      starts = example['instruction_offset'][:-1]
      tokens = example['tokens']
      places = np.arange(len(tokens))
      instruction = np.searchsorted(starts, places, side='right')
      token_node = np.where(
          instruction > 0, node + instruction, budget.num_nodes - 1
      )
      for start in range(0, len(tokens), budget.num_tokens):
        window = places[start : start + budget.num_tokens]
        fits = np.flatnonzero(used + len(window) <= budget.num_tokens)
        if not len(fits):
          raise ValueError(f'tokens of the examples exceed {budget}')
        row = fits[0]
        at = (u, row, slice(used[row], used[row] + len(window)))
        used[row] += len(window)
        windows[row] += 1
        batch.tokens[at] = tokens[window]
        batch.token_segment[at] = windows[row]
        batch.token_position[at] = window
        batch.token_example[at] = slot
        batch.token_node[at] = token_node[window]
      ends = (
          node + len(example['node_kind']),
          edge + len(example['senders']),
          text + len(example['text_offset']) - 1,
          text_token + len(example['text_tokens']),
      )
      limits = (
          budget.num_nodes - 1,
          budget.num_edges,
          budget.num_texts - 1,
          budget.num_text_tokens,
      )
      if any(end > limit for end, limit in zip(ends, limits, strict=True)):
        raise ValueError(f'nodes, edges, texts, pieces {ends} exceed {limits}')
      nodes['kind'][u, node : ends[0]] = example['node_kind']
      nodes['depth'][u, node : ends[0]] = example['node_depth']
      nodes['text'][u, node : ends[0]] = example['node_text'] + text
      edges['flow'][u, edge : ends[1]] = example['edge_flow']
      edges['position'][u, edge : ends[1]] = example['edge_position']
      batch.graph.senders[u, edge : ends[1]] = example['senders'] + node
      batch.graph.receivers[u, edge : ends[1]] = example['receivers'] + node
      batch.graph.n_node[u, slot] = ends[0] - node
      batch.graph.n_edge[u, slot] = ends[1] - edge
      batch.text_tokens[u, text_token : ends[3]] = example['text_tokens']
      batch.text_index[u, text_token : ends[3]] = text + np.repeat(
          np.arange(ends[2] - text), np.diff(example['text_offset'])
      )
      batch.text_mask[u, text : ends[2]] = True
      batch.example_mask[u, slot] = True
      batch.example_source[u, slot] = number('source', example['source'])
      batch.example_package[u, slot] = number('program', example['program'])
      node, edge, text, text_token = ends
    batch.graph.n_node[u, -1] = budget.num_nodes - node
    batch.graph.n_edge[u, -1] = budget.num_edges - edge
  return batch


def random_batch(
    budget: Budget = BUDGET,
    num_packs: int = 1,
    vocab_size: int = 128,
    rng: np.random.Generator | int = 0,
    *,
    num_examples: int | None = None,
    spare_rows: int = 0,
    spare_tokens: int = 0,
    spare_nodes: int = 0,
    spare_edges: int = 0,
    spare_graphs: int = 0,
    spare_texts: int = 0,
    spare_text_tokens: int = 0,
) -> Batch:
  """A packed batch [U, ...] of random examples of unequal sizes.

  What it holds depends on `budget`, `vocab_size` and `rng` only: the same call
  with `spare_...` is the same examples in a larger budget.

  Args:
    budget: the shape before the spare places are added.
    num_packs: U.
    vocab_size: token ids are below it.
    rng: generator or seed.
    num_examples: of each pack, by default all G - 1 slots.
    spare_rows: more rows than the budget says; the others likewise.
  """
  rng = np.random.default_rng(rng)
  count = budget.num_graphs - 1 if num_examples is None else num_examples
  if not 0 <= count < budget.num_graphs:
    raise ValueError(f'num_examples {count} is not in 0..{budget.num_graphs-1}')
  packs = []
  for _ in range(num_packs):
    examples = []
    for _ in range(count):
      share = rng.uniform(0.5, 1.0) / count
      num_nodes = max(3, int((budget.num_nodes - 1) * share))
      # First-fit of whole windows cannot fill every row.
      num_tokens = int(0.7 * budget.num_rows * budget.num_tokens * share)
      num_texts = min(
          num_nodes,
          (budget.num_texts - 1) // count,
          budget.num_text_tokens // 3 // count,
      )
      examples.append(
          random_example(
              rng,
              vocab_size,
              num_tokens=max(num_nodes // 3 + 1, num_tokens),
              num_nodes=num_nodes,
              num_edges=int(budget.num_edges * share),
              num_texts=max(1, num_texts),
          )
      )
    packs.append(examples)
  return naive_pack(
      packs,
      dataclasses.replace(
          budget,
          num_rows=budget.num_rows + spare_rows,
          num_tokens=budget.num_tokens + spare_tokens,
          num_nodes=budget.num_nodes + spare_nodes,
          num_edges=budget.num_edges + spare_edges,
          num_graphs=budget.num_graphs + spare_graphs,
          num_texts=budget.num_texts + spare_texts,
          num_text_tokens=budget.num_text_tokens + spare_text_tokens,
      ),
  )


def write_dataset(
    data_dir: str | os.PathLike,
    num_train: int = 40,
    num_validation: int = 12,
    vocab_size: int = 128,
    rng: np.random.Generator | int = 0,
) -> str:
  """Writes random examples of unequal sizes as a prepared TFDS dataset.

  Args:
    data_dir: where `tfds.builder` will look.
    num_train: examples of the split `train`.
    num_validation: examples of the split `validation`.
    vocab_size: of the vocabulary file that lies beside the shards.
    rng: generator or seed.

  Returns:
    The name of the dataset.
  """
  import tensorflow_datasets as tfds  # Other tests do without.

  rng = np.random.default_rng(rng)
  words = [f'w{i}' for i in range(vocab_size - len(tokenizer_lib.SPECIALS))]
  tokenizer = tokenizer_lib.Tokenizer([*tokenizer_lib.SPECIALS, *words])

  def examples(num_examples):
    for number in range(num_examples):
      num_nodes = int(rng.integers(4, 30))
      yield (
          number,
          random_example(
              rng,
              vocab_size,
              num_tokens=int(rng.integers(10, 60)),
              num_nodes=num_nodes,
              num_edges=2 * num_nodes,
              num_texts=4,
          ),
      )

  class Synthetic(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Random examples."""

    VERSION = tfds.core.Version('1.0.0')

    def _info(self):
      return tfds.core.DatasetInfo(
          builder=self,
          features=example_lib.features(),
          metadata=tfds.core.MetadataDict({'vocab_hash': tokenizer.hash}),
      )

    def _split_generators(self, dl_manager):
      del dl_manager
      tokenizer.save(self.data_path / 'vocab.json')
      return {
          'train': self._generate_examples(num_train),
          'validation': self._generate_examples(num_validation),
      }

    def _generate_examples(self, num_examples):
      yield from examples(num_examples)

  builder = Synthetic(data_dir=data_dir, file_format='array_record')
  builder.download_and_prepare()
  return builder.name
