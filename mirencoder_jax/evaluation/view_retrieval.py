"""View retrieval: is another compilation of the same function the nearest one?

A sanity check of vectors that needs no labels: of a function's two views (-O0
and -O2, say) one is the query, the other has to be found among thousands of
other functions. Opcode counts stand beside our embeddings, and so may any
vectors that the user names.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mirencoder_jax.data import example as example_lib


class Pairs(NamedTuple):
  """Queries and what is to be found; indices of the examples."""

  query: np.ndarray  # int [Q]
  target: np.ndarray  # int [Q]


def choose_pairs(
    sources: Sequence[str],
    opt_levels: Sequence[str],
    num_pairs: int,
    seed: int = 0,
) -> Pairs:
  """Two views of each of some functions, of two optimisation levels if any.

  Args:
    sources: of the examples; equal ones are views of one function.
    opt_levels: of the examples.
    num_pairs: at most so many, each of another function.
    seed: of the choice.
  """
  rng = np.random.default_rng(seed)
  views: dict[str, list[int]] = {}
  for index, source in enumerate(sources):
    views.setdefault(source, []).append(index)
  several = [v for v in views.values() if len(v) > 1]
  query, target = [], []
  for number in rng.permutation(len(several))[:num_pairs]:
    members = rng.permutation(several[number]).tolist()
    first = members[0]
    others = [i for i in members[1:] if opt_levels[i] != opt_levels[first]]
    query.append(first)
    target.append((others or members[1:])[0])
  return Pairs(np.array(query, int), np.array(target, int))


def gather(
    pairs: Pairs, num_examples: int, num_candidates: int, seed: int = 0
) -> tuple[np.ndarray, Pairs]:
  """Which examples take part: queries, then targets, then others at random.

  Args:
    pairs: of the examples.
    num_examples: that there are.
    num_candidates: targets and others together, at most; all targets.
    seed: of the others.

  Returns:
    int [m], the examples that take part, and the pairs as indices of these.
  """
  used = np.concatenate([pairs.query, pairs.target])
  rest = np.setdiff1d(np.arange(num_examples), used)
  rest = np.random.default_rng(seed).permutation(rest)
  num_pairs = len(pairs.query)
  rest = rest[: max(0, num_candidates - num_pairs)]
  numbers = np.arange(num_pairs)
  return np.concatenate([used, rest]), Pairs(numbers, num_pairs + numbers)


def count_opcodes(
    examples: Sequence[example_lib.Example], vocab_size: int
) -> np.ndarray:
  """log(1 + count) of each opcode; float32 [n, vocab_size].

  An opcode is the first piece of an instruction's description.
  """
  counts = np.zeros((len(examples), vocab_size), np.float32)
  for row, example in enumerate(examples):
    num_instructions = len(example['instruction_offset']) - 1
    texts = example['node_text'][1 : num_instructions + 1]
    opcodes = example['text_tokens'][example['text_offset'][texts]]
    np.add.at(counts[row], opcodes, 1)
  return np.log1p(counts)


def rank_targets(
    vectors: np.ndarray,
    pairs: Pairs,
    candidates: np.ndarray,
    sources: Sequence[str],
) -> np.ndarray:
  """How many candidates are at least as near as the target; int [Q].

  Nearness is the cosine of vectors that are standardised over the candidates.
  Other views of the query's function are left out; ties count against us.

  Args:
    vectors: float [n, D] of all examples; a row that is NaN is never found.
    pairs: of them.
    candidates: int [C], the targets among them; no query.
    sources: of all examples.
  """
  vectors = np.asarray(vectors, np.float32)
  known = np.isfinite(vectors).all(axis=1)
  seen = vectors[candidates[known[candidates]]]
  deviation = seen.std(axis=0)
  kept = deviation > 1e-6
  vectors = (vectors[:, kept] - seen[:, kept].mean(axis=0)) / deviation[kept]
  norms = np.linalg.norm(vectors, axis=1, keepdims=True)
  vectors = np.nan_to_num(vectors / np.maximum(norms, 1e-9))
  codes = np.unique(np.asarray(sources), return_inverse=True)[1]
  ranks = []
  for query, target in zip(*pairs, strict=True):
    near = vectors[candidates] @ vectors[query]
    other = codes[candidates] != codes[query]
    own = near[candidates == target][0] if known[target] else -np.inf
    own = own if known[query] else -np.inf
    ranks.append(int((other & (near >= own)).sum()))
  return np.array(ranks, int)
