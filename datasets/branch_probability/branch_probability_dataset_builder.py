"""`branch_probability`: conditional branches, and how often they were taken.

    python datasets/prepare.py branch_probability
    python datasets/prepare.py branch_probability --manual_dir=FOLDER

One example is one conditional branch of a function of a program: how often it
went each way in a run, and what LLVM guesses without one. Without a folder
programs and labels are ours, which stand beside this file. FOLDER is one that
`python -m mirencoder_jax.measure branches` has labelled.
"""

import numpy as np
import tensorflow_datasets as tfds
from absl import logging
from etils import epath

from datasets import measurements
from mirencoder_jax import ir as ir_lib
from mirencoder_jax.downstream.tasks import branch_features

# A branch that ran less often has no probability to speak of.
MIN_COUNT = 20
_HEADER = ('architecture', 'llvm', 'passes', 'date')


def read_labels(path) -> tuple[dict, list[dict]]:
  """Header and records, by name, of a label file; also one that is `.xz`.

  Raises:
    ManualDataError: no such file, another kind of file, or no labels.
  """
  header, records = measurements.read_labels(
      path, ['branches'], 'python -m mirencoder_jax.measure branches'
  )
  if not any(record['status'] == 'ok' for record in records):
    raise measurements.ManualDataError(f'{path}: no program has labels')
  return header, records


class Builder(measurements.ShippedTaskBuilder):
  """Branches with their counts."""

  pkg_dir_path = epath.Path(__file__).parent
  # Not needed for the programs that are shipped.
  MANUAL_DOWNLOAD_INSTRUCTIONS = (
      'manual_dir holds labels.jsonl and a folder ir, as '
      '`python -m mirencoder_jax.measure branches` leaves them.'
  )

  def _info(self) -> tfds.core.DatasetInfo:
    text = tfds.features.Text
    num_features = len(branch_features.NAMES)
    features = {
        # What must stay on one side of a split.
        'program': text(),
        'family': text(),  # the program, where it has none
        'function': text(),  # hash of its code
        'symbol': text(),
        'branch': np.int32,  # number among the function's
        'module': text(),  # name of the IR file, no suffix
        'ir': text(),  # its text, in one of the module's rows
        'count': np.float64,  # how often it was reached
        'probability': np.float64,  # that its condition was true
        # LLVM's: of the condition, and how often the block runs in a call.
        'llvm_probability': np.float64,
        'llvm_frequency': np.float64,
        # What a person sees, as `branch_features` says; and that with LLVM's.
        'seen': tfds.features.Tensor(shape=(num_features,), dtype=np.float32),
        'seen_and_llvm': tfds.features.Tensor(
            shape=(num_features + 2,), dtype=np.float32
        ),
    }
    return self.describe(features, seen=list(branch_features.NAMES))

  def _split_generators(self, dl_manager: tfds.download.DownloadManager):
    del dl_manager
    if self._folder is None:
      labels = self.pkg_dir_path / 'labels.jsonl.xz'
      archive = self.pkg_dir_path / 'programs_ir.tar.xz'
      read = measurements.read_archive(archive).get
    else:
      folder = epath.Path(self._folder)
      labels = folder / 'labels.jsonl'

      def read(unit, default):  # one at a time: there may be thousands
        path = folder / 'ir' / f'{unit}.ll'
        if not path.exists():
          return default
        return path.read_bytes().decode('utf-8', 'replace')

    header, records = read_labels(labels)
    self.info.metadata.update({key: header.get(key) for key in _HEADER})
    return {'train': self._generate_examples(records, read)}

  def _generate_examples(self, records, read):
    left = dict(programs=0, rare=0, unreached=0, without_ir=0)
    for record in records:
      if record['status'] != 'ok':
        left['programs'] += 1
        logging.warning('%s: %s', record['name'], record['reason'])
        continue
      by_unit: dict[str, list] = {}
      for function in record['functions']:
        if function['branches']:
          by_unit.setdefault(function['unit'], []).append(function)
      for unit, functions in sorted(by_unit.items()):
        yield from self._unit_rows(record, unit, functions, read, left)
    self.info.metadata.update(left_out=left)
    logging.info('branch_probability: left out %s', left)

  def _unit_rows(self, record, unit, functions, read, left):
    text, seen = read(unit, ''), {}
    if text:
      try:
        module = ir_lib.read_module(text.encode(errors='replace'), unit)
        seen = {f.hash: f for f in module.functions}
      except ir_lib.IRError as error:
        logging.warning('%s', error)
    else:
      logging.warning('%s: no IR', unit)
    for function in functions:
      name, code = record['name'], function['hash']
      known = seen.get(code)
      described = branch_features.describe(known) if known else None
      for number, (pair, guess) in enumerate(
          zip(function['branches'], function['guesses'], strict=True)
      ):
        total = sum(pair)
        if total < MIN_COUNT:
          left['rare' if total else 'unreached'] += 1
          continue
        if described is None:
          left['without_ir'] += 1
          continue
        frequency = min(guess[1], 1e12)
        yield f'{name} {code} {number}', {
            'program': name,
            'family': record.get('family') or name,
            'function': code,
            'symbol': function['symbol'],
            'branch': number,
            'module': unit,
            'ir': text,
            'count': total,
            'probability': pair[0] / total,
            'llvm_probability': guess[0],
            'llvm_frequency': frequency,
            'seen': described[number],
            'seen_and_llvm': np.append(
                described[number], [guess[0], np.log1p(frequency)]
            ).astype(np.float32),
        }
        text = ''
