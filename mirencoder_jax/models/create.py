"""`create_encoder`: the encoder that a config asks for, and its parameters."""

from typing import Any

import jax
from flax import linen as nn

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import buckets
from mirencoder_jax.models import (
    instruction_encoder,
    mirencoder,
    sum_pooling,
)


def create_encoder(
    config: mirencoder.MIREncoderConfig, **kwargs
) -> mirencoder.MIREncoder:
  """The encoder of tokens, or of instructions; both give `Outputs`."""
  if config.reads == 'instructions':
    return instruction_encoder.InstructionEncoder(config, **kwargs)
  return mirencoder.MIREncoder(config, **kwargs)


def init_params(model: nn.Module, seed: int | jax.Array) -> Any:
  """Parameters of an encoder, or one with decoders, as before training.

  Jittable, and for `jax.eval_shape`.
  """
  budget = buckets.create_bucket(1, 16, model.config.reads == 'instructions')
  batch = batch_lib.merge(batch_lib.empty_batch(budget))
  rng = jax.random.key(seed)
  return model.init(rng, batch, deterministic=True)['params']


def joint_width(config: mirencoder.MIREncoderConfig) -> int:
  """J, the numbers of a joint embedding; where instructions are read, more.

  The other embeddings are D = `width` wide.
  """
  is_counted = config.reads == 'instructions'
  return config.width + is_counted * sum_pooling.NUM_COUNTS
