"""`device_mapping`: OpenCL kernels with their run times on a CPU and two GPUs.

    python datasets/prepare.py device_mapping --manual_dir=FOLDER

One example is one row of the published tables: a kernel with one problem size.
README.md says which files FOLDER holds and where they come from; nothing is
downloaded. A row without IR is kept with an empty text, and a time that is not
a number becomes NaN: whoever evaluates counts and names them.
"""

import numpy as np
import tensorflow_datasets as tfds

from datasets import measurements
from mirencoder_jax.downstream.tasks import related

PLATFORMS = ('amd', 'nvidia')


def connect_kernels(benchmarks: list[str], sources: list[str]) -> list[str]:
  """Names the kernel of each row.

  Rows are of one kernel if they have the same benchmark name or the same source
  text, also through others. Its name is the first of its benchmark names.
  """
  return related.connect(benchmarks, [[source] for source in sources])


class Builder(measurements.TaskBuilder):
  """Rows of the device-mapping tables with the IR of their kernels."""

  MANUAL_DOWNLOAD_INSTRUCTIONS = (
      'manual_dir holds cgo17-amd.csv.gz, cgo17-nvidia.csv.gz, row_to_ir.csv '
      'and kernels_ir.tar.xz; datasets/device_mapping/README.md says where '
      'they come from.'
  )

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
    return self.describe(features)

  def _generate_examples(self, folder):
    tables = {}
    for platform in PLATFORMS:
      path = folder / f'cgo17-{platform}.csv.gz'
      tables[platform] = measurements.read_table(
          path,
          ('benchmark', 'dataset', 'transfer', 'wgsize', 'oracle', 'src')
          + ('runtime_cpu', 'runtime_gpu'),
      )
    rows, others = (tables[platform] for platform in PLATFORMS)
    keys = [(row['benchmark'], row['dataset']) for row in rows]
    if keys != [(row['benchmark'], row['dataset']) for row in others]:
      raise measurements.ManualDataError(
          f'{folder}: the tables of {" and ".join(PLATFORMS)} differ in rows'
      )
    files = {
        int(row['row']): row['ir_file'].removesuffix('.ll')
        for row in measurements.read_table(
            folder / 'row_to_ir.csv', ('row', 'ir_file')
        )
    }
    texts = measurements.read_archive(folder / 'kernels_ir.tar.xz')
    kernels = connect_kernels(
        [row['benchmark'] for row in rows], [row['src'] for row in rows]
    )
    for index, row in enumerate(rows):
      benchmark = row['benchmark']
      # A row that the mapping forgot keeps its place, with no IR.
      module = files.get(index, benchmark)
      example = {
          'row': index,
          'benchmark': benchmark,
          'dataset': row['dataset'],
          'kernel': kernels[index],
          'program': benchmark.rsplit('-', 1)[0],
          'suite': benchmark.split('-', 1)[0],
          'module': module,
          'ir': texts.get(module, ''),
      }
      for platform in PLATFORMS:
        measured = tables[platform][index]
        example |= {
            f'{platform}_{column}': measurements.number(measured, column)
            for column in ('transfer', 'wgsize', 'runtime_cpu', 'runtime_gpu')
        }
        example[f'{platform}_label'] = measured['oracle']
      yield index, example
