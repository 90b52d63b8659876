"""`starter_ir`: programs written for this repository, as shards of examples.

    python datasets/prepare.py starter_ir

Reads `starter_ir.tar.xz` beside this file; needs no compiler and no network.
"""

import os

from etils import epath

from datasets.ir_folder import ir_folder_dataset_builder


class Builder(ir_folder_dataset_builder.Builder):
  """Shards of the starter corpus."""

  # Without it TFDS takes the parent's README.
  pkg_dir_path = epath.Path(__file__).parent

  def __init__(
      self,
      *,
      source: str | os.PathLike | None = None,
      manifest: str | os.PathLike | None = None,
      **kwargs,
  ):
    if source is None:
      source = self.pkg_dir_path / 'starter_ir.tar.xz'
      manifest = self.pkg_dir_path / 'manifest.csv'
    super().__init__(source=source, manifest=manifest, **kwargs)
