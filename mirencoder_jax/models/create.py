"""`create_encoder`: the encoder that a config asks for."""

from mirencoder_jax.models import instruction_encoder, mirencoder


def create_encoder(
    config: mirencoder.MIREncoderConfig, **kwargs
) -> mirencoder.MIREncoder:
  """The encoder of tokens, or of instructions; both give `Outputs`."""
  if config.reads == 'instructions':
    return instruction_encoder.InstructionEncoder(config, **kwargs)
  return mirencoder.MIREncoder(config, **kwargs)
