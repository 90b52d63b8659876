"""A label file in numbers: agreement of the passes, what there is to gain."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def _geometric_mean(values: Iterable[float]) -> float:
  return float(np.exp(np.mean(np.log(list(values)))))


def _num_programs(record: Mapping[str, Any]) -> int:
  """How many of the choices differ in machine code."""
  return len({clone for clone in record['same'] if clone is not None})


def _speedups(
    records: list[Mapping[str, Any]], choices: Sequence[str], default: int
) -> dict[str, Any]:
  """Over the default choice, as geometric means."""
  costs = np.array(
      [[np.nan if c is None else c for c in r['costs']] for r in records]
  )
  gains = costs[:, default, None] / costs  # [n, C]
  complete = np.isfinite(gains).all(axis=0)
  mean = np.where(complete, np.nanmean(np.log(gains), axis=0), -np.inf)
  mean[default] = -np.inf
  best = int(np.argmax(mean))
  honest = []
  for record in records:
    clones = record['clones']
    position = clones.index(record['same'][default])
    for first, second in (record['passes'], record['passes'][::-1]):
      honest.append(second[position] / second[int(np.argmin(first))])
  return dict(
      num_loops=len(records),
      oracle=round(_geometric_mean(np.nanmax(gains, axis=1)), 4),
      # Chosen by one pass, counted by the other: no luck of the minimum.
      oracle_of_other_pass=round(_geometric_mean(honest), 4),
      best_constant=choices[best],
      best_constant_speedup=round(float(np.exp(mean[best])), 4),
  )


def summarize(
    records: Mapping[str, Mapping[str, Any]],
    choices: Sequence[str],
    default: str,
) -> dict[str, Any]:
  """Counts, agreement of the passes, and what there is to gain.

  Args:
    records: name -> record of a label file.
    choices: of its header.
    default: what gains are over.
  """
  default_at = list(choices).index(default)
  every = list(records.values())
  kept = [r for r in every if r['status'] == 'ok']
  measured = [r for r in every if r['status'] != 'failed']
  summary: dict[str, Any] = dict(
      num_files=len(every),
      num_ok=len(kept),
      num_disagree=len(measured) - len(kept),
      num_failed=len(every) - len(measured),
      failed={r['name']: r['reason'] for r in every if r['status'] == 'failed'},
      num_repeated=sum(r['attempts'] > 1 for r in measured),
      num_wrong_clones=sum(len(r['wrong']) for r in measured),
  )
  if not kept:
    return summary

  def quantiles(key, shares):
    values = np.array([r[key] for r in measured], float)
    values = values[np.isfinite(values)]
    if not values.size:
      return {}
    return {
        f'{share:g}': round(float(np.quantile(values, share)), 4)
        for share in shares
    }

  families: dict[str, list[Mapping[str, Any]]] = {}
  for record in kept:
    families.setdefault(record['family'], []).append(record)
  return summary | dict(
      num_distinct_code_median=float(
          np.median([_num_programs(r) for r in kept])
      ),
      num_without_choice=sum(_num_programs(r) == 1 for r in kept),
      correlation=quantiles('correlation', (0.05, 0.1, 0.5)),
      regret=quantiles('regret', (0.5, 0.9, 0.99, 1)),
      difference=quantiles('difference', (0.5, 0.9, 0.99)),
      seconds=quantiles('seconds', (0.5, 0.9)),
      all=_speedups(kept, choices, default_at),
      families={
          name: _speedups(rows, choices, default_at)
          for name, rows in families.items()
      },
  )
