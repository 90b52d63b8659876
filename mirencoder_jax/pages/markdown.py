"""Markdown that more than one page has."""

from collections.abc import Iterable, Sequence
from typing import Any


def table(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> list[str]:
  """The lines of a table, whose first column names the rows.

  Args:
    header: of the columns.
    rows: cells; whole numbers get separators, all else is shown by `str`. A bar
      or a line break in a cell does not end it.
  """

  def line(cells: Sequence[Any]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"

  rule = '|---' + '|---:' * (len(header) - 1) + '|'
  return [line(header), rule, *map(line, rows)]


def _cell(value: Any) -> str:
  if isinstance(value, int) and not isinstance(value, bool):
    return f'{value:,}'
  text = str(value).replace('\n', ' ')
  return text.replace('\\|', '|').replace('|', '\\|')
