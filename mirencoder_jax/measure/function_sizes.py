"""`measure size`: what a pipeline of passes makes of a function's size.

Every function of at least so many bytes is put into a module of its own
(`frontend.isolation`: external, callees declared, what can be written to is not
known), gets `minsize`, `optsize` and `noinline`, and is compiled under each
pipeline. Always-inline calls are made before pipelines part. The default, `Oz`,
is what `clang -Oz` does, with `minsize` and `optsize` on the function: gains
over an -Oz without these attributes are larger and mean less.

A pipeline that aborts LLVM, does not end, breaks the module, loses a symbol or
calls what -Oz does not has no size for that function, and is named.
"""

import collections
import dataclasses
import pathlib
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import llvmlite.binding as llvm

from mirencoder_jax import ir
from mirencoder_jax.frontend import isolation
from mirencoder_jax.measure import label_file, size_modules, size_passes
from mirencoder_jax.measure.pipelines import PIPELINES


@dataclasses.dataclass(frozen=True)
class SizesConfig:
  """What is measured of which functions.

  Attributes:
    pipelines: name -> stages, as `size_worker` reads them; the default first.
    target: what code is made for.
    min_bytes: functions that are smaller under the default are counted only.
    max_characters: of a function's module; larger ones are named and skipped.
    per_module: at most so many functions of a module, those of the least
      hashes; 0 for all.
    seconds: of the processor, for one function under one pipeline.
  """

  pipelines: Mapping[str, str] = dataclasses.field(
      default_factory=lambda: dict(PIPELINES)
  )
  target: size_passes.Target = size_passes.Target()
  min_bytes: int = 48
  max_characters: int = 1 << 20
  per_module: int = 0
  seconds: int = 10

  def header(self) -> dict[str, Any]:
    """What sizes hang on; they do not on the machine."""
    return dict(
        kind='function_sizes',
        choices=list(self.pipelines),
        pipelines=list(self.pipelines.values()),
        llvm='.'.join(map(str, llvm.llvm_version_info)),
        **{f'target_{k}': v for k, v in self.target._asdict().items()},
        min_bytes=self.min_bytes,
        max_characters=self.max_characters,
        per_module=self.per_module,
        seconds=self.seconds,
    )


def label_modules(
    sources: Sequence[pathlib.Path],
    output: pathlib.Path,
    config: SizesConfig,
    *,
    limit: int | None = None,
    minutes: float | None = None,
) -> dict[str, Any]:
  """Sizes of the functions of modules; a second run adds what is missing.

  Args:
    sources: folders and files of IR.
    output: the label file.
    config: what is measured.
    limit: stop behind so many functions, of earlier runs as well.
    minutes: stop behind the module in which they are over.

  Returns:
    Name -> record of each module that was measured.

  Raises:
    FileNotFoundError: there is no IR.
    LabelFileError: `output` has labels of other settings.
  """
  modules = size_modules.find_modules(sources)
  start = time.monotonic()
  with (
      label_file.open_labels(output, config.header()) as labels,
      size_passes.SizeWorker(config.seconds) as worker,
  ):
    known = {f[0] for r in labels.records.values() for f in r['functions']}
    for number, module in enumerate(modules, 1):
      seconds = time.monotonic() - start
      if limit is not None and len(known) >= limit:
        break
      if minutes is not None and seconds > 60 * minutes:
        break
      if labels.is_done(module.name, module.digest()):
        continue
      record = _label(module, known, worker, config)
      labels.add(record)
      known |= {function[0] for function in record['functions']}
      _say(number, len(modules), module, record, len(known), seconds)
    return dict(labels.records)


def _say(number, total, module, record, num_known, seconds) -> None:
  problem = f': {record["reason"]}' if 'reason' in record else ''
  print(
      f'[{number}/{total}] {module.name} {len(record["functions"])} functions'
      f'{problem} ({num_known} in all, {seconds:.0f} s)',
      file=sys.stderr,
      flush=True,
  )


def _label(module, known, worker, config) -> dict[str, Any]:
  """The record of a module, whatever is wrong with it."""
  record = dict(
      name=module.name,
      digest=module.digest(),
      package=module.package,
      functions=[],
      failed={},
      num_small=0,
      num_known=0,
      num_left=0,
  )
  try:
    data = module.path.read_bytes()
    hashes = {
        f.name: f.hash for f in ir.read_module(data, module.name).functions
    }
    parts = isolation.Module(worker.resolve(data), module.name)
  except (ir.IRError, size_passes.SizeError, OSError) as error:
    return record | dict(reason=str(error))
  triple = config.target.triple or parts.triple
  if not triple.startswith(size_passes.ARCHITECTURES):
    return record | dict(reason=f'no object code is read of {triple!r}')
  if reason := _differs(parts.triple, config.target.triple):
    return record | dict(reason=reason)
  pipelines = list(config.pipelines.values())
  new: dict[str, str] = {}  # hash -> the first function that has it
  for symbol in parts.symbols:
    key = hashes.get(symbol)
    if key is None or key in known or key in new:
      record['num_known'] += 1
    else:
      new[key] = symbol
  order = sorted(new.items()) if config.per_module else new.items()
  for key, symbol in order:
    if 0 < config.per_module <= len(record['functions']):
      record['num_left'] += 1
      continue
    text = parts.isolate(symbol)
    if len(text) > config.max_characters:
      record['failed'][symbol] = f'its module has {len(text)} characters'
      continue
    try:
      sized = worker.size(
          text, pipelines, config.target, at_least=config.min_bytes
      )
    except size_passes.SizeError as error:
      record['failed'][symbol] = str(error)
      continue
    if sized is None:
      record['num_small'] += 1
      continue
    reasons = {str(k): v for k, v in sized.reasons.items()}
    record['functions'].append([key, symbol, list(sized.sizes), reasons])
  return record


_BITS_64 = ('x86_64', 'aarch64', 'riscv64')


def _differs(made_for: str, target: str) -> str:
  """Why IR that was made for one target is none for another; '' if it is."""
  if not target or made_for.startswith(_BITS_64) == target.startswith(_BITS_64):
    return ''
  return (
      f'was compiled for {made_for}, whose pointers are not those of {target}; '
      f'compile it with --target={target}'
  )


def failures(
    records: Mapping[str, Mapping[str, Any]], choices: Sequence[str]
) -> dict[str, dict[str, int]]:
  """Choice -> why it has no size -> of how many functions."""
  found: dict[str, collections.Counter] = {}
  for record in records.values():
    for *_, reasons in record['functions']:
      for place, reason in reasons.items():
        # What is called has many names.
        kind = 'new symbol' if reason.startswith('calls ') else reason
        counter = found.setdefault(choices[int(place)], collections.Counter())
        counter[kind] += 1
  return {choice: dict(counter) for choice, counter in found.items()}
