"""Vectors in two dimensions, in clusters, and beside their nearest."""

import os
import pathlib
import re
from collections.abc import Sequence

import numpy as np

from mirencoder_jax.inference import comparison

# Up to which t-SNE takes a minute or two.
MAX_TSNE = 5_000
_LEVEL = re.compile(r'(?<![A-Za-z0-9])O[0-3sz](?![A-Za-z0-9])')


def project(vectors: np.ndarray) -> tuple[np.ndarray, float]:
  """The first two principal components of the standardised vectors.

  Args:
    vectors: float [m, D], m >= 1.

  Returns:
    float64 [m, 2], and the share of the variance that they have.
  """
  from sklearn import decomposition, preprocessing  # 1 s, for this alone

  scaled = preprocessing.StandardScaler().fit_transform(
      np.asarray(vectors, np.float64)
  )
  points = np.zeros((len(vectors), 2))
  rank = min(2, *scaled.shape)
  if not scaled.any():
    return points, 0.0
  pca = decomposition.PCA(rank, svd_solver='full')
  points[:, :rank] = pca.fit_transform(scaled)
  return points, float(pca.explained_variance_ratio_.sum())


def place(vectors: np.ndarray, method: str | None = None) -> np.ndarray:
  """Points of a map, float64 [m, 2].

  Args:
    vectors: float [m, D], m >= 1; their directions are what counts.
    method: `tsne`, which keeps neighbours together, and between clusters means
      nothing; `pca`, in which no distance is larger than it is. By default
      t-SNE up to `MAX_TSNE` rows.
  """
  if method is None:
    method = 'tsne' if len(vectors) <= MAX_TSNE else 'pca'
  unit = comparison.unit(np.asarray(vectors, np.float32))
  if method == 'pca' or len(unit) < 5:
    return project(unit)[0]
  from sklearn import manifold

  # Of equal vectors the places are one, and t-SNE has nothing to divide by.
  distinct, row_of = np.unique(unit, axis=0, return_inverse=True)
  if len(distinct) < 5:
    return project(unit)[0]
  found = manifold.TSNE(
      metric='cosine',
      init='random',
      perplexity=min(30, (len(distinct) - 1) / 3),
      random_state=0,
  ).fit_transform(distinct)
  return np.asarray(found, np.float64)[row_of.reshape(-1)]


def neighbours(vectors: np.ndarray, number: int = 5) -> np.ndarray:
  """The nearest others of each row by cosine, nearest first.

  Returns:
    int64 [m, k], k = `number` or as many as there are.
  """
  from sklearn import neighbors

  number = min(number, len(vectors) - 1)
  if not number:
    return np.zeros((len(vectors), 0), np.int64)
  unit = comparison.unit(np.asarray(vectors, np.float32))
  found = neighbors.NearestNeighbors(n_neighbors=number, metric='cosine')
  return found.fit(unit).kneighbors(return_distance=False)


def clusters(vectors: np.ndarray, number: int = 11) -> np.ndarray:
  """The cluster of each row, by k-means of directions; the largest is 0."""
  from sklearn import cluster

  unit = comparison.unit(np.asarray(vectors, np.float32))
  number = min(number, len(np.unique(unit, axis=0)))
  means = cluster.MiniBatchKMeans(number, random_state=0, n_init=3)
  label = means.fit_predict(unit)
  rank = np.argsort(np.argsort(-np.bincount(label, minlength=number)))
  return rank[label]


def packages(files: Sequence[str]) -> list[str]:
  """What files belong to: the first folders in which they differ.

  Folders that are named by a level, such as `O2`, do not count; '.' for files
  that are in none.
  """
  folders = [
      [p for p in pathlib.PurePath(file).parts[:-1] if not _LEVEL.fullmatch(p)]
      for file in files
  ]
  depth = len(os.path.commonprefix(folders)) if folders else 0
  return [(*parts[depth:], '.')[0] for parts in folders]


def levels(files: Sequence[str]) -> list[str]:
  """The level of optimisation that a path names, such as `O2`; else ''."""
  found = (_LEVEL.findall(file) for file in files)
  return [names[-1] if names else '' for names in found]
