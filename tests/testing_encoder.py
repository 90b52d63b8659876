"""A small encoder for tests: untrained, but whole, with a vocabulary.

Stands in for what `train.py` leaves behind, where a test needs something that
loads and embeds, and not what it says.
"""

import collections
import functools
import os
import pathlib

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.models import create, mirencoder, sum_pooling
from mirencoder_jax.pages import model_card
from mirencoder_jax.storage import checkpoint as checkpoint_lib
from mirencoder_jax.storage import weights

AXPY = """
define void @axpy(i64 %n, float %a, ptr %x, ptr %y) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %px = getelementptr inbounds float, ptr %x, i64 %i
  %py = getelementptr inbounds float, ptr %y, i64 %i
  %vx = load float, ptr %px, align 4
  %vy = load float, ptr %py, align 4
  %ax = fmul float %a, %vx
  %s = fadd float %ax, %vy
  store float %s, ptr %py, align 4
  %next = add nuw nsw i64 %i, 1
  %done = icmp eq i64 %next, %n
  br i1 %done, label %exit, label %loop
exit:
  ret void
}
"""
SQUARE = """
define i32 @square(i32 %x) {
  %y = mul i32 %x, %x
  ret i32 %y
}
"""


@functools.cache  # it compiles when first used
def create_encoder(
    num_tokens: int = 64,
    *,
    text: str = AXPY + SQUARE,
    num_words: int = 512,
    seed: int = 0,
    reads: str = 'tokens',
) -> inference.Encoder:
  """An encoder of width 16 whose parameters are as before training.

  Args:
    num_tokens: L, tokens of a window.
    text: IR that the vocabulary is trained on.
    num_words: the size of the vocabulary at most.
    seed: of the parameters.
    reads: 'tokens' or 'instructions'.
  """
  words = collections.Counter(
      word
      for function in ir_lib.read_module(text).functions
      for word in function.words
  )
  tokenizer = ir_lib.tokenizer.train(words, num_words)
  config = mirencoder.MIREncoderConfig(
      vocab_size=tokenizer.vocab_size,
      width=16,
      token_layers=1,
      num_heads=2,
      graph_layers=1,
      code_width=4,
      reads=reads,
      words=sum_pooling.find_words(tokenizer.vocab)
      if reads == 'instructions'
      else (),
  )
  model = create.create_encoder(config)
  params = inference.create_params(model, seed)
  return inference.Encoder(config, params, tokenizer, num_tokens)


def create_checkpoint(
    encoder: inference.Encoder,
) -> checkpoint_lib.Checkpoint:
  """As `inference.load_checkpoint` would have read the encoder from a run."""
  config = {
      'model': encoder.config.as_dict(),
      'data': {
          'name': 'starter_ir',
          'num_tokens': encoder.num_tokens,
          'num_rows': 4,
          'batch_size': 2,
      },
      'train': {'num_steps': 20, 'seed': 0},
      'objectives': {'mlm_weight': 1.0, 'token_mask_rate': 0.15},
  }
  vocab = {
      'vocab': list(encoder.tokenizer.vocab),
      'hash': encoder.tokenizer.hash,
  }
  return checkpoint_lib.Checkpoint(
      *(pathlib.Path('run'), 7, encoder.params, None, config, vocab),
      encoder.fingerprint,
  )


def save_encoder(encoder: inference.Encoder, path: str | os.PathLike) -> None:
  """Writes the encoder so that `mir.load(path)` finds it."""
  checkpoint = create_checkpoint(encoder)
  card = model_card.model_card(checkpoint, 'test')
  weights.export(checkpoint, path, card)
