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

import argparse
import dataclasses
import hashlib
import pathlib
import shlex
import statistics
import sys
import tempfile
import time
from typing import Any

from mirencoder_jax.frontend import bounded, compile_database
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import branch_program, label_file, profile_tools
from mirencoder_jax.storage import machine

KIND = 'branches'
_SUFFIXES = ('.c', '.cc', '.cpp', '.cxx')


def add_flags(parser: argparse.ArgumentParser) -> None:
  """The flags of the command."""
  config = branch_program.BranchesConfig()
  add = parser.add_argument
  add(
      'paths',
      nargs='+',
      type=pathlib.Path,
      help='folders of sources, sources, or compile_commands.json',
  )
  add(
      '--output',
      type=pathlib.Path,
      help='gets labels.jsonl and ir; by default the first folder',
  )
  add(
      '--run',
      dest='words',
      metavar='COMMAND',
      default='{program}',
      help='runs a program; {program} is the executable (default: %(default)s)',
  )
  add(
      '--folder', type=pathlib.Path, help='to run in; an empty one if not named'
  )
  add('--name', help='of the one program of a database; its folder otherwise')
  add(
      '--family',
      default=None,
      help='of the programs; else the folder they are in',
  )
  add('--flags', default='', help='more for the compiler, in one word')
  add(
      '--link',
      default='-lm',
      help='for the linker, in one word (default: %(default)s)',
  )
  add('--clang', help='a name or a path; by default the first with an opt')
  for field, text in (
      ('run_seconds', 'processor time of a run'),
      ('compile_seconds', 'processor time of a step of a unit'),
      ('memory_mb', 'address space of a run'),
  ):
    add(
        f'--{field}',
        type=int,
        default=getattr(config, field),
        help=f'{text} (default: %(default)s)',
    )
  add(
      '--any_exit',
      action='store_true',
      help='count runs that end with another code than 0, too',
  )
  add('--limit', type=int, help='stop behind this many new programs')
  add('--json', action='store_true', help='print the summary as JSON')


def run(arguments: argparse.Namespace) -> dict[str, Any]:
  """What the command does; the summary."""
  programs = find_programs(
      arguments.paths,
      run=tuple(shlex.split(arguments.words)),
      folder=str(arguments.folder.resolve()) if arguments.folder else '',
      flags=tuple(shlex.split(arguments.flags)),
      link=tuple(shlex.split(arguments.link)),
  )
  for field in ('name', 'family'):
    value = getattr(arguments, field)
    if value is None:
      continue
    if field == 'name' and len(programs) > 1:
      raise ValueError(f'--name: there are {len(programs)} programs')
    programs = [dataclasses.replace(p, **{field: value}) for p in programs]
  output = arguments.output
  if output is None:
    first = arguments.paths[0]
    output = first if first.is_dir() else first.parent
  names = ('run_seconds', 'compile_seconds', 'memory_mb', 'any_exit')
  config = branch_program.BranchesConfig(
      **{name: getattr(arguments, name) for name in names}
  )
  tools = profile_tools.find_tools(arguments.clang)
  print(f'LLVM {tools.version}: {tools.opt}', file=sys.stderr)
  records = label_programs(
      programs, output, config, tools, limit=arguments.limit
  )
  return summarize(records)


def find_programs(
    paths: list[pathlib.Path], **fields
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
  with label_file.open_labels(output / 'labels.jsonl', header) as labels:
    todo = [
        program
        for program in programs
        if labels.records.get(program.name, {}).get('digest')
        != _digest(program)
    ]
    todo = todo[:limit]
    times: list[float] = []
    for number, program in enumerate(todo, 1):
      start = time.monotonic()
      record, texts = _label(program, tools, config)
      times.append(time.monotonic() - start)
      for name, text in texts.items():
        path = output / 'ir' / f'{name}.ll'
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, errors='surrogateescape')
      labels.add(record | dict(seconds=round(times[-1], 2)))
      left = statistics.median(times) * (len(todo) - number) / 60
      what = record.get('reason') or (
          f'{record["num_reached"]} of {record["num_branches"]} branches'
      )
      print(
          f'[{number}/{len(todo)}] {program.name} {record["status"]}: {what} '
          f'({times[-1]:.1f} s, about {left:.0f} min left)',
          file=sys.stderr,
          flush=True,
      )
    return dict(labels.records)


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


def _label(program, tools, config) -> tuple[dict[str, Any], dict[str, str]]:
  named = dict(name=program.name, digest=_digest(program))
  with tempfile.TemporaryDirectory(prefix='branches-') as folder:
    try:
      record, texts = branch_program.label_program(
          program, tools, config, pathlib.Path(folder)
      )
    except (bounded.RunError, IRError, OSError) as error:
      if isinstance(error, bounded.DiskFullError):
        raise
      failed = dict(family=program.family, status='failed', reason=str(error))
      return named | failed, {}
  return named | dict(status='ok') | record, texts


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
