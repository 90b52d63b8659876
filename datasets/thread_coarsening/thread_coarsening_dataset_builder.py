"""`thread_coarsening`: OpenCL kernels whose threads were merged 1 to 32 times.

    python datasets/prepare.py thread_coarsening --manual_dir=FOLDER

One example is one kernel on one GPU, with the run time of each factor.
README.md says which files FOLDER holds and where they come from; nothing is
downloaded. A factor that was not measured is NaN, and so is a time that is not
a number: whoever evaluates counts and names them.
"""

import math

import numpy as np
import tensorflow_datasets as tfds

from datasets import measurements
from mirencoder_jax.downstream.tasks import related

FACTORS = ('1', '2', '4', '8', '16', '32')
GPUS = ('Cypress', 'Tahiti', 'Fermi', 'Kepler')


class Builder(measurements.TaskBuilder):
  """Rows of the thread-coarsening table with the IR of their kernels."""

  VERSION = tfds.core.Version('1.1.0')
  RELEASE_NOTES = {
      '1.0.0': 'First version.',
      '1.1.0': 'Kernels of equal code.',
  }
  MANUAL_DOWNLOAD_INSTRUCTIONS = (
      'manual_dir holds pact-2014-runtimes.csv and kernels_ir.tar.xz; '
      'datasets/thread_coarsening/README.md says where they come from.'
  )

  def _info(self) -> tfds.core.DatasetInfo:
    text = tfds.features.Text
    features = {
        'kernel': text(),
        'code': text(),  # kernels of equal IR
        'gpu': text(),
        'row': text(),  # of a kernel on a GPU
        'module': text(),  # name of the IR file, no suffix
        'ir': text(),  # its text; '' where there is none
        # By FACTORS; in the units of the table.
        'runtimes': tfds.features.Tensor(
            shape=(len(FACTORS),), dtype=np.float64
        ),
    }
    # 1 on the row's GPU, 0 otherwise: inputs of a fit over all of them.
    features |= {f'on_{gpu}': np.float64 for gpu in GPUS}
    return self.describe(features, choices=list(FACTORS))

  def _generate_examples(self, folder):
    path = folder / 'pact-2014-runtimes.csv'
    columns = {gpu: f'runtime_{gpu}' for gpu in GPUS}
    table = measurements.read_table(path, ('kernel', 'cf', *columns.values()))
    texts = measurements.read_archive(folder / 'kernels_ir.tar.xz')
    runtimes: dict[str, dict[str, dict[str, float]]] = {}
    for line, row in enumerate(table, start=2):
      if row['cf'] not in FACTORS:
        raise measurements.ManualDataError(
            f'{path}: row {line - 1}: cf is {row["cf"]!r}, none of '
            + ', '.join(FACTORS)
        )
      times = runtimes.setdefault(row['kernel'], {gpu: {} for gpu in GPUS})
      for gpu, column in columns.items():
        times[gpu][row['cf']] = measurements.number(row, column)
    kernels = sorted(runtimes)
    codes = related.connect_code(kernels, kernels, texts)
    code_of = dict(zip(kernels, codes, strict=True))
    for kernel, times in runtimes.items():
      for gpu in GPUS:
        yield f'{kernel} {gpu}', {
            'kernel': kernel,
            'code': code_of[kernel],
            'gpu': gpu,
            'row': f'{kernel} {gpu}',
            'module': kernel,
            'ir': texts.get(kernel, ''),
            'runtimes': [times[gpu].get(f, math.nan) for f in FACTORS],
        } | {f'on_{other}': float(gpu == other) for other in GPUS}
