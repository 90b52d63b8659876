"""Tables of one task: what was found, as a person reads it.

Rows are grouped by kind. Bold is the best of a column where it is better than
the best row of every other kind by a margin whose interval excludes zero.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mirencoder_jax.downstream.tasks import features, tasks
from mirencoder_jax.evaluation import metrics as metrics_lib
from mirencoder_jax.evaluation.measures import METRICS
from mirencoder_jax.evaluation.report import pair_tables, selection
from mirencoder_jax.evaluation.report.selection import Results
from mirencoder_jax.pages import markdown

_NUM_PROBLEMS = 20
# Of a group with more members than both together.
_NUM_BEHIND = 10
_NUM_AHEAD = 5


def format_report(results: Results) -> str:
  """Markdown: facts, a summary, a table for each split and target, problems."""
  lines = [
      f'# {results.task}',
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
  for metric in selection.summary_metrics(results):
    title = METRICS[metric][0]
    names = ' / '.join(selection.shown_targets(results))
    lines += [
        f'**{title}**, {names}:', '', *format_summary(results, metric), ''
    ]  # fmt: skip
  for split in results.split_names:
    # All together, if there are several targets, comes first.
    targets = dict.fromkeys(r['target'] for r in results.measured)
    for target in sorted(targets, key=lambda name: name != metrics_lib.POOLED):
      lines += [
          f'## {results.task}, {target}, split: '
          f'{selection.split_label(results, split)}',
          '',
          *format_split(results, split, target),
          '',
      ]
  lines += ['## Data', '', *format_problems(results)]
  return '\n'.join(lines)


def format_facts(results: Results) -> list[str]:
  """One paragraph: size of the data, what was found, when and on what."""
  usable = ', '.join(
      f'{name} {t["judged_rows"]}' for name, t in results.targets.items()
  )
  groups = ', '.join(tasks.count(n, g) for g, n in results.groups.items())
  modules = results.modules
  commit = f', commit {results.commit}' if results.commit else ''
  return [
      f'{results.num_rows} rows (judged: {usable}) of {groups}; IR found for '
      f'{modules["with_ir"]} of {modules["all"]} modules. Trees: '
      f'{results.trees}. {results.date}{commit}, '
      f'{results.seconds / 60:.1f} minutes on {results.hardware}.'
  ]


def format_splits(results: Results) -> list[str]:
  """A line for each split: its folds, and what is on both sides."""
  lines = []
  for fact in results.splits:
    crossing = ', '.join(
        f'{group} {100 * share:.1f} %' for group, share in fact['leaks'].items()
    )
    label = selection.split_label(results, fact['name'])
    lines.append(
        f'* **{label}**: {fact["folds"]} folds; '
        + (
            f'test rows with a relative in training: {crossing}.'
            if crossing
            else 'nothing related is on both sides.'
        )
        + _format_refused(fact)
    )
  return lines


def _format_refused(fact: Mapping[str, Any]) -> str:
  """What a split does without: rows, and heads."""
  text = f' Left out for many rows: {", ".join(fact.get("left_out", ()))}.'
  text = text if fact.get('left_out') else ''
  if fact.get('num_refused'):
    text += f' Training rows left out, of the {fact["refused"]} of a test row: '
    text += f'{fact["num_refused"]}, in all fits together.'
  return text


def _by_kind(
    rows: Mapping[tuple[str, ...], Sequence[Any]], width: int
) -> list[Sequence[Any]]:
  """Rows of a table under a title for each kind, the first part of a key."""
  lines: list[Sequence[Any]] = []
  for kind, title in selection.KINDS.items():
    members = [row for key, row in rows.items() if key[0] == kind]
    if members:
      lines += [[f'*{title}*', *[''] * (width - 1)], *members]
  return lines


def format_summary(
    results: Results, metric: str, *, chosen: bool = False
) -> list[str]:
  """A row for each features and head, a column for each split.

  Args:
    results: of the task.
    metric: what stands in the cells, targets beside each other.
    chosen: only the rows of `selection.choose_rows`, without their heads.
  """
  targets = selection.shown_targets(results)
  names = results.split_names
  _, scale, digits, _ = METRICS[metric]
  cells: dict[tuple[str, ...], dict[str, list[str]]] = {}

  def add(key, split, text):
    cells.setdefault(key, {}).setdefault(split, []).append(text)

  for split in names:
    for target in targets:
      if chosen:
        rows = selection.choose_rows(results, split, target)
      else:
        rows = results.rows(split, target)
      for r in rows:
        value = r[metric]['value']
        text = '' if value is None else f'{scale * value:.{digits}f}'
        text = f'**{text}**' if metric in r['leads'] else text
        head = () if chosen else (r['head'],)
        add((r['kind'], r['features'], *head), split, text)
      for n in results.random(split, target):
        if metric not in n or (chosen and n['head'] != results.recipe):
          continue
        name = f'{n["draws"]} random embeddings, median (95 % quantile)'
        text = _format_random(n, metric, scale)
        add(('null', name, *(() if chosen else (n['head'],))), split, text)
  rows = {
      key: [*key[1:], *(' / '.join(row.get(name, ())) for name in names)]
      for key, row in cells.items()
  }
  labels = [selection.split_label(results, name) for name in names]
  header = ['features', *([] if chosen else ['head']), *labels]
  nulls = [row for key, row in rows.items() if key[0] == 'null']
  return markdown.table(header, [*_by_kind(rows, len(header)), *nulls])


def _format_random(random: Mapping[str, Any], metric: str, scale: float) -> str:
  """Median and the good end; '' where the metric is not known."""
  if metric not in random:
    return ''
  is_less = METRICS[metric].less_is_better
  ends = ('median', 'quantile_5' if is_less else 'quantile_95')
  digits = METRICS[metric].digits
  median, end = (f'{scale * random[metric][e]:.{digits}f}' for e in ends)
  return f'{median} ({end})'


def format_split(
    results: Results,
    split: str,
    target: str,
    rows: Sequence[selection.Row] | None = None,
) -> list[str]:
  """Everything about one split and target, with intervals.

  Args:
    results: of the task.
    split: its name.
    target: its name.
    rows: those of the results that are shown; all by default.
  """
  metrics = selection.shown_metrics(results)
  main = results.metric
  main_title, main_scale, main_digits, _ = METRICS[main]
  found = rows or results.rows(split, target)
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
      text = pair_tables.format_interval(
          r[metric], scale_of(metric), METRICS[metric][2]
      )
      cells.append(f'**{text}**' if metric in r['leads'] else text)
    versus = pair_tables.format_interval(
        r['versus'][main], main_scale, main_digits, '+'
    )
    lines[r['kind'], r['features'], r['head']] = [
        *(r['features'], r['head'], *cells, versus)
    ]
  nulls = []
  for n in results.random(split, target):
    cells = [_format_random(n, metric, scale_of(metric)) for metric in metrics]
    name = f'{n["draws"]} random embeddings, median (best 5 %)'
    nulls.append([name, n['head'], *cells, ''])
  header = ['features', 'head', *titles, f'{main_title} over best baseline']
  table = markdown.table(header, [*_by_kind(lines, len(header)), *nulls])
  mine = [r for r in found if r['features'] == features.MAIN]
  recipe = [r for r in mine if r['head'] == results.recipe] or mine
  return [
      *table,
      '',
      f'Best baseline: {found[0]["versus"]["baseline"]}.',
      *pair_tables.format_compared(recipe[:1], main),
      *pair_tables.format_against(found, selection.summary_metrics(results)),
  ]


def format_problems(results: Results) -> list[str]:
  """What was wrong with the data, counted; the first of them in full."""
  problems = results.problems
  modules = results.modules
  unmeasured = ', '.join(
      f'{name} {t["unmeasured"]}'
      for name, t in results.targets.items()
      if t['unmeasured']
  )
  lines = [
      f'* Rows without IR, which stay in the table with an empty vector: '
      f'{results.num_rows - results.rows_with_ir} of {results.num_rows} '
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


def format_errors(results: Results) -> list[str]:
  """Every split: errors in common, and who makes them."""
  main = selection.choose_split(results)
  lines = []
  for split in sorted(results.split_names, key=lambda name: name != main):
    body = [
        line
        for found in results.errors
        if found['split'] == split
        for line in _format_found(results, found)
    ]
    if not body:
      continue
    title = f'split {selection.split_label(results, split)}'
    if split != main:
      body = [
          f'<details><summary>{title}</summary>', '', *body, '</details>', ''
      ]  # fmt: skip
    lines += body
  return lines


def _format_found(results: Results, found: Mapping[str, Any]) -> list[str]:
  """One target of one split."""
  swaps = ', '.join(
      f'{s["taken"]} for {s["best"]} ({100 * s["share"]:.0f} %)'
      for s in found['swaps'][:3]
  )
  lines = [
      f'**{found["target"]}**, split {found["split"]}: {found["ours"]} and '
      f'{found["other"]} are both wrong on {100 * found["both"]:.1f} % of the '
      f'rows, ours alone on {100 * found["only_ours"]:.1f} %, the baseline '
      f'alone on {100 * found["only_other"]:.1f} %'
      + (f'; decided most often: {swaps}.' if swaps else '.'),
      '',
  ]
  for group, members in found['groups'].items():
    lines += [*_format_members(results, found['target'], group, members), '']
  return lines


def measure_lead(
    member: Mapping[str, Any], metric: str, num_rows: int
) -> float:
  """What a member of a group adds to our lead; sums to it over the group.

  In points of rows that are not wrong where the task is judged by accuracy (or
  has no costs), in % of the geometric-mean speedup otherwise.
  """
  if metric == 'accuracy' or member['lost'] is None:
    lead = (member['wrong_other'] - member['wrong']) * member['rows']
  else:
    lead = member['lost_other'] - member['lost']
  return 100 * lead / num_rows


def _format_members(
    results: Results,
    target: str,
    group: str,
    members: Sequence[Mapping[str, Any]],
) -> list[str]:
  """Members of a group, from where we lose most to where we win most."""
  num_rows = results.targets[target]['judged_rows']
  leads = sorted(
      ((measure_lead(m, results.metric, num_rows), m) for m in members),
      key=lambda pair: pair[0],
  )
  behind, ahead = leads, []
  if len(leads) > _NUM_BEHIND + _NUM_AHEAD:
    behind = [pair for pair in leads[:_NUM_BEHIND] if pair[0] < 0]
    ahead = [pair for pair in leads[-_NUM_AHEAD:] if pair[0] > 0]
  between = len(leads) - len(behind) - len(ahead)
  unit = 'points' if results.metric == 'accuracy' else '%'
  header = [
      group,
      *('rows', 'ours wrong %', 'baseline wrong %', 'speedup ours'),
      *('baseline', 'oracle', f'adds to our lead, {unit}'),
  ]
  rows = [_member_cells(*pair) for pair in behind]
  if between:
    rest = sum(lead for lead, _ in leads) - sum(x for x, _ in behind + ahead)
    num_between = sum(m['rows'] for _, m in leads)
    num_between -= sum(m['rows'] for _, m in behind + ahead)
    name = f'*{between} in between*'
    rows.append([name, num_between, *[''] * 5, f'{rest:+.2f}'])
  return markdown.table(
      header, [*rows, *(_member_cells(*pair) for pair in ahead)]
  )


def _member_cells(lead: float, member: Mapping[str, Any]) -> list[Any]:
  speedups = [
      '' if member[key] is None else f'{member[key]:.2f}'
      for key in ('speedup', 'speedup_other', 'speedup_oracle')
  ]
  return [
      member['name'],
      member['rows'],
      f'{100 * member["wrong"]:.0f}',
      f'{100 * member["wrong_other"]:.0f}',
      *speedups,
      f'{lead:+.2f}',
  ]
