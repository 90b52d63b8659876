"""Differences of two rows of a task's table, as a person reads them."""

from collections.abc import Mapping, Sequence
from typing import Any

from mirencoder_jax.evaluation.measures import METRICS
from mirencoder_jax.evaluation.report import selection
from mirencoder_jax.pages import markdown


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


def format_compared(
    found: Sequence[Mapping[str, Any]], metric: str
) -> list[str]:
  """Paired differences of our rows to each compared encoder."""
  title, scale, digits, _ = METRICS[metric]
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


def format_against(
    found: Sequence[selection.Row], metrics: Sequence[str]
) -> list[str]:
  """Paired differences of vectors to those that the report names."""
  rows = []
  for r in found:
    if r['kind'] not in selection.VECTORS:
      continue
    for name, other in r.get('against', {}).items():
      same = other['head'] == r['head']
      cells = [
          format_interval(other[m], METRICS[m].scale, METRICS[m].digits, '+')
          for m in metrics
      ]
      over = name if same else f'{name}, {other["head"]}'
      rows.append([r['features'], r['head'], over, *cells])
  if not rows:
    return []
  header = ['features', 'head', 'over', *(METRICS[m].title for m in metrics)]
  title = 'In pairs, under the same head where no other is named:'
  return ['', title, '', *markdown.table(header, rows)]
