"""Overview: one table of all tasks, a line for each split.

Station in the flow: from the plain data of each task to markdown, for the page
of results, a README, and the end of a run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mirencoder_jax.downstream.tasks import features
from mirencoder_jax.evaluation import metrics
from mirencoder_jax.evaluation.report import pictures, task_tables

Results = Mapping[str, Any]

_COLUMNS = (
    'default', 'best constant', 'best baseline', 'random embeddings (95 %)',
    'MIREncoder', 'over best baseline', 'slower rows', 'oracle',
)  # fmt: skip
FEW_COLUMNS = (
    'best constant', 'best baseline', 'MIREncoder', 'over best baseline',
    'oracle',
)  # fmt: skip


def _ours(results: Results, split: str, target: str) -> Results | None:
  rows = pictures.choose_rows(results, split, target)
  return next((r for r in rows if r['features'] == features.MAIN), None)


def _cells(results: Results, split: str) -> list[str]:
  """An overview's cells of one split, targets that share them by slashes."""
  metric = results['metric']
  title, scale, digits = task_tables.METRICS[metric]

  def number(value, sign=''):
    return '' if value is None else f'{scale * value:{sign}.{digits}f}'

  columns: list[list[str]] = []
  for target in pictures.shown_targets(results):
    rows = pictures.choose_rows(results, split, target)
    by_name = {r['features']: r[metric]['value'] for r in rows}
    ours = _ours(results, split, target)
    baseline = rows[0]['versus']['baseline']
    value = next(
        r[metric]['value']
        for r in results['results']
        if (r['split'], r['target']) == (split, target)
        and f'{r["features"]}, {r["head"]}' == baseline
    )
    null = next(
        (
            n[metric]
            for n in results['null']
            if (n['split'], n['target']) == (split, target)
            and n['head'] == results['recipe']
        ),
        None,
    )
    random = ''
    if null is not None:
      random = f'{number(null["median"])} ({number(null["quantile_95"])})'
    mine = difference = slower = ''
    if ours is not None:
      mine = number(ours[metric]['value'])
      if ours['slowdowns']['value'] is not None:
        slower = f'{ours["slowdowns"]["value"] * ours["rows"]:.0f}'
        slower += f' of {ours["rows"]}'
      versus = ours['versus'][metric]
      difference = task_tables.format_interval(versus, scale, digits, '+')
      if versus['low'] is not None and versus['low'] > 0:
        mine, difference = f'**{mine}**', f'**{difference}**'
    columns.append(
        [
            number(by_name.get('default choice')),
            number(by_name.get('best constant')),
            f'{number(value)} ({baseline})',
            random,
            mine,
            difference,
            slower,
            number(by_name.get(metrics.ORACLE)),
        ]
    )
  return [title, *(' / '.join(cells) for cells in zip(*columns, strict=True))]


def format_overview(
    all_results: Sequence[Results], columns: Sequence[str] = _COLUMNS
) -> list[str]:
  """One table of all tasks: a row for each split, our row by its recipe."""
  titles = ['task', 'split', '', *columns]
  lines = ['| ' + ' | '.join(titles) + ' |', '|---' * len(titles) + '|']
  for results in all_results:
    task = results['task']
    if len(results['targets']) == 2:
      task += f' ({" / ".join(results["targets"])})'
    for fact in results['splits']:
      label = task_tables.split_label(results, fact['name'])
      title, *cells = _cells(results, fact['name'])
      chosen = dict(zip(_COLUMNS, cells, strict=True))
      cells = [title, *(chosen[column] for column in columns)]
      lines.append('| ' + ' | '.join([task, label, *cells]) + ' |')
  return lines
