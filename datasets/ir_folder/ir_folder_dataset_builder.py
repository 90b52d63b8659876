"""`ir_folder`: any folder, archive or glob of LLVM IR as shards of examples.

    python datasets/prepare.py ir_folder --source=my_ir

The work is `mirencoder_jax.corpus.corpus`; this builder says where the files
are and what the shards hold.
"""

import argparse
import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import tensorflow_datasets as tfds
from etils import epath

from datasets import corpus_flags, spilling
from mirencoder_jax.corpus import corpus, files, passes
from mirencoder_jax.data import example, shards


class Builder(tfds.core.GeneratorBasedBuilder):
  """Shards of one corpus.

  Attributes:
    report: `report.Report` of the job; None where it was done before.
  """

  pkg_dir_path = epath.Path(__file__).parent
  VERSION = tfds.core.Version('1.1.0')
  RELEASE_NOTES = {
      '1.0.0': 'First version.',
      '1.1.0': 'Loop depth of the nodes.',
  }

  def __init__(
      self,
      *,
      source: str | os.PathLike | None = None,
      manifest: str | os.PathLike | None = None,
      settings: corpus.CorpusConfig | None = None,
      beam_options: Sequence[str] | None = None,
      **kwargs,
  ):
    """A builder.

    Args:
      source: folder, archive, file or glob of `.ll` and `.bc` files.
      manifest: CSV that says where each file comes from; by default the
        `manifest.csv` at the top of the source, if there is one.
      settings: how the corpus is read.
      beam_options: flags of Apache Beam, `--runner=...` and others, which then
        does the work; None for processes on this machine.
      **kwargs: as for any builder, such as `data_dir`. A `config` names the
        corpus where several stand side by side in one `data_dir`.
    """
    self._source = source
    self._manifest = manifest
    self._settings = settings or corpus.CorpusConfig()
    self._beam_options = beam_options
    self._corpus = None
    self.report = None
    super().__init__(file_format='array_record', **kwargs)

  def _info(self) -> tfds.core.DatasetInfo:
    return self.dataset_info_from_configs(
        features=example.features(), metadata=tfds.core.MetadataDict()
    )

  def download_and_prepare(self, *, download_config=None, **kwargs) -> None:
    """As for any builder; what is there is deleted only if all can be read."""
    download_config = download_config or tfds.download.DownloadConfig()
    mode = download_config.download_mode
    if self._beam_options is not None:
      download_config = dataclasses.replace(
          download_config, beam_options=self._pipeline_options()
      )
    try:
      if mode.overwrite_dataset or not self.data_path.exists():
        self._read()
        self._clear_incomplete()
      with spilling.without_tensorflow():
        super().download_and_prepare(download_config=download_config, **kwargs)
    finally:
      if self._corpus is not None:
        self._corpus.close()

  def _read(self) -> None:
    if self._source is None:
      raise files.CorpusError(
          f'{self.name} has no source; name a folder, an archive or a glob'
      )
    # Where an interrupted job leaves what it has read.
    name = self.info.full_name.replace('/', '-')
    work_dir = self.data_dir_root / '.reading' / name
    if self._beam_options is None:
      self._corpus = corpus.Corpus(self._files(), work_dir, self._settings)
    else:
      from mirencoder_jax.corpus import beam

      self._corpus = beam.BeamCorpus(
          self._files(), work_dir, self._settings, self._pipeline_options()
      )
    self.report = self._corpus.report
    self._corpus.prepare()

  def _pipeline_options(self) -> Any:
    try:
      from apache_beam.options import pipeline_options
    except ImportError as error:
      raise files.CorpusError(
          'Apache Beam is not installed: python -m pip install apache-beam'
      ) from error
    return pipeline_options.PipelineOptions(
        list(self._beam_options), save_main_session=False
    )

  def _files(self) -> files.IrSource:
    """What the source holds."""
    return files.CorpusFiles(self._source, self._manifest)

  def _split_generators(self, dl_manager: tfds.download.DownloadManager):
    del dl_manager  # nothing is downloaded
    tokenizer = self._corpus.tokenizer
    # TFDS lets `data_path` be the folder under construction meanwhile.
    tokenizer.save(self.data_path / 'vocab.json')
    self.info.metadata.update(
        vocab_hash=tokenizer.hash,
        vocab_size=tokenizer.vocab_size,
        source=str(self._source),
        reader=passes.code_stamp(),
    )
    return {
        split: self._generate_examples(split) for split in self._corpus.splits
    }

  def _generate_examples(self, split: str):
    return self._corpus.examples(split)

  def _clear_incomplete(self) -> None:
    """Removes what kills have left; the corpus is this process's alone."""
    if self._beam_options is None:
      for folder in self.data_path.parent.glob(
          f'incomplete.*_{self.data_path.name}'
      ):
        folder.rmtree()

  def _download_and_prepare(self, *args, **kwargs) -> None:
    super()._download_and_prepare(*args, **kwargs)
    # Before the folder gets its name: it is whole then, or not there.
    self.report.save(self.data_path)
    shards.write_manifest(self.data_path)

  def _post_download_and_prepare_hook(self) -> None:
    self._corpus.clear()


def add_flags(command: argparse.ArgumentParser) -> None:
  """The flags that only this corpus has."""
  corpus_flags.add_source_flags(
      command,
      'folder (with its sub-folders), tar archive (also .gz, .xz), single file '
      'or quoted glob of .ll and .bc files',
      'ir_folder',
  )
  command.add_argument(
      '--manifest',
      help='CSV with a column path and any of program, language, opt_level, '
      'llvm; by default manifest.csv at the top of the source',
  )
  command.add_argument(
      '--group',
      choices=('program', 'file'),
      default='program',
      help='what stays on one side of the split: the program (the first folder '
      'that differs) or each file by itself (default: %(default)s)',
  )


def from_flags(args: argparse.Namespace) -> dict[str, Any]:
  """The arguments of `Builder` that its flags ask for."""
  return corpus_flags.source_arguments(args) | {'manifest': args.manifest}
