"""Which programs are related, so that a split keeps them on one side.

Station in the flow: before `splits`, for whoever makes the groups of a task:
builders of data sets, and a user's own table.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence

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
  parent: dict[tuple, tuple] = {}

  def find(key):
    parent.setdefault(key, key)
    while parent[key] != key:
      parent[key] = parent[parent[key]]
      key = parent[key]
    return key

  for name, keys in zip(names, shared, strict=True):
    for key in keys:
      parent[find(('shared', key))] = find(('name', name))
  roots = [find(('name', name)) for name in names]
  first: dict[tuple, str] = {}
  for root, name in zip(roots, names, strict=True):
    first[root] = min(name, first.get(root, name))
  return [first[root] for root in roots]


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
