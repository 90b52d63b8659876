"""`python -m mirencoder_jax.measure`: labels made on the user's machine.

python -m mirencoder_jax.measure loops FOLDER
python -m mirencoder_jax.measure openmp FOLDER
"""

import argparse
import json
import os
import pathlib
import sys

from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    compiler,
    label_file,
    loop_folder,
    loop_source,
    loops,
)


def _add_loops(subparsers) -> None:
  parser = subparsers.add_parser(
      'loops',
      help='vectorisation of single-loop C files',
      description=loop_source.__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.add_argument('folder', type=pathlib.Path, help='holds the .c files')
  parser.add_argument(
      '--output',
      type=pathlib.Path,
      help='label file; FOLDER/labels.jsonl if not named. A second run adds '
      'what is missing.',
  )
  parser.add_argument('--clang', help='compiler; else PATH, else ziglang')
  parser.add_argument(
      '--window',
      type=float,
      default=loops.LoopsConfig.window,
      help='seconds of one timing (default %(default)s)',
  )
  parser.add_argument(
      '--min_rounds', type=int, default=loops.LoopsConfig.min_rounds
  )
  parser.add_argument(
      '--max_rounds', type=int, default=loops.LoopsConfig.max_rounds
  )
  parser.add_argument(
      '--limit', type=int, help='stop behind this many new labels'
  )
  parser.add_argument('--cpu', type=int, help='run on this CPU only')
  parser.add_argument(
      '--json', action='store_true', help='print the summary as JSON'
  )
  parser.set_defaults(run=_run_loops)


def _run_loops(arguments: argparse.Namespace) -> None:
  if arguments.cpu is not None:
    os.sched_setaffinity(0, {arguments.cpu})
  config = loops.LoopsConfig(
      window=arguments.window,
      min_rounds=arguments.min_rounds,
      max_rounds=arguments.max_rounds,
  )
  clang = compiler.find_clang(arguments.clang)
  print(f'compiler: {clang.name}, {clang.version}', file=sys.stderr)
  output = arguments.output or arguments.folder / 'labels.jsonl'
  records = loop_folder.label_folder(
      arguments.folder, output, config, clang, limit=arguments.limit
  )
  summary = loop_folder.summarize(records)
  if arguments.json:
    print(json.dumps(summary, indent=2))
    return
  families = summary.pop('families', {})
  for key, value in summary.items():
    print(f'{key}: {value}')
  for name, row in sorted(families.items()):
    print(f'{name}: {row}')


def main() -> None:
  parser = argparse.ArgumentParser(
      prog='python -m mirencoder_jax.measure', description=__doc__
  )
  subparsers = parser.add_subparsers(required=True)
  _add_loops(subparsers)
  arguments = parser.parse_args()
  try:
    arguments.run(arguments)
  except (
      IRError,
      compiler.RunError,
      label_file.LabelFileError,
      FileNotFoundError,
  ) as error:
    sys.exit(f'error: {error}')


if __name__ == '__main__':
  main()
