"""The report of a corpus as a person reads it.

Station in the flow: `Report.as_dict` of `data.corpus_report` in, text out.
"""

from collections.abc import Iterable
from typing import Any

_MAX_FAILURES = 50
_MAX_ROWS = 40


def summary(report: dict[str, Any]) -> str:
  """One line: how complete the job is."""
  files = report['files']
  text = (
      f"{report['functions']['written']:,} functions written; "
      f"{files['with_functions']:,} of {files['found']:,} files hold functions"
  )
  if files['failed']:
    text += f", {files['failed']:,} were not read or hold none (see report.md)"
  return text


def markdown(report: dict[str, Any]) -> str:
  """The whole report as tables."""
  files, functions = report['files'], report['functions']
  totals, windows = report['totals'], report['windows']
  others = ', '.join(f'{n} {suffix}' for suffix, n in files['other'].items())
  lines = [
      '# Corpus report',
      '',
      f"Source: `{report['source']}`. {summary(report)}.",
      '',
      *table(
          ('', 'number'),
          [
              ('files found (.ll, .bc)', files['found']),
              ('files read', files['read']),
              ('... as text only, not verified by LLVM', files['unverified']),
              ('files without a function, or not read', files['failed']),
              (
                  f"other files{f' ({others})' if others else ''}",
                  sum(files['other'].values()),
              ),
              ('functions found', functions['found']),
              ('... in the files as they are', functions['before_views']),
              (
                  '... ... distinct among these',
                  functions['distinct_before_views'],
              ),
              ('... of a benchmark, left out', functions['contaminated']),
              ('... duplicates, left out', functions['duplicates']),
              (
                  '... of the training side, left out of the validation',
                  functions['in_both_splits'],
              ),
              ('... near-duplicates, left out', functions['near_duplicates']),
              (
                  '... near one of the training side, left out of the '
                  'validation',
                  functions['near_in_both_splits'],
              ),
              ('... read but not encoded', functions['not_encoded']),
              ('functions written', functions['written']),
              ('instructions', totals['instructions']),
              ('tokens', totals['tokens']),
              ('unknown tokens', report['unknown_tokens']),
              ('nodes', totals['nodes']),
              ('edges', totals['edges']),
              (
                  f"windows of {windows['row_tokens']} tokens",
                  windows['windows'],
              ),
              (
                  '... functions of more than one window',
                  windows['functions_of_several'],
              ),
          ],
      ),
      '',
      f"Vocabulary: {report['vocabulary']['size']:,} entries, from "
      f"{report['vocabulary']['from']}{_sample(report['vocabulary'])}, hash "
      f"`{report['vocabulary']['hash']}`.",
      f"Content hash: `{report['content_hash']}`.",
      '',
      '## Splits',
      '',
      f"Split by {report['split_by']}.",
      '',
      *table(
          ('split', 'examples', f"{report['split_by']}s"),
          [(name, *row.values()) for name, row in report['splits'].items()],
      ),
      '',
      '## Lengths',
      '',
      *table(
          ('of a function', *report['lengths']['tokens']),
          [(name, *row.values()) for name, row in report['lengths'].items()],
      ),
  ]
  if len(report['views']['found']) > 1 or report['views']['lost']:
    lines += ['', '## Views', '']
    rows = [(k or '(as it is)', n) for k, n in report['views']['found'].items()]
    lines += table(('view', 'functions found'), rows)
    if report['views']['lost']:
      rows = list(report['views']['lost'].items())[:_MAX_FAILURES]
      lines += ['', *table(('views that LLVM could not make', 'files'), rows)]
  if report['benchmarks']:
    rows = [(k, *row.values()) for k, row in report['benchmarks'].items()]
    header = (
        'benchmark',
        'its functions',
        'equal ones here',
        'near ones here',
        'sources removed',
        'functions removed with them',
    )
    lines += ['', '## Decontamination', '', *table(header, rows)]
    if report['benchmark_files_not_read']:
      unread = report['benchmark_files_not_read']
      lines += ['', f'Files of benchmarks that were not read: {len(unread)}.']
  if report['coverage']:
    rows = [
        (k or '(unknown)', *row.values())
        for k, row in report['coverage'].items()
    ]
    header = ('language', *next(iter(report['coverage'].values())))
    header = tuple(name.replace('_', ' ') for name in header)
    lines += ['', '## Coverage of the vocabulary', '', *table(header, rows)]
  for key in ('language', 'opt_level', 'llvm', 'package', 'licence'):
    items = list(report[key].items())
    rows = [(name or '(unknown)', n) for name, n in items[:_MAX_ROWS]]
    if len(items) > _MAX_ROWS:
      more = items[_MAX_ROWS:]
      rows.append((f'({len(more)} more)', sum(n for _, n in more)))
    lines += [
        '',
        f'## Functions by {key}',
        '',
        *table((key, 'functions'), rows),
    ]
  if report['reader']:
    rows = list(report['reader'].items())
    lines += ['', '## Counts of the reader', '', *table(('', 'number'), rows)]
  if report['failures']:
    lines += ['', '## Files and views without a function, or not read', '']
    shown = report['failures'][:_MAX_FAILURES]
    for row in shown:
      place = f", line {row['line']}" if row['line'] is not None else ''
      message = ' '.join(row['message'].split())[:300]
      lines.append(f"- `{row['file']}`{place} ({row['reason']}): {message}")
    if len(report['failures']) > len(shown):
      more = len(report['failures']) - len(shown)
      lines.append(f'- and {more:,} more, all in `report.json`')
  return '\n'.join(lines) + '\n'


def _sample(vocabulary: dict[str, Any]) -> str:
  sample = vocabulary['sample']
  if not sample:
    return ''
  return (
      f" ({sample['functions']:,} functions, {sample['words']:,} words, "
      f"{sample['distinct_words']:,} distinct)"
  )


def table(header: tuple, rows: Iterable[tuple]) -> list[str]:
  """The lines of a Markdown table; numbers get separators."""

  def line(cells):
    texts = (f'{c:,}' if isinstance(c, int) else str(c) for c in cells)
    return f"| {' | '.join(texts)} |"

  rule = '|---' + '|---:' * (len(header) - 1) + '|'
  return [line(header), rule, *map(line, rows)]
