"""Searches sets of flags that together serve many units in the first trials.

    python benchmarks/size_sets.py FOLDER --table=sets.jsonl
    python benchmarks/size_sets.py FOLDER --table=others.jsonl --check

FOLDER has bitcode as it is before optimisation (`datasets/prepare.py
source_packages --bitcode_only`). The first command searches sets (`measure/
unit_search.py`) on units of the packages that sets are chosen on, one of a
package before a second, from those that are known. The second asks what
`size_flags.FIRST` saves on units of the other packages, beside the sets of the
table in their order (`size_flags.TRIED`). Sizes are kept in --table, so that it
can be stopped; they do not hang on the machine. Intervals of 95 % by a
bootstrap over packages.
"""

import itertools
import pathlib
import sys
from collections.abc import Iterator, Sequence

import numpy as np
from absl import app, flags

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmarks import packages as shared
from mirencoder_jax.measure import (
    size_flags,
    size_modules,
    unit_search,
    unit_sizes,
)

_CHECK = flags.DEFINE_bool('check', False, 'Ask, and do not search.')
_KIND = flags.DEFINE_enum(
    'kind', 'text', list(size_flags.FIRST), 'What a search makes small.'
)
_NUM_SETS = flags.DEFINE_integer('num_sets', 4, 'To search.')
_TABLE = flags.DEFINE_string('table', None, 'Label file of sizes.')
_UNITS = flags.DEFINE_integer('units', 72, 'Of packages in turn, at most.')
_MEGABYTES = flags.DEFINE_float('megabytes', 0.05, 'Larger ones are left out.')
_CLANG = flags.DEFINE_string('clang', '', 'Name or path.')


def take(
    source: pathlib.Path, session: unit_sizes.Session
) -> Iterator[tuple[unit_sizes.Unit, str]]:
  """Units that have a size, with their packages."""
  limit = 2**20 * _MEGABYTES.value
  for module in size_modules.find_modules([source]):
    if shared.is_chosen_on(module.package) == _CHECK.value:
      continue
    if module.path.stat().st_size > limit:
      continue
    unit = unit_sizes.Unit(module, session)
    if 'reason' not in unit.record:
      yield unit, module.package


def tell(units: Sequence[unit_sizes.Unit], packages: Sequence[str]) -> None:
  """Saved % by the first so many sets, and points over the table's order."""
  draws = shared.draws(packages)
  print(f'{len(units)} units of {len(set(packages))} packages')
  for place, (kind, first) in enumerate(size_flags.FIRST.items()):
    table = [size_flags.CHOICES[s] for s in size_flags.TRIED[kind]]
    found = {}
    for way, sets in dict(table=table[: len(first)], first=first).items():
      gains = [
          [unit_search.log_ratio(unit, names, place) for unit in units]
          for names in sets
      ]
      found[way] = np.maximum.accumulate(np.maximum(gains, 0))
    for way, rows in found.items():
      cells = []
      for row, other in zip(rows, found['table'], strict=True):
        more = 100 * (row - other)
        low, high = shared.bounds([more[d].mean() for d in draws])
        saved = 100 * (1 - np.exp(-row.mean()))
        cells.append(
            f'{saved:.2f} ({more.mean():+.2f} [{low:+.2f}, {high:+.2f}])'
        )
      print(f'  {kind}, {way}: {", ".join(cells)}')


def main(argv: list[str]) -> None:
  if len(argv) != 2:
    raise app.UsageError('give one folder')
  source = pathlib.Path(argv[1])
  units, packages = [], []
  with shared.open_session(
      _TABLE.value, _CLANG.value, _MEGABYTES.value
  ) as session:
    for unit, package in take(source, session):
      units.append(unit)
      packages.append(package)
      if len(units) == _UNITS.value:
        break
    if not units:
      raise app.UsageError(f'{source} has no units of such packages')
    if _CHECK.value:
      tell(units, packages)
    else:
      unit_search.search_order(
          units,
          [*itertools.chain(*size_flags.FIRST.values()), *size_flags.SETS],
          _NUM_SETS.value,
          place=list(size_flags.FIRST).index(_KIND.value),
      )


if __name__ == '__main__':
  app.run(main)
