"""Markdown: the report as a person reads it.

Station in the flow: the end, from the plain data of `report` to text. Rows are
grouped by kind. Bold is the best of a column where it is better than the best
row of every other kind by a margin whose interval excludes zero.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mirencoder_jax.downstream.tasks import features
from mirencoder_jax.evaluation import metrics as report

KINDS = {
    'rule': 'rules',
    'baseline': 'baselines',
    'ours': 'ours',
    'ablation': 'ablations',
    'compared': 'compared',
}
# metric -> (title, scale, digits)
METRICS = {
    'accuracy': ('accuracy %', 100.0, 1),
    'speedup': ('speedup, mean', 1.0, 2),
    'geomean': ('speedup, geometric', 1.0, 2),
    'oracle_share': ('of oracle %', 100.0, 1),
    'slowdowns': ('slower rows', 1.0, 1),
}
_FEW_CHOICES = 8  # of more, nobody asks for the very best one
_NUM_PROBLEMS = 20
_LEAKING_SHARE = 0.1  # of the test rows

Results = Mapping[str, Any]


def format_report(results: Results) -> str:
  """Markdown: facts, a summary, a table for each split and target, problems."""
  lines = [
      f'# {results["task"]}',
      '',
      *format_facts(results),
      '',
      *format_splits(results),
      '',
      'Bold: the best of its column, and better than the best row of every '
      'other kind (baselines; ours; each compared encoder) by a margin whose '
      '95 % interval excludes zero. Intervals: bootstrap over groups and '
      'seeds.',
      '',
  ]
  for metric in summary_metrics(results):
    title = METRICS[metric][0]
    names = ' / '.join(_summary_targets(results))
    lines += [
        f'**{title}**, {names}:', '', *format_summary(results, metric), ''
    ]  # fmt: skip
  for fact in results['splits']:
    # All together, if there are several targets, comes first.
    targets = dict.fromkeys(r['target'] for r in results['results'])
    for target in sorted(targets, key=lambda name: name != report.POOLED):
      lines += [
          f'## {results["task"]}, {target}, split: '
          f'{split_label(results, fact["name"])}',
          '',
          *format_split(results, fact['name'], target),
          '',
      ]
  lines += ['## Data', '', *format_problems(results)]
  return '\n'.join(lines)


def format_facts(results: Results) -> list[str]:
  """One paragraph: size of the data, what was found, when and on what."""
  usable = ', '.join(
      f'{name} {t["judged_rows"]}' for name, t in results['targets'].items()
  )
  groups = ', '.join(f'{n} {group}s' for group, n in results['groups'].items())
  modules = results['modules']
  commit = f', commit {results["commit"]}' if results['commit'] else ''
  return [
      f'{results["rows"]} rows (judged: {usable}) of {groups}; IR found for '
      f'{modules["with_ir"]} of {modules["all"]} modules. Trees: '
      f'{results["trees"]}. {results["date"]}{commit}, '
      f'{results["seconds"] / 60:.1f} minutes on {results["hardware"]}.'
  ]


def split_label(results: Results, split: str) -> str:
  """The split's name, and `(leaks)` if the finest group is on both sides.

  That of a few rows, such as a kernel that two programs share, is only listed.
  """
  leaks = next(f for f in results['splits'] if f['name'] == split)['leaks']
  groups = results['groups']
  finest = max(groups, key=groups.get, default='')
  is_leaking = leaks.get(finest, 0.0) > _LEAKING_SHARE
  return f'{split} (leaks)' if is_leaking else split


def format_splits(results: Results) -> list[str]:
  """A line for each split: its folds, and what is on both sides."""
  lines = []
  for fact in results['splits']:
    crossing = ', '.join(
        f'{group} {100 * share:.1f} %' for group, share in fact['leaks'].items()
    )
    lines.append(
        f'* **{split_label(results, fact["name"])}**: {fact["folds"]} folds; '
        + (
            f'test rows with a relative in training: {crossing}.'
            if crossing
            else 'nothing related is on both sides.'
        )
    )
  return lines


def _summary_targets(results: Results) -> list[str]:
  """Targets that share a cell: one or two, or all of them together."""
  names = list(results['targets'])
  return names if len(names) <= 2 else [report.POOLED]


def shown_metrics(results: Results, metrics: Sequence[str]) -> list[str]:
  """Those that are known, accuracy only where choices are few."""
  num_choices = max(t['num_choices'] for t in results['targets'].values())
  return [
      metric
      for metric in metrics
      if any(r[metric]['value'] is not None for r in results['results'])
      and (metric != 'accuracy' or num_choices <= _FEW_CHOICES)
  ]


def summary_metrics(results: Results) -> list[str]:
  """Those that are shown for all splits at once, the main one first."""
  shown = shown_metrics(results, ('accuracy', 'geomean'))
  return sorted(shown, key=lambda metric: metric != results['metric'])


def group_by_kind(
    rows: Mapping[tuple[str, str, str], str], width: int
) -> list[str]:
  """Lines of a table, with a line before each kind."""
  lines = []
  for kind, title in KINDS.items():
    members = [line for (k, _, _), line in rows.items() if k == kind]
    if members:
      lines += [f'| *{title}* |' + ' |' * (width - 1), *members]
  return lines


def format_summary(results: Results, metric: str) -> list[str]:
  """A row for each features and head, a column for each split."""
  targets = _summary_targets(results)
  names = [fact['name'] for fact in results['splits']]
  _, scale, digits = METRICS[metric]
  cells: dict[tuple[str, str, str], dict[str, list[str]]] = {}
  for r in results['results']:
    if r['kind'] == 'null' or r['target'] not in targets:
      continue
    row = cells.setdefault((r['kind'], r['features'], r['head']), {})
    text = f'{scale * r[metric]["value"]:.{digits}f}'
    text = f'**{text}**' if metric in r['leads'] else text
    row.setdefault(r['split'], []).append(text)
  rows = {
      key: _line(*key[1:], *(' / '.join(row.get(n, ())) for n in names))
      for key, row in cells.items()
  }
  labels = [split_label(results, name) for name in names]
  lines = [
      _line('features', 'head', *labels),
      '|---' * (2 + len(names)) + '|',
      *group_by_kind(rows, 2 + len(names)),
  ]
  heads = dict.fromkeys(n['head'] for n in results['null'])
  for head in heads:
    row = {}
    for n in results['null']:
      if n['head'] == head and n['target'] in targets and metric in n:
        row.setdefault(n['split'], []).append(
            f'{scale * n[metric]["median"]:.{digits}f} '
            f'({scale * n[metric]["quantile_95"]:.{digits}f})'
        )
    lines.append(
        _line(
            f'{_draws(results)} random embeddings, median (95 % quantile)',
            head,
            *(' / '.join(row.get(name, ())) for name in names),
        )
    )
  return lines


def _line(*cells: str) -> str:
  return '| ' + ' | '.join(cells) + ' |'


def _draws(results: Results) -> int:
  return max((n['draws'] for n in results['null']), default=0)


def format_interval(
    summary: Mapping[str, Any], scale: float, digits: int, sign: str = ''
) -> str:
  """`value [low, high]`, nothing if unknown."""
  if summary['value'] is None:
    return ''
  value = f'{scale * summary["value"]:{sign}.{digits}f}'
  if summary['low'] is None:
    return value
  low, high = (
      f'{scale * summary[key]:{sign}.{digits}f}' for key in ('low', 'high')
  )
  return f'{value} [{low}, {high}]'


def format_split(
    results: Results,
    split: str,
    target: str,
    rows: Sequence[Mapping[str, Any]] | None = None,
) -> list[str]:
  """Everything about one split and target, with intervals.

  Args:
    results: of the task.
    split: its name.
    target: its name.
    rows: those of the results that are shown; all by default.
  """
  metrics = shown_metrics(results, tuple(METRICS))
  main = results['metric']
  main_title, main_scale, main_digits = METRICS[main]
  found = rows or [
      r
      for r in results['results']
      if (r['split'], r['target']) == (split, target) and r['kind'] != 'null'
  ]
  if not found:
    return []
  num_rows = found[0]['rows']
  titles = [
      f'{METRICS[m][0]} of {num_rows}' if m == 'slowdowns' else METRICS[m][0]
      for m in metrics
  ]

  def scale_of(metric):
    return num_rows if metric == 'slowdowns' else METRICS[metric][1]

  lines = {}
  for r in found:
    cells = []
    for metric in metrics:
      text = format_interval(r[metric], scale_of(metric), METRICS[metric][2])
      cells.append(f'**{text}**' if metric in r['leads'] else text)
    versus = format_interval(r['versus'][main], main_scale, main_digits, '+')
    lines[r['kind'], r['features'], r['head']] = _line(
        r['features'], r['head'], *cells, versus
    )
  lines = [
      _line('features', 'head', *titles, f'{main_title} over best baseline'),
      '|---' * (3 + len(metrics)) + '|',
      *group_by_kind(lines, 3 + len(metrics)),
  ]
  for n in results['null']:
    if (n['split'], n['target']) == (split, target):
      cells = []
      for metric in metrics:
        # Of slowdowns the good end is the lower one.
        end = 'quantile_5' if metric == 'slowdowns' else 'quantile_95'
        scale, digits = scale_of(metric), METRICS[metric][2]
        cells.append(
            f'{scale * n[metric]["median"]:.{digits}f} '
            f'({scale * n[metric][end]:.{digits}f})'
        )
      name = f'{n["draws"]} random embeddings, median (best 5 %)'
      lines.append(_line(name, n['head'], *cells, ''))
  lines += ['', f'Best baseline: {found[0]["versus"]["baseline"]}.']
  mine = [r for r in found if r['features'] == features.MAIN]
  recipe = [r for r in mine if r['head'] == results['recipe']] or mine
  return lines + _format_compared(recipe[:1], main)


def _format_compared(
    found: Sequence[Mapping[str, Any]], metric: str
) -> list[str]:
  """Paired differences of our rows to each compared encoder."""
  title, scale, digits = METRICS[metric]
  lines = []
  for r in found:
    for name, other in r.get('versus_compared', {}).items():
      difference = format_interval(other[metric], scale, digits, '+')
      lines.append(
          f'* {r["features"]}, {r["head"]}, over {name}, {other["head"]}: '
          f'{title} {difference}'
      )
  if not lines:
    return []
  return ['', 'In pairs with encoders compared to:', '', *lines]


def format_problems(results: Results) -> list[str]:
  """What was wrong with the data, counted; the first of them in full."""
  problems = results['problems']
  modules = results['modules']
  unmeasured = ', '.join(
      f'{name} {t["unmeasured"]}'
      for name, t in results['targets'].items()
      if t['unmeasured']
  )
  lines = [
      f'* Rows without IR, which stay in the table with an empty vector: '
      f'{results["rows"] - results["rows_with_ir"]} of {results["rows"]} '
      f'({modules["all"] - modules["with_ir"]} modules).',
      f'* Costs that were not measured: {unmeasured or "none"}.',
  ]
  if not problems:
    return [*lines, '* No other problems with the data.']
  shown = [f'  * {p["where"]}: {p["what"]}' for p in problems[:_NUM_PROBLEMS]]
  more = len(problems) - len(shown)
  return [
      *lines,
      f'* Messages about the data: {len(problems)}.',
      *shown,
      *([f'  * … and {more} more in results.json'] if more else []),
  ]
