"""Extremely randomised trees, which average and so need no stopping."""

from collections.abc import Mapping

import numpy as np

from mirencoder_jax.downstream.heads import regression


def regress(run: regression.Run, point: Mapping[str, float]) -> np.ndarray:
  """`num_trees` of leaves of `min_rows`; float [rows asked, K].

  A share `max_features` of the features is tried for each split. Where there
  are no features at all, the mean of the training rows answers.
  """
  y = run.y[run.train]
  if not run.x.shape[1]:
    return np.tile(y.mean(axis=0), (int(run.asked.sum()), 1))
  from sklearn import ensemble  # 1 s, and few tables need it

  trees = ensemble.ExtraTreesRegressor(
      n_estimators=int(point['num_trees']),
      min_samples_leaf=int(point['min_rows']),
      max_features=float(point['max_features']),
      random_state=run.seed,
      n_jobs=1,
  )
  trees.fit(run.x[run.train], y[:, 0] if y.shape[1] == 1 else y)
  return trees.predict(run.x[run.asked]).reshape(-1, y.shape[1])
