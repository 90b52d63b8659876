"""Masked language modelling over IR tokens.

`corrupt_tokens` before the model (for each pack, from its key), `mlm_loss`
after it. A pack has a fixed number of places to predict, and only these are
gathered and scored against the vocabulary.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from jax import lax
from jaxtyping import Bool, Float, Int, Key

from mirencoder_jax.data.batch import Array, Batch
from mirencoder_jax.ir.tokenizer import Tokenizer
from mirencoder_jax.models.mirencoder import Outputs
from mirencoder_jax.objectives import objective
from mirencoder_jax.objectives.objective import Asked, Sum, Sums

# Of the places to predict, these shares are shown as [MASK] and as a random
# token; the rest is shown as it is.
MASK_SHARE, RANDOM_SHARE = 0.8, 0.1


class Decoder(objective.Decoder):
  """Scores of the vocabulary for token states."""

  def setup(self):
    width, dtype = self.sizes.width, self.sizes.dtype
    self.token_condition = nn.Dense(width, use_bias=False, dtype=dtype)
    self.token_decoder = nn.Dense(width, dtype=dtype)
    self.token_decoder_norm = nn.LayerNorm(dtype=dtype)
    self.token_bias = self.param(
        'token_bias', nn.initializers.zeros, (self.sizes.vocab_size,)
    )

  def __call__(self, outputs: Outputs):
    self.decode_tokens(outputs.token_states[0, :1], outputs.joint_embedding[:1])

  def decode_tokens(
      self, states: Float[Array, 'M D'], joint: Float[Array, 'M J']
  ) -> Float[Array, 'M V']:
    """Scores of the vocabulary.

    Args:
      states: of the tokens to predict.
      joint: joint embeddings of their examples: a narrow way by which the
        graph can help, and so training signal for the joint embedding.
    """
    x = self.token_decoder(states) + self.token_condition(joint)
    x = self.token_decoder_norm(jax.nn.gelu(x))
    scores = self.attend(x).astype(jnp.float32)
    return scores + self.token_bias


class MaskedTokens(NamedTuple):
  """Places of a pack to predict; M is fixed, unused ones have mask False."""

  places: Int[Array, 'M']  # index into the R * L tokens of the pack
  targets: Int[Array, 'M']  # what stood there
  mask: Bool[Array, 'M']


def token_priorities(key, token_node, num_nodes):
  """A random number for each token."""
  del num_nodes
  return jax.random.uniform(key, token_node.shape)


def instruction_priorities(key, token_node, num_nodes):
  """A random number for each instruction, and for tokens outside of any."""
  key, own_key = jax.random.split(key)
  by_node = jax.random.uniform(key, (num_nodes,))[token_node]
  own = jax.random.uniform(own_key, token_node.shape)
  return jnp.where(token_node < num_nodes - 1, by_node, own)


PRIORITIES = {'token': token_priorities, 'instruction': instruction_priorities}


@dataclasses.dataclass(frozen=True)
class Settings(objective.Settings):
  """Of masked language modelling.

  Attributes:
    mlm_weight: of the loss.
    token_mask_rate: share of the tokens to predict.
    mask_unit: 'token', or 'instruction' for all tokens of one at once.
  """

  mlm_weight: float = objective.weight(1.0, 'masked tokens')
  token_mask_rate: float = 0.15
  mask_unit: str = 'token'

  def __post_init__(self):
    super().__post_init__()
    if self.mask_unit not in PRIORITIES:
      raise ValueError(
          f'mask_unit {self.mask_unit!r} is none of {sorted(PRIORITIES)}'
      )


def choose_places(
    priority: Float[Array, 'M'], mask: Bool[Array, 'M'], rate: float
) -> tuple[Int[Array, 'K'], Bool[Array, 'K']]:
  """The places of highest priority, a share `rate` of those in `mask`.

  Returns:
    Places, K = a share `rate` of all, and which of them are chosen: at least
    one if `mask` has any.
  """
  max_places = math.ceil(rate * mask.shape[0])
  _, places = lax.top_k(jnp.where(mask, priority, -1.0), max_places)
  num_counted = mask.sum()
  num_chosen = jnp.round(rate * num_counted).astype(jnp.int32)
  num_chosen = jnp.maximum(num_chosen, jnp.minimum(num_counted, 1))
  return places, jnp.arange(max_places) < num_chosen


def corrupt_tokens(
    key: Key[jax.Array, ''], pack: Batch, vocab_size: int, config: Any
) -> tuple[Int[Array, 'R L'], MaskedTokens]:
  """Chooses the places to predict in a pack and what is shown there.

  Args:
    key: of the pack.
    pack: one pack, no leading axis.
    vocab_size: V.
    config: `ObjectivesConfig`; of an instruction that exceeds what is left of
      the places no token is masked.

  Returns:
    Corrupted tokens and the places.
  """
  choice_key, action_key, token_key = jax.random.split(key, 3)
  tokens = pack.tokens.reshape(-1)
  token_node = pack.token_node.reshape(-1)
  num_nodes = pack.graph.nodes['kind'].shape[0]
  mask = pack.token_segment.reshape(-1) > 0
  mask &= tokens >= Tokenizer.num_special
  places, chosen = choose_places(
      PRIORITIES[config.mask_unit](choice_key, token_node, num_nodes),
      mask,
      config.token_mask_rate,
  )
  if config.mask_unit == 'instruction':
    # The last one may be there in part: what is left of it gave it away.
    def count(node, counted):
      return jax.ops.segment_sum(counted.astype(jnp.int32), node, num_nodes)

    node = token_node[places]
    whole = count(node, chosen) == count(token_node, mask)
    chosen &= whole[node] | (node == num_nodes - 1)

  targets = tokens[places]
  action = jax.random.uniform(action_key, places.shape)
  random_token = jax.random.randint(
      token_key, places.shape, Tokenizer.num_special, vocab_size
  )
  shown = jnp.where(action < MASK_SHARE, Tokenizer.mask_id, random_token)
  shown = jnp.where(
      chosen & (action < MASK_SHARE + RANDOM_SHARE), shown, targets
  )
  corrupted = tokens.at[places].set(shown, unique_indices=True)
  return corrupted.reshape(pack.tokens.shape), MaskedTokens(
      places, targets, chosen
  )


def masked_cross_entropy(
    logits: Float[Array, '*M V'],
    targets: Int[Array, '*M'],
    mask: Bool[Array, '*M'],
) -> tuple[Sum, Sum]:
  """Cross entropy in nats, and accuracy, over the places in `mask`."""
  losses = optax.softmax_cross_entropy_with_integer_labels(
      logits.astype(jnp.float32), targets
  )
  correct = (logits.argmax(-1) == targets).astype(jnp.float32)
  weight = mask.sum(dtype=jnp.float32)
  return (
      (jnp.sum(losses, where=mask), weight),
      (jnp.sum(correct, where=mask), weight),
  )


def mlm_loss(
    decode: Callable, outputs: Outputs, batch: Batch, masked: MaskedTokens
) -> tuple[Sum, Sum]:
  """Predicts the masked tokens from their states and the joint embedding.

  Args:
    decode: scores for states and joint embeddings, as `Decoder` gives them.
    outputs: of the corrupted, merged batch.
    batch: packed and not corrupted.
    masked: places of every pack, [U, M].

  Returns:
    Loss and accuracy, each as sum and weight.
  """
  num_packs = batch.tokens.shape[0]
  num_graphs = batch.example_mask.shape[1]
  packs = jnp.arange(num_packs)[:, None]
  num_tokens = batch.tokens[0].size
  states = outputs.token_states.reshape(num_packs * num_tokens, -1)
  states = states[(masked.places + packs * num_tokens).reshape(-1)]
  example = jnp.take_along_axis(
      batch.token_example.reshape(num_packs, -1), masked.places, axis=1
  )
  joint = outputs.joint_embedding[(example + packs * num_graphs).reshape(-1)]
  return masked_cross_entropy(
      decode(states, joint),
      masked.targets.reshape(-1),
      masked.mask.reshape(-1),
  )


def corrupt(
    asked: Asked, key: Key[jax.Array, ''], pack: Batch
) -> tuple[Batch, MaskedTokens]:
  """A pack with some of its tokens hidden, and what is to be predicted."""
  tokens, masked = corrupt_tokens(
      key, pack, asked.sizes.vocab_size, asked.config
  )
  return pack._replace(tokens=tokens), masked


def loss(asked, decoder, outputs, batch, targets, keys) -> tuple[Sums, Sums]:
  """See `Objective`."""
  del asked, keys
  found, accuracy = mlm_loss(decoder.decode_tokens, outputs, batch, targets)
  return {'mlm': found}, {'mlm_accuracy': accuracy}


OBJECTIVE = objective.Objective(
    name='mlm',
    settings=Settings,
    decoder=Decoder,
    corrupt=corrupt,
    loss=loss,
    metrics=(
        objective.share(
            'mlm_accuracy', 'masked tokens predicted', 'mlm_unigram_accuracy'
        ),
        objective.Metric(
            'mlm_perplexity',
            'perplexity of masked tokens',
            digits=1,
            guess='mlm_unigram_perplexity',
            sign=-1,
        ),
    ),
)
