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
from mirencoder_jax.ir.compilers import compile_source

if TYPE_CHECKING:
  from mirencoder_jax.checkpoint import CheckpointError
  from mirencoder_jax.comparison import Comparison, compare
  from mirencoder_jax.downstream.predictor import Decision, Predictor
  from mirencoder_jax.downstream.predictor_checkpoint import load_predictor
  from mirencoder_jax.inference import Encoder, Encoding, load
  from mirencoder_jax.inspection import Inspection, inspect_module
  from mirencoder_jax.search import Index
  from mirencoder_jax.sklearn import IREncoder
  from mirencoder_jax.states import FunctionStates, encode_states
  from mirencoder_jax.vectors import Vectors, embed_files, read_vectors

__version__ = '0.3.0'

# Where the names live that need JAX or scikit-learn; imported when first used.
_LAZY = {
    'CheckpointError': 'mirencoder_jax.checkpoint',
    'Comparison': 'mirencoder_jax.comparison',
    'Decision': 'mirencoder_jax.downstream.predictor',
    'Encoder': 'mirencoder_jax.inference',
    'Encoding': 'mirencoder_jax.inference',
    'FunctionStates': 'mirencoder_jax.states',
    'IREncoder': 'mirencoder_jax.sklearn',
    'Index': 'mirencoder_jax.search',
    'Inspection': 'mirencoder_jax.inspection',
    'Vectors': 'mirencoder_jax.vectors',
    'Predictor': 'mirencoder_jax.downstream.predictor',
    'compare': 'mirencoder_jax.comparison',
    'embed_files': 'mirencoder_jax.vectors',
    'encode_states': 'mirencoder_jax.states',
    'inspect_module': 'mirencoder_jax.inspection',
    'load': 'mirencoder_jax.inference',
    'load_predictor': 'mirencoder_jax.downstream.predictor_checkpoint',
    'read_vectors': 'mirencoder_jax.vectors',
}

__all__ = [
    'CheckpointError',
    'Comparison',
    'Decision',
    'Encoder',
    'Encoding',
    'FunctionStates',
    'IREncoder',
    'IRError',
    'Index',
    'Inspection',
    'Vectors',
    'Predictor',
    'compare',
    'compile_source',
    'embed_files',
    'encode_states',
    'inspect_module',
    'ir',
    'load',
    'load_predictor',
    'read_module',
    'read_vectors',
]


def __getattr__(name: str):
  if name in _LAZY:
    return getattr(importlib.import_module(_LAZY[name]), name)
  raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
