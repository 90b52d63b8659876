"""`compare`: which function of one program became which of another.

Functions that have one name in both are a pair: what code became at another
level is told better by its name than by any vector. The rest is paired one to
one so that the sum of similarities is greatest (Hungarian method), so what was
renamed is found too. Asked to, `compare` looks at no names.
"""

import collections
import dataclasses
from collections.abc import Sequence

import numpy as np

from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.ir import names


@dataclasses.dataclass(frozen=True)
class Pair:
  """A function of A and the one of B that it became.

  Attributes:
    a, b: names.
    similarity: cosine of their vectors, in [-1, 1].
    runner_up: cosine of A's function with the next best function of B; NaN if
      B has only one. Far below `similarity` is a clear match.
    num_instructions: of both.
    by_name: whether their name made them a pair, and not their code.
  """

  a: str
  b: str
  similarity: float
  runner_up: float
  num_instructions: tuple[int, int]
  by_name: bool = False


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
    use_names: bool = True,
) -> Comparison:
  """Compares two modules.

  Args:
    encoder: of `load`.
    a, b: paths, IR, or modules of `ir.read_module`.
    modality: of `Encoding.function_vectors`.
    use_names: whether equal names make a pair before code does.

  Raises:
    IRError: if one cannot be read.
  """
  encoding = encoder.encode([a, b])
  vectors = unit(encoding.function_vectors(modality))
  is_a = encoding.modules == 0
  similarities = vectors[is_a] @ vectors[~is_a].T
  modules = unit(encoding.module_vectors(modality))
  symbols, sizes = encoding.functions, encoding.num_instructions
  count = int(is_a.sum())
  pairs, left_a, left_b = match(
      *(similarities, symbols[:count], symbols[count:]),
      *(sizes[:count], sizes[count:]),
      use_names=use_names,
  )
  return Comparison(
      pairs=pairs,
      only_a=left_a,
      only_b=left_b,
      module_similarity=float(modules[0] @ modules[1]),
      similarities=similarities,
      functions_a=symbols[:count],
      functions_b=symbols[count:],
      report=encoding.report,
  )


def match(
    similarities: np.ndarray,
    names_a: Sequence[str],
    names_b: Sequence[str],
    sizes_a: Sequence[int] | np.ndarray,
    sizes_b: Sequence[int] | np.ndarray,
    *,
    use_names: bool = False,
) -> tuple[list[Pair], list[str], list[str]]:
  """The assignment with the greatest sum, best pair first, and the rest.

  Args:
    similarities: float [n_a, n_b].
    names_a, names_b: of rows and columns.
    sizes_a, sizes_b: numbers of instructions.
    use_names: whether names that stand once on either side make pairs first.
  """
  from scipy import optimize  # slow to import

  named = _by_name(names_a, names_b) if use_names else {}
  free_a = [i for i in range(len(names_a)) if i not in named]
  taken = set(named.values())
  free_b = [j for j in range(len(names_b)) if j not in taken]
  chosen = optimize.linear_sum_assignment(
      similarities[np.ix_(free_a, free_b)], maximize=True
  )
  rows = np.array([*named, *(free_a[i] for i in chosen[0])], int)
  columns = np.array([*named.values(), *(free_b[j] for j in chosen[1])], int)
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
            by_name=i in named,
        )
    )
  pairs.sort(key=lambda pair: -pair.similarity)
  left_a = [n for i, n in enumerate(names_a) if i not in set(rows.tolist())]
  left_b = [n for j, n in enumerate(names_b) if j not in set(columns.tolist())]
  return pairs, left_a, left_b


def _by_name(names_a: Sequence[str], names_b: Sequence[str]) -> dict[int, int]:
  """Rows and columns of the names that stand once on either side."""
  found = {}
  plain_a, plain_b = ([names.plain(n) for n in s] for s in (names_a, names_b))
  count_a, count_b = map(collections.Counter, (plain_a, plain_b))
  for row, name in enumerate(plain_a):
    if count_a[name] == count_b[name] == 1:
      found[row] = plain_b.index(name)
  return found


def unit(vectors: np.ndarray) -> np.ndarray:
  """Rows scaled to length 1; a zero row stays zero."""
  lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
  return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
