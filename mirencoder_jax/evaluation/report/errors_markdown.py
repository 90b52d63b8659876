"""Errors as tables: where ours loses and wins against the best baseline.

Station in the flow: beside `markdown`, from the plain data of `errors` to text,
for `results_page`. The split that is grouped as the bootstrap draws comes
first; the others are folded away.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mirencoder_jax.evaluation.report import pictures, task_tables

Results = Mapping[str, Any]

# Of a group with more members than both together.
_NUM_BEHIND = 10
_NUM_AHEAD = 5


def format_errors(results: Results) -> list[str]:
  """Every split: errors in common, and who makes them."""
  main = pictures.choose_split(results)
  names = [fact['name'] for fact in results['splits']]
  lines = []
  for split in sorted(names, key=lambda name: name != main):
    body = [
        line
        for found in results['errors']
        if found['split'] == split
        for line in _format_found(results, found)
    ]
    if not body:
      continue
    title = f'split {task_tables.split_label(results, split)}'
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
  num_rows = results['targets'][target]['judged_rows']
  leads = sorted(
      ((measure_lead(m, results['metric'], num_rows), m) for m in members),
      key=lambda pair: pair[0],
  )
  behind, ahead = leads, []
  if len(leads) > _NUM_BEHIND + _NUM_AHEAD:
    behind = [pair for pair in leads[:_NUM_BEHIND] if pair[0] < 0]
    ahead = [pair for pair in leads[-_NUM_AHEAD:] if pair[0] > 0]
  between = len(leads) - len(behind) - len(ahead)
  unit = 'points' if results['metric'] == 'accuracy' else '%'
  lines = [
      f'| {group} | rows | ours wrong % | baseline wrong % | speedup ours | '
      f'baseline | oracle | adds to our lead, {unit} |',
      '|---' * 8 + '|',
      *(_format_member(*pair) for pair in behind),
  ]
  if between:
    rest = sum(lead for lead, _ in leads) - sum(x for x, _ in behind + ahead)
    rows = sum(m['rows'] for _, m in leads)
    rows -= sum(m['rows'] for _, m in behind + ahead)
    lines.append(f'| *{between} in between* | {rows} | | | | | | {rest:+.2f} |')
  return [*lines, *(_format_member(*pair) for pair in ahead)]


def _format_member(lead: float, member: Mapping[str, Any]) -> str:
  speedups = [
      '' if member[key] is None else f'{member[key]:.2f}'
      for key in ('speedup', 'speedup_other', 'speedup_oracle')
  ]
  cells = [
      member['name'],
      str(member['rows']),
      f'{100 * member["wrong"]:.0f}',
      f'{100 * member["wrong_other"]:.0f}',
      *speedups,
      f'{lead:+.2f}',
  ]
  return '| ' + ' | '.join(cells) + ' |'
