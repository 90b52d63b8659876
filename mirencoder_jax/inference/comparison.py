"""`compare`: which function of one program became which of another.

Station in the flow: after `inference`. Functions are paired one to one so that
the sum of their similarities is greatest (Hungarian method); names are not
looked at, so what was renamed, or compiled differently, is still found.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from mirencoder_jax.inference import encoder as inference


@dataclasses.dataclass(frozen=True)
class Pair:
  """A function of A and the one of B that it became.

  Attributes:
    a, b: names.
    similarity: cosine of their vectors, in [-1, 1].
    runner_up: cosine of A's function with the next best function of B; NaN if
      B has only one. Far below `similarity` is a clear match.
    num_instructions: of both.
  """

  a: str
  b: str
  similarity: float
  runner_up: float
  num_instructions: tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Comparison:
  """Two programs, function by function.

  Attributes:
    pairs: best first.
    only_a, only_b: names of functions left over, where one has more.
    module_similarity: cosine of the vectors of the whole modules.
    similarities: float32 [n_a, n_b], of every function with every other.
    functions_a, functions_b: names of its rows and columns.
    report: counts of `Encoding.report`, of both.
  """

  pairs: list[Pair]
  only_a: list[str]
  only_b: list[str]
  module_similarity: float
  similarities: np.ndarray
  functions_a: list[str]
  functions_b: list[str]
  report: dict[str, int] = dataclasses.field(default_factory=dict)


def compare(
    encoder: inference.Encoder,
    a: inference.Source,
    b: inference.Source,
    *,
    modality: str = 'joint',
) -> Comparison:
  """Compares two modules.

  Args:
    encoder: of `load`.
    a, b: paths, IR, or modules of `ir.read_module`.
    modality: of `Encoding.function_vectors`.

  Raises:
    IRError: if one cannot be read.
  """
  encoding = encoder.encode([a, b])
  vectors = unit(encoding.function_vectors(modality))
  is_a = encoding.modules == 0
  similarities = vectors[is_a] @ vectors[~is_a].T
  modules = unit(encoding.module_vectors(modality))
  names, sizes = encoding.functions, encoding.num_instructions
  count = int(is_a.sum())
  pairs, left_a, left_b = match(
      similarities, names[:count], names[count:], sizes[:count], sizes[count:]
  )
  return Comparison(
      pairs=pairs,
      only_a=left_a,
      only_b=left_b,
      module_similarity=float(modules[0] @ modules[1]),
      similarities=similarities,
      functions_a=names[:count],
      functions_b=names[count:],
      report=encoding.report,
  )


def match(
    similarities: np.ndarray,
    names_a: Sequence[str],
    names_b: Sequence[str],
    sizes_a: Sequence[int] | np.ndarray,
    sizes_b: Sequence[int] | np.ndarray,
) -> tuple[list[Pair], list[str], list[str]]:
  """The assignment with the greatest sum, best pair first, and the rest.

  Args:
    similarities: float [n_a, n_b].
    names_a, names_b: of rows and columns.
    sizes_a, sizes_b: numbers of instructions.
  """
  from scipy import optimize  # slow to import

  rows, columns = optimize.linear_sum_assignment(similarities, maximize=True)
  pairs = []
  for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
    others = np.delete(similarities[i], j)
    pairs.append(
        Pair(
            a=names_a[i],
            b=names_b[j],
            similarity=float(similarities[i, j]),
            runner_up=float(others.max()) if others.size else float('nan'),
            num_instructions=(int(sizes_a[i]), int(sizes_b[j])),
        )
    )
  pairs.sort(key=lambda pair: -pair.similarity)
  left_a = [n for i, n in enumerate(names_a) if i not in set(rows.tolist())]
  left_b = [n for j, n in enumerate(names_b) if j not in set(columns.tolist())]
  return pairs, left_a, left_b


def unit(vectors: np.ndarray) -> np.ndarray:
  """Rows scaled to length 1; a zero row stays zero."""
  lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
  return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
