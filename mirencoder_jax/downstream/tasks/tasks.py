"""Tasks: a prepared data set of programs with measured choices -> arrays.

A task has rows; a row is a program with run-time inputs and the cost of each
choice on one or more targets (machines). `load_task` turns the prepared
examples into a `Task`: arrays aligned by row, distinct IR modules, and a list
of everything that was wrong with the data. Which fields of an example mean what
stands in one table, `configs/tasks.py`.
"""

import dataclasses
import pathlib
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from mirencoder_jax.downstream.tasks import custom, related
from mirencoder_jax.downstream.tasks import places as places_lib
from mirencoder_jax.downstream.tasks import targets as targets_lib
from mirencoder_jax.downstream.tasks.targets import (
    Problem,
    Target,
    TargetConfig,
)


@dataclasses.dataclass(frozen=True)
class TaskConfig:
  """Which prepared data set is a task, and what its fields mean.

  A user's own table says itself what its columns mean: then `table` and
  `ir_dir` are all that is needed.

  Attributes:
    name: of the task, and of its TFDS data set if `data` is ''.
    row: fields that together name a row in messages.
    module: field with the name of the IR module.
    ir: field with the text (or bitcode) of the IR.
    groups: fields whose equal values belong together. `code`, where it is no
      field, is made of the IR: rows of equal functions.
    targets: name of each machine -> keywords of its `TargetConfig`; all of one
      kind.
    vectors: name -> field with a vector of each row, of what somebody saw in
      it: a baseline.
    place: fields with the hash of a function and the number of a branch in it,
      where a row is a branch (`places.Place`) and not a module.
    split: TFDS split to read.
    shipped: its files are part of the repository; a `manual_dir` may bring
      others.
    table: a CSV file in place of a prepared data set (`custom`).
    ir_dir: folder of the IR that it names.
    default: the choice that is made without a model, if not the table's first.
    data: the TFDS data set, where several tasks read one.
  """

  name: str
  row: tuple[str, ...] = ('row',)
  module: str = 'module'
  ir: str = 'ir'
  groups: tuple[str, ...] = ()
  targets: Mapping[str, Mapping[str, Any]] = dataclasses.field(
      default_factory=dict
  )
  vectors: Mapping[str, str] = dataclasses.field(default_factory=dict)
  place: tuple[str, ...] = ()
  split: str = 'train'
  shipped: bool = False
  table: str | None = None
  ir_dir: str = ''
  default: str = ''
  data: str = ''

  @property
  def data_set(self) -> str:
    return self.data or self.name


class Task(NamedTuple):
  """Rows, their modules and groups, and what each target measured."""

  name: str
  rows: tuple[str, ...]  # [n]
  modules: tuple[str, ...]  # [M], distinct
  ir: tuple[bytes, ...]  # [M], b'' where it is missing
  module_index: np.ndarray  # int [n]
  groups: dict[str, np.ndarray]  # int [n]
  group_names: dict[str, tuple[str, ...]]
  targets: tuple[Target, ...]
  problems: tuple[Problem, ...]
  vectors: Mapping[str, np.ndarray] = {}  # float32 [n, D], by name
  places: tuple[places_lib.Place, ...] = ()  # [n], where rows are branches

  @property
  def kind(self) -> str:
    """Of its targets, as `targets.KINDS`."""
    return self.targets[0].kind

  @property
  def strata(self) -> np.ndarray:
    """One code for each combination of the targets' labels; int [n]."""
    codes = np.stack([target.labels for target in self.targets], axis=1)
    return np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1)


def count(number: int, noun: str) -> str:
  """A number of things, as in `3 families`."""
  if number == 1:
    return f'1 {noun}'
  if noun.endswith('y') and noun[-2:-1] not in 'aeiou':
    return f'{number} {noun[:-1]}ies'
  hisses = noun.endswith(('s', 'x', 'z', 'ch', 'sh'))
  return f'{number} {noun}{"es" if hisses else "s"}'


def build_task(
    config: TaskConfig,
    examples: Iterable[Mapping[str, Any]],
    choices: Sequence[str] = (),
    problems: Sequence[Problem] = (),
) -> Task:
  """Arrays of a task from its examples, with every problem named.

  No row is left out: a row that cannot be used on a target is marked invalid
  there, and a row without IR keeps its place with an empty module.

  Args:
    config: the meaning of the fields.
    examples: dicts as the TFDS builder yields them.
    choices: of the targets that name none themselves.
    problems: what is known to be wrong with the data already.

  Raises:
    ValueError: there are no rows, or a target has no usable ones.
  """
  examples = list(examples)
  if not examples:
    raise ValueError(f'task {config.name!r}: the data set has no rows')
  text = targets_lib.text
  rows = [' '.join(text(e[f]) for f in config.row) for e in examples]
  problems = list(problems)

  ir: dict[str, bytes] = {}
  for example in examples:
    content = example[config.ir]
    content = content.encode() if isinstance(content, str) else bytes(content)
    module = text(example[config.module])
    if not ir.get(module):  # one of a module's rows may have it for all
      ir[module] = content
  modules = list(ir)
  index = {name: i for i, name in enumerate(modules)}
  module_index = np.array([index[text(e[config.module])] for e in examples])
  for module in (name for name, content in ir.items() if not content.strip()):
    users = int((module_index == index[module]).sum())
    first = rows[int(np.argmax(module_index == index[module]))]
    what = f'no IR; used by {users} row(s), such as {first}'
    problems.append(Problem(module, what))

  groups, group_names = {}, {}
  for group in config.groups:
    if group == custom.CODE and group not in examples[0]:
      of_rows = [modules[i] for i in module_index]
      names = related.connect_code(of_rows, of_rows, ir)
    else:
      names = [text(e[group]) for e in examples]
    for row, name in enumerate(names):
      if not name:
        problems.append(Problem(rows[row], f'no {group}; it is a group alone'))
        names[row] = f'(row {row})'
    values, codes = np.unique(names, return_inverse=True)
    groups[group] = codes
    group_names[group] = tuple(values.tolist())

  targets = []
  for name, keywords in config.targets.items():
    target_config = TargetConfig(
        **{'name': name, 'choices': tuple(choices)} | dict(keywords)
    )
    target = targets_lib.read_target(target_config, examples, rows, problems)
    if not target.judges.any():
      raise ValueError(
          f'task {config.name!r}: target {name!r} has no usable row; '
          f'the first problem: {problems[0].where}: {problems[0].what}'
      )
    targets.append(target)
  kinds = {target.name: target.kind for target in targets}
  if len(set(kinds.values())) > 1:
    raise ValueError(
        f'task {config.name!r}: targets are of several kinds, {kinds}; make a '
        'task of each kind that reads the same `data`'
    )
  return Task(
      name=config.name,
      rows=tuple(rows),
      modules=tuple(modules),
      ir=tuple(ir.values()),
      module_index=module_index,
      groups=groups,
      group_names=group_names,
      targets=tuple(targets),
      problems=tuple(problems),
      vectors={
          name: np.array([e[field] for e in examples], np.float32)
          for name, field in config.vectors.items()
      },
      places=tuple(
          places_lib.Place(text(e[config.place[0]]), int(e[config.place[1]]))
          for e in (examples if config.place else ())
      ),
  )


def load_task(
    config: TaskConfig,
    *,
    data_dir: str | None = None,
    manual_dir: str | None = None,
) -> Task:
  """Opens the prepared data set of a task, preparing it first if need be.

  A task with a `table` is read from it, and nothing is prepared.

  Args:
    config: the task.
    data_dir: where TFDS keeps prepared data; its default if None.
    manual_dir: the files that a user has brought; see the data set's README.

  Raises:
    FileNotFoundError: the data is neither prepared nor shipped and there is no
      `manual_dir`, or there is no such table.
    ValueError: the data cannot be understood.
  """
  if config.table is not None:
    task = _read_own(config)
  else:
    task = _open_prepared(config, data_dir, manual_dir)
  logging.info(
      'task %s: %d rows, %d modules, %s, problems: %d',
      task.name,
      len(task.rows),
      len(task.modules),
      ', '.join(count(len(v), k) for k, v in task.group_names.items()),
      len(task.problems),
  )
  return task


def _read_own(config: TaskConfig) -> Task:
  if not config.table or not config.ir_dir:
    raise ValueError(
        f'task {config.name!r} needs --config.task.table=TABLE.csv and '
        '--config.task.ir_dir=FOLDER; docs/custom_task.md says more'
    )
  table = custom.read_table(config.table, config.ir_dir, config.default)
  config = dataclasses.replace(
      config, groups=table.groups, targets=table.targets
  )
  return build_task(config, table.examples, table.choices, table.problems)


def _open_prepared(
    config: TaskConfig, data_dir: str | None, manual_dir: str | None
) -> Task:
  import tensorflow_datasets as tfds  # not needed to import the library

  def open_builder():
    builder = tfds.builder(config.data_set, data_dir=data_dir)
    # Where the builder's code is imported, it is found without its data.
    if not builder.info.splits:
      raise tfds.core.DatasetNotFoundError(config.data_set)
    return builder

  try:
    builder = open_builder()
  except tfds.core.DatasetNotFoundError:
    if manual_dir is None and not config.shipped:
      raise FileNotFoundError(
          f'data set {config.data_set!r} is not prepared in '
          f'{data_dir or tfds.core.constants.DATA_DIR}; pass --manual_dir with '
          f'the files that datasets/{config.data_set}/README.md names'
      ) from None
    prepare(config.data_set, manual_dir=manual_dir, data_dir=data_dir)
    builder = open_builder()
  needed = {*config.row, config.module, config.ir, *config.vectors.values()}
  needed |= set(config.place)
  needed |= set(config.groups) - {custom.CODE}
  for target in config.targets.values():
    costs = target.get('costs', ())
    needed |= {costs} if isinstance(costs, str) else set(costs)
    needed |= {*target.get('inputs', ()), *target.get('judged', ())[:1]}
    needed |= {target['value']} if target.get('value') else set()
  missing = sorted(needed - set(builder.info.features))
  if missing:
    raise ValueError(
        f'{builder.data_path} has no {", ".join(missing)}: it was prepared by '
        'another version of its builder; prepare it again with `python '
        f'datasets/prepare.py {config.data_set}`'
    )
  metadata = builder.info.metadata or {}
  return build_task(
      config,
      _rows(builder, config.split),
      metadata.get('choices', ()),
  )


def _rows(builder, split: str) -> Iterator[Mapping[str, Any]]:
  """The rows of a prepared split.

  Raises:
    OSError: a shard is damaged; array_record says so of every chunk.
  """
  try:
    yield from builder.as_data_source(split=split)
  except RuntimeError as error:
    raise OSError(
        f'a shard of {builder.data_path} is damaged ({error}); prepare it '
        f'again with `python datasets/prepare.py {builder.name} --overwrite`'
    ) from error


def prepare(name: str, *, manual_dir: str | None, data_dir: str | None) -> None:
  """Runs `datasets/prepare.py`, which the library must not import."""
  script = pathlib.Path(__file__).parents[3] / 'datasets' / 'prepare.py'
  if not script.exists():
    raise FileNotFoundError(
        f'{script} is not there: prepare {name!r} from a clone of the '
        'repository with `python datasets/prepare.py`'
    )
  command = [sys.executable, str(script), name]
  if manual_dir is not None:
    command.append(f'--manual_dir={manual_dir}')
  if data_dir is not None:
    command.append(f'--data_dir={data_dir}')
  subprocess.run(command, check=True)


def parse_named_paths(values: Iterable[str]) -> dict[str, str]:
  """`name=path` of a repeatable flag -> {name: path}.

  Raises:
    ValueError: no name, a name twice, or no such file.
  """
  paths: dict[str, str] = {}
  for value in values:
    name, equals, path = value.partition('=')
    if not (name and equals and path):
      raise ValueError(f'{value!r} is not of the form NAME=PATH')
    if name in paths:
      raise ValueError(f'{name!r} is named twice')
    if not pathlib.Path(path).is_file():
      raise ValueError(f'{value!r}: there is no file {path}')
    paths[name] = path
  return paths
