"""`compile`: bitcode in Parquet files (ComPile) as shards of examples.

    python datasets/prepare.py compile --source=gs://bucket/dir --languages=c

The rows are streamed by `mirencoder_jax.corpus.parquet`; all else is as
for `ir_folder`.
"""

import argparse
from collections.abc import Sequence
from typing import Any

import tensorflow_datasets as tfds
from etils import epath

from datasets import corpus_flags
from datasets.ir_folder import ir_folder_dataset_builder
from mirencoder_jax.corpus import parquet


class Builder(ir_folder_dataset_builder.Builder):
  """Shards of a collection of bitcode in Parquet files."""

  # Without it TFDS takes the parent's README.
  pkg_dir_path = epath.Path(__file__).parent
  VERSION = tfds.core.Version('1.0.0')
  RELEASE_NOTES = {'1.0.0': 'First version.'}

  def __init__(
      self,
      *,
      languages: Sequence[str] = (),
      licences: Sequence[str] = (),
      max_modules: int = 0,
      **kwargs,
  ):
    """A builder.

    Args:
      languages: those to take; all by default.
      licences: SPDX expressions to take; all by default.
      max_modules: modules of each language, at most; 0 for all.
      **kwargs: as for `ir_folder`; `source` is a folder, file or glob of
        Parquet files.
    """
    self._rows = (languages, licences, max_modules)
    super().__init__(**kwargs)

  def _files(self) -> parquet.ParquetFiles:
    return parquet.ParquetFiles(self._source, *self._rows)


def add_flags(command: argparse.ArgumentParser) -> None:
  """The flags that only this corpus has: which rows to take."""
  corpus_flags.add_source_flags(
      command,
      'folder or bucket (gs://, s3://), file or quoted glob of .parquet files '
      'with the columns of ComPile',
      'compile',
  )
  command.add_argument(
      '--languages',
      type=corpus_flags.names,
      default=(),
      help='languages to take, as c,c++,rust (default: all)',
  )
  command.add_argument(
      '--licences',
      type=corpus_flags.names,
      default=(),
      help='SPDX expressions to take, as MIT,Apache-2.0 (default: all)',
  )
  command.add_argument(
      '--max_modules',
      type=int,
      default=0,
      help='modules of each language, at most, the first; 0 for all',
  )


def from_flags(args: argparse.Namespace) -> dict[str, Any]:
  """The arguments of `Builder` that its flags ask for."""
  return corpus_flags.source_arguments(args) | {
      'languages': args.languages,
      'licences': args.licences,
      'max_modules': args.max_modules,
  }
