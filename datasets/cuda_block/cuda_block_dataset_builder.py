"""`cuda_block`: CUDA kernels with their times by shape of the thread block.

    python datasets/prepare.py cuda_block --manual_dir=FOLDER

One example is one kernel of PolyBench/GPU with one problem size of 512 or more:
its time with each of 51 shapes on three GPUs. README.md says which files FOLDER
holds and where they come from; nothing is downloaded. A shape that was not run,
or whose run failed, is NaN: whoever evaluates counts it.
"""

import collections
import math
import statistics

import numpy as np
import tensorflow_datasets as tfds

from datasets import measurements
from mirencoder_jax.downstream.tasks import related

# GPU -> its runs in the table, the median of which counts.
GPUS = {
    'c2075': ('c2075',),
    'gtx1080ti': ('gtx1080ti',),
    'rtx2070super': tuple(f'geforcertx2070super_{i}' for i in (1, 2, 3)),
}
MIN_SIZE = 512
# 32 to 1024 threads, x by y.
SHAPES = tuple(
    f'{2**x}x{2**y}' for x in range(11) for y in range(11) if 5 <= x + y <= 10
)
# The shape that PolyBench/GPU gives a kernel: along one dimension or two.
_ONE_DIMENSION, _TWO_DIMENSIONS = '256x1', '32x8'
_IN_ONE_DIMENSION = (
    *('ATAX', 'BICG', 'GESUMMV', 'GRAMSCHM', 'MVT'),
    *('CORR mean_kernel', 'CORR std_kernel', 'CORR corr_kernel'),
    *('COVAR mean_kernel', 'COVAR covar_kernel'),
)


def usual_shape(program: str, kernel: str) -> str:
  """The shape that the benchmark's authors chose."""
  if {program, f'{program} {kernel}'} & set(_IN_ONE_DIMENSION):
    return _ONE_DIMENSION
  return _TWO_DIMENSIONS


class Builder(measurements.TaskBuilder):
  """Kernels of the table with their IR."""

  MANUAL_DOWNLOAD_INSTRUCTIONS = (
      'manual_dir holds klaraptor_runs.csv.gz and a folder ir with '
      '<program>_<kernel>.ll; datasets/cuda_block/README.md says where they '
      'come from.'
  )

  def _info(self) -> tfds.core.DatasetInfo:
    text = tfds.features.Text
    features = {
        'kernel': text(),
        'n': np.float64,  # the problem size
        # What must stay on one side of a split.
        'program': text(),
        'family': text(),  # programs that have a kernel of equal IR in common
        'module': text(),  # name of the IR file, no suffix
        'ir': text(),  # its text; '' where there is none
        'usual': text(),  # the shape that the program has without tuning
    } | {
        # ms, by `choices`
        f'{gpu}_runtimes': tfds.features.Tensor(
            shape=(len(SHAPES),), dtype=np.float64
        )
        for gpu in GPUS
    }
    return self.describe(features, choices=list(SHAPES))

  def _generate_examples(self, folder):
    runtimes = self._read_runtimes(folder / 'klaraptor_runs.csv.gz')
    texts = measurements.read_folder(folder / 'ir')
    kernels = sorted({(program, kernel) for program, kernel, _ in runtimes})
    modules = ['_'.join(key) for key in kernels]
    families = related.connect_code(
        [program for program, _ in kernels], modules, texts
    )
    family_of = dict(zip(kernels, families, strict=True))
    for (program, kernel, size), times in runtimes.items():
      module = f'{program}_{kernel}'
      example = {
          'kernel': kernel,
          'n': size,
          'program': program,
          'family': family_of[program, kernel],
          'module': module,
          'ir': texts.get(module, ''),
          'usual': usual_shape(program, kernel),
      }
      for gpu in GPUS:
        example[f'{gpu}_runtimes'] = [
            statistics.median(times[gpu, shape] or [math.nan])
            for shape in SHAPES
        ]
      yield f'{module} {size}', example

  def _read_runtimes(self, path):
    """(program, kernel, n) -> (gpu, shape) -> times of runs that passed."""
    gpu_of = {run: gpu for gpu, runs in GPUS.items() for run in runs}
    columns = (
        *('benchmark', 'kernel', 'gpu_run', 'n', 'bx', 'by', 'ms', 'passed'),
    )
    runtimes: dict = {}
    for index, row in enumerate(measurements.read_table(path, columns), 1):
      size = measurements.number(row, 'n')
      shape = f'{row["bx"]}x{row["by"]}'
      if math.isnan(size) or shape not in SHAPES:
        raise measurements.ManualDataError(
            f'{path}: row {index}: n is {row["n"]!r}, the shape {shape}; a '
            'number and a shape of 32 to 1024 threads, powers of two, are '
            'expected'
        )
      if row['gpu_run'] not in gpu_of or size < MIN_SIZE:
        continue
      key = (row['benchmark'], row['kernel'], int(size))
      times = runtimes.setdefault(key, collections.defaultdict(list))
      time = measurements.number(row, 'ms')
      if row['passed'] == 'True' and time > 0:
        times[gpu_of[row['gpu_run']], shape].append(time)
    return runtimes
