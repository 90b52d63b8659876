"""A user's own task: a CSV file and a folder of IR -> examples.

What a column means stands in its name (docs/custom_task.md):

  ir             file in the folder, with or without `.ll` or `.bc`
  name           of the row, in messages
  input:NAME     a number that is known when the choice is made
  group:NAME     rows of equal value stay on one side of a split
  time:CHOICE    what the choice cost; `time:CHOICE@MACHINE` of several machines
  label          the best choice, where there are no times; or `label@MACHINE`
  default        the choice of this row that is made without a model
  note:ANYTHING  is not read
"""

import csv
import math
import os
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from mirencoder_jax.downstream.tasks import related
from mirencoder_jax.downstream.tasks.targets import Problem

_SUFFIXES = ('', '.ll', '.bc')
_PLAIN = ('ir', 'name', 'default', 'label')
_MACHINE = 'machine'  # where no column names one
CODE = 'code'  # the group that every table has: rows of equal IR


class Table(NamedTuple):
  """What was read, in the words of `tasks.TaskConfig`."""

  examples: list[dict[str, Any]]
  choices: tuple[str, ...]
  groups: tuple[str, ...]  # `CODE` first
  targets: dict[str, dict[str, Any]]
  problems: list[Problem]


class _Columns(NamedTuple):
  """Columns by what they mean."""

  inputs: tuple[str, ...]
  groups: tuple[str, ...]
  # machine -> choice -> column
  times: dict[str, dict[str, str]]
  labels: dict[str, str]  # machine -> column


def _understand(columns: list[str], path: str) -> _Columns:
  """Raises ValueError for a column that means nothing."""
  found = _Columns((), (), {}, {})
  for column in columns:
    kind, colon, name = column.partition(':')
    if columns.count(column) > 1:
      raise ValueError(f'{path}:1: column {column!r} is there twice')
    if kind == 'time' and name:
      choice, _, machine = name.partition('@')
      found.times.setdefault(machine or _MACHINE, {})[choice] = column
    elif kind == 'input' and name:
      found = found._replace(inputs=(*found.inputs, column))
    elif kind == 'group' and name:
      found = found._replace(groups=(*found.groups, name))
    elif column == 'label' or column.startswith('label@'):
      found.labels[column.partition('@')[2] or _MACHINE] = column
    elif column not in _PLAIN and not (colon and kind == 'note'):
      raise ValueError(
          f'{path}:1: column {column!r} means nothing; docs/custom_task.md '
          'says which do, and note:... is not read'
      )
  if 'ir' not in columns:
    raise ValueError(f'{path}:1: no column ir')
  if not found.times and not found.labels:
    raise ValueError(f'{path}:1: no column time:CHOICE, and no label')
  if CODE in found.groups:
    raise ValueError(
        f'{path}:1: group:{CODE} is made of the IR; call the column otherwise'
    )
  return found


def _number(text: str, column: str, where: str, problems: list[Problem]):
  """A cell as a number; NaN if there is none, and a problem if it is none."""
  text = (text or '').strip()
  if not text:
    return math.nan
  try:
    value = float(text)
  except ValueError:
    problems.append(Problem(where, f'{column} is {text!r}, which is no number'))
    return math.nan
  if math.isnan(value):
    problems.append(Problem(where, f'{column} is {text!r}'))
  return value


def _read_ir(folder: pathlib.Path, name: str) -> bytes:
  """The IR of that name, b'' if there is none."""
  for suffix in _SUFFIXES:
    path = folder / f'{name}{suffix}'
    if name and path.is_file():
      return path.read_bytes()
  return b''


def read_table(
    path: str | os.PathLike, ir_dir: str | os.PathLike, default: str = ''
) -> Table:
  """Reads a user's table and the IR that it names.

  Args:
    path: of the CSV file.
    ir_dir: folder of `.ll` and `.bc` files.
    default: the choice that is made without a model; by default the first
      `time:` column's, or the most frequent label. A column `default` counts
      more.

  Returns:
    Examples, and every problem with its file and row. No row is left out.

  Raises:
    FileNotFoundError: no such file, or no such folder.
    ValueError: the table as a whole cannot be understood.
  """
  path, folder = pathlib.Path(path), pathlib.Path(ir_dir)
  if not path.is_file():
    raise FileNotFoundError(f'task.table: there is no file {path}')
  if not folder.is_dir():
    raise FileNotFoundError(f'task.ir_dir: there is no folder {folder}')
  try:
    with path.open(newline='', encoding='utf-8-sig') as file:
      reader = csv.reader(file, skipinitialspace=True)
      header = [column.strip() for column in next(reader, [])]
      lines = [(reader.line_num, cells) for cells in reader if cells]
  except (UnicodeDecodeError, csv.Error) as error:
    raise ValueError(f'{path}: {error}') from error
  columns = _understand(header, str(path))
  if not lines:
    raise ValueError(f'{path}: the table has no rows')
  problems: list[Problem] = []
  examples = [
      _read_row(header, cells, columns, f'{path.name}:{line}', problems)
      for line, cells in lines
  ]
  texts = {
      module: _read_ir(folder, module)
      for module in dict.fromkeys(e['module'] for e in examples)
  }
  modules = [example['module'] for example in examples]
  codes = related.connect_code(modules, modules, texts)
  for example, code in zip(examples, codes, strict=True):
    example |= {'ir': texts[example['module']], CODE: code}
  choices, targets = _targets(columns, examples, default, str(path))
  if 'default' in header:
    usual = next(iter(targets.values()))['default']
    for example in examples:
      example['default'] = example['default'] or usual
    for target in targets.values():
      target['default'] = 'default'  # the field
  return Table(
      examples=examples,
      choices=choices,
      groups=(CODE, *columns.groups),
      targets=targets,
      problems=problems,
  )


def _read_row(
    header: list[str],
    cells: list[str],
    columns: _Columns,
    place: str,
    problems: list[Problem],
) -> dict[str, Any]:
  if len(cells) != len(header):
    problems.append(
        Problem(place, f'{len(cells)} cells and {len(header)} columns')
    )
  row = {c: '' for c in header} | {
      column: cell.strip() for column, cell in zip(header, cells, strict=False)
  }
  where = f'{place} {row.get("name", "")}'.strip()
  example: dict[str, Any] = {
      'row': where,
      'module': row['ir'] or f'({place})',
      'default': row.get('default', ''),
  }
  for name in columns.groups:
    example[name] = row[f'group:{name}']
  for column in columns.inputs:
    example[column] = _number(row[column], column, where, problems)
  for by_choice in columns.times.values():
    for column in by_choice.values():
      example[column] = _number(row[column], column, where, problems)
  for column in columns.labels.values():
    example[column] = row[column]
  return example


def _targets(
    columns: _Columns,
    examples: list[Mapping[str, Any]],
    default: str,
    path: str,
) -> tuple[tuple[str, ...], dict[str, dict[str, Any]]]:
  """The choices of all machines, and the keywords of each one's target."""
  labels = [e[c] for c in columns.labels.values() for e in examples if e[c]]
  timed = [choice for times in columns.times.values() for choice in times]
  choices = tuple(dict.fromkeys(timed or sorted(labels)))
  if len(choices) < 2:
    raise ValueError(f'{path}: {len(choices)} choice(s); two are the least')
  if default and default not in choices:
    raise ValueError(
        f'task.default {default!r} is no choice of {path}: '
        f'{", ".join(choices)}'
    )
  targets = {}
  for machine in dict.fromkeys([*columns.times, *columns.labels]):
    column = columns.labels.get(machine, '')
    # A choice that another machine alone has was not measured here.
    times = columns.times.get(machine, {})
    for choice in choices if times else ():
      if choice not in times:
        times[choice] = f'time:{choice}@{machine}'
        for example in examples:
          example[times[choice]] = math.nan
    if default:
      usual = default
    elif times:
      usual = next(iter(times))
    else:
      usual = max(choices, key=lambda name: _count(examples, column, name))
    targets[machine] = dict(
        choices=choices,
        default=usual,
        costs=tuple(times[choice] for choice in choices) if times else (),
        label=column,
        inputs=columns.inputs,
    )
  return choices, targets


def _count(examples, column: str, name: str) -> int:
  return sum(example[column] == name for example in examples)
