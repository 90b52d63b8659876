"""Kernels by name: what a profiler called them, and what a compiler did.

A profile has `void scale<float>(float *, int)` of the program `scale-cuda`, or
`__omp_offloading_10309_2f04138_main_l57`; a manifest of `mirencoder compile`
has symbols, and of each the unit that it was compiled in.
"""

import re
from collections.abc import Iterable, Mapping

from mirencoder_jax.ir import names

# The file's device and number differ from machine to machine.
_OFFLOADED = re.compile(r'__omp_offloading_[0-9a-f]+_[0-9a-f]+_(?P<rest>.+)')
_FIRST_TYPE = re.compile(r'^[\w:]+ (?=[^(]*[<(])')
_CAST = re.compile(r'\([\w: ]+\)(?=-?\d)')  # of a template's argument
_SUFFIX = re.compile(r'(?<=\d)(?:u|l|ul|ll|ull)(?=[,>])')  # likewise
_NAMESPACE = re.compile(r'^(?:\w+::)+')


def _plain(name: str) -> str:
  """A readable name without blanks and without what tools write differently."""
  name = _CAST.sub('', names.readable(name))
  name = _SUFFIX.sub('', name)
  name = name.replace('(anonymous namespace)::', '').replace('<unnamed>::', '')
  name = re.sub(r'(?<=[<,( ])(true|false)(?=[>,)])',
                lambda found: str(int(found[0] == 'true')), name)  # fmt: skip
  return re.sub(r'\s+', '', _FIRST_TYPE.sub('', name))


_NUM_LEVELS = 5


def keys(name: str) -> tuple[str, ...]:
  """What a kernel may be known by, the most exact first."""
  offloaded = _OFFLOADED.fullmatch(name)
  if offloaded:
    return (f'omp {offloaded["rest"]}',)
  exact = _plain(name)
  bare = re.sub(r'\(.*', '', exact)
  local = _NAMESPACE.sub('', bare)  # profilers may leave it out
  return (exact, bare, local, *(re.sub('<.*', '', n) for n in (bare, local)))


def match(
    wanted: Iterable[str], symbols: Mapping[str, str]
) -> dict[str, str | None]:
  """Kernels of one program, by name.

  Args:
    wanted: names that a profiler wrote.
    symbols: symbol -> what it stands for.

  Returns:
    Name -> what its symbol stands for; None where no symbol is so named, or
    where several are and nothing tells them apart.
  """
  wanted = list(wanted)
  found: dict[str, str | None] = {}
  for level in range(_NUM_LEVELS):
    known: dict[str, set[str]] = {}
    for symbol, value in symbols.items():
      key = keys(symbol)[level : level + 1]
      known.setdefault(*key, set()).add(value) if key else None
    asked: dict[str, list[str]] = {}
    for name in wanted:
      key = keys(name)[level : level + 1]
      if key and name not in found:
        asked.setdefault(*key, []).append(name)
    for key, of_key in asked.items():
      # Two kernels that differ in arguments only are not one.
      if len(of_key) == 1 and len(known.get(key, ())) == 1:
        (found[of_key[0]],) = known[key]
  return {name: found.get(name) for name in wanted}
