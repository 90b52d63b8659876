"""Tasks: a prepared data set of programs with measured choices -> arrays.

Station in the flow: after the TFDS builders (`datasets/<task>`), before
`splits` and `fit`. A task has rows; a row is a program with run-time inputs and
the cost of each choice on one or more targets (machines). `load_task` turns the
prepared examples into a `Task`: arrays aligned by row, distinct IR modules, and
a list of everything that was wrong with the data. Which fields of an example
mean what stands in one table, `configs/tasks.py`.
"""

import dataclasses
import pathlib
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from absl import logging


@dataclasses.dataclass(frozen=True)
class TargetConfig:
  """One machine of a task.

  Attributes:
    name: what the report calls it.
    choices: names of the choices.
    default: the choice that is taken without a model.
    costs: field with the cost of each choice, in the order of `choices`; empty
      if there are labels only.
    label: field with the name of the best choice, '' if there is none.
    inputs: fields with the run-time inputs.
  """

  name: str
  choices: tuple[str, ...]
  default: str
  costs: tuple[str, ...] = ()
  label: str = ''
  inputs: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TaskConfig:
  """Which prepared data set is a task, and what its fields mean.

  Attributes:
    name: of the task and of its TFDS data set.
    row: fields that together name a row in messages.
    module: field with the name of the IR module.
    ir: field with the text (or bitcode) of the IR.
    groups: fields whose equal values belong together.
    targets: name of each machine -> keywords of its `TargetConfig`.
    split: TFDS split to read.
  """

  name: str
  row: tuple[str, ...]
  module: str
  ir: str
  groups: tuple[str, ...]
  targets: Mapping[str, Mapping[str, Any]]
  split: str = 'train'


class Problem(NamedTuple):
  """Something wrong with the data: which row or module, and what."""

  where: str
  what: str


class Target(NamedTuple):
  """The rows as one machine sees them. n rows, C choices, F inputs."""

  name: str
  choices: tuple[str, ...]
  default: int
  inputs: np.ndarray  # float64 [n, F]
  costs: np.ndarray | None  # float64 [n, C]; None if there are labels only
  labels: np.ndarray  # int [n], the best choice
  valid: np.ndarray  # bool [n], False where a cost or label is unusable


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

  @property
  def strata(self) -> np.ndarray:
    """One code for each combination of the targets' labels; int [n]."""
    codes = np.stack([target.labels for target in self.targets], axis=1)
    return np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1)


def _text(value: Any) -> str:
  return value.decode() if isinstance(value, bytes) else str(value)


def _read_target(
    config: TargetConfig,
    examples: list[Mapping[str, Any]],
    rows: list[str],
    problems: list[Problem],
) -> Target:
  """Costs, labels and inputs of one target; bad rows become invalid."""

  def numbers(fields):
    table = [[float(e[field]) for field in fields] for e in examples]
    return np.array(table, np.float64).reshape(len(examples), len(fields))

  valid = np.ones(len(examples), bool)

  def reject(row, what):
    if valid[row]:
      problems.append(Problem(f'{rows[row]} ({config.name})', what))
    valid[row] = False

  inputs = numbers(config.inputs)
  for row in np.flatnonzero(~np.isfinite(inputs).all(axis=1)):
    reject(row, f'inputs {inputs[row].tolist()} are not finite')
  inputs = np.where(np.isfinite(inputs), inputs, 0)

  costs = None
  labels = np.zeros(len(examples), int)
  if config.costs:
    costs = numbers(config.costs)
    usable = np.isfinite(costs) & (costs > 0)
    for row in np.flatnonzero(~usable.all(axis=1)):
      field = config.costs[int(np.argmin(usable[row]))]
      bad = examples[row][field]
      reject(row, f'{field} is {bad}; costs must be positive and finite')
    # Invalid rows never enter a fit or a mean; 1 keeps their logarithm finite.
    costs = np.where(valid[:, None], costs, 1)
    labels = costs.argmin(axis=1)
  if config.label:
    for row, example in enumerate(examples):
      name = _text(example[config.label])
      if name not in config.choices:
        reject(row, f'{config.label} is {name!r}, not in {config.choices}')
      elif costs is None:
        labels[row] = config.choices.index(name)
      elif valid[row] and costs[row, config.choices.index(name)] > costs[
          row
      ].min():
        # The costs are the measurement; the label was derived from them.
        problems.append(
            Problem(
                f'{rows[row]} ({config.name})',
                f'label {name} is not the cheapest choice; the costs count',
            )
        )
  return Target(
      name=config.name,
      choices=config.choices,
      default=config.choices.index(config.default),
      inputs=inputs,
      costs=costs,
      labels=labels,
      valid=valid,
  )


def build_task(
    config: TaskConfig, examples: Iterable[Mapping[str, Any]]
) -> Task:
  """Arrays of a task from its examples, with every problem named.

  No row is left out: a row that cannot be used on a target is marked invalid
  there, and a row without IR keeps its place with an empty module.

  Args:
    config: the meaning of the fields.
    examples: dicts as the TFDS builder yields them.

  Raises:
    ValueError: there are no rows, or a target has no usable ones.
  """
  examples = list(examples)
  if not examples:
    raise ValueError(f'task {config.name!r}: the data set has no rows')
  rows = [' '.join(_text(e[f]) for f in config.row) for e in examples]
  problems: list[Problem] = []

  ir: dict[str, bytes] = {}
  for example in examples:
    text = example[config.ir]
    text = text.encode() if isinstance(text, str) else bytes(text)
    ir.setdefault(_text(example[config.module]), text)
  modules = list(ir)
  index = {name: i for i, name in enumerate(modules)}
  module_index = np.array([index[_text(e[config.module])] for e in examples])
  for module in (name for name, text in ir.items() if not text.strip()):
    users = int((module_index == index[module]).sum())
    problems.append(Problem(module, f'no IR; used by {users} row(s)'))

  groups, group_names = {}, {}
  for group in config.groups:
    names = [_text(e[group]) for e in examples]
    for row, name in enumerate(names):
      if not name:
        problems.append(Problem(rows[row], f'no {group}; it is a group alone'))
        names[row] = f'(row {row})'
    values, codes = np.unique(names, return_inverse=True)
    groups[group] = codes
    group_names[group] = tuple(values.tolist())

  targets = []
  for name, keywords in config.targets.items():
    target_config = TargetConfig(name=name, **keywords)
    target = _read_target(target_config, examples, rows, problems)
    if not target.valid.any():
      raise ValueError(
          f'task {config.name!r}: target {name!r} has no usable row; '
          f'the first problem: {problems[0].where}: {problems[0].what}'
      )
    targets.append(target)
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
  )


def load_task(
    config: TaskConfig,
    *,
    data_dir: str | None = None,
    manual_dir: str | None = None,
) -> Task:
  """Opens the prepared data set of a task, preparing it first if need be.

  Args:
    config: the task.
    data_dir: where TFDS keeps prepared data; its default if None.
    manual_dir: the files that a user has brought; see the data set's README.

  Raises:
    FileNotFoundError: the data is not prepared and there is no `manual_dir`.
  """
  import tensorflow_datasets as tfds  # not needed to import the library

  def open_builder():
    return tfds.builder(config.name, data_dir=data_dir)

  try:
    builder = open_builder()
  except tfds.core.DatasetNotFoundError:
    if manual_dir is None:
      raise FileNotFoundError(
          f'data set {config.name!r} is not prepared in '
          f'{data_dir or tfds.core.constants.DATA_DIR}; pass --manual_dir with '
          f'the files that datasets/{config.name}/README.md names'
      ) from None
    prepare(config.name, manual_dir=manual_dir, data_dir=data_dir)
    builder = open_builder()
  task = build_task(config, builder.as_data_source(split=config.split))
  logging.info(
      'task %s: %d rows, %d modules, %s, problems: %d',
      task.name,
      len(task.rows),
      len(task.modules),
      ', '.join(f'{len(v)} {k}s' for k, v in task.group_names.items()),
      len(task.problems),
  )
  return task


def prepare(name: str, *, manual_dir: str, data_dir: str | None) -> None:
  """Runs `datasets/prepare.py`, which the library must not import."""
  script = pathlib.Path(__file__).parents[2] / 'datasets' / 'prepare.py'
  if not script.exists():
    raise FileNotFoundError(
        f'{script} is not there: prepare {name!r} from a clone of the '
        'repository with `python datasets/prepare.py`'
    )
  command = [sys.executable, str(script), name, f'--manual_dir={manual_dir}']
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
