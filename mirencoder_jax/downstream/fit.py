"""Fitting: a whole protocol of folds, seeds and a grid as one jitted program.

Station in the flow: vectors of the modules, a `Task` and a `Protocol` in, a
choice for every row on every target out. For each run (seed and fold) every
point of the head's grid is fitted on all but one of the inner folds and judged
on that one; the best is fitted again on the run's training rows and answers for
its test rows. Test rows enter no fit: they only pass through it as inputs.
"""

import dataclasses
import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg  # noqa: F401  loads JAX's LAPACK, so that it can be limited
import threadpoolctl

from mirencoder_jax.downstream import heads, splits, tasks


@dataclasses.dataclass(frozen=True)
class FitConfig:
  """How heads are fitted.

  Attributes:
    heads: names of heads (`heads.HEADS`) to fit on every kind of vector.
    grids: head -> hyper-parameter -> values; their product is the grid.
    max_log_ratio: cost ratios are learned up to e to this power. A kernel that
      is a hundred times faster on one device decides no more than one that is
      three times faster, and would otherwise own the fit.
    batch_size: runs that are fitted at a time; 1 is best on a CPU.
  """

  heads: tuple[str, ...]
  grids: Mapping[str, Mapping[str, Sequence[float]]]
  max_log_ratio: float = 1.0
  batch_size: int = 1


class Fit(NamedTuple):
  """Answers of one head by one kind of score, on T targets."""

  choices: np.ndarray  # int [T, S, n]
  # Estimated log(cost of each choice / cost of the default); a class head's are
  # its scores, negated.
  scores: np.ndarray  # float32 [T, S, n, C]
  chosen: tuple[dict[str, float], ...]  # hyper-parameters, most frequent first


def make_grid(
    values: Mapping[str, Sequence[float]],
) -> tuple[list[dict[str, float]], dict[str, np.ndarray]]:
  """The product of a grid's values, as points and as arrays [A, Q].

  The penalty runs along Q, everything else along A.
  """
  names = sorted(values, key=lambda name: name == 'penalty')
  points = [
      dict(zip(names, point, strict=True))
      for point in itertools.product(*(values[name] for name in names))
  ]
  shape = (-1, len(values.get('penalty', (0,))))
  arrays = {
      name: np.array([p[name] for p in points], np.float32).reshape(shape)
      for name in names
  }
  return points, arrays


def make_data(
    target: tasks.Target, vectors: np.ndarray, max_log_ratio: float
) -> heads.Data:
  """What a head sees of a target: rows' vectors, log inputs, log costs."""
  costs = np.zeros((len(target.labels), len(target.choices)))
  if target.costs is not None:
    costs = target.decision_costs
    costs = np.clip(
        np.log(costs / target.outcome(target.defaults)[:, None]),
        -max_log_ratio,
        max_log_ratio,
    )
  return heads.Data(
      vectors=np.asarray(vectors, np.float32),
      inputs=np.log1p(np.maximum(target.inputs, 0)).astype(np.float32),
      costs=costs.astype(np.float32),
      classes=np.eye(len(target.choices), dtype=np.float32)[target.labels],
  )


def _judge(scores: heads.Scores, data: heads.Data, mask):
  """Loss of each grid point's answers: cost of choices, and wrong classes."""
  cheapest = jnp.argmin(scores.costs, axis=-1)  # [P, n]
  cost = jnp.take_along_axis(data.costs[None], cheapest[..., None], axis=-1)
  likeliest = jnp.argmax(scores.classes, axis=-1)
  right = jnp.take_along_axis(data.classes[None], likeliest[..., None], axis=-1)
  return cost[..., 0] @ mask, -right[..., 0] @ mask  # [P], [P]


def _fit_run(fit_head, grid, data, train, inner, key, max_rows):
  """One run: choose the grid's points by inner folds, fit them again.

  Returns:
    Scores [n, C] of the points chosen for costs and for classes, and their
    indices [2].
  """

  def fit_without(held_out):
    rows = heads.select_rows(train * (1 - held_out), max_rows[0])
    return fit_head(data, rows, grid, key)

  scores = jax.lax.map(fit_without, inner)  # [J, A, Q, n, C]
  # Every training row is judged by the fit that had not seen it.
  unseen = jax.tree.map(
      lambda x: jnp.einsum(
          'jpnc,jn->pnc', x.reshape(len(x), -1, *x.shape[-2:]), inner
      ),
      scores,
  )  # [P, n, C]
  best = jnp.stack([jnp.argmin(loss) for loss in _judge(unseen, data, train)])
  chosen = {name: v.reshape(-1)[best][:, None] for name, v in grid.items()}
  rows = heads.select_rows(train, max_rows[1])
  final = fit_head(data, rows, chosen, key)  # [2, 1, n, C]
  return heads.Scores(final.costs[0, 0], final.classes[1, 0]), best


@functools.partial(jax.jit, static_argnames=('head', 'batch_size', 'max_rows'))
def _fit_runs(
    head, grid, data, target, train, inner, keys, batch_size, max_rows
):
  """All runs of all targets: `data` leads with [T], the others with [R]."""

  def one(run):
    index, train, inner, key = run
    one_target = jax.tree.map(lambda x: x[index], data)
    return _fit_run(
        heads.HEADS[head], grid, one_target, train, inner, key, max_rows
    )

  return jax.lax.map(
      one, (target, train, inner, keys), batch_size=batch_size
  )


def _max_rows(train: np.ndarray, inner: np.ndarray) -> tuple[int, int]:
  """Most rows that a fit inside and outside of the inner folds sees."""
  fitted = train[:, :, None] & ~inner  # [T, R, J, n]
  return int(fitted.sum(axis=-1).max()), int(train.sum(axis=-1).max())


def fit_protocol(
    head: str,
    vectors: np.ndarray,
    task: tasks.Task,
    protocol: splits.Protocol,
    config: FitConfig,
) -> dict[str, Fit]:
  """Fits a head over all folds, seeds and targets.

  Args:
    head: a name in `heads.HEADS`.
    vectors: float [n, D], or [T, n, D] where they differ between targets; D
      may be 0, then only the run-time inputs speak.
    task: the rows.
    protocol: which of them are fitted on and which judge.
    config: grids and limits.

  Returns:
    'cost' and 'class' -> answers; 'class' alone if the task has no costs.

  Raises:
    ValueError: targets with different numbers of choices.
  """
  if head not in heads.HEADS:
    raise ValueError(f'unknown head {head!r}; there are {sorted(heads.HEADS)}')
  num_choices = {len(target.choices) for target in task.targets}
  if len(num_choices) > 1:
    raise ValueError(f'targets of {task.name!r} differ in choices')
  vectors = np.broadcast_to(
      vectors, (len(task.targets),) + vectors.shape[-2:]
  )
  data = jax.tree.map(
      lambda *leaves: np.stack(leaves),
      *(
          make_data(target, v, config.max_log_ratio)
          for target, v in zip(task.targets, vectors, strict=True)
      ),
  )
  points, grid = make_grid(config.grids[head])
  num_targets, num_runs = len(task.targets), len(protocol.seed)
  valid = np.stack([target.valid for target in task.targets])  # [T, n]
  train = protocol.train[None] & valid[:, None]  # [T, R, n]
  inner = protocol.inner[None] & valid[:, None, None]  # [T, R, J, n]
  root = jax.random.key(0)
  keys = jax.vmap(lambda i: jax.random.fold_in(root, i))(np.arange(num_runs))
  # LAPACK's own threads wait for each other in busy loops: on shared cores a
  # solve takes fifty times longer with them.
  with threadpoolctl.threadpool_limits(1):
    scores, best = jax.block_until_ready(
        _fit_runs(
            head,
            grid,
            data,
            np.repeat(np.arange(num_targets), num_runs),
            train.reshape(-1, train.shape[-1]).astype(np.float32),
            inner.reshape(-1, *inner.shape[2:]).astype(np.float32),
            jnp.tile(keys, num_targets),
            batch_size=config.batch_size,
            max_rows=_max_rows(train, inner),
        )
    )

  def unfold(x):
    x = np.asarray(x).reshape(num_targets, num_runs, *x.shape[1:])
    return np.stack([splits.gather_test(protocol, y) for y in x])

  def frequent(indices):
    values, counts = np.unique(np.asarray(indices), return_counts=True)
    return tuple(points[i] for i in values[np.argsort(-counts)])

  costs, classes = unfold(scores.costs), unfold(scores.classes)
  fits = {
      'class': Fit(classes.argmax(axis=-1), -classes, frequent(best[:, 1]))
  }
  if all(target.costs is not None for target in task.targets):
    fits['cost'] = Fit(costs.argmin(axis=-1), costs, frequent(best[:, 0]))
  return fits
