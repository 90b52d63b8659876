"""`numa_prefetch`: OpenMP regions under 768 settings of a NUMA machine.

    python datasets/prepare.py numa_prefetch --manual_dir=FOLDER

One example is one parallel region with one of two input sizes: its time with
each combination of threads, nodes, placement, hyper-threading, prefetchers and
page policy. README.md says which files FOLDER holds and where they come from;
nothing is downloaded. `openmp_tuning` is a slice of the same table.
"""

import itertools
import math

import numpy as np
import tensorflow_datasets as tfds

from datasets import measurements
from mirencoder_jax.downstream.tasks import related

# What the authors measured of a run with an instrumented binary: how threads
# share data, and how pages are touched.
_METRICS = ('CH', 'CHv2', 'CA', 'CB', 'CBv2', 'CC', 'NBC', 'SP(16)')
PROFILE = {
    f'profile_{name.replace("(16)", "")}'.replace('-', '_'): name
    for name in (*_METRICS, *(f'P-{name}' for name in _METRICS))
}
_PROFILED_THREADS = '32'  # the default's
SETTINGS = ('threads', 'nodes', 'mapping', 'ht', 'prefetch_mask', 'page')
# The authors': 32 threads on both nodes, scattered, one to a core, all
# prefetchers on, pages where the program puts them.
DEFAULT = '32-2-scatter-0-0-ori'


def choice_name(row: dict[str, str]) -> str:
  """A configuration as `threads-nodes-mapping-ht-prefetch_mask-page`."""
  return '-'.join(row[setting] for setting in SETTINGS)


def program_of(source: str) -> tuple[str, str]:
  """Program and suite of a region's source file: (rodinia/bfs, rodinia)."""
  parts = [part for part in source.split('/') if part != 'openmp']
  program = parts[0] + '/' + (parts[1] if len(parts) > 1 else '')
  return program.rsplit('.', 1)[0].rstrip('/'), parts[0]


class Builder(measurements.TaskBuilder):
  """Regions of the table with the IR of their outlined functions."""

  VERSION = tfds.core.Version('1.1.0')
  RELEASE_NOTES = {
      '1.0.0': 'First version.',
      '1.1.0': "The authors' profiles.",
  }
  MANUAL_DOWNLOAD_INSTRUCTIONS = (
      'manual_dir holds numa_prefetch_long.csv.gz, region_sources.csv and a '
      'folder ir with <region>.ll; datasets/numa_prefetch/README.md says where '
      'they come from.'
  )
  # Settings that do not vary: setting -> the value that is kept.
  kept: dict[str, str] = {}

  def _choices(self) -> list[str]:
    """Names of the configurations, in the order of `runtimes`."""
    values = dict(
        threads=('16', '32', '64'),
        nodes=('1', '2'),
        mapping=('compact', 'scatter'),
        ht=('0', '1'),
        prefetch_mask=map(str, range(16)),
        page=('ori', 'bal', 'loc'),
    ) | {setting: (value,) for setting, value in self.kept.items()}
    names = map('-'.join, itertools.product(*map(values.get, SETTINGS)))
    # One node has 32 hardware threads, and nothing to scatter over.
    return [
        name
        for name in names
        if '-1-scatter-' not in name and not name.startswith('64-1-')
    ]

  def _info(self) -> tfds.core.DatasetInfo:
    text = tfds.features.Text
    choices = self._choices()
    features = {
        'region': text(),
        'size': text(),  # conf1 or conf2
        # 1 for the larger of the region's two inputs, 0 for the smaller, 0.5
        # where it ran with one only.
        'larger': np.float64,
        # What must stay on one side of a split.
        'code': text(),  # regions of equal IR
        'program': text(),
        'suite': text(),
        'module': text(),  # name of the IR file, no suffix: the region's
        'ir': text(),  # its text; '' where there is none
        # Median over the region's invocations; by `choices`.
        'runtimes': tfds.features.Tensor(
            shape=(len(choices),), dtype=np.float64
        ),
    }
    features |= {name: np.float64 for name in PROFILE}
    return self.describe(features, choices=choices)

  def _generate_examples(self, folder):
    choices = self._choices()
    runtimes = self._read_runtimes(folder / 'numa_prefetch_long.csv.gz')
    sources = {
        row['region']: row['source']
        for row in measurements.read_table(
            folder / 'region_sources.csv', ('region', 'source')
        )
    }
    profiles = self._read_profiles(folder / 'dynamic_comm_page_features.csv')
    texts = measurements.read_folder(folder / 'ir')
    regions = sorted({region for region, _ in runtimes})
    codes = related.connect_code(regions, regions, texts)
    code_of = dict(zip(regions, codes, strict=True))
    for (region, size), times in runtimes.items():
      program, suite = program_of(sources.get(region, ''))
      yield f'{region} {size}', {
          'region': region,
          'size': size,
          'larger': _larger(runtimes, region, size),
          'code': code_of[region],
          'program': program,
          'suite': suite,
          'module': region,
          'ir': texts.get(region, ''),
          'runtimes': [times.get(choice, math.nan) for choice in choices],
      } | profiles.get((region, size), dict.fromkeys(PROFILE, math.nan))

  def _read_runtimes(self, path) -> dict[tuple[str, str], dict[str, float]]:
    """(region, size) -> choice -> time, of the settings that are kept."""
    columns = ('region', 'size', *SETTINGS, 'time_med')
    known = set(self._choices())
    runtimes: dict[tuple[str, str], dict[str, float]] = {}
    for number, row in enumerate(measurements.read_table(path, columns), 1):
      if any(row[setting] != value for setting, value in self.kept.items()):
        continue
      choice = choice_name(row)
      if choice not in known:
        raise measurements.ManualDataError(
            f'{path}: row {number}: unknown configuration {choice}'
        )
      times = runtimes.setdefault((row['region'], row['size']), {})
      times[choice] = measurements.number(row, 'time_med')
    return runtimes

  def _read_profiles(self, path) -> dict[tuple[str, str], dict[str, float]]:
    """(region, size) -> metrics of a run with the default's threads."""
    if not path.exists():
      return {}
    columns = ('application', 'conf', 'threads', *PROFILE.values())
    return {
        (row['application'], row['conf']): {
            name: measurements.number(row, column)
            for name, column in PROFILE.items()
        }
        for row in measurements.read_table(path, columns)
        if row['threads'] == _PROFILED_THREADS
    }


def _larger(runtimes, region: str, size: str) -> float:
  """Whether this is the larger input of the region; 0.5 if there is one only.

  The table does not say so: which of two inputs is larger is what their times
  by default say.
  """
  times = {
      other: times.get(DEFAULT, math.nan)
      for (name, other), times in runtimes.items()
      if name == region
  }
  if len(times) < 2:
    return 0.5
  return float(times[size] == max(times.values()))
