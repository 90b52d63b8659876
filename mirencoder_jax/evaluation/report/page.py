"""The page of results: all evaluations, for a person to read in one go.

From what each found to one markdown file (`docs/RESULTS.md`) and the pictures
beside it. What a task has on it stands here too.
"""

import os
import pathlib
from collections.abc import Mapping, Sequence

from mirencoder_jax.evaluation import metrics
from mirencoder_jax.evaluation.evaluation import Part
from mirencoder_jax.evaluation.measures import METRICS
from mirencoder_jax.evaluation.report import (
    board,
    pair_tables,
    selection,
    task_tables,
)
from mirencoder_jax.evaluation.report.selection import Results
from mirencoder_jax.pages import markdown

FOLDER = 'results'  # beside a page: its pictures and summary.json
# What stands between these lines of a file is replaced by the overview.
_TITLE = '# Results'
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
_COLUMNS = (
    'default', 'best constant', 'best baseline', 'random embeddings (95 %)',
    'MIREncoder', 'over best baseline', 'slower rows', 'oracle',
)  # fmt: skip
_FEW_COLUMNS = (
    'best constant', 'best baseline', 'MIREncoder', 'over best baseline',
    'oracle',
)  # fmt: skip


def _overview_cells(results: Results, split: str) -> dict[str, str]:
  """An overview's cells of one split, targets that share them by slashes."""
  metric = results.metric
  title, scale, digits, _ = METRICS[metric]

  def number(value):
    return '' if value is None else f'{scale * value:.{digits}f}'

  columns: list[list[str]] = []
  for target in selection.shown_targets(results):
    rows = selection.choose_rows(results, split, target)
    by_name = {r['features']: r[metric]['value'] for r in rows}
    best = selection.find_best_baseline(results, split, target)
    random = mine = difference = slower = ''
    for n in results.random(split, target)[:1]:
      if n['head'] == results.recipe and metric in n:
        median, high = n[metric]['median'], n[metric]['quantile_95']
        random = f'{number(median)} ({number(high)})'
    ours = selection.find_ours(results, split, target)
    if ours is not None:
      mine = number(ours[metric]['value'])
      if ours.get('slowdowns', {}).get('value') is not None:
        slower = f'{ours["slowdowns"]["value"] * ours["rows"]:.0f}'
        slower += f' of {ours["rows"]}'
      versus = ours['versus'][metric]
      difference = pair_tables.format_interval(versus, scale, digits, '+')
      if selection.is_ahead(versus, metric):
        mine, difference = f'**{mine}**', f'**{difference}**'
    baseline = f'{best["features"]}, {best["head"]}'
    columns.append(
        [
            number(by_name.get(metrics.DEFAULT)),
            number(by_name.get(metrics.CONSTANT)),
            f'{number(best[metric]["value"])} ({baseline})',
            random,
            mine,
            difference,
            slower,
            number(by_name.get(metrics.ORACLE)),
        ]
    )
  cells = [' / '.join(column) for column in zip(*columns, strict=True)]
  return {'': title} | dict(zip(_COLUMNS, cells, strict=True))


def format_overview(
    all_results: Sequence[Results], *, short: bool = False
) -> list[str]:
  """One table of all tasks: a row for each split, our row by its recipe."""
  header = ['task', 'split', '', *(_FEW_COLUMNS if short else _COLUMNS)]
  rows = []
  for results in all_results:
    task = results.task
    if len(results.targets) == 2:
      task += f' ({" / ".join(results.targets)})'
    for split in results.split_names:
      cells = _overview_cells(results, split)
      label = selection.split_label(results, split)
      rows.append([task, label, *(cells[name] for name in header[2:])])
  return markdown.table(header, rows)


def format_task(results: Results, pictures: Mapping[str, str]) -> list[str]:
  """A task's section.

  Args:
    results: of the task.
    pictures: their file name -> path from the page.
  """
  name = results.title

  def show(picture, text):
    if picture not in pictures:
      return []
    return [f'![{name}: {text}]({pictures[picture]})', '']

  lines = [f'## {name[0].upper()}{name[1:]}', '']
  lines += [*task_tables.format_facts(results), '']
  lines += [*task_tables.format_splits(results), '']
  lines += show('comparison.png', 'every row with its interval')
  title = METRICS[results.metric].title
  targets = selection.shown_targets(results)
  lines += [
      f'{title[0].upper()}{title[1:]}, {" / ".join(targets)}; ours and its '
      f'ablations under the head {results.recipe!r}, chosen beforehand, all '
      'else under the head that is best here, in its favour:',
      '',
      *task_tables.format_summary(results, results.metric, chosen=True),
      '',
  ]
  split = selection.choose_split(results)
  for target in targets:
    label = selection.split_label(results, split)
    lines += [f'### {target}, split {label}', '']
    rows = selection.choose_rows(results, split, target)
    lines += [*task_tables.format_split(results, split, target, rows), '']
  lines += show('members.png', 'speedup of every program')
  lines += show('map.png', 'embeddings in two dimensions')
  wrong = task_tables.format_errors(results)
  if wrong:
    lines += [f'### Where ours loses and wins: {name}', '', *wrong]
  lines += [f'### Data: {name}', '', *task_tables.format_problems(results), '']
  return lines


def _format_origin(parts: Sequence[Part]) -> list[str]:
  """When, where and by which command."""
  if not parts:
    return []
  first = parts[0].results
  minutes = sum(part.results['seconds'] for part in parts) / 60
  commit = f', commit {first["commit"]}' if first['commit'] else ''
  return [
      f'Made by `eval.py` on {first["date"]}{commit}, {first["hardware"]}, '
      f'Python {first["python"]}, JAX {first["jax"]}, in {minutes:.0f} '
      'minutes:',
      '',
      f'    {first["command"]}',
      '',
  ]


def overview(parts: Sequence[Part], *, short: bool = False) -> list[str]:
  """A table for each kind of evaluation that there are results of."""
  lines: list[str] = []
  for kind in dict.fromkeys(type(part.evaluation) for part in parts):
    of_kind = [p.results for p in parts if type(p.evaluation) is kind]
    lines += [*kind.overview(of_kind, short=short), '']
  return lines[:-1]


def format_page(
    parts: Sequence[Part],
    failures: Sequence[tuple[str, str]],
    pictures: Mapping[str, Mapping[str, str]],
) -> str:
  """The page.

  Args:
    parts: evaluations that found something.
    failures: those that did not, and why.
    pictures: name of an evaluation -> file name -> path from the page.
  """
  lines = [_TITLE, '', *_format_origin(parts)]
  lines += ['## How to read this', '', _READING, '']
  lines += ['## In one table', '', *overview(parts), '']
  if failures:
    lines += ['No results:', '']
    lines += [f'* {task}: {reason}' for task, reason in failures]
    lines += ['']
  for evaluation, results in parts:
    shown = pictures.get(evaluation.name, {})
    lines += evaluation.section(results, shown)
  return '\n'.join(lines).rstrip() + '\n'


def update(path: str | os.PathLike[str], parts: Sequence[Part]) -> bool:
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
  body = '\n'.join([*_format_origin(parts), *overview(parts, short=True)])
  page.write_text(f'{before}{start}\n{body}\n{end}{after}')
  return True


def check(path: str | os.PathLike[str]) -> None:
  """Whether a page may be written: it is new, has the markers, or is results.

  Beside one that is not for its overview only, the board may be, too.

  Raises:
    ValueError: it is a page of somebody else's, or the board is.
  """
  page = pathlib.Path(path)
  text = page.read_text() if page.exists() else ''
  if MARKERS[0] in text:
    return
  board.check(page.parent)
  if text.strip() and not text.startswith(_TITLE):
    raise ValueError(
        f'{page} is no page of results and would be lost; name another, or put '
        f'the lines {MARKERS[0]} and {MARKERS[1]} where it is to have the '
        'overview'
    )


def write(
    path: str | os.PathLike[str],
    parts: Sequence[Part],
    failures: Sequence[tuple[str, str]],
) -> None:
  """Writes the page, and its pictures to a folder `results` beside it."""
  page = pathlib.Path(path)
  pictures: dict[str, dict[str, str]] = {}
  page.parent.mkdir(parents=True, exist_ok=True)
  for evaluation, results in parts:
    folder = f'{FOLDER}/{evaluation.name}'
    names = evaluation.draw(results, page.parent / folder)
    pictures[evaluation.name] = {name: f'{folder}/{name}' for name in names}
  page.write_text(format_page(parts, failures, pictures))
