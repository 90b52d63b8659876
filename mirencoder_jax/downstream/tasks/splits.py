"""Splits: which rows a head is fitted on and which ones judge it.

A task's rows are related: one kernel appears with many inputs, one program with
many kernels, one suite with many programs. A split names the relation that must
not cross from training to test.

  random    stratified k-fold over rows, as published elsewhere: it leaks;
  row       leave one row out, as published for thread coarsening: it leaks;
  kernel    no kernel on both sides;
  program   no program on both sides;
  suite     leave one suite out.

Names are the config's; `find_leaks` says what crosses, from the masks.
A split can also train on the rows of one kind only, such as those of CUDA, and
test on the others; and it can refuse what is related in another way: training
rows that are are left out of that fit, and counted.

Inner folds, for choosing hyper-parameters, are made of the training rows alone
and in the same way as the outer ones, so that the choice is made for the kind
of generalisation that is measured.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np


@dataclasses.dataclass(frozen=True)
class SplitConfig:
  """One way of splitting a task's rows.

  Attributes:
    name: what the report calls it.
    group: the task's group that stays on one side; '' for stratified rows.
    num_folds: number of test folds; 0 leaves one group (or row) out at a time,
      1 trains on all that may be trained on (`trained`) and tests on the rest.
    refused: a group that is on no two sides either: training rows that have a
      relative in the test rows are left out.
    trained: group and the name of a member: its rows alone are trained on, and
      the others alone tested on; () for all.
  """

  name: str
  group: str = ''
  num_folds: int = 10
  refused: str = ''
  trained: tuple[str, ...] = ()

  def __post_init__(self):
    if len(self.trained) not in (0, 2):
      raise ValueError(
          f'split {self.name!r}: trained is {self.trained}; a group and the '
          'name of one of its members are needed'
      )
    if self.num_folds == 1 and not self.trained:
      raise ValueError(f'split {self.name!r}: one fold leaves nothing to fit')


class Protocol(NamedTuple):
  """All fits of one split: R = seeds x folds runs over n rows."""

  name: str
  train: np.ndarray  # bool [R, n]
  test: np.ndarray  # bool [R, n]
  # Validation rows of each inner fold: disjoint, together the training rows.
  inner: np.ndarray  # bool [R, J, n]
  seed: np.ndarray  # int [R]
  fold: np.ndarray  # int [R]
  # int [n], equal where rows stay on one side; each row alone if any may cross.
  groups: np.ndarray
  # Training rows that were left out as relatives of test rows, in all runs.
  num_refused: int = 0

  @property
  def tested(self) -> np.ndarray:
    """Rows that are tested on, all but where `trained` names some; bool [n]."""
    return self.test.any(axis=0)

  @property
  def num_seeds(self) -> int:
    return int(self.seed.max()) + 1


def stratified_folds(
    labels: np.ndarray,
    num_folds: int,
    rng: np.random.Generator | np.random.RandomState,
) -> np.ndarray:
  """Deals the rows of each label over the folds; int [n].

  Args:
    labels: int [n].
    num_folds: at most the number of rows is used; 0 means one fold a row.
    rng: shuffles.
  """
  if num_folds == 0:
    return np.arange(len(labels))
  num_folds = min(num_folds, len(labels))
  folds = np.zeros(len(labels), int)
  dealt = 0  # goes on over the labels, so that folds differ by one row at most
  for label in np.unique(labels):
    rows = rng.permutation(np.flatnonzero(labels == label))
    folds[rows] = (dealt + np.arange(len(rows))) % num_folds
    dealt += len(rows)
  return folds


def group_folds(
    groups: np.ndarray,
    num_folds: int,
    rng: np.random.Generator | np.random.RandomState,
) -> np.ndarray:
  """Deals whole groups, shuffled, over the folds; int [n].

  Args:
    groups: int [n], any codes.
    num_folds: at most the number of groups is used; 0 means one fold a group.
    rng: shuffles. With `RandomState(seed)` the folds are those of
      scikit-learn's `GroupKFold(shuffle=True, random_state=seed)`, which
      others' results were made with.

  Returns:
    The fold of each row, 0 .. number of folds - 1.
  """
  values, codes = np.unique(groups, return_inverse=True)
  if num_folds == 0:
    return codes
  shuffled = rng.permutation(len(values))
  fold_of_group = np.zeros(len(values), int)
  num_folds = min(num_folds, len(values))
  for fold, members in enumerate(np.array_split(shuffled, num_folds)):
    fold_of_group[members] = fold
  return fold_of_group[codes]


def build_protocol(
    config: SplitConfig,
    labels: np.ndarray,
    groups: dict[str, np.ndarray],
    *,
    num_seeds: int,
    num_inner_folds: int,
    group_names: Mapping[str, Sequence[str]] | None = None,
) -> Protocol:
  """Lays out every fit of a split.

  Args:
    config: the split.
    labels: int [n], what random folds are stratified by.
    groups: name -> int [n].
    num_seeds: repetitions. Leaving one out has only one way of being split, so
      there seeds change the inner folds and a head's initialisation only.
    num_inner_folds: folds of the training rows; 2 at least.
    group_names: of the groups' codes, for a split that has `trained`.

  Returns:
    The masks of `num_seeds` times the number of folds runs.

  Raises:
    ValueError: an unknown group, or too few of its members to split.
  """
  for group in (config.group, config.refused, *config.trained[:1]):
    if group and group not in groups:
      raise ValueError(
          f'split {config.name!r}: unknown group {group!r}; the task has '
          f'{sorted(groups)}'
      )
  related = groups[config.group] if config.group else None
  num_groups = len(labels if related is None else np.unique(related))
  if num_groups < 3:
    unit = f'group {config.group!r} has' if config.group else 'there are'
    raise ValueError(
        f'split {config.name!r}: {unit} {num_groups} member(s); 3 are needed '
        'to hold one out and choose hyper-parameters on the others'
    )

  def split(rows: np.ndarray, num_folds: int, rng) -> np.ndarray:
    if related is None:
      return stratified_folds(labels[rows], num_folds, rng)
    return group_folds(related[rows], num_folds, rng)

  everything = np.arange(len(labels))
  may_train = np.ones(len(labels), bool)
  may_test = may_train
  if config.trained:
    may_train = _members(config, groups, group_names or {})
    may_test = ~may_train
  train, test, inner, seeds, folds = [], [], [], [], []
  num_refused = 0
  for seed in range(num_seeds):
    outer = split(everything, config.num_folds, np.random.RandomState(seed))
    for fold in range(outer.max() + 1):
      tested = (outer == fold) & may_test
      if not tested.any():
        continue
      # A single fold holds nobody back.
      kept = ((outer != fold) | (config.num_folds == 1)) & may_train
      if config.refused:
        codes = groups[config.refused]
        related_too = kept & np.isin(codes, codes[tested])
        num_refused += int(related_too.sum())
        kept &= ~related_too
      rows = np.flatnonzero(kept)
      rng = np.random.default_rng([seed, fold])
      inner_fold = np.full(len(labels), -1)
      inner_fold[rows] = split(rows, num_inner_folds, rng)
      train.append(kept)
      test.append(tested)
      inner.append(inner_fold == np.arange(num_inner_folds)[:, None])
      seeds.append(seed)
      folds.append(fold)
  return Protocol(
      name=config.name,
      train=np.array(train),
      test=np.array(test),
      inner=np.array(inner),
      seed=np.array(seeds),
      fold=np.array(folds),
      groups=everything if related is None else related,
      num_refused=num_refused,
  )


def _members(config, groups, group_names) -> np.ndarray:
  """Rows that a split trains on; bool [n]."""
  group, name = config.trained
  names = list(group_names.get(group, ()))
  if name not in names or len(names) < 2:
    raise ValueError(
        f'split {config.name!r}: {group!r} has no {name!r} beside others; it '
        f'has {names[:8]}'
    )
  return groups[group] == names.index(name)


def find_leaks(
    protocol: Protocol, groups: dict[str, np.ndarray]
) -> dict[str, float]:
  """Share of the test rows that have a relative among the training rows.

  Args:
    protocol: the fits.
    groups: name -> int [n].

  Returns:
    Name -> share, for groups that cross in some run.
  """
  leaks = {}
  for name, codes in groups.items():
    crossing = sum(
        int(np.isin(codes[test], codes[train]).sum())
        for train, test in zip(protocol.train, protocol.test, strict=True)
    )
    if crossing:
      leaks[name] = crossing / int(protocol.test.sum())
  return leaks


def gather_test(protocol: Protocol, per_run: np.ndarray) -> np.ndarray:
  """Joins each run's answers on its test rows: [R, n, ...] -> [S, n, ...]."""
  joined = np.zeros((protocol.num_seeds, *per_run.shape[1:]), per_run.dtype)
  for run, seed in enumerate(protocol.seed):
    test = protocol.test[run]
    joined[seed, test] = per_run[run, test]
  return joined


def distinct_runs(protocol: Protocol) -> tuple[Protocol, np.ndarray]:
  """One of all runs that have the same training rows.

  Returns:
    These runs, and for each run of `protocol` which of them it equals; int [R].
  """
  _, kept, again = np.unique(
      protocol.train, axis=0, return_index=True, return_inverse=True
  )
  return _select_runs(protocol, kept), again.reshape(-1)


def first_seeds(protocol: Protocol, num_seeds: int) -> Protocol:
  """The runs of the first seeds only."""
  return _select_runs(protocol, protocol.seed < num_seeds)


def _select_runs(protocol: Protocol, kept: np.ndarray) -> Protocol:
  return protocol._replace(
      train=protocol.train[kept],
      test=protocol.test[kept],
      inner=protocol.inner[kept],
      seed=protocol.seed[kept],
      fold=protocol.fold[kept],
  )
