"""`code_size`: functions and units with their sizes under passes and flags.

    python datasets/prepare.py code_size
    python datasets/prepare.py code_size --manual_dir=FOLDER

An example is a function with its bytes under 16 pipelines of passes, or a unit
with its bytes under sets of flags on top of `clang -Oz`. Without a folder these
are the starter corpus's. FOLDER has IR: one that datasets/source_packages has
filled, whose labels ship (figures, found by the hashes of the functions), or
any that `python -m mirencoder_jax.measure size` has labelled.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow_datasets as tfds
from absl import logging
from etils import epath

from datasets import measurements
from mirencoder_jax import ir
from mirencoder_jax.corpus import files
from mirencoder_jax.frontend import isolation, slicing
from mirencoder_jax.ir import llvm
from mirencoder_jax.measure import pipelines, size_flags, unit_sizes

_HERE = epath.Path(__file__).parent
_SHIPPED = _HERE / 'labels.jsonl.xz'
_STARTER = _HERE.parent / 'starter_ir' / 'starter_ir.tar.xz'
# Of the shipped file: what the labels hang on.
_HEADER = ('llvm', 'compiler_version', 'target', 'min_bytes', 'date')


class Labels(NamedTuple):
  """Sizes by content.

  Attributes:
    header: what they hang on.
    functions: hash of a function -> package and bytes by pipeline.
    units: hash of a unit -> package and bytes by set of flags: of `.text`, and
      of Berkeley's.
    modules: names of the files that have them, for each of these two.
  """

  header: dict[str, Any]
  functions: dict[str, tuple[str, list]]
  units: dict[str, tuple[str, list, list]]
  modules: tuple[set[str], set[str]]


def _number(size) -> float:
  """A size; NaN for a reason, or nothing."""
  return math.nan if size is None or isinstance(size, str) else float(size)


def read_labels(*paths) -> Labels:
  """Reads label files of `measure size`, or the one that ships.

  Raises:
    ManualDataError: no labels, or of other pipelines than today's.
  """
  labels = Labels({}, {}, {}, (set(), set()))
  for path in paths:
    # What ships has functions and a unit of one name.
    header, records = measurements.read_labels(
        path,
        ['code_size', 'function_sizes', 'unit_sizes'],
        'measure size',
        key=lambda record: (record['name'], 'functions' in record),
    )
    wanted = list(pipelines.PIPELINES.values())
    if header.get('pipelines', wanted) != wanted:
      raise measurements.ManualDataError(
          f'{path}: was made with other pipelines; measure again'
      )
    labels.header.update(header)
    for record in records:
      package = record['package']
      for key, sizes in ((f[0], f[-2]) for f in record.get('functions', ())):
        labels.functions[key] = (package, [_number(size) for size in sizes])
        labels.modules[0].add(record['name'])
      sizes = record.get('sizes', {})
      if 'reason' not in record and 'hash' in record:
        if any(name not in sizes for name in size_flags.CHOICES.values()):
          continue  # of another choice of sets
        both = [sizes[name] for name in size_flags.CHOICES.values()]
        labels.units[record['hash']] = (
            package,
            *(
                [_number(s if isinstance(s, str) else s[i]) for s in both]
                for i in (0, 1)
            ),
        )
        labels.modules[1].add(record['name'])
  if not labels.functions and not labels.units:
    raise measurements.ManualDataError(
        f'{", ".join(map(str, paths)) or "no files"}: no labels'
    )
  return labels


def _read(path, names: set[str]) -> Iterator[tuple[str, bytes]]:
  """Modules of IR by name, of a folder or of an archive."""
  source = files.CorpusFiles(path)
  wanted = [file for file in source.files if file.name in names]
  for file, data in source.read(wanted):
    yield file.name, epath.Path(file.path).read_bytes() if file.path else data


class Builder(measurements.ShippedTaskBuilder):
  """Functions and units with their sizes."""

  pkg_dir_path = _HERE
  # Not needed for the starter corpus.
  MANUAL_DOWNLOAD_INSTRUCTIONS = (
      'manual_dir holds IR: what datasets/source_packages has built, or files '
      'of yours beside function_sizes.jsonl and unit_sizes.jsonl of '
      '`python -m mirencoder_jax.measure size`.'
  )

  def _info(self) -> tfds.core.DatasetInfo:
    text = tfds.features.Text
    num_sets = len(size_flags.CHOICES)

    def sizes(number):
      return tfds.features.Tensor(shape=(number,), dtype=np.float64)

    features = {
        'name': text(),  # the hash
        'kind': text(),  # function, unit
        'package': text(),  # what must stay on one side of a split
        'module': text(),  # the hash, as rows with equal IR share one
        'ir': text(),  # '' where the folder does not have it
        # Bytes, NaN where the choice failed.
        'function_sizes': sizes(len(pipelines.PIPELINES)),
        'unit_sizes': sizes(num_sets),  # of .text
        'unit_berkeley_sizes': sizes(num_sets),
    }
    return self.describe(
        features,
        choices=list(pipelines.PIPELINES),
        pipelines=list(pipelines.PIPELINES.values()),
        sets=list(size_flags.CHOICES.values()),
    )

  def _split_generators(self, dl_manager: tfds.download.DownloadManager):
    del dl_manager
    if self._folder is None:
      source, own = _STARTER, []
    else:
      source = folder = epath.Path(self._folder)
      names = ('function_sizes.jsonl', 'unit_sizes.jsonl')
      own = [folder / name for name in names if (folder / name).exists()]
    if own:
      labels = read_labels(*own)
    else:
      labels = _only(read_labels(_SHIPPED), starter=self._folder is None)
    self.info.metadata.update({k: labels.header.get(k) for k in _HEADER})
    parts = {
        'functions': labels._replace(units={}),
        'units': labels._replace(functions={}),
    }
    return {
        name: self._generate_examples(part, source)
        for name, part in parts.items()
        if part.functions or part.units
    }

  def _generate_examples(self, labels: Labels, source: epath.Path):
    functions, units = dict(labels.functions), dict(labels.units)
    names = labels.modules[0] if functions else labels.modules[1]
    for name, data in _read(source, names):
      try:
        module = ir.read_module(data, name)
        text = llvm.canonical_text(data)
      except (ir.IRError, llvm.LlvmRefusal, llvm.LlvmAbort) as error:
        logging.warning('%s: %s', name, error)
        continue
      parts = isolation.Module(text, name)
      for function in module.functions:
        if row := functions.pop(function.hash, None):
          part = parts.isolate(function.name)
          yield function.hash, _row(function.hash, part, functions=row)
      key = unit_sizes.hash_of(module)
      if row := units.pop(key, None):
        yield f'unit {key}', _row(key, slicing.strip_debug(text), unit=row)
    if functions or units:
      logging.warning(
          '%d functions and %d units have labels and no IR here',
          len(functions),
          len(units),
      )
    for key, row in functions.items():
      yield key, _row(key, '', functions=row)
    for key, row in units.items():
      yield f'unit {key}', _row(key, '', unit=row)


def _row(key: str, text: str, functions=None, unit=None) -> dict[str, Any]:
  """An example; the sizes of the other kind are not there."""
  nothing = [math.nan] * len(size_flags.CHOICES)
  return {
      'name': key,
      'kind': 'function' if functions else 'unit',
      'package': (functions or unit)[0],
      'module': key if functions else f'unit {key}',
      'ir': text,
      'function_sizes': functions[1]
      if functions
      else [math.nan] * len(pipelines.PIPELINES),
      'unit_sizes': unit[1] if unit else nothing,
      'unit_berkeley_sizes': unit[2] if unit else nothing,
  }


def _only(labels: Labels, *, starter: bool) -> Labels:
  """The labels of the starter corpus, or those of packages."""
  prefix = 'starter/'

  def keep(rows):
    return {
        key: row
        for key, row in rows.items()
        if row[0].startswith(prefix) == starter
    }

  return labels._replace(
      functions=keep(labels.functions), units=keep(labels.units)
  )
