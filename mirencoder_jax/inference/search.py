"""Nearest functions in a corpus of vectors.

Search is exact, one matrix product, up to some hundred thousand rows; beyond
that, or when asked, `faiss` (the extra `search`) builds an approximate index.
"""

import dataclasses

import numpy as np

from mirencoder_jax.inference import comparison
from mirencoder_jax.inference import vectors as vectors_lib

# Rows up to which a product with all of them takes milliseconds.
MAX_EXACT = 200_000
_NEIGHBOURS = 32  # links of a row in the graph of the approximate index
_QUERIES_AT_ONCE = 256


@dataclasses.dataclass(frozen=True)
class Hit:
  """A row of the corpus that is near a query.

  Attributes:
    row: of the corpus.
    similarity: cosine, in [-1, 1].
  """

  row: int
  similarity: float


class Index:
  """Finds the rows nearest by cosine.

  Attributes:
    corpus: what is searched.
    is_exact: whether every row is looked at.
  """

  def __init__(
      self, corpus: vectors_lib.Vectors, approximate: bool | None = None
  ):
    """Builds the index.

    Args:
      corpus: of `read_vectors` or `embed_files`.
      approximate: whether to build an approximate index; by default above
        `MAX_EXACT` rows, if faiss is installed.

    Raises:
      VectorsError: if the corpus is empty, or `approximate` is True and faiss
        is not installed.
    """
    if not len(corpus):
      raise vectors_lib.VectorsError('the corpus has no vectors to search')
    self.corpus = corpus
    self._unit = comparison.unit(corpus.vectors)
    self._faiss = None
    if approximate or approximate is None and len(corpus) > MAX_EXACT:
      faiss = _faiss(needed=bool(approximate))
      if faiss:
        self._faiss = faiss.IndexHNSWFlat(
            self._unit.shape[1], _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT
        )
        self._faiss.add(self._unit)
    self.is_exact = self._faiss is None

  def search(
      self, queries: vectors_lib.Vectors, num_hits: int = 10
  ) -> list[list[Hit]]:
    """The nearest rows of each query, nearest first.

    Raises:
      VectorsError: if queries and corpus are not of one encoder and modality.
    """
    _check_comparable(queries, self.corpus)
    num_hits = min(num_hits, len(self.corpus))
    unit = comparison.unit(queries.vectors)
    found: list[list[Hit]] = []
    for start in range(0, len(unit), _QUERIES_AT_ONCE):
      part = unit[start : start + _QUERIES_AT_ONCE]
      if self._faiss is not None:
        similarities, rows = self._faiss.search(part, num_hits)
      else:
        similarities, rows = _nearest(part @ self._unit.T, num_hits)
      found += [
          [Hit(int(r), float(s)) for s, r in zip(*pair, strict=True) if r >= 0]
          for pair in zip(similarities, rows, strict=True)
      ]
    return found


def _nearest(
    similarities: np.ndarray, num_hits: int
) -> tuple[np.ndarray, np.ndarray]:
  """The largest of each row, descending; ties in the order of the corpus."""
  rows = np.argsort(-similarities, axis=1, kind='stable')[:, :num_hits]
  return np.take_along_axis(similarities, rows, axis=1), rows


def _check_comparable(
    queries: vectors_lib.Vectors, corpus: vectors_lib.Vectors
) -> None:
  for kind, way_out in (
      ('encoder', 'embed both with the same --checkpoint'),
      ('modality', 'embed both with the same --modality'),
  ):
    ours, theirs = getattr(queries, kind), getattr(corpus, kind)
    if ours != theirs:
      raise vectors_lib.VectorsError(
          f'the query is of {kind} {ours}, the corpus of {theirs}, and cannot '
          f'be compared: {way_out}'
      )


def check_approximate() -> None:
  """Raises VectorsError if an approximate index cannot be built here."""
  _faiss(needed=True)


def _faiss(needed: bool):
  try:
    import faiss
  except ImportError:
    if needed:
      raise vectors_lib.VectorsError(
          'an approximate index needs faiss: `python -m pip install '
          '"mirencoder_jax[search]"`, or search exactly'
      ) from None
    return None
  return faiss
