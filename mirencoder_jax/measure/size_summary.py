"""Sizes in numbers: what there is to gain over -Oz, and who gains most."""

import collections
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class Table(NamedTuple):
  """Sizes of functions or units. n rows, C choices, the default first.

  Attributes:
    names: of the rows.
    packages: of each.
    choices: their names.
    sizes: float64 [n, C], bytes; NaN where a choice failed.
  """

  names: list[str]
  packages: list[str]
  choices: list[str]
  sizes: np.ndarray

  @property
  def gains(self) -> np.ndarray:
    """Log ratio of the default to each choice; 0 where it failed."""
    ratios = np.log(self.sizes[:, :1] / self.sizes)
    return np.where(np.isfinite(ratios), ratios, 0)


def table_of_functions(
    records: Mapping[str, Mapping[str, Any]], choices: Sequence[str]
) -> Table:
  """The functions of a label file of `function_sizes`."""
  names, packages, rows = [], [], []
  for record in records.values():
    for _, symbol, sizes, _ in record['functions']:
      names.append(f'{record["name"]} {symbol}')
      packages.append(record['package'])
      rows.append([np.nan if size is None else size for size in sizes])
  sizes = np.array(rows, float).reshape(len(rows), len(choices))
  return Table(names, packages, list(choices), sizes)


def table_of_units(
    records: Mapping[str, Mapping[str, Any]],
    sets: Sequence[str],
    which: int = 0,
) -> Table:
  """The units that have sizes of all sets; 0 for `.text`, 1 for Berkeley's."""
  names, packages, rows = [], [], []
  for record in records.values():
    sizes = record.get('sizes', {})
    if 'reason' in record or not all(s in sizes for s in sets):
      continue
    names.append(record['name'])
    packages.append(record['package'])
    rows.append(
        [
            np.nan if isinstance(s, str) else s[which]
            for s in map(sizes.get, sets)
        ]
    )
  sizes = np.array(rows, float).reshape(len(rows), len(sets))
  return Table(names, packages, list(sets), sizes)


def _percent(log_ratio: float) -> float:
  """Of what the default takes, saved."""
  return round(100 * float(-np.expm1(-log_ratio)), 3)


def summarize(table: Table, num_largest: int = 20) -> dict[str, Any]:
  """Gains in percent saved, geometric means over the rows."""
  if not table.names:
    return dict(num_rows=0)
  gains = table.gains
  oracle = gains.max(axis=1)
  means = gains.mean(axis=0)
  best = int(np.argmax(means))
  winners = collections.Counter(
      table.choices[i] for i in gains.argmax(axis=1)[oracle > 0]
  )
  largest = np.argsort(-oracle, kind='stable')[:num_largest]
  by_package = collections.defaultdict(list)
  for package, gain in zip(table.packages, oracle, strict=True):
    by_package[package].append(gain)
  curve = coreset(
      dict(zip(table.choices, gains.T, strict=True)),
      len(table.choices),
      table.choices[:1],
  )
  return dict(
      num_rows=len(table.names),
      num_packages=len(by_package),
      default=table.choices[0],
      oracle=_percent(oracle.mean()),
      oracle_by_package=_percent(
          np.mean([np.mean(rows) for rows in by_package.values()])
      ),
      quantiles={
          f'{share:g}': _percent(np.quantile(oracle, share))
          for share in (0.5, 0.75, 0.9, 0.95, 0.99)
      },
      best_constant=table.choices[best],
      best_constant_gain=_percent(means[best]),
      constants={
          name: _percent(mean)
          for name, mean in zip(table.choices, means, strict=True)
      },
      curve={name: _percent(gain) for name, gain in curve},
      share_better={
          name: round(float(share), 4)
          for name, share in zip(
              table.choices, (gains > 0).mean(axis=0), strict=True
          )
      },
      winners=dict(winners.most_common()),
      failed={
          name: int(count)
          for name, count in zip(
              table.choices, np.isnan(table.sizes).sum(axis=0), strict=True
          )
          if count
      },
      largest=[
          f'{table.names[i]}: {table.sizes[i, 0]:.0f} to '
          f'{np.nanmin(table.sizes[i]):.0f} '
          f'({table.choices[int(np.nanargmin(table.sizes[i]))]})'
          for i in largest
          if oracle[i] > 0
      ],
  )


def coreset(
    gains: Mapping[str, Sequence[float]], size: int, first: Sequence[str] = ()
) -> list[tuple[str, float]]:
  """Choices that keep most of what the best of all of them gains.

  Args:
    gains: choice -> log ratio over the default, of each row.
    size: how many to keep.
    first: those that are kept in any case.

  Returns:
    Each choice and the mean gain (log ratio) of the best of those so far, the
    default's 0 included.
  """
  names = list(gains)
  table = np.array([gains[name] for name in names], float)
  best = np.zeros(table.shape[1])
  kept: list[tuple[str, float]] = []
  while len(kept) < min(size, len(names)):
    taken = {name for name, _ in kept}
    wanted = [name for name in first if name not in taken]
    if wanted:
      place = names.index(wanted[0])
    else:
      means = np.maximum(table, best).mean(axis=1)
      means[[i for i, name in enumerate(names) if name in taken]] = -np.inf
      place = int(np.argmax(means))
    best = np.maximum(best, table[place])
    kept.append((names[place], float(best.mean())))
  return kept
