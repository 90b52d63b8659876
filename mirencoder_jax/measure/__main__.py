"""`python -m mirencoder_jax.measure`: labels made on the user's machine.

    python -m mirencoder_jax.measure loops FOLDER
    python -m mirencoder_jax.measure openmp FOLDER
    python -m mirencoder_jax.measure branches FOLDER
    python -m mirencoder_jax.measure size FOLDER
    python -m mirencoder_jax.measure guesses FOLDER

`size` says how small passes and flags make functions and units of IR, and
`branches` counts how often each conditional branch of a program goes which way;
`guesses` asks LLVM what it thinks of that without a run.

For `loops` and `openmp` every `.c` file of FOLDER is compiled with its choices
and measured in two passes. Costs and how well the passes agree go into
FOLDER/labels.jsonl, and IR into FOLDER/ir; a second run adds what is missing. A
file that does not compile, crashes or does not end is named and skipped.
FOLDER/table.csv has the costs as `eval.py --config=configs/tasks.py:custom`
reads them.
"""

import argparse
import json
import os
import pathlib
import sys

from mirencoder_jax.frontend import bounded
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    batch,
    branches,
    compiler,
    guesses,
    label_file,
    label_table,
    loop_program,
    loop_source,
    loops,
    openmp,
    passes,
    size_command,
    summary,
)


def _add_folder(
    subparsers, name: str, about: str, module, config: passes.PassesConfig
) -> argparse.ArgumentParser:
  parser = subparsers.add_parser(
      name,
      help=about,
      description=module.__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  add = parser.add_argument
  add('folder', type=pathlib.Path, help='holds the .c files')
  add(
      '--output',
      type=pathlib.Path,
      help='label file; FOLDER/labels.jsonl if not named',
  )
  add(
      '--window',
      type=float,
      default=config.window,
      help='seconds of one timing (default: %(default)s)',
  )
  for field, text in (
      ('min_rounds', 'timings of each choice in a pass'),
      ('max_rounds', 'the same, while the least time still falls'),
      ('run_seconds', 'processor time that a pass may take'),
  ):
    add(
        f'--{field}',
        type=int,
        default=getattr(config, field),
        help=f'{text} (default: %(default)s)',
    )
  add('--limit', type=int, help='stop behind this many new labels')
  add('--json', action='store_true', help='print the summary as JSON')
  return parser


def _settings(arguments: argparse.Namespace) -> dict[str, float]:
  names = ('window', 'min_rounds', 'max_rounds', 'run_seconds')
  return {name: getattr(arguments, name) for name in names}


def _run_loops(arguments: argparse.Namespace) -> dict:
  if arguments.cpu is not None:
    os.sched_setaffinity(0, {arguments.cpu})
  batch.find_sources(arguments.folder)  # before a compiler is looked for
  clang = compiler.find_clang(arguments.clang)
  print(f'compiler: {clang.name}, {clang.version}', file=sys.stderr)
  output = arguments.output or arguments.folder / 'labels.jsonl'
  records = loops.label_folder(
      arguments.folder,
      output,
      loops.LoopsConfig(**_settings(arguments)),
      clang,
      limit=arguments.limit,
  )
  default = loop_program.NAMES[loop_program.COMPILER]
  return _finish(output, records, loop_program.NAMES, default)


def _run_openmp(arguments: argparse.Namespace) -> dict:
  config = openmp.OpenMPConfig(
      threads=arguments.threads,
      schedules=tuple(arguments.schedules.split(',')),
      chunks=arguments.chunks,
      **_settings(arguments),
  )
  output = arguments.output or arguments.folder / 'labels.jsonl'
  records = openmp.label_folder(
      arguments.folder,
      output,
      config,
      arguments.compiler,
      limit=arguments.limit,
  )
  return _finish(output, records, config.names, config.default)


def _finish(output, records, choices, default) -> dict:
  """Writes the table; the summary."""
  label_table.write_table(
      output.with_name('table.csv'), records, choices, default
  )
  return summary.summarize(records, choices, default)


def _parser() -> argparse.ArgumentParser:
  parser = argparse.ArgumentParser(
      prog='python -m mirencoder_jax.measure',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  subparsers = parser.add_subparsers(required=True)
  command = _add_folder(
      subparsers,
      'loops',
      'vectorisation of single-loop C files',
      loop_source,
      loops.LoopsConfig(),
  )
  command.add_argument(
      '--clang', help='a name, a path or ziglang; by default the first there is'
  )
  command.add_argument('--cpu', type=int, help='run on this CPU only')
  command.set_defaults(run=_run_loops)

  config = openmp.OpenMPConfig()
  command = _add_folder(
      subparsers,
      'openmp',
      'threads, schedule and chunk of OpenMP regions',
      openmp,
      config,
  )
  numbers = openmp.parse_numbers
  command.add_argument('--compiler', help='name or path; by default gcc, clang')
  command.add_argument(
      '--threads',
      type=numbers,
      default=config.threads,
      help='such as 1,2,4 (default: %(default)s)',
  )
  command.add_argument(
      '--schedules',
      default=','.join(config.schedules),
      help='default: %(default)s',
  )
  command.add_argument(
      '--chunks',
      type=numbers,
      default=config.chunks,
      help='0 for none given (default: %(default)s)',
  )
  command.set_defaults(run=_run_openmp)

  command = subparsers.add_parser(
      'branches',
      help='probabilities of conditional branches',
      description=branches.__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  branches.add_flags(command)
  command.set_defaults(run=branches.run)

  command = subparsers.add_parser(
      'size',
      help='sizes of functions and units under passes and flags',
      description=size_command.__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  size_command.add_flags(command)
  command.set_defaults(run=size_command.run)

  command = subparsers.add_parser(
      'guesses',
      help="LLVM's own guesses of branches and blocks, of every function",
      description=guesses.__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  guesses.add_flags(command)
  command.set_defaults(run=guesses.run)
  return parser


def main(argv: list[str] | None = None) -> None:
  """Exits with 1 and one line if nothing could be measured."""
  arguments = _parser().parse_args(argv)
  try:
    result = arguments.run(arguments)
  except (
      IRError,
      bounded.RunError,
      label_file.LabelFileError,
      OSError,
      ValueError,
  ) as error:
    sys.exit(f'error: {error}')
  if arguments.json:
    print(json.dumps(result, indent=2))
    return
  families = result.pop('families', {})
  for key, value in result.items():
    print(f'{key}: {value}')
  for name, row in sorted(families.items()):
    print(f'{name or "(no family)"}: {row}')


if __name__ == '__main__':
  main()
