"""What does LLVM itself guess of branches and blocks, without a profile?

    python -m mirencoder_jax.measure guesses FOLDER --output=guesses.jsonl

FOLDER holds IR or bitcode; a `manifest.csv` in it may name package and language
of each path. Every function, once for all of its copies, gets a
line of labels, keyed by the hash of its code: of each conditional branch the
probability that its condition is true, and of each block how often it runs for
each time the function is entered, as LLVM's rules have it (branch probabilities
and block frequencies, hints of the source read before). A second run does what
is missing. Modules and functions that fail are named and counted.

The label file has a header, then a record for each module; of each of
`functions` [hash, symbol, branches, frequencies]. `branches` are [instruction,
probability] (its number in text order, from 0), frequencies log2 over that of
the entry, blocks in text order; null where LLVM has a block never run.
"""

import collections
import concurrent.futures
import contextlib
import functools
import math
import multiprocessing
import pathlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click

from mirencoder_jax import ir
from mirencoder_jax.frontend import bounded
from mirencoder_jax.ir import branches
from mirencoder_jax.measure import (
    branch_counts,
    label_file,
    llvm_guess,
    profile_tools,
    size_modules,
)
from mirencoder_jax.measure import command as command_lib

KIND = 'guesses'
_SECONDS = 60


class Labels(NamedTuple):
  """What LLVM guesses of one function.

  Attributes:
    branches: (instruction, probability that the condition is true) of each
      conditional branch that has two sides.
    frequencies: log2 of how often each block runs an entry; None for never.
    num_one_sided: branches both of whose sides are one block.
  """

  branches: list[tuple[int, float]]
  frequencies: list[float | None]
  num_one_sided: int


@command_lib.command(
    "LLVM's own guesses of branches and blocks, of every function", __doc__
)
@click.argument('sources', nargs=-1, required=True, type=command_lib.PATH)
@click.option(
    '--output',
    type=command_lib.PATH,
    help='label file; FOLDER/guesses.jsonl if not named',
)
@click.option('--opt', help='a name or a path; by default the first there is')
@click.option(
    '--processes', default=1, show_default=True, help='modules at a time'
)
@click.option(
    *('--seconds', 'cpu_seconds'),
    default=_SECONDS,
    show_default=True,
    help='of the processor, for opt on one module',
)
@command_lib.limit('new modules')
@command_lib.minutes
def command(sources, output, opt, **settings) -> dict[str, Any]:
  """What the command does; the summary."""
  modules = size_modules.find_modules(sources)
  opt, version = profile_tools.name_opt(opt)
  print(f'LLVM {version}: {opt}', file=sys.stderr)
  output = output or command_lib.folder_of(sources[0]) / 'guesses.jsonl'
  return summarize(label_modules(modules, output, opt, version, **settings))


def label_modules(
    modules: Sequence[size_modules.IrModule],
    output: pathlib.Path,
    opt: str,
    version: str,
    *,
    processes: int = 1,
    cpu_seconds: int = _SECONDS,
    limit: int | None = None,
    minutes: float | None = None,
) -> dict[str, Any]:
  """Labels of the functions of modules; a second run adds what is missing.

  Args:
    modules: packages in turn, so that a part of them is of all.
    output: the label file.
    opt: of LLVM 17 or newer.
    version: of it.
    processes: modules at a time.
    cpu_seconds: of the processor, for opt on one module.
    limit: stop behind so many new modules.
    minutes: stop behind the module in which they are over.

  Returns:
    Name -> record of each module, of this and of earlier runs.

  Raises:
    LabelFileError: `output` has guesses of another LLVM.
    ValueError: `processes` is less than 1.
  """
  if processes < 1:
    raise ValueError(f'--processes={processes}: at least 1')
  header = dict(kind=KIND, llvm=version, passes=llvm_guess.PASSES)
  start = time.monotonic()
  with label_file.open_labels(output, header) as labels:
    known = {
        f[0] for r in labels.records.values() for f in r.get('functions', ())
    }
    todo = [m for m in modules if not labels.is_done(m.name, m.digest())]
    todo = todo[:limit]
    label = functools.partial(label_module, opt=opt, cpu_seconds=cpu_seconds)
    with _mapped(label, todo, processes) as found:
      for number, record in enumerate(found, 1):
        earlier = labels.records.get(record['name'], {})
        known -= {f[0] for f in earlier.get('functions', ())}
        _drop_known(record, known)
        labels.add(record)
        seconds = time.monotonic() - start
        problem = f': {record["reason"]}' if 'reason' in record else ''
        print(
            f'[{number}/{len(todo)}] {record["name"]} '
            f'{len(record["functions"])} functions{problem} ({len(known)} in '
            f'all, {seconds:.0f} s, about '
            f'{seconds / number * (len(todo) - number) / 60:.0f} min left)',
            file=sys.stderr,
            flush=True,
        )
        if minutes is not None and seconds > 60 * minutes:
          break
    return dict(labels.records)


@contextlib.contextmanager
def _mapped(label, modules, processes: int) -> Iterator[Iterator[dict]]:
  """Records in the order of the modules."""
  if processes == 1:
    yield map(label, modules)
    return
  pool = concurrent.futures.ProcessPoolExecutor(
      processes, multiprocessing.get_context('spawn')
  )
  try:
    yield pool.map(label, modules)
  finally:
    pool.shutdown(cancel_futures=True)


def _drop_known(record: dict[str, Any], known: set[str]) -> None:
  """Leaves functions not seen before, and counts the others."""
  new = []
  for function in record['functions']:
    if function[0] not in known:
      known.add(function[0])
      new.append(function)
  record['num_known'] = len(record['functions']) - len(new)
  record['functions'] = new


def label_module(
    module: size_modules.IrModule, *, opt: str, cpu_seconds: int = _SECONDS
) -> dict[str, Any]:
  """The record of a module, whatever is wrong with it."""
  start = time.monotonic()
  record: dict[str, Any] = dict(
      name=module.name,
      digest='',
      package=module.package,
      language=module.language,
      functions=[],
      refused={},
      num_one_sided=0,
      num_known=0,
  )
  try:
    record['digest'] = module.digest()
    functions = ir.read_module(module.path, module.name).functions
    printed = branch_counts.read_printed(
        llvm_guess.ask(opt, module.path, cpu_seconds=cpu_seconds)
    )
  except bounded.DiskFullError:
    raise
  except (ir.IRError, bounded.RunError, OSError) as error:
    return record | dict(reason=str(error), seconds=_since(start))
  for function in functions:
    try:
      labels = labels_of(function, branch_counts.fitting(printed, function))
    except ir.IRError as error:
      record['refused'][function.name] = error.message
      continue
    record['functions'].append(
        [function.hash, function.name, labels.branches, labels.frequencies]
    )
    record['num_one_sided'] += labels.num_one_sided
  return record | dict(seconds=_since(start))


def _since(start: float) -> float:
  return round(time.monotonic() - start, 3)


def labels_of(function: ir.Function, printed: branch_counts.Printed) -> Labels:
  """Labels of a function from what LLVM printed of it."""
  edges = branch_counts.first_edges(function)
  conditional = branches.conditional_branches(function)
  # Where both sides are one block LLVM gives each edge the sum of the two.
  two_sided = [b for b in conditional if b.true != b.false]
  entry = printed.frequencies[0]
  return Labels(
      [
          (b.instruction, round(printed.probabilities[edges[b.block]], 4))
          for b in two_sided
      ],
      [
          0.0 + round(math.log2(f / entry), 2) if f > 0 and entry > 0 else None
          for f in printed.frequencies
      ],
      len(conditional) - len(two_sided),
  )


def summarize(records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
  """A label file in numbers; `families` are the languages."""
  every = list(records.values())
  by_language = collections.defaultdict(list)
  for record in every:
    by_language[record['language']].append(record)
  return dict(
      num_modules=len(every),
      **_counts(every),
      seconds=round(sum(r['seconds'] for r in every), 1),
      modules_failed={r['name']: r['reason'] for r in every if 'reason' in r},
      functions_refused={
          f'{r["name"]} {symbol}': reason
          for r in every
          for symbol, reason in r['refused'].items()
      },
      families={k: _counts(of) for k, of in sorted(by_language.items())},
  )


def _counts(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
  functions = [f for r in records for f in r['functions']]
  guesses = [p for _, _, found, _ in functions for _, p in found]
  blocks = [f for *_, frequencies in functions for f in frequencies]

  def share(number: int) -> float | None:
    return round(number / len(guesses), 4) if guesses else None

  return dict(
      num_functions=len(functions),
      num_known_already=sum(r['num_known'] for r in records),
      num_refused=sum(len(r['refused']) for r in records),
      num_blocks=len(blocks),
      num_blocks_never=blocks.count(None),
      num_branches=len(guesses),
      num_one_sided=sum(r['num_one_sided'] for r in records),
      share_one_half=share(sum(p == 0.5 for p in guesses)),
      share_surer_than_90=share(sum(abs(p - 0.5) > 0.4 for p in guesses)),
      share_surer_than_99=share(sum(abs(p - 0.5) > 0.49 for p in guesses)),
  )
