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

import os
import sys
from collections.abc import Callable
from typing import Any

import click

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
from mirencoder_jax.measure import command as command_lib


def _folder(config: passes.PassesConfig) -> Callable:
  """Options of what compiles and times every `.c` file of a folder."""

  def decorate(function: Callable) -> Callable:
    for add in (
        command_lib.limit('new labels'),
        command_lib.fields(
            config,
            window='seconds of one timing',
            min_rounds='timings of each choice in a pass',
            max_rounds='the same, while the least time still falls',
            run_seconds='processor time that a pass may take',
        ),
        click.option(
            *('--output', '-o'),
            type=command_lib.PATH,
            help='label file; FOLDER/labels.jsonl if not named',
        ),
        click.argument('folder', type=command_lib.PATH),
    ):
      function = add(function)
    return function

  return decorate


def _finish(folder, output, label, choices, default) -> dict[str, Any]:
  """Labels, and writes the table; the summary."""
  output = output or folder / 'labels.jsonl'
  records = label(output)
  table = label_table.path_of(output)
  label_table.write_table(table, records, choices, default)
  return summary.summarize(records, choices, default)


@command_lib.command(
    'vectorisation of single-loop C files', loop_source.__doc__
)
@_folder(loops.LoopsConfig())
@click.option(
    '--clang', help='a name, a path or ziglang; by default the first there is'
)
@click.option('--cpu', type=int, help='run on this CPU only')
def _loops(folder, output, limit, clang, cpu, **fields) -> dict[str, Any]:
  if cpu is not None:
    os.sched_setaffinity(0, {cpu})
  paths = batch.find_sources(folder)  # before a compiler is looked for
  clang = compiler.find_clang(clang)
  print(f'compiler: {clang.name}, {clang.version}', file=sys.stderr)
  config = loops.LoopsConfig(**fields)
  return _finish(
      folder,
      output,
      lambda path: loops.label_files(paths, path, config, clang, limit=limit),
      loop_program.NAMES,
      loop_program.NAMES[loop_program.COMPILER],
  )


class _Numbers(click.ParamType):
  """`1,2,4` -> (1, 2, 4)."""

  name = 'numbers'

  def convert(self, value, param, ctx) -> tuple[int, ...]:
    try:
      return openmp.parse_numbers(value)
    except ValueError:
      self.fail(f'{value!r} is not of the form 1,2,4', param, ctx)


_OPENMP = openmp.OpenMPConfig()


def _listed(numbers) -> str:
  return ','.join(map(str, numbers))


@command_lib.command(
    'threads, schedule and chunk of OpenMP regions', openmp.__doc__
)
@_folder(_OPENMP)
@click.option('--compiler', 'name', help='name or path; by default gcc, clang')
@click.option(
    '--threads',
    type=_Numbers(),
    default=_listed(_OPENMP.threads),
    show_default=True,
    help='such as 1,2,4',
)
@click.option(
    '--schedules', default=_listed(_OPENMP.schedules), show_default=True
)
@click.option(
    '--chunks',
    type=_Numbers(),
    default=_listed(_OPENMP.chunks),
    show_default=True,
    help='0 for none given',
)
def _openmp(folder, output, limit, name, schedules, **fields) -> dict[str, Any]:
  config = openmp.OpenMPConfig(schedules=tuple(schedules.split(',')), **fields)
  paths = batch.find_sources(folder)
  return _finish(
      folder,
      output,
      lambda path: openmp.label_files(paths, path, config, name, limit=limit),
      config.names,
      config.default,
  )


PROGRAM = click.Group(
    'python -m mirencoder_jax.measure',
    commands={
        'loops': _loops,
        'openmp': _openmp,
        'branches': branches.command,
        'size': size_command.command,
        'guesses': guesses.command,
    },
    help='\b\n' + __doc__.replace('\n\n', '\n\n\b\n'),
    context_settings=dict(max_content_width=80),
)


def main(argv: list[str] | None = None) -> None:
  """Exits with 1 and one line if nothing could be measured."""
  try:
    PROGRAM.main(argv, PROGRAM.name, standalone_mode=False)
  except click.Abort as error:
    raise KeyboardInterrupt from error
  except click.ClickException as error:
    error.show()
    sys.exit(error.exit_code)
  except (
      IRError,
      bounded.RunError,
      label_file.LabelFileError,
      OSError,
      ValueError,
  ) as error:
    sys.exit(f'error: {error}')


if __name__ == '__main__':
  main()
