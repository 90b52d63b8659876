"""mirencoder_jax: an encoder of LLVM IR for performance work, in JAX.

    import mirencoder_jax as mir
    encoder = mir.load('runs/tiny')
    vectors = encoder.embed('kernel.ll')  # float32 [1, D]

Importing this package imports neither TensorFlow nor TensorFlow Datasets, and
JAX only when an encoder is asked for.
"""

import importlib
from typing import TYPE_CHECKING

from mirencoder_jax import ir
from mirencoder_jax.ir import IRError, read_module

if TYPE_CHECKING:
  from mirencoder_jax.checkpoint import CheckpointError
  from mirencoder_jax.inference import Encoder, Encoding, load

__version__ = '0.1.0'

# Where the names live that need JAX; imported when first used.
_LAZY = {
    'CheckpointError': 'mirencoder_jax.checkpoint',
    'Encoder': 'mirencoder_jax.inference',
    'Encoding': 'mirencoder_jax.inference',
    'load': 'mirencoder_jax.inference',
}

__all__ = [
    'CheckpointError',
    'Encoder',
    'Encoding',
    'IRError',
    'ir',
    'load',
    'read_module',
]


def __getattr__(name: str):
  if name in _LAZY:
    return getattr(importlib.import_module(_LAZY[name]), name)
  raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
