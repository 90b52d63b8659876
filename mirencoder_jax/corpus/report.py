"""`Report`: what became of every file and function of a corpus.

Everything that was left out, cut or unknown is counted here, never silent.
"""

import collections
import json
import os
from collections.abc import Iterable
from typing import Any

from etils import epath

from mirencoder_jax.corpus import (
    decontamination,
    plan,
    tally,
    worker_pool,
)
from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.pages import markdown

_MAX_FAILURES = 50
_MAX_ROWS = 40

_HEAD = """\
# Corpus report

Source: `{source}`. {summary}.

|  | number |
|---|---:|
| files found (.ll, .bc) | {files[found]:,} |
| files read | {files[read]:,} |
| ... as text only, not verified by LLVM | {files[unverified]:,} |
| files without a function, or not read | {files[failed]:,} |
| other files{others} | {num_others:,} |
| functions found | {functions[found]:,} |
| ... in the files as they are | {functions[before_views]:,} |
| ... ... distinct among these | {functions[distinct_before_views]:,} |
| ... of a benchmark, left out | {functions[contaminated]:,} |
| ... duplicates, left out | {functions[duplicates]:,} |
| ... of the training side, left out of the validation | {functions[in_both_splits]:,} |
| ... near-duplicates, left out | {functions[near_duplicates]:,} |
| ... near one of the training side, left out of the validation | {functions[near_in_both_splits]:,} |
| ... read but not encoded | {functions[not_encoded]:,} |
| functions written | {functions[written]:,} |
| instructions | {totals[instructions]:,} |
| tokens | {totals[tokens]:,} |
| unknown tokens | {unknown_tokens:,} |
| nodes | {totals[nodes]:,} |
| edges | {totals[edges]:,} |
| windows of {windows[row_tokens]} tokens | {windows[windows]:,} |
| ... functions of more than one window | {windows[functions_of_several]:,} |

Vocabulary: {vocabulary[size]:,} entries, from {vocabulary[from]}{sample}, hash `{vocabulary[hash]}`.
Content hash: `{content_hash}`.
"""  # noqa: E501


class Report:
  """Counts of one job.

  Attributes:
    num_resumed: files read by an earlier, interrupted run.
    counts: how often something came up, by what it is: see
      `plan.read_counts` and `plan.Plan.counts`; besides
      ('benchmark', number, 'equal' or 'near') and ('not_encoded',).
    split_by: what stays on one side of the split.
    tally: counts of the examples.
  """

  def __init__(self, files: corpus_files.IrSource):
    self.num_resumed = 0
    self.counts = collections.Counter()
    self.split_by = plan.LEVELS[0]
    self.tally = tally.Tally()
    self._files = files
    self._failures: dict[str, worker_pool.Failure] = {}
    self._failed_views: dict[str, worker_pool.Failure] = {}
    self._lost_views = collections.Counter()  # by reason and pipeline
    self._benchmarks: decontamination.Benchmarks | None = None
    self._vocabulary: dict[str, Any] = {}

  def add_failure(self, name: str, failure: worker_pool.Failure) -> None:
    self._failures[name] = failure

  def add_lost_views(self, file: str, lost: Iterable[list[str]]) -> None:
    """Notes views of a file that LLVM could not make."""
    for view, pipeline, reason, message in lost:
      self._lost_views[f'{reason}: {pipeline or view}'] += 1
      if reason != 'unverified':
        failure = worker_pool.Failure(f'view {reason}', message)
        self._failed_views[f'{file}@{pipeline}'] = failure

  def set_benchmarks(self, benchmarks: decontamination.Benchmarks) -> None:
    """Notes what the corpus is kept clear of."""
    self._benchmarks = benchmarks

  def set_vocabulary(self, tokenizer, sample: dict[str, int] | None) -> None:
    """Notes the vocabulary, and what it was trained on if it was."""
    self._vocabulary = {
        'size': tokenizer.vocab_size,
        'hash': tokenizer.hash,
        'from': 'the training split' if sample else 'a file',
        'sample': sample or {},
    }

  def nothing_read(self) -> str:
    """An error message for a job that found no function at all."""
    first = [
        f'{name}: {failure.message}'
        for name, failure in sorted(self._failures.items())[:3]
    ]
    return (
        f'{self._files.source}: none of the {len(self._files.files)} .ll and '
        '.bc files holds a function that can be read; ' + '; '.join(first)
    )

  def as_dict(self) -> dict[str, Any]:
    """The report as JSON can hold it."""
    failures = [
        {'file': name, **failure._asdict()}
        for name, failure in sorted(
            (self._failures | self._failed_views).items()
        )
    ]
    reasons = collections.Counter(f.reason for f in self._failures.values())
    found = self._by_name('view')
    return {
        'source': self._files.source,
        'files': {
            'found': len(self._files.files),
            **{
                name: self.counts[name,]
                for name in ('read', 'with_functions', 'unverified')
            },
            'other': dict(sorted(self._files.others.items())),
            'failed': len(self._failures),
            'failed_by_reason': tally.by_count(reasons),
        },
        'functions': {
            'found': sum(found.values()),
            'instructions_read': sum(self._by_name('instructions').values()),
            'before_views': found.get('', 0),
            'distinct_before_views': self.counts['distinct_raw',],
            'distinct': self.counts['distinct',],
            'contaminated': sum(self._by_name('removed').values()),
            'duplicates': self.counts['duplicates',],
            'in_both_splits': self.counts['in_both_splits',],
            'near_duplicates': self.counts['near_duplicates',],
            'near_in_both_splits': self.counts['near_both_splits',],
            'not_encoded': self.counts['not_encoded',],
            'written': sum(self.tally.examples.values()),
        },
        'split_by': self.split_by,
        'views': {
            'found': found,
            'lost': tally.by_count(self._lost_views),
        },
        'benchmarks': self._benchmark_rows(),
        'benchmark_files_not_read': (
            self._benchmarks.unread if self._benchmarks else {}
        ),
        'vocabulary': self._vocabulary,
        **self.tally.as_dict(self.split_by),
        'reader': tally.by_count(self._by_name('reader')),
        'content_hash': f'{self.tally.digest:032x}',
        'failures': failures,
    }

  def _by_name(self, kind: str) -> dict[Any, int]:
    """The counts of (kind, name) by name."""
    rows = [(key[1], n) for key, n in self.counts.items() if key[0] == kind]
    return dict(sorted(rows))

  def _benchmark_rows(self) -> dict[str, dict[str, int]]:
    if self._benchmarks is None:
      return {}
    return {
        name: {
            'functions_of_it': int((self._benchmarks.owners == i).sum()),
            'equal': self.counts['benchmark', i, 'equal'],
            'near': self.counts['benchmark', i, 'near'],
            'sources_removed': self.counts['removed_sources', i],
            'functions_removed': self.counts['removed', i],
        }
        for i, name in enumerate(self._benchmarks.names)
    }

  def as_markdown(self) -> str:
    """The report as a person reads it."""
    return as_markdown(self.as_dict())

  def save(self, folder: os.PathLike[str]) -> None:
    """Writes `report.json` and `report.md` into the folder."""
    folder = epath.Path(folder)
    text = json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + '\n'
    (folder / 'report.json').write_text(text, encoding='utf-8')
    (folder / 'report.md').write_text(self.as_markdown(), encoding='utf-8')


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


def as_markdown(report: dict[str, Any]) -> str:
  """The whole report as tables, of what `Report.as_dict` gives."""
  others = report['files']['other']
  named = ', '.join(f'{n} {suffix}' for suffix, n in others.items())
  lines = [
      *_HEAD.format(
          summary=summary(report),
          others=f' ({named})'.replace('|', '\\|') if others else '',
          num_others=sum(others.values()),
          sample=_sample(report['vocabulary']),
          **report,
      ).splitlines(),
      '',
      '## Splits',
      '',
      f"Split by {report['split_by']}.",
      '',
      *markdown.table(
          ('split', 'examples', f"{report['split_by']}s"),
          [(name, *row.values()) for name, row in report['splits'].items()],
      ),
      '',
      '## Lengths',
      '',
      *markdown.table(
          ('of a function', *report['lengths']['tokens']),
          [(name, *row.values()) for name, row in report['lengths'].items()],
      ),
  ]

  def add(title, header, rows):
    nonlocal lines
    lines += ['', f'## {title}', '', *markdown.table(header, rows)]

  if len(report['views']['found']) > 1 or report['views']['lost']:
    rows = [(k or '(as it is)', n) for k, n in report['views']['found'].items()]
    add('Views', ('view', 'functions found'), rows)
    if report['views']['lost']:
      rows = list(report['views']['lost'].items())[:_MAX_FAILURES]
      lines += [
          '',
          *markdown.table(('views that LLVM could not make', 'files'), rows),
      ]
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
    add('Decontamination', header, rows)
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
    add('Coverage of the vocabulary', header, rows)
  for key in ('language', 'opt_level', 'llvm', 'package', 'licence'):
    items = list(report[key].items())
    rows = [(name or '(unknown)', n) for name, n in items[:_MAX_ROWS]]
    if len(items) > _MAX_ROWS:
      more = items[_MAX_ROWS:]
      rows.append((f'({len(more)} more)', sum(n for _, n in more)))
    add(f'Functions by {key}', (key, 'functions'), rows)
  if report['reader']:
    rows = list(report['reader'].items())
    add('Counts of the reader', ('', 'number'), rows)
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
