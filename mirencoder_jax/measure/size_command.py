"""The flags of `measure size`, and what it prints.

    python -m mirencoder_jax.measure size FOLDER
    python -m mirencoder_jax.measure size FOLDER --units
    python -m mirencoder_jax.measure size FOLDER --target=aarch64-linux-gnu

FOLDER holds IR or bitcode (a `manifest.csv` in it may name the package of each
path), best as it is before optimisation (`clang -Oz
-Xclang -disable-llvm-passes -c -emit-llvm`). Functions are compiled under
pipelines of passes, which needs no compiler; units (--units) by clang under
sets of flags. A second run adds what is missing, and the same IR gives the same
figures.

Everything is over what `clang -Oz` does, with the attributes minsize and
optsize on the functions, as clang writes them at -Oz; `opt -Oz` over IR without
them is larger, and gains over it mean less.
"""

import math
import pathlib
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any

import click
import llvmlite.binding as llvm

from mirencoder_jax.frontend import isolation
from mirencoder_jax.measure import command as command_lib
from mirencoder_jax.measure import (
    compiler,
    flag_check,
    function_sizes,
    label_table,
    pipelines,
    size_flags,
    size_modules,
    size_passes,
    size_summary,
    unit_search,
    unit_sizes,
)


@command_lib.command(
    'sizes of functions and units under passes and flags', __doc__
)
@click.argument('sources', nargs=-1, required=True, type=command_lib.PATH)
@click.option(
    '--output',
    type=command_lib.PATH,
    help='label file; FOLDER/function_sizes.jsonl or unit_sizes.jsonl if not '
    'named',
)
@click.option('--units', is_flag=True, help='flags of clang for whole units')
@click.option(
    '--sets',
    help='of flags, such as ext-tsp+no-lsr,ir-outliner (default: those of '
    'the table; with --check all that `tune` knows); known flags: '
    + ', '.join(size_flags.FLAGS),
)
@click.option(
    '--search',
    is_flag=True,
    help='with --units: the best set for all units and for each, greedily',
)
@click.option(
    '--check',
    is_flag=True,
    help='FOLDER holds programs in C or C++: build and run them under each '
    'set, and compare what they print',
)
@click.option(
    '--pipelines',
    is_flag=True,
    help='with --check: the pipelines of functions in place of flags',
)
@click.option('--clang', help='for --units: a name, a path or ziglang')
@click.option('--target', default='', help="triple; else the module's own")
@click.option('--cpu', default='', help='of the target, for functions')
@click.option('--features', default='', help='of the target, for functions')
@command_lib.limit('functions or units')
@command_lib.fields(
    unit_sizes.UnitsConfig(),
    max_megabytes='larger units are named and skipped',
)
@click.option(
    '--min_bytes',
    type=int,
    help='smaller functions or units are counted only (default: '
    f'{function_sizes.SizesConfig.min_bytes}, of units '
    f'{unit_sizes.UnitsConfig.min_bytes})',
)
@click.option(
    '--per_module',
    default=0,
    help='at most so many functions of a module (default: all)',
)
@command_lib.minutes
@click.option(
    '--ir',
    type=command_lib.PATH,
    help='folder for the IR of the functions and table.csv, as `eval.py '
    '--config=configs/tasks.py:custom` reads them',
)
def command(**options) -> dict[str, Any]:
  """Measures; the summary."""
  arguments = types.SimpleNamespace(**options)
  folder = command_lib.folder_of(arguments.sources[0])
  if arguments.check:
    output = arguments.output or folder / 'flag_check.jsonl'
    return _run_check(arguments, folder, output)
  if arguments.units or arguments.search:
    output = arguments.output or folder / 'unit_sizes.jsonl'
    return _run_units(arguments, output)
  output = arguments.output or folder / 'function_sizes.jsonl'
  return _run_functions(arguments, output)


def _run_functions(arguments, output: pathlib.Path) -> dict[str, Any]:
  config = function_sizes.SizesConfig(
      target=size_passes.Target(
          arguments.target, arguments.cpu, arguments.features
      ),
      per_module=arguments.per_module,
      **_min_bytes(arguments),
  )
  records = function_sizes.label_modules(
      arguments.sources,
      output,
      config,
      limit=arguments.limit,
      minutes=arguments.minutes,
  )
  choices = list(config.pipelines)
  table = size_summary.table_of_functions(records, choices)
  if arguments.ir is not None:
    _write_ir(arguments, records, choices)
  return _counts(records, choices) | size_summary.summarize(table)


def _min_bytes(arguments) -> dict[str, int]:
  """The config's own where nothing was named."""
  if arguments.min_bytes is None:
    return {}
  return dict(min_bytes=arguments.min_bytes)


def _counts(
    records: Mapping[str, Mapping[str, Any]], choices: Sequence[str]
) -> dict[str, Any]:
  """What was passed over, counted and named."""
  every = list(records.values())
  return dict(
      num_modules=len(every),
      num_small=sum(r.get('num_small', 0) for r in every),
      num_left=sum(r.get('num_left', 0) for r in every),
      num_known_already=sum(r.get('num_known', 0) for r in every),
      modules_failed={r['name']: r['reason'] for r in every if 'reason' in r},
      functions_failed={
          f'{r["name"]} {symbol}': reason
          for r in every
          for symbol, reason in r.get('failed', {}).items()
      },
      pipelines_failed=function_sizes.failures(records, choices),
  )


def _write_ir(arguments, records, choices) -> None:
  """Texts of the functions, and the table that names them."""
  folder = arguments.ir
  (folder / 'ir').mkdir(parents=True, exist_ok=True)
  rows = {}
  with size_passes.SizeWorker() as worker:
    for module in size_modules.find_modules(arguments.sources):
      record = records.get(module.name)
      if record is None or not record['functions']:
        continue
      text = worker.resolve(module.path.read_bytes())
      parts = isolation.Module(text, module.name)
      for key, symbol, sizes, _ in record['functions']:
        (folder / 'ir' / f'{key}.ll').write_text(parts.isolate(symbol))
        rows[key] = dict(status='ok', family=record['package'], costs=sizes)
  label_table.write_table(folder / 'table.csv', rows, choices, choices[0])


def find_clang(name: str | None) -> compiler.Compiler:
  """The clang that is named, or the first that reads llvmlite's bitcode.

  Raises:
    IRError: there is none; functions need none.
  """
  why = 'units and --check (functions do not) need'
  clang = compiler.find_newer(name, llvm.llvm_version_info[0], why)
  print(f'compiler: {clang.name}, {clang.version}', file=sys.stderr)
  return clang


def _sets(arguments) -> tuple[str, ...]:
  """Those that were named, or those of the table; all to be checked."""
  sets = size_flags.known() if arguments.check else size_flags.SETS
  if arguments.sets:
    sets = tuple(arguments.sets.split(','))
  for names in sets:
    size_flags.words_of(names)  # says which is wrong
  return sets


def _run_check(arguments, folder, output: pathlib.Path) -> dict[str, Any]:
  stages = dict(pipelines.PIPELINES) if arguments.pipelines else {}
  sets = tuple(stages) or _sets(arguments)
  records = flag_check.check_programs(
      folder,
      output,
      flag_check.CheckConfig(sets, stages),
      find_clang(arguments.clang),
      limit=arguments.limit,
  )
  return flag_check.summarize(records, sets)


def _run_units(arguments, output: pathlib.Path) -> dict[str, Any]:
  clang, sets = find_clang(arguments.clang), _sets(arguments)
  found: dict[str, Any] = {}

  def search(units: list[unit_sizes.Unit]) -> None:
    chain = unit_search.search_constant(units)
    found['constant'] = {s or 'Oz': round(100 * g, 2) for s, g in chain}
    best = {unit.name: unit_search.search_unit(unit) for unit in units}
    found['by_unit'] = best
    gains = [unit_search.log_ratio(u, best[u.name]) for u in units]
    found['by_unit_gain'] = round(100 * math.expm1(sum(gains) / len(gains)), 2)

  records = unit_sizes.label_modules(
      arguments.sources,
      output,
      unit_sizes.UnitsConfig(
          sets=sets,
          target=arguments.target,
          max_megabytes=arguments.max_megabytes,
          **_min_bytes(arguments),
      ),
      clang,
      limit=arguments.limit,
      minutes=arguments.minutes,
      search=search if arguments.search else None,
  )
  names = ('', *(name for name in sets if name))
  result = found | dict(
      num_modules=len(records),
      modules_failed={
          r['name']: r['reason'] for r in records.values() if 'reason' in r
      },
      flags_failed=unit_sizes.failures(records),
  )
  for which, title in enumerate(('text', 'berkeley_text')):
    table = size_summary.table_of_units(records, names, which)
    result[title] = size_summary.summarize(table)
  return result
