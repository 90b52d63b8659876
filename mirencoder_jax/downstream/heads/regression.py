"""Regressions: heads for many rows, one run after the other.

From features [vectors ; inputs] to all costs (or labels, or the value) at once.
Each is told which rows it may fit and which of these it may stop by, those of
the first inner fold: whole groups, as the split has it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mirencoder_jax.downstream.heads import rows as rows_lib
from mirencoder_jax.downstream.tasks import splits, tasks


class Run(NamedTuple):
  """One fit; n rows, F features, K answers.

  Attributes:
    x: float32 [n, F].
    y: float32 [n, K]; only rows in `train` are known.
    train: bool [n].
    held_out: bool [n], those of `train` that tell when to stop.
    asked: bool [n], the rows to answer for.
    max_train: most rows that a run of this protocol trains on, so that runs
      can share a compiled program.
    is_probability: whether y is in 0 to 1.
    seed: of the run.
  """

  x: np.ndarray
  y: np.ndarray
  train: np.ndarray
  held_out: np.ndarray
  asked: np.ndarray
  max_train: int
  is_probability: bool
  seed: int


# (run, a point of the grid) -> answers of the rows asked, float [., K]
Regress = Callable[[Run, Mapping[str, float]], np.ndarray]


def fit_protocol(
    regress: Regress,
    data: rows_lib.Data,
    task: tasks.Task,
    protocol: splits.Protocol,
    points: Sequence[Mapping[str, float]],
) -> np.ndarray:
  """Answers of all runs, means over the points; float32 [T, S, n, K].

  Args:
    regress: the head.
    data: of all targets, with a leading [T].
    task: the rows.
    protocol: its runs.
    points: of the grid.
  """
  answers = []
  for number, target in enumerate(task.targets):
    x = np.concatenate([data.vectors[number], data.inputs[number]], axis=1)
    has_labels_only = target.costs is None and target.values is None
    y = (data.classes if has_labels_only else data.costs)[number]
    train = protocol.train & target.valid
    per_run = np.zeros((len(train), *y.shape), np.float32)
    for i, (fitted, asked) in enumerate(zip(train, protocol.test, strict=True)):
      if not fitted.any():
        continue
      run = Run(
          x=x,
          y=y,
          train=fitted,
          held_out=protocol.inner[i, 0] & fitted,
          asked=asked,
          max_train=int(train.sum(axis=1).max()),
          is_probability=target.kind == 'probability',
          seed=i,
      )
      per_run[i, asked] = np.mean([regress(run, p) for p in points], axis=0)
    answers.append(splits.gather_test(protocol, per_run))
  return np.stack(answers)
