"""Markdown: the report as a person reads it.

Station in the flow: the end, from the plain data of `report` to text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mirencoder_jax.downstream import tasks


def format_report(task: tasks.Task, results: dict[str, Any]) -> str:
  """Markdown: two summaries, a table for each split and target, problems."""
  names = ' / '.join(target.name for target in task.targets)
  valid = ', '.join(f'{k} {v}' for k, v in results['valid_rows'].items())
  lines = [
      f'# {task.name}',
      '',
      f'{results["rows"]} rows (usable: {valid}); trees: {results["trees"]}; '
      f'{results["date"]}.',
      '',
      f'Accuracy %, {names}:',
      '',
      *_format_summary(task, results, 'accuracy', 100.0, 1),
      '',
      f'Speedup over the default choice, geometric mean, {names}:',
      '',
      *_format_summary(task, results, 'geomean', 1.0, 2),
      '',
  ]
  for split in dict.fromkeys(r['split'] for r in results['results']):
    for target in task.targets:
      lines += _format_target(task, split, target.name, results)
  lines += _format_problems(results['problems'])
  return '\n'.join(lines)


def _format_summary(
    task: tasks.Task,
    results: dict[str, Any],
    metric: str,
    scale: float,
    digits: int,
) -> list[str]:
  """A row for each features and head, a column for each split."""
  split_names = list(dict.fromkeys(r['split'] for r in results['results']))
  cells: dict[tuple[str, str], dict[str, list[str]]] = {}
  for r in results['results']:
    value = r[metric]['value']
    if r['kind'] != 'null' and value is not None:
      row = cells.setdefault((r['features'], r['head']), {})
      row.setdefault(r['split'], []).append(f'{scale * value:.{digits}f}')
  for n in results['null']:
    if metric in n:
      name = f'{n["draws"]} random embeddings, median'
      row = cells.setdefault((name, n['head']), {})
      row.setdefault(n['split'], []).append(
          f'{scale * n[metric]["median"]:.{digits}f}'
      )
  lines = [
      '| features | head | ' + ' | '.join(split_names) + ' |',
      '|---' * (2 + len(split_names)) + '|',
  ]
  for (features, head), row in cells.items():
    values = [' / '.join(row.get(split, ())) for split in split_names]
    lines.append(f'| {features} | {head} | ' + ' | '.join(values) + ' |')
  return lines


def _interval(
    summary: Mapping[str, Any], scale: float, digits: int, sign: str = ''
) -> str:
  """`value [low, high]`, nothing if unknown."""
  if summary['value'] is None:
    return ''
  value, low, high = (
      f'{scale * summary[key]:{sign}.{digits}f}'
      for key in ('value', 'low', 'high')
  )
  return f'{value} [{low}, {high}]'


def _format_target(
    task: tasks.Task, split: str, target: str, results: dict[str, Any]
) -> list[str]:
  """Everything about one split and target, with intervals."""
  lines = [
      f'## {task.name}, {target}, split: {split}',
      '',
      '| features | head | accuracy % | over best baseline | speedup '
      '| geomean | of oracle % | slower % |',
      '|---|---|---|---|---|---|---|---|',
  ]
  best = ''
  for r in results['results']:
    if (r['split'], r['target']) != (split, target) or r['kind'] == 'null':
      continue
    best = r['versus']['baseline']
    versus = ''
    if r['kind'] not in ('rule', 'baseline'):
      versus = _interval(r['versus']['accuracy'], 100.0, 1, '+')
    cells = [
        r['features'],
        r['head'],
        _interval(r['accuracy'], 100.0, 1),
        versus,
        _interval(r['speedup'], 1.0, 2),
        _interval(r['geomean'], 1.0, 2),
        _interval(r['oracle_share'], 100.0, 1),
        _interval(r['slowdowns'], 100.0, 1),
    ]
    lines.append('| ' + ' | '.join(cells) + ' |')
  lines += [
      _format_null(n)
      for n in results['null']
      if (n['split'], n['target']) == (split, target)
  ]
  return [*lines, '', f'Best baseline: {best}.', '']


def _format_null(null: dict[str, Any]) -> str:
  def cell(metric, scale, digits):
    if metric not in null:
      return ''
    median, high = (null[metric][key] for key in ('median', 'quantile_95'))
    return f'{scale * median:.{digits}f} (95 %: {scale * high:.{digits}f})'

  cells = [
      f'{null["draws"]} random embeddings, median',
      null['head'],
      cell('accuracy', 100.0, 1),
      '',
      cell('speedup', 1.0, 2),
      cell('geomean', 1.0, 2),
      cell('oracle_share', 100.0, 1),
      cell('slowdowns', 100.0, 1),
  ]
  return '| ' + ' | '.join(cells) + ' |'


def _format_problems(problems: Sequence[dict[str, str]]) -> list[str]:
  if not problems:
    return ['No problems with the data.']
  shown = [f'* {p["where"]}: {p["what"]}' for p in problems[:20]]
  more = len(problems) - len(shown)
  return [f'{len(problems)} problem(s) with the data:', '', *shown] + (
      [f'* … and {more} more in results.json'] if more else []
  )
