"""Labels as the CSV file that `eval.py --config=configs/tasks.py:custom` reads.

docs/custom_task.md says what the columns mean. With it labels of one's own
machine are evaluated without a data set being built.
"""

import csv
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any


def inputs_of(record: Mapping[str, Any]) -> dict[str, float | str]:
  """What is known of a program when it starts, as logarithms to base 2."""
  inputs = {}
  if 'footprint' in record:
    inputs['log_bytes'] = math.log2(max(record['footprint'], 1))
  if 'entries' in record:
    inputs['log_iterations'] = math.log2(max(record['iterations'], 1))
    trips = max(record['iterations'], 1) / record['entries']
    inputs['log_trip_count'] = math.log2(trips)
  return inputs


def path_of(labels: pathlib.Path) -> pathlib.Path:
  """Of the table that stands beside a label file."""
  if labels.name == 'labels.jsonl':
    return labels.with_name('table.csv')
  return labels.with_suffix('.csv')


def write_table(
    path: pathlib.Path,
    records: Mapping[str, Mapping[str, Any]],
    choices: Sequence[str],
    default: str,
) -> None:
  """Writes a row for each record, also for those without costs.

  Args:
    path: of the CSV file.
    records: name -> record of a label file.
    choices: of its header.
    default: the first column of times, which a model has to beat.
  """
  inputs = sorted({key for r in records.values() for key in inputs_of(r)})
  families = any(record.get('family') for record in records.values())
  order = sorted(range(len(choices)), key=lambda i: choices[i] != default)
  with path.open('w', newline='') as file:
    writer = csv.writer(file)
    writer.writerow(
        ['ir', 'name', 'note:status']
        + ['group:family'] * families
        + [f'input:{name}' for name in inputs]
        + [f'time:{choices[i]}' for i in order]
    )
    for name, record in sorted(records.items()):
      costs = [None] * len(choices)
      if record['status'] == 'ok':
        costs = record['costs']
      values = inputs_of(record)
      writer.writerow(
          [f'{name}.ll', name, record['status']]
          + [record.get('family', '')] * families
          + [values.get(key, '') for key in inputs]
          + ['' if costs[i] is None else costs[i] for i in order]
      )
