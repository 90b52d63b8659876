"""`gpu_roofline`: GPU kernels, what bounds them and how long they ran.

    python datasets/prepare.py gpu_roofline --manual_dir=FOLDER

One example is one kernel of a CUDA or an OpenMP program, with the median over
its launches of equal shape. README.md says which files FOLDER holds and where
they come from; nothing is downloaded. A kernel whose IR is not there keeps its
row: whoever evaluates counts it.
"""

import collections
import math
import re
import statistics

import numpy as np
import tensorflow_datasets as tfds

from datasets import measurements
from datasets.gpu_roofline import matching

# Of the data's authors: bytes a second of an RTX 3080, and operations a byte
# from which on arithmetic bounds a kernel, at the base clock.
BANDWIDTH = 760.3e9
BALANCE = {'spAI': 33.0, 'dpAI': 0.515, 'intAI': 16.5}
FORMS = {'cuda': 'cuda', 'omp': 'openmp'}
_COLUMNS = (
    *('Kernel Name', 'targetName', 'Block Size', 'Grid Size', 'xtime'),
    *('traffic', *BALANCE),
)


def _size(text: str) -> float:
  """Threads or blocks of `(256, 1, 1)`; NaN if that is none."""
  numbers = re.findall(r'\d+', text)
  return float(math.prod(map(int, numbers))) if len(numbers) == 3 else math.nan


class Builder(measurements.TaskBuilder):
  """Kernels of the table with their IR."""

  MANUAL_DOWNLOAD_INSTRUCTIONS = (
      'manual_dir holds profiling-data.csv.gz and a folder ir that '
      '`mirencoder compile` wrote; datasets/gpu_roofline/README.md says more.'
  )

  def _info(self) -> tfds.core.DatasetInfo:
    text = tfds.features.Text
    return self.describe({
        'kernel': text(),  # as the profiler has it
        'target': text(),  # the program in one of its forms
        'program': text(),
        'form': text(),  # cuda or openmp
        'module': text(),
        'ir': text(),  # the kernel and what it calls; '' where there is none
        'grid': np.float64,  # blocks
        'block': np.float64,  # threads of each
        'compute_bound': np.float64,  # 1 or 0
        'log_time': np.float64,  # of ns
        'bandwidth_share': np.float64,  # of what the device has
        'launches': np.int64,  # that the medians are over
    })  # fmt: skip

  def _split_generators(self, dl_manager):
    folder = dl_manager.manual_dir
    return {f: self._generate_examples(folder, f) for f in FORMS.values()}

  def _generate_examples(self, folder, form):
    path = folder / 'profiling-data.csv.gz'
    launches = collections.defaultdict(list)
    for row in measurements.read_table(path, _COLUMNS):
      launches[row['targetName'], row['Kernel Name']].append(row)
    wanted = collections.defaultdict(list)
    for target, kernel in launches:
      wanted[target].append(kernel)
    files = _read_manifest(folder / 'ir', set(wanted))
    found = {
        (target, kernel): file
        for target, kernels in wanted.items()
        for kernel, file in matching.match(kernels, files[target]).items()
    }
    for number, ((target, kernel), rows) in enumerate(launches.items()):
      file = found[target, kernel]
      program, _, end = target.rpartition('-')
      if end not in FORMS:
        raise measurements.ManualDataError(
            f'{path}: targetName {target!r} ends in none of {", ".join(FORMS)}'
        )
      if FORMS[end] != form:
        continue
      yield number, {
          'kernel': kernel,
          'target': target,
          'program': program,
          'form': form,
          'module': file or f'{target} {kernel}',
          'ir': (folder / 'ir' / file).read_text() if file else '',
          **_measured(rows),
      }


def _measured(rows) -> dict[str, float]:
  """Of the launches that have the first one's shape."""
  shape = [(_size(r['Grid Size']), _size(r['Block Size'])) for r in rows]
  rows = [r for r, s in zip(rows, shape, strict=True) if s == shape[0]] or rows

  def median(column):
    return statistics.median(measurements.number(r, column) for r in rows)

  time = median('xtime')
  intensities = {column: median(column) for column in BALANCE}
  is_known = all(map(math.isfinite, intensities.values()))
  bound = any(intensities[c] > BALANCE[c] for c in BALANCE)
  return {
      'grid': shape[0][0],
      'block': shape[0][1],
      'compute_bound': float(bound) if is_known else math.nan,
      'log_time': math.log(time) if time > 0 else math.nan,
      'bandwidth_share': median('traffic') / BANDWIDTH,
      'launches': len(rows),
  }


def _read_manifest(folder, targets) -> dict[str, dict[str, str]]:
  """Target -> symbol -> file, of the kernels that were compiled.

  A unit is of the target that a part of its path is named as.
  """
  files: dict[str, dict[str, str]] = {target: {} for target in targets}
  path = folder / 'manifest.csv'
  if not path.exists():
    return files
  for row in measurements.read_table(path, ('unit', 'symbol', 'ir')):
    parts = re.split(r'[/\\]', row['unit'])
    of_unit = [part.removesuffix('.dir') for part in parts]
    target = next((part for part in of_unit if part in targets), None)
    if target is not None and row['symbol'] and row['ir']:
      files[target].setdefault(row['symbol'], row['ir'])
  return files
