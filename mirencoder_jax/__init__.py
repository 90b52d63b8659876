"""mirencoder_jax: an encoder of LLVM IR for performance work, in JAX.

    import mirencoder_jax as mir
    encoder = mir.load('runs/tiny')
    vectors = encoder.embed('kernel.ll')  # float32 [1, D]

Importing this package imports neither TensorFlow nor TensorFlow Datasets, and
JAX only when an encoder is asked for. Public names stand in `__init__.pyi`.
"""

import lazy_loader

from mirencoder_jax.version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
