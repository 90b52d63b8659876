"""What the builders of tasks share: a user's tables and IR -> rows.

A task's builder reads measurements from `manual_dir`, where a user has put the
published files. Nothing here downloads, and no row is left out: IR that is not
there is an empty text, a number that is none is NaN, and whoever evaluates
counts and names them.
"""

import argparse
import csv
import gzip
import io
import lzma
import math
import pathlib
import tarfile
import zlib
from collections.abc import Callable, Hashable, Mapping, Sequence

import tensorflow_datasets as tfds

from mirencoder_jax.storage import journal

# Sources stand in columns of published tables and are long.
_MAX_FIELD = 1 << 24


class ManualDataError(ValueError):
  """The files in `manual_dir` are not what they should be."""


def read_table(path, columns: Sequence[str]) -> list[dict[str, str]]:
  """Rows of a CSV file, gzipped if its name ends in `.gz`.

  Raises:
    ManualDataError: no such file, no CSV, no rows, or a column is missing.
  """
  csv.field_size_limit(_MAX_FIELD)
  try:
    data = path.read_bytes()
    if path.name.endswith('.gz'):
      data = gzip.decompress(data)
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline='')))
  except (OSError, EOFError, zlib.error, ValueError, csv.Error) as error:
    raise ManualDataError(f'{path}: {error}') from error
  if not rows:
    raise ManualDataError(f'{path}: the table has no rows')
  missing = [column for column in columns if column not in rows[0]]
  if missing:
    raise ManualDataError(f'{path}: no column {", ".join(missing)}')
  return rows


def read_labels(
    path,
    kinds: Sequence[str],
    command: str,
    key: Callable[[dict], Hashable] = lambda record: record['name'],
) -> tuple[dict, list[dict]]:
  """Header and records of a label file; also one that is `.xz`.

  Args:
    path: of the file.
    kinds: that its header may be of.
    command: that writes such files.
    key: what tells records apart; the last of each counts.

  Raises:
    ManualDataError: no such file, or one of another kind.
  """
  try:
    data = path.read_bytes()
    if path.name.endswith('.xz'):
      data = lzma.decompress(data)
    header, *records = journal.parse(io.BytesIO(data), str(path))
    last = {key(record): record for record in records}
  except (OSError, lzma.LZMAError, ValueError, KeyError) as error:
    raise ManualDataError(f'{path}: {error}') from error
  if header.get('kind') not in kinds:
    raise ManualDataError(f'{path}: not a label file of `{command}`')
  return header, [last[name] for name in sorted(last)]


def number(row: Mapping[str, str], column: str) -> float:
  """A cell as a number; NaN if it is none."""
  try:
    return float(row[column])
  except (TypeError, ValueError):
    return math.nan


def _text(data: bytes) -> str:
  # LLVM's text is ASCII; what is not cannot be its meaning.
  return data.decode('utf-8', 'replace')


def read_archive(path) -> dict[str, str]:
  """Texts of the `.ll` files in a tar archive; {name without suffix: text}.

  Raises:
    ManualDataError: no such file, or no archive.
  """
  texts = {}
  try:
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
      for member in archive:
        if member.isfile() and member.name.endswith('.ll'):
          # Whatever folder of the archive it is in.
          name = member.name.rsplit('/', 1)[-1].removesuffix('.ll')
          texts[name] = _text(archive.extractfile(member).read())
  except (OSError, EOFError, lzma.LZMAError, tarfile.TarError) as error:
    raise ManualDataError(f'{path}: {error}') from error
  return texts


def read_folder(folder) -> dict[str, str]:
  """Texts of the `.ll` files in a folder, {} if there is no such folder."""
  if not folder.is_dir():
    return {}
  return {
      path.name.removesuffix('.ll'): _text(path.read_bytes())
      for path in sorted(folder.iterdir())
      if path.name.endswith('.ll')
  }


class TaskBuilder(tfds.core.GeneratorBasedBuilder):
  """A builder of a task: one split, from the files in `manual_dir`."""

  VERSION = tfds.core.Version('1.0.0')
  RELEASE_NOTES = {'1.0.0': 'First version.'}

  def __init__(self, **kwargs):
    super().__init__(**({'file_format': 'array_record'} | kwargs))

  def _split_generators(self, dl_manager: tfds.download.DownloadManager):
    return {'train': self._generate_examples(dl_manager.manual_dir)}

  def describe(
      self, features: Mapping[str, object], **metadata
  ) -> tfds.core.DatasetInfo:
    """The data set's info; `metadata` is what all its rows share."""
    return self.dataset_info_from_configs(
        features=tfds.features.FeaturesDict(features),
        metadata=tfds.core.MetadataDict(metadata) if metadata else None,
    )


class ShippedTaskBuilder(TaskBuilder):
  """One whose files stand beside it, unless `manual_dir` has others."""

  def download_and_prepare(self, *, download_config=None, **kwargs) -> None:
    """As for any builder; without `manual_dir` of what is shipped."""
    self._folder = getattr(download_config, 'manual_dir', None)
    super().download_and_prepare(download_config=download_config, **kwargs)


def add_flags(
    command: argparse.ArgumentParser, builder: type[TaskBuilder]
) -> None:
  """The flag of a task: where its files are."""
  is_shipped = issubclass(builder, ShippedTaskBuilder)
  command.add_argument(
      '--manual_dir',
      required=not is_shipped,
      type=_folder,
      help="folder with the files that the data set's README.md names"
      + (' (default: what is shipped)' if is_shipped else ''),
  )


def _folder(path: str) -> str:
  if not pathlib.Path(path).is_dir():
    raise argparse.ArgumentTypeError(f'{path} is not a folder')
  return path
