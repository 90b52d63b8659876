"""Baselines: what an embedding has to beat, on the same folds and seeds.

Rules read no code: the default choice, the best constant of the training rows,
the oracle. Vectors that need no training: none (run-time inputs only), counts
of opcodes, counts of opcodes and result types, random ones. Gradient-boosted
trees, a head outside JAX, are what others' results on these tasks use: they
classify, and where choices are many, among the label space of their fold.
"""

import dataclasses
import importlib.util
from collections.abc import Callable

import numpy as np
import threadpoolctl

from mirencoder_jax.downstream.tasks import label_space, splits, tasks


@dataclasses.dataclass(frozen=True)
class TreesConfig:
  """Gradient-boosted trees, with the settings of others' results.

  Attributes:
    max_depth: of a tree.
    learning_rate: weight of each tree.
    num_trees: boosting rounds; 0 for no such row of the table.
    num_seeds: the first seeds of a protocol; the others are left out, because
      trees on wide vectors are slow.
    num_threads: of a fit.
    max_choices: targets with more are reduced in each training fold to the
      label space that keeps `min_oracle_share`; 768 classes would have a tree
      each in every round, and most of them no row.
    min_oracle_share: see `label_space.cover`.
  """

  max_depth: int = 10
  learning_rate: float = 0.5
  num_trees: int = 70
  num_seeds: int = 3
  num_threads: int = 1
  max_choices: int = 16
  min_oracle_share: float = 0.99


def default_choices(
    task: tasks.Task, protocol: splits.Protocol
) -> np.ndarray | None:
  """The default of each target; int [T, S, n].

  Of values, what is known of them without a model: float64, or None.
  """
  defaults = [
      target.defaults if target.values is None else target.guesses
      for target in task.targets
  ]
  if any(default is None for default in defaults):
    return None
  return np.stack([np.tile(d, (protocol.num_seeds, 1)) for d in defaults])


def half_choices(
    task: tasks.Task, protocol: splits.Protocol
) -> np.ndarray | None:
  """One half, of probabilities that something guesses; float64 [T, S, n]."""
  if task.kind != 'probability' or task.targets[0].guesses is None:
    return None
  shape = (len(task.targets), protocol.num_seeds, len(task.rows))
  return np.full(shape, 0.5)


def oracle_choices(task: tasks.Task, protocol: splits.Protocol) -> np.ndarray:
  """The best choice of each row; int [T, S, n]. Values, as they are."""
  best = [
      target.labels if target.values is None else target.values
      for target in task.targets
  ]
  return np.stack([np.tile(b, (protocol.num_seeds, 1)) for b in best])


def constant_choices(task: tasks.Task, protocol: splits.Protocol) -> np.ndarray:
  """The choice that was best over the training rows; int [T, S, n].

  Best in the geometric mean of costs, or by frequency if there are labels only.
  Of values, their mean; float64.
  """
  answers = []
  for target in task.targets:
    costs = None if target.costs is None else np.log(target.decision_costs)
    best = np.zeros(len(protocol.seed), int if target.values is None else float)
    for run, train in enumerate(protocol.train & target.judges):
      if target.values is not None:
        train = train if train.any() else protocol.train[run] & target.valid
        best[run] = target.values[train].mean() if train.any() else 0
      elif costs is not None:
        best[run] = costs[train].mean(axis=0).argmin()
      else:
        labels = target.labels[train]
        best[run] = np.bincount(labels, minlength=len(target.choices)).argmax()
    per_run = np.repeat(best[:, None], len(task.rows), axis=1)
    answers.append(splits.gather_test(protocol, per_run))
  return np.stack(answers)


def trees_name() -> str:
  """The library that `fit_trees` uses."""
  return 'xgboost' if importlib.util.find_spec('xgboost') else 'scikit-learn'


def _create_trees(config: TreesConfig, seed: int, num_classes: int):
  if trees_name() == 'xgboost':
    import xgboost  # an optional extra

    return xgboost.XGBClassifier(
        max_depth=config.max_depth,
        learning_rate=config.learning_rate,
        n_estimators=config.num_trees,
        n_jobs=config.num_threads,
        random_state=seed,
    )
  from sklearn import ensemble  # 1 s, and only this row needs it

  return ensemble.HistGradientBoostingClassifier(
      max_depth=config.max_depth,
      learning_rate=config.learning_rate,
      max_iter=config.num_trees,
      max_leaf_nodes=None,
      min_samples_leaf=2,
      early_stopping=False,
      random_state=seed,
  )


def fit_trees(
    vectors: np.ndarray,
    task: tasks.Task,
    protocol: splits.Protocol,
    config: TreesConfig,
    progress: Callable[[], None] = lambda: None,
) -> np.ndarray:
  """Gradient-boosted trees on [vectors, run-time inputs].

  Args:
    vectors: float [n, D]; D may be 0.
    task: the rows.
    protocol: which of them are fitted on and which judge.
    config: of the trees.
    progress: called after each fit.

  Returns:
    int [T, S, n] with S the smaller of the protocol's and the config's seeds.
  """
  num_seeds = min(config.num_seeds, protocol.num_seeds)
  answers = []
  for target in task.targets:
    features = np.concatenate([vectors, target.inputs], axis=1)
    choices = np.zeros((num_seeds, len(task.rows)), int)
    runs = np.flatnonzero(protocol.seed < num_seeds)
    spaces = label_space.reduce(
        target,
        protocol.train[runs] & target.valid,
        max_choices=config.max_choices,
        min_share=config.min_oracle_share,
    )
    # Seeds decide what nothing here asks for, such as sampled rows: leaving one
    # out has the same trees for all of them.
    answered: dict[bytes, np.ndarray] = {}
    for number, run in enumerate(runs):
      seed, test = int(protocol.seed[run]), protocol.test[run]
      train = protocol.train[run] & target.valid
      # Folds that differ in rows of other targets only train alike.
      same = train.tobytes() + test.tobytes()
      if same in answered:
        choices[seed, test] = answered[same]
        progress()
        continue
      best = target.labels
      if spaces is not None:
        space = spaces[number]
        best = space[target.decision_costs[:, space].argmin(axis=1)]
      # Classes that a fold does not have are not known to its fit.
      known, labels = np.unique(best[train], return_inverse=True)
      if len(known) < 2 or not features.shape[1]:
        choices[seed, test] = np.bincount(best[train]).argmax()
      else:
        model = _create_trees(config, seed, len(known))
        with threadpoolctl.threadpool_limits(config.num_threads):
          model.fit(features[train], labels)
          answer = model.predict(features[test])
        choices[seed, test] = known[np.asarray(answer, int)]
      answered[same] = choices[seed, test]
      progress()
    answers.append(choices)
  return np.stack(answers)
