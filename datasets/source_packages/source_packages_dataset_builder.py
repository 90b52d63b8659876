"""`source_packages`: pinned open-source packages, compiled, as shards.

    python datasets/prepare.py source_packages --tier=musl
    python datasets/prepare.py source_packages --tier=default --bitcode_only

`datasets.source_packages.build` fetches and compiles; from the folder of
bitcode that it leaves all is as for `ir_folder`, with views (`--views=` for
none).
"""

import argparse
import os
import pathlib
from typing import Any

import tensorflow_datasets as tfds
from etils import epath

from datasets.ir_folder import ir_folder_dataset_builder
from datasets.source_packages import build, packages, toolchain
from mirencoder_jax.corpus import files
from mirencoder_jax.ir import views as ir_views

_ABOUT = {
    'musl': 'The C library that the ziglang wheel carries; no download.',
    'default': 'The packages of the manifest, some files of each.',
    'full': 'The packages of the manifest, every file.',
}


class Builder(ir_folder_dataset_builder.Builder):
  """Shards of one tier.

  Attributes:
    packages_report: `report.Report` of fetching and compiling; None where the
      shards were there before.
  """

  # Without it TFDS takes the parent's README.
  pkg_dir_path = epath.Path(__file__).parent
  VERSION = tfds.core.Version('1.0.0')
  RELEASE_NOTES = {'1.0.0': 'First version.'}
  BUILDER_CONFIGS = [
      tfds.core.BuilderConfig(name=tier, description=_ABOUT[tier])
      for tier in packages.TIERS
  ]

  def __init__(
      self,
      *,
      bitcode: str | os.PathLike | None = None,
      cache: str | os.PathLike | None = None,
      build_config: build.BuildConfig | None = None,
      **kwargs,
  ):
    """A builder.

    Args:
      bitcode: folder for the bitcode; by default `bitcode/<tier>` in
        `data_dir`.
      cache: folder for what is downloaded; by default `source_cache` there.
      build_config: what is compiled and how.
      **kwargs: as for `ir_folder`, without a source.
    """
    self._build_config = build_config or build.BuildConfig()
    kwargs.setdefault('config', self._build_config.tier)
    super().__init__(**kwargs)
    folder = pathlib.Path(self.data_dir_root)
    self._source = bitcode or folder / 'bitcode' / self._build_config.tier
    self._cache = cache or folder / 'source_cache'
    self.packages_report = None

  def _files(self) -> files.IrSource:
    # The folder may hold bitcode of an earlier manifest of packages, whose
    # licence nobody answers for any more.
    return files.CorpusFiles(self._source, self._manifest, only_listed=True)

  def _read(self) -> None:
    try:
      job = build.Build(self._source, self._cache, self._build_config)
    except (packages.ManifestError, toolchain.ToolchainError) as error:
      raise files.CorpusError(str(error)) from error
    job.run()
    self.packages_report = job.report
    if not job.report.num_compiled:
      raise files.CorpusError(
          f'no package could be compiled; {self._source}/report.md says why'
      )
    super()._read()


def add_flags(command: argparse.ArgumentParser) -> None:
  """The flags that only this corpus has."""
  build.add_flags(command)
  command.set_defaults(views=ir_views.DEFAULT)
  command.add_argument(
      '--bitcode',
      help='folder for the bitcode (default: bitcode/TIER in data_dir)',
  )
  command.add_argument(
      '--bitcode_only',
      action='store_true',
      help='stops after the bitcode; the command without it goes on',
  )


def from_flags(args: argparse.Namespace) -> dict[str, Any]:
  """The arguments of `Builder` that its flags ask for."""
  return {
      'bitcode': args.bitcode,
      'cache': args.cache,
      'build_config': build.config_of(args),
  }


def run_instead(args: argparse.Namespace) -> int | None:
  """Fetches and compiles only, if that was asked for; gives the exit code."""
  if not args.bitcode_only:
    return None
  folder = pathlib.Path(os.path.expanduser(args.data_dir))
  return build.run(
      args.bitcode or folder / 'bitcode' / args.tier,
      args.cache or folder / 'source_cache',
      build.config_of(args),
  )
