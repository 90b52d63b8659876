"""`create_encoder`: the encoder that a config asks for; how wide it embeds."""

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


def joint_width(config: mirencoder.MIREncoderConfig) -> int:
  """J, the numbers of a joint embedding; where instructions are read, more.

  The other embeddings are D = `width` wide.
  """
  is_counted = config.reads == 'instructions'
  return config.width + is_counted * sum_pooling.NUM_COUNTS
