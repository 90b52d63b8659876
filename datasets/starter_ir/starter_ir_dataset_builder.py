"""`starter_ir`: programs written for this repository, as shards of examples.

    python datasets/prepare.py starter_ir --data_dir=data

Reads `starter_ir.tar.xz` beside this file; needs no compiler and no network.
"""

import tensorflow_datasets as tfds

from datasets.ir_folder import ir_folder_dataset_builder
from mirencoder_jax.data import corpus


class Builder(ir_folder_dataset_builder.Builder):
  """Shards of the starter corpus."""

  VERSION = tfds.core.Version('1.0.0')
  RELEASE_NOTES = {'1.0.0': 'First version.'}

  def __init__(
      self,
      *,
      settings: corpus.CorpusConfig = corpus.CorpusConfig(),
      source=None,
      **kwargs,
  ):
    folder = self.code_path.parent
    if source is None:
      source = folder / 'starter_ir.tar.xz'
      kwargs.setdefault('manifest', folder / 'manifest.csv')
    super().__init__(source=source, settings=settings, **kwargs)
