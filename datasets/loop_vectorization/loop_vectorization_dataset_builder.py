"""`loop_vectorization`: loops with their times at 35 vector and unroll widths.

    python datasets/prepare.py loop_vectorization
    python datasets/prepare.py loop_vectorization --manual_dir=FOLDER

One example is one loop: its IR, what is known of it when it runs, and the
seconds of a call for each vectorisation width (1 to 64) and interleave count
(1 to 16), and for the compiler's own choice. Without a folder the loops and
labels are ours, which stand beside this file: `generate.py` writes the loops,
`python -m mirencoder_jax.measure loops` labelled them. FOLDER is one that the
same tool has labelled.
"""

import math

import numpy as np
import tensorflow_datasets as tfds
from etils import epath

from datasets import measurements
from mirencoder_jax.downstream.tasks import related
from mirencoder_jax.measure import loop_program

CHOICES = loop_program.NAMES
# Of the label file's header: what the labels depend on.
_HEADER = ('cpu', 'architecture', 'compiler', 'compiler_version', 'flags')
_HEADER += ('date',)


def read_labels(path) -> tuple[dict, list[dict]]:
  """Header and records, by name, of a label file; also one that is `.xz`.

  Raises:
    ManualDataError: no such file, another kind of file, or no labels.
  """
  command = 'python -m mirencoder_jax.measure loops'
  header, records = measurements.read_labels(path, ['loops'], command)
  if tuple(header['choices']) != CHOICES:
    raise measurements.ManualDataError(
        f'{path}: not a label file of `{command}`'
    )
  if not records:
    raise measurements.ManualDataError(f'{path}: no labels')
  return header, records


def _logarithm(record: dict, over: str, under: str = '') -> float:
  """Of a number of the record, or of a quotient; NaN if it is not there."""
  if over not in record:
    return math.nan
  return math.log2(max(record[over], 1) / (record[under] if under else 1))


def _passes(record: dict) -> list[list[float]]:
  """Costs of each pass by choice, NaN where there is none."""
  if 'passes' not in record:
    return [[math.nan] * len(CHOICES)] * 2
  rows = []
  for costs in record['passes']:
    of_clone = dict(zip(record['clones'], costs, strict=True))
    # A clone whose code an earlier one has was not timed itself.
    rows.append([of_clone.get(clone, math.nan) for clone in record['same']])
  return rows


class Builder(measurements.ShippedTaskBuilder):
  """Loops with the cost of each vectorisation."""

  pkg_dir_path = epath.Path(__file__).parent
  # Not needed for the loops that are shipped.
  MANUAL_DOWNLOAD_INSTRUCTIONS = (
      'manual_dir holds labels.jsonl and a folder ir, as '
      '`python -m mirencoder_jax.measure loops` leaves them.'
  )

  def _info(self) -> tfds.core.DatasetInfo:
    text = tfds.features.Text
    costs = tfds.features.Tensor(shape=(len(CHOICES),), dtype=np.float64)
    features = {
        'name': text(),
        # ok; disagree: two passes did not agree, no costs; failed: no program.
        'status': text(),
        'reason': text(),  # of what failed
        # What must stay on one side of a split.
        'loop': text(),  # loops of equal IR
        'family': text(),
        'module': text(),  # name of the IR file, no suffix
        'ir': text(),  # its text; '' where there is none
        # Known when the loop is entered, as logarithms to base 2.
        'log_trip_count': np.float64,  # iterations of an entry, mean
        'log_iterations': np.float64,  # of a call
        'log_bytes': np.float64,  # of all arrays
        # Seconds of a call, by `CHOICES`: the lesser one of two passes.
        'costs': costs,
        'first_pass': costs,
        'second_pass': costs,
        # Vector width and interleave count that LLVM made of each choice.
        'made': tfds.features.Tensor(shape=(len(CHOICES), 2), dtype=np.int32),
    }
    return self.describe(features, choices=list(CHOICES))

  def _split_generators(self, dl_manager: tfds.download.DownloadManager):
    del dl_manager
    if self._folder is None:
      labels = self.pkg_dir_path / 'labels.jsonl.xz'
      texts = measurements.read_archive(self.pkg_dir_path / 'loops_ir.tar.xz')
    else:
      labels = epath.Path(self._folder) / 'labels.jsonl'
      texts = measurements.read_folder(epath.Path(self._folder) / 'ir')
    header, records = read_labels(labels)
    self.info.metadata.update({key: header.get(key) for key in _HEADER})
    return {'train': self._generate_examples(records, texts)}

  def _generate_examples(self, records, texts):
    names = [record['name'] for record in records]
    loops = related.connect_code(names, names, texts)
    nothing = [math.nan] * len(CHOICES)
    for record, loop in zip(records, loops, strict=True):
      name, status = record['name'], record['status']
      costs = record['costs'] if status == 'ok' else nothing
      first, second = _passes(record)
      yield name, {
          'name': name,
          'status': status,
          'reason': record.get('reason', ''),
          'loop': loop,
          'family': record.get('family', ''),
          'module': name,
          'ir': texts.get(name, ''),
          'log_trip_count': _logarithm(record, 'iterations', 'entries'),
          'log_iterations': _logarithm(record, 'iterations'),
          'log_bytes': _logarithm(record, 'footprint'),
          'costs': [math.nan if cost is None else cost for cost in costs],
          'first_pass': first,
          'second_pass': second,
          'made': record.get('made', [(0, 0)] * len(CHOICES)),
      }
