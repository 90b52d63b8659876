"""Pooling that adds up: sums over instructions, from which vectors are made.

Between the states and the embeddings. `add_up` gives numbers that add over
instructions, segments and functions; `finish` makes a vector of them. So a
module's sums are its functions', and a long function's its segments'.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import jraph
from flax import linen as nn
from jaxtyping import Bool, Float, Int

from mirencoder_jax.data.batch import Array, Batch

NUM_SIZES = 4  # tokens in at least 0, 1, 2 and 3 loops are counted
# A loop is taken to run this often, deeper nests as nests of this depth.
TRIPS, MAX_DEPTH = 8.0, 4

# What a histogram counts; those that a vocabulary lacks are not counted.
WORDS = (
    # Opcodes.
    *('ret', 'br', 'switch', 'invoke', 'unreachable', 'resume', 'landingpad'),
    *('add', 'sub', 'mul', 'udiv', 'sdiv', 'urem', 'srem', 'shl', 'lshr'),
    *('ashr', 'and', 'or', 'xor', 'fneg', 'fadd', 'fsub', 'fmul', 'fdiv'),
    *('frem', 'extractelement', 'insertelement', 'shufflevector'),
    *('extractvalue', 'insertvalue', 'alloca', 'load', 'store', 'fence'),
    *('cmpxchg', 'atomicrmw', 'getelementptr', 'trunc', 'zext', 'sext'),
    *('fptrunc', 'fpext', 'fptoui', 'fptosi', 'uitofp', 'sitofp', 'ptrtoint'),
    *('inttoptr', 'bitcast', 'addrspacecast', 'icmp', 'fcmp', 'phi', 'select'),
    *('freeze', 'call'),
    # Types.
    *('i1', 'i8', 'i16', 'i32', 'i64', 'half', 'float', 'double', 'ptr'),
    'void',
)
NUM_COUNTS = 2 * len(WORDS) + NUM_SIZES  # plain and by depth; sizes


def find_words(vocab: Sequence[str]) -> tuple[int, ...]:
  """The piece of each of `WORDS`; -1 where a vocabulary does not have it."""
  pieces = {piece: number for number, piece in enumerate(vocab)}
  return tuple(pieces.get(word, -1) for word in WORDS)


def add_up_counts(
    batch: Batch,
    depth: Int[Array, 'N'],
    words: tuple[int, ...],
    vocab_size: int,
) -> Float[Array, 'G K']:
  """How often each of `WORDS` occurs: plain, and by TRIPS to its loops' depth.

  Behind these, K = NUM_COUNTS, the tokens that stand in at least 0, 1, 2 and 3
  loops.

  Args:
    batch: merged form.
    depth: loops around each node.
    words: the piece of each word, -1 for none; empty if none is known.
    vocab_size: V.
  """
  num_graphs = batch.example_mask.shape[0]
  num_words = len(WORDS)
  number = jnp.full(vocab_size + 1, num_words, jnp.int32)  # of each piece
  if words:
    number = number.at[jnp.array(words)].set(jnp.arange(num_words))
    number = number.at[-1].set(num_words)
  is_token = (batch.token_segment > 0).reshape(-1)
  depth = depth[batch.token_node].reshape(-1)
  weight = is_token.astype(jnp.float32)
  counts = jraph.segment_sum(
      jnp.stack([weight, weight * TRIPS ** jnp.minimum(depth, MAX_DEPTH)], 1),
      batch.token_example.reshape(-1) * (num_words + 1)
      + number[batch.tokens.reshape(-1)],
      num_graphs * (num_words + 1),
  ).reshape(num_graphs, num_words + 1, 2)[:, :-1]
  is_deep = is_token[:, None] & (depth[:, None] >= jnp.arange(NUM_SIZES))
  sizes = jraph.segment_sum(
      is_deep.astype(jnp.float32), batch.token_example.reshape(-1), num_graphs
  )
  return jnp.concatenate([counts.reshape(num_graphs, -1), sizes], axis=1)


def num_sums(state_width: int, num_heads: int, num_soft: int) -> int:
  """S, how many numbers `SumPool.add_up` gives."""
  return 2 * state_width + num_heads + num_soft + 1


class SumPool(nn.Module):
  """Many states to one vector each, by way of sums.

  Attributes:
    width: of the vectors.
    state_width: W, of the states.
    num_heads: H; each takes its own weighted mean of a share of the features.
    num_soft: K, learnt classes that are counted, if any; the vector is made of
      the logarithms of the counts, as of a histogram's.
    dtype: of the matrix products.
  """

  width: int
  state_width: int
  num_heads: int
  num_soft: int
  dtype: str

  def setup(self):
    self.score = nn.Dense(self.num_heads, dtype=self.dtype)
    if self.num_soft:
      self.soft = nn.Dense(self.num_soft, dtype=self.dtype)
    self.out = nn.Dense(self.width)

  def add_up(
      self,
      states: Float[Array, 'M W'],
      index: Int[Array, 'M'],
      mask: Bool[Array, 'M'],
      num_graphs: int,
  ) -> Float[Array, 'G S']:
    """Sums of what each state has to say, by `index` where `mask`."""
    num_states = states.shape[0]
    scores = self.score(states).astype(jnp.float32)
    # Bounded scores make the usual shift by the segment's maximum needless.
    weights = jnp.exp(8 * jnp.tanh(scores / 8))  # [M, H]
    x = states.astype(jnp.float32)
    attended = x.reshape(num_states, self.num_heads, -1) * weights[..., None]
    parts = [x, attended.reshape(num_states, -1), weights]
    if self.num_soft:
      parts.append(jax.nn.softplus(self.soft(states).astype(jnp.float32)))
    x = jnp.concatenate([*parts, jnp.ones((num_states, 1))], axis=1)
    # What is masked goes to a segment of its own, which is cut off.
    index = jnp.where(mask, index, num_graphs)
    return jraph.segment_sum(x, index, num_graphs + 1)[:-1]

  def finish(
      self, sums: Float[Array, 'G S'], others: Float[Array, 'G A']
  ) -> Float[Array, 'G D']:
    """Vectors of sums, and of other features."""
    width, heads = self.state_width, self.num_heads
    ends = [width, 2 * width, 2 * width + heads]
    mean, attended, weights, rest = jnp.split(sums, ends, axis=1)
    soft, count = rest[:, :-1], rest[:, -1:]
    mean = mean / jnp.maximum(count, 1)
    weights = jnp.where(count > 0, weights, 1)
    attended = attended.reshape(len(sums), heads, -1) / weights[..., None]
    attended = attended.reshape(len(sums), width)
    return self.out(
        jnp.concatenate([mean, attended, jnp.log1p(soft) / 4, others], axis=1)
    )
