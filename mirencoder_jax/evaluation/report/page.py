"""The page of results: all tasks, for a person to read in one go.

Station in the flow: the end, from the plain data of each task to one markdown
file (`docs/RESULTS.md`) and the pictures beside it.
"""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from mirencoder_jax.evaluation.report import (
    errors_markdown,
    heldout_tables,
    overview,
    task_tables,
)
from mirencoder_jax.evaluation.report import pictures as plots
from mirencoder_jax.pages import plot_style

Results = Mapping[str, Any]

# What stands between these lines of a file is replaced by the overview.
MARKERS = ('<!-- results of eval.py -->', '<!-- end of results -->')
_READING = (
    'Every row of a table is a kind of features under a head, fitted and '
    'judged on the same folds; a split named (leaks) has relatives of its test '
    'rows in training and says little about new programs, so read the grouped '
    'ones. Brackets are 95 % intervals from a bootstrap over groups of related '
    'rows and over seeds, and "over best baseline" is a paired difference to '
    'the baseline that was best on the very rows that are judged, in its '
    'favour: a gain counts where that interval excludes zero, and only then is '
    'it bold. Random embeddings name a program and say nothing about it: what '
    'lies below their 95 % quantile is no evidence of anything.'
)


def format_best(results: Results) -> list[str]:
  """A row for each features under one head, a column for each split."""
  metric = results['metric']
  _, scale, digits = task_tables.METRICS[metric]
  targets = plots.shown_targets(results)
  names = [fact['name'] for fact in results['splits']]
  cells: dict[tuple[str, str, str], dict[str, list[str]]] = {}
  for split in names:
    for target in targets:
      for r in plots.choose_rows(results, split, target):
        text = f'{scale * r[metric]["value"]:.{digits}f}'
        text = f'**{text}**' if metric in r['leads'] else text
        row = cells.setdefault((r['kind'], r['features'], ''), {})
        row.setdefault(split, []).append(text)
  rows = {
      key: '| ' + ' | '.join(
          [key[1], *(' / '.join(row.get(split, ())) for split in names)]
      ) + ' |'
      for key, row in cells.items()
  }  # fmt: skip
  labels = [task_tables.split_label(results, name) for name in names]
  lines = [
      '| features | ' + ' | '.join(labels) + ' |',
      '|---' * (1 + len(names)) + '|',
      *task_tables.group_by_kind(rows, 1 + len(names)),
  ]
  nulls = [n for n in results['null'] if n['head'] == results['recipe']]
  if nulls:
    row = []
    for split in names:
      row.append(' / '.join(
          f'{scale * n[metric]["median"]:.{digits}f} '
          f'({scale * n[metric]["quantile_95"]:.{digits}f})'
          for target in targets
          for n in nulls
          if (n['split'], n['target']) == (split, target)
      ))  # fmt: skip
    name = f'{nulls[0]["draws"]} random embeddings, median (95 % quantile)'
    lines.append(f'| {name} | ' + ' | '.join(row) + ' |')
  return lines


def format_task(results: Results, pictures: Mapping[str, str]) -> list[str]:
  """A task's section.

  Args:
    results: of the task.
    pictures: their file name -> path from the page.
  """
  name = results['task'].replace('_', ' ')

  def show(picture, text):
    if picture not in pictures:
      return []
    return [f'![{name}: {text}]({pictures[picture]})', '']

  lines = [f'## {name[0].upper()}{name[1:]}', '']
  lines += [*task_tables.format_facts(results), '']
  lines += [*task_tables.format_splits(results), '']
  lines += show('comparison.png', 'every row with its interval')
  title, _, _ = task_tables.METRICS[results['metric']]
  names = ' / '.join(plots.shown_targets(results))
  lines += [
      f'{title[0].upper()}{title[1:]}, {names}; ours and its ablations under '
      f'the head {results["recipe"]!r}, chosen beforehand, all else under the '
      'head that is best here, in its favour:',
      '',
      *format_best(results),
      '',
  ]
  split = plots.choose_split(results)
  for target in plots.shown_targets(results):
    label = task_tables.split_label(results, split)
    lines += [f'### {target}, split {label}', '']
    rows = plots.choose_rows(results, split, target)
    lines += [*task_tables.format_split(results, split, target, rows), '']
  lines += show('members.png', 'speedup of every program')
  lines += show('map.png', 'embeddings in two dimensions')
  wrong = errors_markdown.format_errors(results)
  if wrong:
    lines += [f'### Where ours loses and wins: {name}', '', *wrong]
  lines += [f'### Data: {name}', '', *task_tables.format_problems(results), '']
  return lines


def _format_origin(
    all_results: Sequence[Results], heldout: Mapping[str, Any] | None
) -> list[str]:
  """When, where and by which command."""
  parts = [*all_results, *([heldout] if heldout is not None else [])]
  if not parts:
    return []
  first = parts[0]
  minutes = sum(r['seconds'] for r in parts) / 60
  commit = f', commit {first["commit"]}' if first['commit'] else ''
  return [
      f'Made by `eval.py` on {first["date"]}{commit}, {first["hardware"]}, '
      f'Python {first["python"]}, JAX {first["jax"]}, in {minutes:.0f} '
      'minutes:',
      '',
      f'    {first["command"]}',
      '',
  ]


def format_page(
    all_results: Sequence[Results],
    failures: Sequence[tuple[str, str]],
    pictures: Mapping[str, Mapping[str, str]],
    heldout: Mapping[str, Any] | None = None,
) -> str:
  """The page.

  Args:
    all_results: of each task.
    failures: tasks without results, and why.
    pictures: task -> file name -> path from the page.
    heldout: what `heldout.evaluate` found.
  """
  lines = ['# Results', '']
  lines += _format_origin(all_results, heldout)
  lines += ['## How to read this', '', _READING, '']
  lines += ['## In one table', '', *overview.format_overview(all_results), '']
  if failures:
    lines += ['No results:', '']
    lines += [f'* {task}: {reason}' for task, reason in failures]
    lines += ['']
  if heldout is not None:
    lines += ['## Held-out functions', '']
    lines += [*heldout_tables.format_heldout(heldout), '']
  for results in all_results:
    lines += format_task(results, pictures.get(results['task'], {}))
  return '\n'.join(lines).rstrip() + '\n'


def update(
    path: str | os.PathLike[str],
    all_results: Sequence[Results],
    heldout: Mapping[str, Any] | None = None,
) -> bool:
  """Puts the overview between the markers of a file, such as README.md.

  Returns:
    Whether the file is there and has the markers; if not, nothing is done.
  """
  page = pathlib.Path(path)
  if not page.exists():
    return False
  text = page.read_text()
  before, start, rest = text.partition(MARKERS[0])
  _, end, after = rest.partition(MARKERS[1])
  if not (start and end):
    return False
  lines = [*_format_origin(all_results, heldout)]
  lines += overview.format_overview(all_results, overview.FEW_COLUMNS)
  if heldout is not None:
    lines += ['', *heldout_tables.format_objectives(heldout)]
  body = '\n'.join(lines)
  page.write_text(f'{before}{start}\n{body}\n{end}{after}')
  return True


def write(
    path: str | os.PathLike[str],
    all_results: Sequence[Results],
    failures: Sequence[tuple[str, str]],
    heldout: Mapping[str, Any] | None = None,
) -> None:
  """Writes the page, and its pictures to a folder `results` beside it."""
  page = pathlib.Path(path)
  pictures: dict[str, dict[str, str]] = {}
  page.parent.mkdir(parents=True, exist_ok=True)
  if plot_style.has_matplotlib():
    for results in all_results:
      task = results['task']
      names = plots.draw_all(results, page.parent / 'results' / task)
      pictures[task] = {name: f'results/{task}/{name}' for name in names}
  page.write_text(format_page(all_results, failures, pictures, heldout))
