"""How often does each conditional branch of a program go which way?

    python -m mirencoder_jax.measure branches FOLDER --output=labels
    python -m mirencoder_jax.measure branches build/compile_commands.json \\
        --run='{program} --input data.txt' --link=-lz --output=labels

Every source of a folder is a program of its own, all sources of a compile
database are one. It is compiled by clang, instrumented by opt after `sroa,
early-cse, simplifycfg`, linked with LLVM's profile runtime and run. The label
file gets each conditional branch's counts beside what LLVM guesses without a
profile, keyed by the hash of the function's code and the branch's number (its
conditional branches in text order, from 0); the folder `ir` beside it gets the
IR that was counted. A second run does what is missing. Units and programs that
fail are named and counted. Threads of a program may lose counts.
"""

import dataclasses
import hashlib
import pathlib
import shlex
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

import click

from mirencoder_jax.frontend import compile_database
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import batch, branch_program, profile_tools
from mirencoder_jax.measure import command as command_lib
from mirencoder_jax.storage import machine

KIND = 'branches'
_SUFFIXES = ('.c', '.cc', '.cpp', '.cxx')


@command_lib.command('probabilities of conditional branches', __doc__)
@click.argument('paths', nargs=-1, required=True, type=command_lib.PATH)
@click.option(
    '--output',
    type=command_lib.PATH,
    help='gets labels.jsonl and ir; by default the first folder',
)
@click.option(
    *('--run', 'words'),
    metavar='COMMAND',
    default='{program}',
    show_default=True,
    help='runs a program; {program} is the executable',
)
@click.option(
    '--folder', type=command_lib.PATH, help='to run in; by default an empty one'
)
@click.option(
    '--name', help='of the one program of a database; its folder otherwise'
)
@click.option('--family', help='of the programs; else the folder they are in')
@click.option('--flags', default='', help='more for the compiler, in one word')
@click.option(
    '--link', default='-lm', show_default=True, help='for the linker, likewise'
)
@click.option(
    '--clang', help='a name or a path; by default the first with an opt'
)
@command_lib.fields(
    branch_program.BranchesConfig(),
    run_seconds='processor time of a run',
    compile_seconds='processor time of a step of a unit',
    memory_mb='address space of a run',
)
@click.option(
    '--any_exit',
    is_flag=True,
    help='count runs that end with another code than 0, too',
)
@command_lib.limit('new programs')
def command(
    paths,
    output,
    words,
    folder,
    name,
    family,
    flags,
    link,
    clang,
    limit,
    **bounds,
) -> dict[str, Any]:
  """What the command does; the summary."""
  programs = find_programs(
      paths,
      run=tuple(shlex.split(words)),
      folder=str(folder.resolve()) if folder else '',
      flags=tuple(shlex.split(flags)),
      link=tuple(shlex.split(link)),
  )
  if name is not None and len(programs) > 1:
    raise ValueError(f'--name: there are {len(programs)} programs')
  given = {'name': name, 'family': family}
  given = {field: value for field, value in given.items() if value is not None}
  programs = [dataclasses.replace(p, **given) for p in programs]
  config = branch_program.BranchesConfig(**bounds)
  tools = profile_tools.find_tools(clang)
  print(f'LLVM {tools.version}: {tools.opt}', file=sys.stderr)
  output = output or command_lib.folder_of(paths[0])
  return summarize(label_programs(programs, output, config, tools, limit=limit))


def find_programs(
    paths: Sequence[pathlib.Path], **fields
) -> list[branch_program.Program]:
  """The programs that are named, in order.

  Args:
    paths: folders of sources (searched to the bottom), sources, databases.
    **fields: of every `Program`.

  Raises:
    IRError: there is nothing at a path, or a database cannot be read.
    ValueError: two programs have one name.
  """
  programs = []
  for path in paths:
    if path.suffix == '.json':
      units = compile_database.read_database(path)
      if not units:
        raise IRError('a compile database without entries', str(path))
      name = path.resolve().parent.name
      programs.append(branch_program.Program(name, '', tuple(units), **fields))
      continue
    root = path if path.is_dir() else path.parent
    found = sorted(path.rglob('*')) if path.is_dir() else [path]
    sources = [p for p in found if p.suffix in _SUFFIXES and p.is_file()]
    if not sources:
      raise IRError('no source file of C or C++ is there', str(path))
    for source in sources:
      inside = source.relative_to(root)
      unit = compile_database.Unit(str(inside), str(root.resolve()), '', ())
      name = str(inside.with_suffix('')).replace('/', '__')
      family = inside.parts[0] if len(inside.parts) > 1 else ''
      programs.append(branch_program.Program(name, family, (unit,), **fields))
  names = [program.name for program in programs]
  for name in names:
    if names.count(name) > 1:
      raise ValueError(f'two programs are named {name}')
  return programs


def label_programs(
    programs: list[branch_program.Program],
    output: pathlib.Path,
    config: branch_program.BranchesConfig,
    tools: profile_tools.Tools,
    *,
    limit: int | None = None,
) -> dict[str, Any]:
  """Labels programs that have no label yet, whatever is wrong with some.

  Args:
    programs: what to run.
    output: folder that gets `labels.jsonl` and `ir`.
    config: bounds.
    tools: of `find_tools`.
    limit: stop behind this many new ones.

  Returns:
    Name -> record, of this and of earlier runs.

  Raises:
    LabelFileError: `output` has labels of another LLVM.
  """
  output.mkdir(parents=True, exist_ok=True)
  header = dict(
      kind=KIND,
      architecture=machine.describe_machine()['architecture'],
      llvm=tools.version,
      passes=branch_program.PASSES,
  )
  by_name = {program.name: program for program in programs}

  def label(name):
    with tempfile.TemporaryDirectory(prefix='branches-') as folder:
      return branch_program.label_program(
          by_name[name], tools, config, pathlib.Path(folder)
      )

  return batch.label_all(
      output / 'labels.jsonl',
      header,
      {
          name: dict(digest=_digest(program), family=program.family)
          for name, program in by_name.items()
      },
      label,
      limit=limit,
      describe=lambda record: (
          f'{record["num_reached"]} of {record["num_branches"]} branches'
      ),
  )


def _digest(program: branch_program.Program) -> str:
  """Of the sources and of how they are compiled and run."""
  digest = hashlib.sha256(
      repr((program.run, program.flags, program.link)).encode()
  )
  for unit in program.units:
    digest.update(repr((unit.file, unit.flags)).encode())
    try:
      digest.update(unit.path.read_bytes())
    except OSError:
      digest.update(b'missing')
  return digest.hexdigest()[:16]


def summarize(records: dict[str, Any]) -> dict[str, Any]:
  """A label file in numbers."""
  good = [r for r in records.values() if r['status'] == 'ok']
  bad = {n: r['reason'] for n, r in records.items() if r['status'] != 'ok'}
  pairs = [
      (sum(pair), pair[0] / sum(pair), guess[0])
      for record in good
      for function in record['functions']
      for pair, guess in zip(
          function['branches'], function['guesses'], strict=True
      )
      if sum(pair)
  ]
  errors = [abs(true - guess) for _, true, guess in pairs]
  units = {
      f'{r["name"]}/{unit}': why
      for r in good
      for unit, why in r['failed_units'].items()
  }
  return dict(
      num_programs=len(records),
      num_ok=len(good),
      num_failed=len(bad),
      num_units=sum(r['num_units'] for r in good),
      num_failed_units=len(units),
      num_functions_entered=sum(len(r['functions']) for r in good),
      num_branches=sum(r['num_branches'] for r in good),
      num_branches_reached=len(pairs),
      num_branches_reached_20_times=sum(total >= 20 for total, *_ in pairs),
      mean_absolute_error_of_llvm=round(sum(errors) / len(errors), 4)
      if errors
      else None,
      failed=bad,
      failed_units=units,
  )
