"""`device_mapping`: OpenCL kernels with their run times on a CPU and two GPUs.

    python datasets/prepare.py device_mapping --manual_dir=FOLDER

One example is one row of the published tables: a kernel with one problem size.
README.md says which files FOLDER holds and where they come from; nothing is
downloaded. A row without IR is kept with an empty text, and a time that is not
a number becomes NaN: whoever evaluates counts and names them.
"""

import csv
import gzip
import io
import math
import tarfile

import numpy as np
import tensorflow_datasets as tfds

PLATFORMS = ('amd', 'nvidia')
# Kernel sources stand in a column of the tables and are long.
_MAX_FIELD = 1 << 24


class ManualDataError(ValueError):
  """The files in `manual_dir` are not what they should be."""


def _read_table(path) -> list[dict[str, str]]:
  csv.field_size_limit(_MAX_FIELD)
  try:
    with gzip.open(io.BytesIO(path.read_bytes()), 'rt', newline='') as file:
      return list(csv.DictReader(file))
  except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
    raise ManualDataError(f'{path}: {error}') from error


def _number(row: dict[str, str], column: str) -> float:
  try:
    return float(row[column])
  except (TypeError, ValueError):
    return math.nan


def _check_columns(path, rows: list[dict[str, str]], columns) -> None:
  if not rows:
    raise ManualDataError(f'{path}: the table has no rows')
  missing = [column for column in columns if column not in rows[0]]
  if missing:
    raise ManualDataError(f'{path}: no column {", ".join(missing)}')


def connect_kernels(benchmarks: list[str], sources: list[str]) -> list[str]:
  """Names the kernel of each row.

  Rows are of one kernel if they have the same benchmark name or the same source
  text, also through others. Its name is the first of its benchmark names.
  """
  parent: dict[tuple[str, str], tuple[str, str]] = {}

  def find(key):
    parent.setdefault(key, key)
    while parent[key] != key:
      parent[key] = parent[parent[key]]
      key = parent[key]
    return key

  for benchmark, source in zip(benchmarks, sources, strict=True):
    parent[find(('source', source))] = find(('name', benchmark))
  roots = [find(('name', benchmark)) for benchmark in benchmarks]
  first: dict[tuple[str, str], str] = {}
  for root, benchmark in zip(roots, benchmarks, strict=True):
    first[root] = min(benchmark, first.get(root, benchmark))
  return [first[root] for root in roots]


class Builder(tfds.core.GeneratorBasedBuilder):
  """Rows of the device-mapping tables with the IR of their kernels."""

  VERSION = tfds.core.Version('1.0.0')
  RELEASE_NOTES = {'1.0.0': 'First version.'}
  MANUAL_DOWNLOAD_INSTRUCTIONS = (
      'manual_dir holds cgo17-amd.csv.gz, cgo17-nvidia.csv.gz, row_to_ir.csv '
      'and kernels_ir.tar.xz; datasets/device_mapping/README.md says where '
      'they come from.'
  )

  def __init__(self, **kwargs):
    super().__init__(**({'file_format': 'array_record'} | kwargs))

  def _info(self) -> tfds.core.DatasetInfo:
    text = tfds.features.Text
    features = {
        'row': np.int32,
        'benchmark': text(),
        'dataset': text(),
        # What must stay on one side of a split.
        'kernel': text(),
        'program': text(),
        'suite': text(),
        'module': text(),  # name of the IR file, no suffix
        'ir': text(),  # its text; '' where there is none
    }
    for platform in PLATFORMS:
      features |= {
          f'{platform}_transfer': np.float64,  # bytes to and from the device
          f'{platform}_wgsize': np.float64,  # work items of a group
          f'{platform}_runtime_cpu': np.float64,  # ms
          f'{platform}_runtime_gpu': np.float64,  # ms, transfer included
          f'{platform}_label': text(),  # CPU or GPU
      }
    return self.dataset_info_from_configs(
        features=tfds.features.FeaturesDict(features)
    )

  def _split_generators(self, dl_manager: tfds.download.DownloadManager):
    return {'train': self._generate_examples(dl_manager.manual_dir)}

  def _generate_examples(self, folder):
    tables = {}
    for platform in PLATFORMS:
      path = folder / f'cgo17-{platform}.csv.gz'
      tables[platform] = _read_table(path)
      _check_columns(
          path,
          tables[platform],
          ('benchmark', 'dataset', 'transfer', 'wgsize', 'oracle', 'src')
          + ('runtime_cpu', 'runtime_gpu'),
      )
    rows, others = (tables[platform] for platform in PLATFORMS)
    keys = [(row['benchmark'], row['dataset']) for row in rows]
    if keys != [(row['benchmark'], row['dataset']) for row in others]:
      raise ManualDataError(
          f'{folder}: the tables of {" and ".join(PLATFORMS)} differ in rows'
      )
    files = self._read_ir_names(folder / 'row_to_ir.csv')
    texts = self._read_ir(folder / 'kernels_ir.tar.xz')
    kernels = connect_kernels(
        [row['benchmark'] for row in rows], [row['src'] for row in rows]
    )
    for index, row in enumerate(rows):
      benchmark = row['benchmark']
      # A row that the mapping forgot keeps its place, with no IR.
      file = files.get(index, f'{benchmark}.ll')
      example = {
          'row': index,
          'benchmark': benchmark,
          'dataset': row['dataset'],
          'kernel': kernels[index],
          'program': benchmark.rsplit('-', 1)[0],
          'suite': benchmark.split('-', 1)[0],
          'module': file.removesuffix('.ll'),
          'ir': texts.get(file, ''),
      }
      for platform in PLATFORMS:
        measured = tables[platform][index]
        example |= {
            f'{platform}_{column}': _number(measured, column)
            for column in ('transfer', 'wgsize', 'runtime_cpu', 'runtime_gpu')
        }
        example[f'{platform}_label'] = measured['oracle']
      yield index, example

  def _read_ir_names(self, path) -> dict[int, str]:
    try:
      rows = list(csv.DictReader(io.StringIO(path.read_text())))
    except OSError as error:
      raise ManualDataError(f'{path}: {error}') from error
    _check_columns(path, rows, ('row', 'ir_file'))
    return {int(row['row']): row['ir_file'] for row in rows}

  def _read_ir(self, path) -> dict[str, str]:
    """File name -> text, whatever folder of the archive it is in."""
    texts = {}
    try:
      with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
        for member in archive:
          if member.isfile() and member.name.endswith('.ll'):
            text = archive.extractfile(member).read()
            # LLVM's text is ASCII; what is not cannot be its meaning.
            texts[member.name.rsplit('/', 1)[-1]] = text.decode(
                'utf-8', 'replace'
            )
    except (OSError, EOFError, tarfile.TarError) as error:
      raise ManualDataError(f'{path}: {error}') from error
    return texts
