"""Fitting: a whole protocol of folds, seeds and a grid as one jitted program.

Each run (seed and fold) fits every point of the head's grid on its training
rows. A head whose grid is averaged answers with the mean of the points; of any
other, each point is fitted on all but one of the inner folds and judged on that
one, and the best is fitted again on all training rows. Test rows enter no fit:
they only pass through it as inputs.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg  # noqa: F401  loads JAX's LAPACK, so that it can be limited
import threadpoolctl

from mirencoder_jax.downstream import heads
from mirencoder_jax.downstream.heads import regression, target_data
from mirencoder_jax.downstream.heads import rows as rows_lib
from mirencoder_jax.downstream.tasks import label_space, splits, tasks

# Numbers of runs and of labels are rounded up to multiples of these, so that
# splits share compiled programs. A run of the padding is not fitted.
_RUNS_MULTIPLE = 128
_LABELS_MULTIPLE = 8


@dataclasses.dataclass(frozen=True)
class FitConfig:
  """How heads are fitted.

  Attributes:
    heads: names of heads (`heads.HEADS`) to fit on every kind of vector.
    grids: head -> hyper-parameter -> values; their product is the grid.
    averaged: heads that answer with the mean over their grid; the others have
      its best point chosen by inner folds, but for those that weigh their grid
      themselves.
    max_log_ratio: cost ratios are learned up to e to this power. A kernel that
      is a hundred times faster on one device decides no more than one that is
      two times faster, and would otherwise own the fit.
    max_choices: targets with more choices are reduced to the fewest that keep
      `min_oracle_share`, in each training fold anew (`label_space`).
    min_oracle_share: of the best cost over the cost that is reached.
    batch_size: runs that are fitted at a time; 1 is best on a CPU.
    max_rows: head -> most training rows of a run that it is fitted on; with
      more the head is left out. Closed forms are cubic in their rows.
  """

  heads: tuple[str, ...]
  grids: Mapping[str, Mapping[str, Sequence[float]]]
  averaged: tuple[str, ...] = ()
  max_log_ratio: float = 0.5
  max_choices: int = 16
  min_oracle_share: float = 0.99
  batch_size: int = 1
  max_rows: Mapping[str, int] = dataclasses.field(default_factory=dict)


class Fit(NamedTuple):
  """Answers of one head by one kind of score, on T targets."""

  choices: np.ndarray  # int [T, S, n]; or the values, float64
  # Estimated log(cost of each choice / cost of the default), infinite for what
  # is not in the label space; a class head's are its scores, negated.
  scores: np.ndarray  # float32 [T, S, n, C]
  chosen: tuple[dict[str, float], ...]  # hyper-parameters, most frequent first


class _Limits(NamedTuple):
  """Most rows that a fit sees; the task's, so that splits share a program."""

  inner_rows: int  # inside of the inner folds, 0 where nothing is fitted there
  rows: int  # outside
  partial: int  # rows without some of their costs


def make_grid(
    head: str, values: Mapping[str, Sequence[float]]
) -> tuple[list[dict[str, float]], dict[str, np.ndarray]]:
  """The product of a grid's values, as points and as arrays [P].

  Raises:
    ValueError: other names than the head's settings, or no value.
  """
  settings = heads.get_head(head).settings
  if sorted(values) != sorted(settings) or not all(map(len, values.values())):
    raise ValueError(
        f'grid of head {head!r} has {sorted(values)}; it needs one or more '
        f'values of {" and ".join(sorted(settings))}'
    )
  names = sorted(values)
  points = [
      dict(zip(names, point, strict=True))
      for point in itertools.product(*(values[name] for name in names))
  ]
  arrays = {
      name: np.array([point[name] for point in points], np.float32)
      for name in names
  }
  return points, arrays


def _judge(scores: rows_lib.Scores, data: rows_lib.Data, mask):
  """Loss of each grid point's answers: cost of choices, and wrong classes."""
  if data.costs.shape[1] == 1:  # a value
    error = jnp.square(scores.costs - data.costs)[..., 0] @ mask  # [P]
    return error, error
  cheapest = jnp.argmin(scores.costs, axis=-1)  # [P, n]
  cost = jnp.take_along_axis(data.costs[None], cheapest[..., None], axis=-1)
  likeliest = jnp.argmax(scores.classes, axis=-1)
  right = jnp.take_along_axis(data.classes[None], likeliest[..., None], axis=-1)
  return cost[..., 0] @ mask, -right[..., 0] @ mask  # [P], [P]


def _choose(head, grid, data, run, limits):
  """Indices [2] of the points that inner folds find best by each score."""

  train, inner, key = run

  def fit_without(held_out):
    rows = rows_lib.select_rows(train * (1 - held_out), limits.inner_rows)
    return head.fit(data, rows, grid, key, max_partial=limits.partial)[1]

  scores = jax.lax.map(fit_without, inner)  # [J, P, n, C]
  # Every training row is judged by the fit that had not seen it.
  unseen = jax.tree.map(lambda x: jnp.einsum('jpnc,jn->pnc', x, inner), scores)
  return jnp.stack([jnp.argmin(loss) for loss in _judge(unseen, data, train)])


def _fit_run(head, grid, averaged, data, run, limits):
  """One run.

  Returns:
    Scores [n, C] and the indices [2] of the points that made them for costs and
    for classes.
  """
  train, _, key = run
  best = jnp.zeros(2, int)
  if not averaged:
    best = _choose(head, grid, data, run, limits)
    grid = {name: values[best] for name, values in grid.items()}
  rows = rows_lib.select_rows(train, limits.rows)
  _, scores = head.fit(data, rows, grid, key, max_partial=limits.partial)
  if averaged:
    return jax.tree.map(lambda x: x.mean(axis=0), scores), best
  return rows_lib.Scores(scores.costs[0], scores.classes[1]), best


@functools.partial(
    jax.jit, static_argnames=('head', 'averaged', 'batch_size', 'limits')
)
def _fit_runs(
    head, averaged, grid, data, target, space, runs, count, batch_size, limits
):
  """The first `count` runs of all targets.

  `data` leads with [T], others with a number of runs that splits share.
  """

  def one(arguments):
    index, space, run = arguments
    one_target = jax.tree.map(lambda x: x[index], data)
    if space is not None:
      one_target = target_data.narrow(one_target, *space)
      space = space[0]
    is_value = one_target.costs.shape[1] == 1
    if is_value:
      one_target, mean, deviation = target_data.standardise(one_target, run[0])
    scores, best = _fit_run(
        heads.HEADS[head], grid, averaged, one_target, run, limits
    )
    if space is not None:
      scores = rows_lib.Scores(
          jnp.where(space >= 0, scores.costs, jnp.inf),
          jnp.where(space >= 0, scores.classes, -jnp.inf),
      )
    if is_value:
      scores = scores._replace(costs=scores.costs * deviation + mean)
    return scores, best

  def fit_batch(start):
    def take(x):
      return jax.lax.dynamic_slice_in_dim(x, start, batch_size)

    return jax.vmap(one)(jax.tree.map(take, (target, space, runs)))

  def step(batch, found):
    start = batch * batch_size
    return jax.tree.map(
        lambda x, y: jax.lax.dynamic_update_slice_in_dim(x, y, start, axis=0),
        found,
        fit_batch(start),
    )

  nothing = jax.tree.map(
      lambda x: jnp.zeros((len(target), *x.shape[1:]), x.dtype),
      jax.eval_shape(fit_batch, 0),
  )
  return jax.lax.fori_loop(0, -(-count // batch_size), step, nothing)


def _find_limits(train, inner, valid, known) -> _Limits:
  """Limits of runs [R] where `known` is bool [T, n, C]."""
  fitted = train[:, None] & ~inner  # [R, J, n]
  return _Limits(
      inner_rows=int(fitted.sum(axis=-1).max()) if inner.size else 0,
      rows=int(valid.sum(axis=-1).max()),
      partial=max(map(rows_lib.count_partial, known)),
  )


def _pad_runs(arrays, batch_size: int):
  """Repeats the last run, so that splits share a compiled program."""
  count = len(jax.tree.leaves(arrays)[0])
  multiple = math.lcm(_RUNS_MULTIPLE, batch_size)
  order = np.arange(-(-count // multiple) * multiple).clip(max=count - 1)
  return jax.tree.map(lambda x: x[order], arrays)


def _find_spaces(
    targets: Sequence[tasks.Target], train: np.ndarray, config: FitConfig
) -> tuple[np.ndarray, np.ndarray] | None:
  """Label spaces [T * R, K] of all runs, and the best place in them [T * R, n].

  None where nothing is reduced.
  """
  spaces, labels = [], []
  for target, runs in zip(targets, np.split(train, len(targets)), strict=True):
    found = label_space.reduce(
        target,
        runs,
        max_choices=config.max_choices,
        min_share=config.min_oracle_share,
    )
    if found is None:
      return None
    costs = target.decision_costs
    spaces += found
    labels += [costs[:, space].argmin(axis=1) for space in found]
  return label_space.pad(spaces, _LABELS_MULTIPLE), np.stack(labels)


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
    'cost' and 'class' -> answers; 'class' alone if the task has no costs. Of
    values and probabilities 'value' alone. A regression has no 'class'.

  Raises:
    ValueError: an unknown head, or targets with different numbers of choices.
  """
  heads.get_head(head)
  points, grid = make_grid(head, config.grids[head])
  averaged = heads.get_head(head).averages or head in config.averaged
  has_costs = all(target.costs is not None for target in task.targets)
  num_choices = {len(target.choices) or 1 for target in task.targets}
  if len(num_choices) > 1:
    raise ValueError(f'targets of {task.name!r} differ in choices')
  (num_choices,) = num_choices
  regress = heads.get_head(head).regress
  if regress is not None:
    return fit_regression(regress, vectors, task, protocol, config, points)
  data = target_data.make_all(
      task, vectors, protocol.groups, config.max_log_ratio
  )
  asked, again = protocol, np.arange(len(protocol.seed))
  if averaged:
    protocol = protocol._replace(inner=protocol.inner[:, :0])
    if not heads.get_head(head).is_random:
      # Seeds of leave-one-out differ in inner folds and in nothing else.
      protocol, again = splits.distinct_runs(protocol)
  num_targets, num_runs = len(task.targets), len(protocol.seed)
  valid = np.stack([target.valid for target in task.targets])  # [T, n]
  train = (protocol.train & valid[:, None]).reshape(-1, valid.shape[1])
  inner = protocol.inner & valid[:, None, None]
  inner = inner.reshape(len(train), *inner.shape[2:])  # [T * R, J, n]
  space = _find_spaces(task.targets, train, config)
  root = jax.random.key(0)
  keys = jax.vmap(lambda i: jax.random.fold_in(root, i))(np.arange(num_runs))
  # Rows that are not valid enter no fit; without costs there is none to know.
  is_partial = has_costs and task.kind == 'choice'
  known = (data.known > 0) | ~valid[..., None] | (not is_partial)
  runs = (
      np.repeat(np.arange(num_targets), num_runs),
      space,
      (
          train.astype(np.float32),
          inner.astype(np.float32),
          jnp.tile(keys, num_targets),
      ),
  )
  # LAPACK's own threads wait for each other in busy loops: on shared cores a
  # solve takes fifty times longer with them.
  with threadpoolctl.threadpool_limits(1):
    found = jax.block_until_ready(
        _fit_runs(
            head,
            averaged,
            grid,
            data,
            *_pad_runs(runs, config.batch_size),
            len(train),
            batch_size=config.batch_size,
            limits=_find_limits(train, inner, valid, known),
        )
    )
  scores, best = jax.tree.map(lambda x: np.asarray(x)[: len(train)], found)

  def unfold(x, fill):
    if space is not None:
      x = label_space.widen(x, space[0], num_choices, fill)
    x = x.reshape(num_targets, num_runs, *x.shape[1:])
    return np.stack([splits.gather_test(asked, y[again]) for y in x])

  def frequent(indices):
    if averaged:
      return ({'points averaged': len(points)},)
    values, counts = np.unique(indices, return_counts=True)
    return tuple(points[i] for i in values[np.argsort(-counts)])

  costs, classes = unfold(scores.costs, np.inf), unfold(scores.classes, -np.inf)
  return _answer(task, costs, classes, *map(frequent, best.T))


def fit_regression(
    regress: regression.Regress,
    vectors: np.ndarray,
    task: tasks.Task,
    protocol: splits.Protocol,
    config: FitConfig,
    points: Sequence[Mapping[str, float]],
) -> dict[str, Fit]:
  """`fit_protocol` of a regression; its answers are means over the points."""
  data = target_data.make_all(
      task, vectors, protocol.groups, config.max_log_ratio
  )
  scores = regression.fit_protocol(regress, data, task, protocol, points)
  return _answer(task, scores, None, (dict(points[0]),))


def allowed(
    names: Sequence[str],
    task: tasks.Task,
    protocol: splits.Protocol,
    config: FitConfig,
) -> list[str]:
  """The heads that a protocol has not too many training rows for."""
  num_rows = max(
      int((protocol.train & target.valid).sum(axis=1).max())
      for target in task.targets
  )
  return [n for n in names if num_rows <= config.max_rows.get(n, num_rows)]


def _answer(task, costs, classes, chosen, chosen_by_class=()) -> dict[str, Fit]:
  """What scores [T, S, n, C] come to; without classes, the costs alone say."""
  if task.kind != 'choice':
    limits = (0, 1) if task.kind == 'probability' else (-np.inf, np.inf)
    values = np.clip(costs[..., 0].astype(float), *limits)
    return {'value': Fit(values, costs, chosen)}
  has_costs = all(target.costs is not None for target in task.targets)
  if classes is None and not has_costs:  # a regression of the labels
    classes, chosen_by_class = costs, chosen
  fits = {}
  if classes is not None:
    fits['class'] = Fit(classes.argmax(axis=-1), -classes, chosen_by_class)
  if has_costs:
    defaults = np.stack([target.defaults for target in task.targets])
    of_default = costs == np.inf  # a ratio to itself, where it is no label
    of_default &= np.arange(costs.shape[-1]) == defaults[:, None, :, None]
    costs = np.where(of_default, 0, costs)
    fits['cost'] = Fit(costs.argmin(axis=-1), costs, chosen)
  return fits
