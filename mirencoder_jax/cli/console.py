"""How the command line speaks: exit codes, errors, tables, JSON, progress."""

import contextlib
import errno
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

_MAX_CELL = 56  # characters of a column
OK, FAILED, USAGE, PARTLY, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES = {
    OK: 'everything was done',
    FAILED: 'nothing was done; stderr says why',
    USAGE: 'the command was not understood',
    PARTLY: 'some of the files could not be read; the others were done',
    INTERRUPTED: 'interrupted',
}


def is_expected(error: Exception) -> bool:
  """Whether a person can do something about an error, and it says what."""
  # By name: importing the classes would load JAX for a misspelt path.
  expected = {
      'CheckpointError',
      'CorpusError',
      'IRError',
      'LabelFileError',
      'PredictorError',
      'TableError',
      'TaskError',
      'UsageError',
      'VectorsError',
  }
  names = {kind.__name__ for kind in type(error).__mro__}
  return bool(expected & names) or isinstance(error, OSError)


class UsageError(ValueError):
  """What was asked for makes no sense; says what does."""


def sentence(error: Exception) -> str:
  """An error in one line."""
  if isinstance(error, OSError) and error.filename:
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    way_out = '; make room there, or write elsewhere' if is_full else ''
    return f'{error.filename}: {error.strerror}{way_out}'
  return ' '.join(str(error).split()) or type(error).__name__


def failures(errors: Mapping[str, Exception]) -> list[dict[str, str]]:
  """Which files could not be read and why, for a document of JSON."""
  return [
      {'file': file, 'message': sentence(error)}
      for file, error in errors.items()
  ]


def say(text: str) -> None:
  """A line for the person, beside the results."""
  print(text, file=sys.stderr, flush=True)


def show(text: str) -> None:
  """A part of the result."""
  try:
    print(text, flush=True)
  except BrokenPipeError:
    raise
  except OSError as error:  # redirected to a disk that is full, say
    close_stdout()
    raise OSError(error.errno, error.strerror, 'standard output') from error


def show_json(value: Any) -> None:
  """The result as one JSON document."""
  show(json.dumps(value, default=_plain, allow_nan=False, indent=1))


def finite(value: float, digits: int = 6) -> float | None:
  """A number as JSON has it: NaN is null."""
  return round(float(value), digits) if math.isfinite(value) else None


def show_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
  """Columns under a head: drawn on a terminal, plain text where piped."""
  rows = [list(row) for row in rows]
  if not sys.stdout.isatty():
    show(table(head, rows))
    return
  from rich import box, console, text
  from rich import table as tables

  drawn = tables.Table(box=box.SIMPLE_HEAD, pad_edge=False)
  for name, is_number in zip(head, _numeric(head, rows), strict=True):
    # A mangled name has no blank to break at.
    drawn.add_column(
        text.Text(name),
        justify='right' if is_number else 'left',
        no_wrap=is_number,
        overflow='fold',
    )
  for row in rows:
    drawn.add_row(*(text.Text(_text(value)) for value in row))
  console.Console().print(drawn)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
  """Columns under a head; numbers to the right."""
  rows = [list(row) for row in rows]
  is_number = _numeric(head, rows)
  texts = [list(head), *([_cut(_text(x)) for x in row] for row in rows)]
  widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
  return '\n'.join(
      '  '.join(
          text.rjust(width) if number else text.ljust(width)
          for text, width, number in zip(line, widths, is_number, strict=True)
      ).rstrip()
      for line in texts
  )


def _numeric(head: Sequence[str], rows: list[list[Any]]) -> list[bool]:
  """Which columns hold numbers only."""
  return [
      bool(rows) and all(isinstance(row[i], (int, float)) for row in rows)
      for i in range(len(head))
  ]


@contextlib.contextmanager
def progress(
    total: int, unit: str, is_quiet: bool
) -> Iterator[Callable[[], Any]]:
  """A bar on stderr, where a person sees it and it is worth one.

  Gives what is called once for each of the total.
  """
  if is_quiet or total < 2 or not sys.stderr.isatty():
    yield lambda: None
    return
  from rich import console
  from rich import progress as bars

  with bars.Progress(
      bars.TextColumn('{task.description}'),
      bars.BarColumn(),
      bars.MofNCompleteColumn(),
      bars.TimeRemainingColumn(),
      console=console.Console(stderr=True),
      transient=True,
  ) as bar:
    task = bar.add_task(unit, total=total)
    yield lambda: bar.advance(task)


def tell_errors(errors: dict[str, Exception], total: int) -> None:
  """Names the files that could not be read.

  Raises:
    Exception: the error of a single file.
  """
  if not errors:
    return
  if total == 1:
    raise next(iter(errors.values()))
  say(f'{len(errors)} of {total} files could not be read:')
  for error in errors.values():
    say(f'  {sentence(error)}')


def tell_cut(report: Mapping[str, int]) -> None:
  """Says that vectors do not see all of the code; `Encoding.report` counts."""
  if report.get('cut_tokens'):
    say(
        f'warning: {report["cut_tokens"]:,} of {report["tokens"]:,} tokens '
        'were cut, of instructions longer than a window: no vector sees them'
    )


def close_stdout() -> None:
  """So that Python does not complain at the end about a closed pipe."""
  os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def count(number: int, noun: str) -> str:
  """`1 function`, `2 functions`."""
  return f'{number:,} {noun}{"" if number == 1 else "s"}'


def _text(value: Any) -> str:
  if isinstance(value, float):
    return '-' if math.isnan(value) else f'{value:.3f}'
  return f'{value:,}' if isinstance(value, int) else str(value)


def _cut(text: str) -> str:
  if len(text) <= _MAX_CELL:
    return text
  half = _MAX_CELL // 2  # both ends of a mangled name say something
  return f'{text[:half]}…{text[1 - half :]}'


def _plain(value: Any) -> Any:
  if hasattr(value, 'tolist'):  # an array or a number of numpy
    return value.tolist()
  if isinstance(value, Exception):
    return sentence(value)
  raise TypeError(f'{type(value).__name__} has no JSON')
