"""Nearest functions in a corpus of vectors, by looking at all of them.

One matrix product, milliseconds for some hundred thousand rows. Millions are
for `disk_index`.
"""

import dataclasses
from typing import Protocol

import numpy as np

from mirencoder_jax.inference import comparison
from mirencoder_jax.inference import vectors as vectors_lib

_QUERIES_AT_ONCE = 256


@dataclasses.dataclass(frozen=True)
class Hit:
  """A row of the corpus that is near a query.

  Attributes:
    row: of the corpus.
    similarity: cosine, in [-1, 1].
    file, function, cut_tokens: of the row, as in `Vectors`.
  """

  row: int
  similarity: float
  file: str
  function: str
  cut_tokens: int = 0


class Index:
  """Finds the rows nearest by cosine.

  Attributes:
    corpus: what is searched.
    level: of its rows, as in `Vectors`.
  """

  def __init__(self, corpus: vectors_lib.Vectors):
    """Takes vectors of `read_vectors` or `embed_files`.

    Raises:
      VectorsError: if there are none.
    """
    if not len(corpus):
      raise vectors_lib.VectorsError('the corpus has no vectors to search')
    self.corpus = corpus
    self.level = corpus.level
    self._unit = comparison.unit(corpus.vectors)

  def search(
      self, queries: vectors_lib.Vectors, num_hits: int = 10
  ) -> list[list[Hit]]:
    """The nearest rows of each query, nearest first.

    Raises:
      VectorsError: if queries and corpus are not of one encoder and modality.
    """
    check_comparable(queries, self.corpus)
    num_hits = min(num_hits, len(self.corpus))
    unit = comparison.unit(queries.vectors)
    found: list[list[Hit]] = []
    for start in range(0, len(unit), _QUERIES_AT_ONCE):
      part = unit[start : start + _QUERIES_AT_ONCE]
      for similarities in part @ self._unit.T:
        found.append(
            [
                Hit(
                    row,
                    float(similarities[row]),
                    self.corpus.files[row],
                    self.corpus.functions[row],
                    int(self.corpus.cut_tokens[row]),
                )
                for row in _nearest(similarities, num_hits)
            ]
        )
    return found


def _nearest(similarities: np.ndarray, num_hits: int) -> list[int]:
  """The largest, descending, without NaN; ties in the order of the corpus."""
  similarities = np.nan_to_num(similarities, nan=-np.inf)
  bound = np.partition(similarities, -num_hits)[-num_hits]
  rows = np.flatnonzero(similarities >= max(bound, -2))
  order = np.argsort(-similarities[rows], kind='stable')
  return rows[order[:num_hits]].tolist()


class _Searched(Protocol):

  @property
  def encoder(self) -> str:
    ...

  @property
  def modality(self) -> str:
    ...


def check_comparable(queries: vectors_lib.Vectors, corpus: _Searched) -> None:
  """Raises VectorsError if two are not of one encoder and modality."""
  for kind, way_out in (
      ('encoder', 'embed both with the same --checkpoint'),
      ('modality', 'embed both with the same --modality'),
  ):
    ours, theirs = getattr(queries, kind), getattr(corpus, kind)
    if ours != theirs:
      raise vectors_lib.VectorsError(
          f'the query is of {kind} {ours}, the corpus of '
          f'{theirs or "unknown"}, and cannot be compared: {way_out}'
      )
