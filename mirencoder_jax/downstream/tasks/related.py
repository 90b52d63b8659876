"""Which programs are related, so that a split keeps them on one side."""

from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from mirencoder_jax import ir


def connect(
    names: Sequence[str], shared: Sequence[Iterable[Hashable]]
) -> list[str]:
  """Groups of what shares something, also through others.

  Args:
    names: of each row; equal ones are together.
    shared: what each row shares with others that have it too.

  Returns:
    The group of each row: the first, in order, of the names in it.
  """
  number: dict[tuple, int] = {}
  edges = [
      (
          number.setdefault(('name', name), len(number)),
          number.setdefault(('shared', key), len(number)),
      )
      for name, keys in zip(names, shared, strict=True)
      for key in keys
  ]
  rows = [number.setdefault(('name', name), len(number)) for name in names]
  ends = np.array(edges, int).reshape(-1, 2).T
  graph = sparse.coo_array(
      (np.ones(len(edges), bool), (ends[0], ends[1])),
      shape=(len(number), len(number)),
  )
  _, parts = csgraph.connected_components(graph, directed=False)
  first: dict[int, str] = {}
  for row, name in zip(rows, names, strict=True):
    part = int(parts[row])
    first[part] = min(name, first.get(part, name))
  return [first[int(parts[row])] for row in rows]


def code_of(texts: Mapping[str, str | bytes]) -> dict[str, tuple[str, ...]]:
  """What the IR of each name says: hashes of its normalised functions, sorted.

  Names of functions and values do not count, so that copies are equal. IR that
  cannot be read, or has no function, is left out.
  """
  code = {}
  for name, text in texts.items():
    try:
      functions = ir.read_module(text, name).functions if text else ()
    except ir.IRError:
      continue  # whoever evaluates names it
    if functions:
      code[name] = tuple(sorted(function.hash for function in functions))
  return code


def connect_code(
    names: Sequence[str],
    modules: Sequence[str],
    texts: Mapping[str, str | bytes],
) -> list[str]:
  """Groups of names whose modules have equal IR, as `connect`."""
  code = code_of({m: texts[m] for m in dict.fromkeys(modules) if m in texts})
  return connect(names, [[code[m]] if m in code else [] for m in modules])
