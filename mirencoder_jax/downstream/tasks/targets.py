"""Targets: what each machine of a task measured, and what a decision costs.

Heads, baselines and reports see a machine as a `Target`. It is of one of three
kinds: a `choice` of which costs or the best one are known, a `value` such as
the log of a time, or a `probability`, which is 0 or 1 where it is a fact.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mirencoder_jax.storage import command_line

KINDS = ('choice', 'value', 'probability')


@dataclasses.dataclass(frozen=True)
class TargetConfig:
  """One machine of a task.

  Attributes:
    name: what the report calls it.
    choices: names of the choices; empty if the data set's metadata has them.
    default: the choice that is taken without a model, or the field that names
      it where each row has its own. Of another kind than a choice, the field
      with what is known of each row without a model, such as a compiler's
      guess; '' if there is none.
    costs: field with the cost of each choice, in the order of `choices`; or
      the name of one field with all of them; empty if there are labels only.
    label: field with the name of the best choice, '' if there is none.
    inputs: fields with the run-time inputs.
    judged: field and value of the rows that judge, () for all. Where one table
      has the rows of several machines, the others are only fitted on.
    unmeasured: what a decision for a choice without a measured cost turns into,
      a name in `FALLBACKS`.
    kind: one of `KINDS`; of a `value` or a `probability`, choices, costs, label
      and unmeasured say nothing.
    value: field of a `value` or a `probability`.
  """

  name: str
  default: str = ''
  choices: tuple[str, ...] = ()
  costs: tuple[str, ...] | str = ()
  label: str = ''
  inputs: tuple[str, ...] = ()
  judged: tuple[str, ...] = ()
  unmeasured: str = 'default'
  kind: str = 'choice'
  value: str = ''

  def __post_init__(self):
    command_line.choose(self.kind, KINDS, f'target {self.name!r}: kind')
    if (self.kind == 'choice') == bool(self.value):
      raise ValueError(
          f'target {self.name!r}: a {self.kind} and the field '
          f'{self.value!r}; a value or a probability has one, a choice none'
      )


class Problem(NamedTuple):
  """Something wrong with the data: which row or module, and what."""

  where: str
  what: str


class Target(NamedTuple):
  """The rows as one machine sees them. n rows, C choices, F inputs.

  Not every choice was measured in every row, and a head may decide for one that
  was not. What such a decision comes to is settled here and nowhere else:
  `fallback` names the measured choice that runs in its place (`FALLBACKS`), and
  `taken`, `outcome` and `decision_costs` follow it. Fits, baselines and reports
  use these three and never index `costs`.

  A `value` or a `probability` has `values` in place of choices; C is 0.
  """

  name: str
  choices: tuple[str, ...]
  default: int | np.ndarray  # or int [n], where each row has its own
  inputs: np.ndarray  # float64 [n, F]
  # float64 [n, C], NaN where a choice was not measured (everywhere in rows that
  # are not valid); None if there are labels only.
  costs: np.ndarray | None
  labels: np.ndarray  # int [n], the best choice
  # bool [n], False unless the default and another choice have a cost, or where
  # a label or an input is unusable.
  valid: np.ndarray
  # int [n, C], the choice that runs; None if every decision runs as it is.
  fallback: np.ndarray | None = None
  judged: np.ndarray | None = None  # bool [n], see `judges`; None for all
  # Whether the choice that runs in place of another is what the other means
  # (a factor is clamped), and not for want of a measurement (a run failed).
  is_clamped: bool = False
  input_fields: tuple[str, ...] = ()  # [F], what the inputs were read from
  kind: str = 'choice'
  values: np.ndarray | None = None  # float64 [n]; 0 in rows that are not valid
  # float64 [n], what is known of the values without a model; None if nothing.
  guesses: np.ndarray | None = None

  @property
  def defaults(self) -> np.ndarray:
    """The default of each row; int [n]."""
    return np.broadcast_to(self.default, self.labels.shape)

  @property
  def judges(self) -> np.ndarray:
    """Rows that results are means over; bool [n].

    The rows of other machines, where one table has several, are valid to fit on
    and do not judge.
    """
    return self.valid if self.judged is None else self.valid & self.judged

  @property
  def known(self) -> np.ndarray:
    """Decisions whose costs a head may learn from; bool [n, C].

    The measured ones, and those that are clamped to a measured one: fitted
    without these, a factor that few kernels have looks as good as on those few.

    Raises:
      ValueError: the target has labels only.
    """
    if self.costs is None:
      raise ValueError(f'target {self.name!r} has labels only, and no costs')
    return ~np.isnan(self.costs) | (self.is_clamped & self.valid[:, None])

  def taken(self, choices: np.ndarray) -> np.ndarray:
    """What runs when `choices` (int [..., n]) are decided for; int [..., n]."""
    if self.fallback is None:
      return choices
    return self.fallback[np.arange(len(self.labels)), choices]

  def outcome(self, choices: np.ndarray) -> np.ndarray:
    """Costs of deciding for `choices` (int [..., n]); float64 [..., n].

    Positive and finite; 1 in rows that are not valid, which enter no fit and no
    mean, so that logarithms and ratios there stay finite.

    Raises:
      ValueError: the target has labels only.
    """
    if self.costs is None:
      raise ValueError(f'target {self.name!r} has labels only, and no costs')
    rows = np.arange(len(self.labels))
    cost = self.costs[rows, self.taken(choices)]
    return np.where(self.valid, cost, 1)

  @property
  def decision_costs(self) -> np.ndarray:
    """`outcome` of each choice in each row; float64 [n, C]."""
    choices = np.arange(len(self.choices))[:, None]
    num_rows = len(self.labels)
    return self.outcome(np.broadcast_to(choices, (len(choices), num_rows))).T


def _fall_to_default(measured: np.ndarray, defaults: np.ndarray) -> np.ndarray:
  """Decides for the default instead."""
  return np.where(measured, np.arange(measured.shape[1]), defaults[:, None])


def _fall_to_largest_below(
    measured: np.ndarray, defaults: np.ndarray
) -> np.ndarray:
  """Clamps to the largest measured choice that is not above the decided one.

  The published protocol of thread coarsening, whose choices are in order. Where
  nothing below was measured, the default counts.
  """
  order = np.where(measured, np.arange(measured.shape[1]), -1)
  clamped = np.maximum.accumulate(order, axis=1)
  return np.where(clamped < 0, defaults[:, None], clamped)


# (measured bool [n, C], defaults int [n]) -> the choice that runs, int [n, C].
FALLBACKS = {
    'default': _fall_to_default,
    'largest_below': _fall_to_largest_below,
}
_FALLBACK_WORDS = {
    'default': 'the default',
    'largest_below': 'the largest measured one below it',
}


def text(value: Any) -> str:
  """A field of an example, which TFDS gives as bytes."""
  return value.decode() if isinstance(value, bytes) else str(value)


def _numbers(
    examples: list[Mapping[str, Any]], fields: tuple[str, ...] | str
) -> np.ndarray:
  """Fields of each example, or one that is a vector; float64 [n, fields]."""
  if isinstance(fields, str):
    return np.array([e[fields] for e in examples], np.float64)
  table = [[float(e[field]) for field in fields] for e in examples]
  return np.array(table, np.float64).reshape(len(examples), len(fields))


def _check_costs(costs, defaults, choices, note, reject) -> np.ndarray:
  """NaN instead of costs that cannot be; rejects rows with too few left."""
  usable = np.isfinite(costs) & (costs > 0)
  wrong = ~usable & ~np.isnan(costs)
  never = np.isnan(costs).all(axis=1)
  for row in np.flatnonzero(~usable.all(axis=1) & ~never):
    default = defaults[row]
    if not usable[row, default] or usable[row].sum() < 2:
      unusable = np.flatnonzero(~usable[row])
      choice = default if default in unusable else unusable[0]
      reject(
          row,
          f'cost of {choices[choice]} is {costs[row, choice]}; a positive and '
          'finite cost of the default and of one more choice is needed',
      )
    elif wrong[row].any():
      choice = np.argmax(wrong[row])
      note(
          row,
          f'cost of {choices[choice]} is {costs[row, choice]}; it and '
          f'{int(wrong[row].sum()) - 1} more that are not positive and finite '
          'count as not measured',
      )
  return np.where(usable, costs, np.nan)


def _read_defaults(config, examples, reject) -> int | np.ndarray:
  """The default, or each row's own; rejects rows where it is no choice."""
  if config.default in config.choices:
    return config.choices.index(config.default)
  if not examples or config.default not in examples[0]:
    raise ValueError(
        f'target {config.name!r}: default {config.default!r} is neither a '
        f'choice, such as {config.choices[0]!r}, nor a field'
    )
  defaults = np.zeros(len(examples), int)
  for row, example in enumerate(examples):
    name = text(example[config.default])
    if name in config.choices:
      defaults[row] = config.choices.index(name)
    else:
      reject(row, f'{config.default} is {name!r}, not one of the choices')
  return defaults


def _check_labels(config: TargetConfig, labels: np.ndarray) -> list[Problem]:
  """Names the labels that have one member."""
  counts = np.bincount(labels, minlength=len(config.choices))
  alone = [config.choices[choice] for choice in np.flatnonzero(counts == 1)]
  if not alone:
    return []
  names = ', '.join(alone[:5]) + (', ...' if len(alone) > 5 else '')
  what = f'{len(alone)} label(s) have one row each: {names}; such a row is '
  return [Problem(config.name, what + 'either trained or tested on')]


def _read_values(config, examples, note, reject):
  """Values and guesses of rows; rejects a row whose value is none."""
  limits = (0, 1) if config.kind == 'probability' else (-np.inf, np.inf)
  what = 'in 0 to 1' if config.kind == 'probability' else 'finite'

  def read(field, report, otherwise):
    numbers = _numbers(examples, (field,))[:, 0]
    usable = np.isfinite(numbers) & (numbers >= limits[0])
    usable &= numbers <= limits[1]
    for row in np.flatnonzero(~usable):
      report(row, f'{field} is {numbers[row]}, which is not {what}')
    return np.where(usable, numbers, otherwise)

  values = read(config.value, reject, 0)
  if not config.default:
    return values, None
  # A row without a guess has its rule guess what says nothing.
  middle = 0.5 if config.kind == 'probability' else 0
  return values, read(config.default, note, middle)


def read_target(
    config: TargetConfig,
    examples: list[Mapping[str, Any]],
    rows: list[str],
    problems: list[Problem],
) -> Target:
  """Costs, labels and inputs of one target from the task's examples.

  Args:
    config: the meaning of the fields.
    examples: dicts as the TFDS builder yields them.
    rows: their names, for messages.
    problems: gets what is wrong; a row that cannot be used becomes invalid.

  Raises:
    ValueError: the examples have another number of costs than of choices.
  """
  valid = np.ones(len(examples), bool)
  judged = valid.copy()
  if config.judged:
    field, value = config.judged
    judged[:] = [text(example[field]) == value for example in examples]

  def note(row, what):
    if judged[row]:  # others are the problem of the target that they judge
      problems.append(Problem(f'{rows[row]} ({config.name})', what))

  def reject(row, what):
    if valid[row]:
      note(row, what)
    valid[row] = False

  inputs = _numbers(examples, config.inputs)
  for row in np.flatnonzero(~np.isfinite(inputs).all(axis=1)):
    reject(row, f'inputs {inputs[row].tolist()} are not finite')
  common: dict[str, Any] = dict(
      name=config.name,
      inputs=np.where(np.isfinite(inputs), inputs, 0),
      valid=valid,
      judged=judged if config.judged else None,
      input_fields=tuple(config.inputs),
  )
  if config.kind != 'choice':
    values, guesses = _read_values(config, examples, note, reject)
    # What rows at random are dealt by: the likelier side.
    labels = (values > 0.5).astype(int) if config.kind == 'probability' else 0
    return Target(
        choices=(),
        default=0,
        costs=None,
        labels=np.broadcast_to(labels, valid.shape),
        kind=config.kind,
        values=values,
        guesses=guesses,
        **common,
    )

  default = _read_defaults(config, examples, reject)
  defaults = np.broadcast_to(default, valid.shape)
  costs = fallback = None
  labels = defaults.copy()
  if len(config.costs):
    costs = _numbers(examples, config.costs)
    if costs.shape[1] != len(config.choices):
      raise ValueError(
          f'target {config.name!r}: {costs.shape[1]} costs a row, and '
          f'{len(config.choices)} choices'
      )
    costs = _check_costs(costs, defaults, config.choices, note, reject)
    never = valid & judged & np.isnan(costs).all(axis=1)
    valid &= ~np.isnan(costs).all(axis=1)
    if never.any():
      problems.append(
          Problem(
              config.name,
              f'{never.sum()} row(s) have no cost at all, such as '
              f'{rows[np.argmax(never)]}; they do not count here',
          )
      )
    costs[~valid] = np.nan
    labels[valid] = np.nanargmin(costs[valid], axis=1)
    measured = ~np.isnan(costs)
    if not measured[valid].all():
      fallback = FALLBACKS[config.unmeasured](measured, defaults)
    missing = (~measured[valid & judged]).sum(axis=1)
    if missing.any():
      problems.append(
          Problem(
              config.name,
              f'{missing.sum()} costs of {np.count_nonzero(missing)} rows were '
              'not measured; a decision for such a choice comes to '
              f'{_FALLBACK_WORDS[config.unmeasured]}',
          )
      )
  if config.label:
    names = [text(example[config.label]) for example in examples]
    for row, name in enumerate(names):
      if name not in config.choices:
        reject(row, f'{config.label} is {name!r}, not in {config.choices}')
      elif costs is None:
        labels[row] = config.choices.index(name)
      elif valid[row] and not (
          costs[row, config.choices.index(name)] <= costs[row, labels[row]]
      ):
        # The costs are the measurement; the label was derived from them.
        note(row, f'label {name} is not the cheapest choice; the costs count')
  problems += _check_labels(config, labels[valid & judged])
  return Target(
      choices=config.choices,
      default=default,
      costs=costs,
      labels=labels,
      fallback=fallback,
      is_clamped=config.unmeasured == 'largest_below',
      **common,
  )
