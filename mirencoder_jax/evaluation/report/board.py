"""The board: vectors beside one another by task, made of summary.json.

A vector of anybody's gets its row by `--compare=NAME=vectors.npz`; the page
that `eval.py` writes has the board beside it.
"""

import pathlib
from collections.abc import Sequence

from mirencoder_jax.evaluation.evaluation import Comparison
from mirencoder_jax.evaluation.measures import METRICS, Metric
from mirencoder_jax.evaluation.metrics import POOLED
from mirencoder_jax.pages import markdown

NAME = 'board.md'  # beside a page of results
_TITLE = '# Board'
_HEAD = """
Every vector that was compared, by task: its value, and in brackets the interval
of its difference to the best baseline of that split (counts, rules, features by
hand): 95 %, paired, by groups of related rows; bold where that excludes zero in
favour of the vector. Splits of single rows at random are left out, as they have
relatives of what they ask. `MIREncoder` is ours; which weights, heads and
commands is on the page of each task.

To add a row, vectors as `.npz` whose files are named as the task's modules
(`mirencoder embed -o` writes such files), and

    python eval.py --config=configs/tasks.py:device_mapping \\
        --manual_dir=FOLDER --compare=NAME=vectors.npz \\
        --results_page=docs/RESULTS.md

which makes this page anew from `results/summary.json`, where other rows stay.
"""
# What explains costs, beside what chooses by them.
_ALSO = ('ratio_r2',)
_AT_RANDOM = ('random', 'row', 'function')


def check(folder: pathlib.Path) -> None:
  """Raises ValueError if a page of somebody else's has the board's name."""
  path = folder / NAME
  if path.exists() and not path.read_text().startswith(_TITLE):
    raise ValueError(
        f'{path} is no board of eval.py and would be lost; put the page of '
        'results into another folder'
    )


def format_board(rows: Sequence[Comparison]) -> str:
  """The page, of what `results.write_summary` writes."""
  lines = [_TITLE, *_HEAD.splitlines(), '']
  for task in sorted({row.task for row in rows}):
    of_task = [r for r in rows if r.task == task and r.split not in _AT_RANDOM]
    lines += _format_task(task, of_task)
  return '\n'.join(lines).rstrip() + '\n'


def _format_task(task: str, rows: Sequence[Comparison]) -> list[str]:
  lines: list[str] = []
  targets = list(dict.fromkeys(row.target for row in rows))
  for target in [POOLED] if POOLED in targets else targets:
    of_target = [row for row in rows if row.target == target]
    if not of_target:
      continue
    there = dict.fromkeys(row.metric for row in of_target)
    # The first is what the task is judged by.
    for metric in dict.fromkeys((next(iter(there)), *_ALSO)):
      # A vector's first row is beside the best baseline, others are in pairs.
      cells: dict[tuple[str, str], Comparison] = {}
      for row in of_target:
        if row.metric == metric:
          cells.setdefault((row.vector, row.split), row)
      if not cells:
        continue
      splits = list(dict.fromkeys(split for _, split in cells))
      shown = METRICS.get(metric, Metric(metric.replace('_', ' '), 1.0, 3))
      lines += [f'## {task}, {target}: {shown.title}', '']
      lines += [*_format_table(cells, splits, shown), '']
  return lines


def _format_table(
    cells: dict[tuple[str, str], Comparison], splits: list[str], shown: Metric
) -> list[str]:
  def number(value: float | None, sign: str = '') -> str:
    if value is None:
      return ''
    return f'{shown.scale * value:{sign}.{shown.digits}f}'

  def cell(row: Comparison | None) -> str:
    if row is None:
      return ''
    if row.low is None:
      return number(row.value)
    value = f'{number(row.value)} [{number(row.low, "+")}, '
    value += f'{number(row.high, "+")}]'
    return f'**{value}**' if row.low > 0 else value

  last = splits[-1]
  vectors = sorted(
      {vector for vector, _ in cells},
      key=lambda v: (
          -cells[v, last].difference if (v, last) in cells else 0.0,
          v,
      ),
  )
  any_row = {split: row for (_, split), row in cells.items()}
  table = [[v, *(cell(cells.get((v, s))) for s in splits)] for v in vectors]
  best = [
      f'{number(any_row[s].baseline_value)} ({any_row[s].baseline})'
      for s in splits
  ]
  table.append(['best baseline', *best])
  if any(any_row[s].oracle is not None for s in splits):
    table.append(['oracle', *(number(any_row[s].oracle) for s in splits)])
  return markdown.table(['vector', *splits], table)
