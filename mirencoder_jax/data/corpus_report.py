"""`Report`: what became of every file and function of a corpus.

Station in the flow: filled by `data.corpus` while it works; written beside the
shards as `report.json` (for programs) and `report.md` (for people). Everything
that was left out, cut or unknown is counted here, never silent.
"""

import array
import collections
from collections.abc import Iterable
import pathlib
import json
from typing import Any

import numpy as np

from mirencoder_jax.data import corpus_files
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import packing
from mirencoder_jax.data import worker_pool

# The row length that windows are counted for.
ROW_TOKENS = 512
_UNKNOWN_ID = 1
_PERCENTILES = (50, 75, 90, 95, 99, 100)
_FAILURES_IN_MARKDOWN = 50


class Report:
  """Counts of one job.

  Attributes:
    num_duplicates: functions left out for one of equal normalised hash.
    num_in_both_splits: functions left out of the validation side because they
      are on the training side.
    num_resumed: files read by an earlier, interrupted run.
    split_by: 'program', 'file' or 'function': what stays on one side.
  """

  def __init__(self, source: str):
    self.num_duplicates = 0
    self.num_in_both_splits = 0
    self.num_resumed = 0
    self.split_by = 'program'
    self._source = source
    self._files: dict[str, Any] = {}
    self._failures: dict[str, worker_pool.Failure] = {}
    self._num_functions = 0
    self._num_lost = 0
    self._reader_counts = collections.Counter()
    self._vocabulary: dict[str, Any] = {}
    self._examples = collections.Counter()  # of each split
    self._programs = collections.defaultdict(set)  # of each split
    self._num_windows = 0
    self._num_long = 0
    self._num_unknown = 0
    self._by = {key: collections.Counter() for key in ('language', 'opt_level', 'llvm')}
    self._lengths = {
        name: array.array('q')
        for name in ('instructions', 'tokens', 'nodes', 'edges')
    }
    self._digest = 0

  def add_failure(self, name: str, failure: worker_pool.Failure) -> None:
    self._failures[name] = failure

  def add_lost(self, num_functions: int) -> None:
    """Notes functions that were read and could not be encoded."""
    self._num_lost += num_functions

  def set_reads(
      self, files: corpus_files.CorpusFiles, reads: Iterable[Any]
  ) -> None:
    """Notes what the first pass read."""
    reads = list(reads)
    self._files = {
        'found': len(files.files),
        'read': len(reads),
        'with_functions': sum(bool(read.functions) for read in reads),
        'unverified': sum(read.unverified for read in reads),
        'other': dict(sorted(files.others.items())),
    }
    self._num_functions = sum(len(read.functions) for read in reads)
    for read in reads:
      self._reader_counts.update(read.counts)
      if not read.functions:
        failure = worker_pool.Failure('empty', 'a module without definitions')
        self.add_failure(read.name, failure)

  def set_vocabulary(self, tokenizer, path: str | None) -> None:
    self._vocabulary = {
        'size': tokenizer.vocab_size,
        'hash': tokenizer.hash,
        'from': 'a file' if path else 'the training split',
    }

  def add_example(
      self, split: str, example: example_lib.Example, digest: int
  ) -> None:
    """Counts an example that goes to the shards."""
    self._examples[split] += 1
    self._programs[split].add(example['program'])
    num_tokens = len(example['tokens'])
    self._lengths['instructions'].append(len(example['instruction_offset']) - 1)
    self._lengths['tokens'].append(num_tokens)
    self._lengths['nodes'].append(len(example['node_kind']))
    self._lengths['edges'].append(len(example['senders']))
    bounds = packing.cut_windows(
        num_tokens, example['instruction_offset'], ROW_TOKENS
    )
    self._num_windows += len(bounds) - 1
    self._num_long += len(bounds) > 2
    for name in ('tokens', 'text_tokens'):
      self._num_unknown += int((example[name] == _UNKNOWN_ID).sum())
    for key, counter in self._by.items():
      counter[example[key]] += 1
    # A sum, so that the order in which workers end does not matter.
    self._digest = (self._digest + digest) % 2**128

  def nothing_read(self) -> str:
    """An error message for a job that found no function at all."""
    first = [
        f'{name}: {failure.message}'
        for name, failure in sorted(self._failures.items())[:3]
    ]
    return (
        f"{self._source}: none of the {self._files['found']} .ll and .bc files "
        'holds a function that can be read; ' + '; '.join(first)
    )

  def as_dict(self) -> dict[str, Any]:
    """The report as JSON can hold it."""
    failures = [
        {'file': name, **failure._asdict()}
        for name, failure in sorted(self._failures.items())
    ]
    reasons = collections.Counter(row['reason'] for row in failures)
    num_examples = sum(self._examples.values())
    return {
        'source': self._source,
        'files': self._files
        | {'failed': len(failures), 'failed_by_reason': _by_count(reasons)},
        'functions': {
            'found': self._num_functions,
            'duplicates': self.num_duplicates,
            'in_both_splits': self.num_in_both_splits,
            'not_encoded': self._num_lost,
            'written': num_examples,
        },
        'splits': {
            split: {
                'examples': count,
                f'{self.split_by}s': len(self._programs[split]),
            }
            for split, count in sorted(self._examples.items())
        },
        'split_by': self.split_by,
        'vocabulary': self._vocabulary,
        'unknown_tokens': self._num_unknown,
        'windows': {
            'row_tokens': ROW_TOKENS,
            'windows': self._num_windows,
            'functions_of_several': self._num_long,
        },
        'totals': {name: sum(x) for name, x in self._lengths.items()},
        'lengths': {
            name: {f'p{p}': _percentile(x, p) for p in _PERCENTILES}
            for name, x in self._lengths.items()
        },
        **{key: _by_count(counter) for key, counter in self._by.items()},
        'reader': _by_count(self._reader_counts),
        'content_hash': f'{self._digest:032x}',
        'failures': failures,
    }

  def as_markdown(self) -> str:
    """The report as a person reads it."""
    return _markdown(self.as_dict())

  def save(self, folder: pathlib.Path) -> None:
    """Writes `report.json` and `report.md` into the folder."""
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


def _markdown(report: dict[str, Any]) -> str:
  files, functions = report['files'], report['functions']
  totals, windows = report['totals'], report['windows']
  others = ', '.join(f'{n} {suffix}' for suffix, n in files['other'].items())
  lines = [
      '# Corpus report',
      '',
      f"Source: `{report['source']}`. {summary(report)}.",
      '',
      *_table(
          ('', 'number'),
          [
              ('files found (.ll, .bc)', files['found']),
              ('files read', files['read']),
              ('... as text only, not verified by LLVM', files['unverified']),
              ('files without a function, or not read', files['failed']),
              (f"other files{f' ({others})' if others else ''}", sum(files['other'].values())),
              ('functions found', functions['found']),
              ('... duplicates, left out', functions['duplicates']),
              (
                  '... of the training side, left out of the validation',
                  functions['in_both_splits'],
              ),
              ('... read but not encoded', functions['not_encoded']),
              ('functions written', functions['written']),
              ('instructions', totals['instructions']),
              ('tokens', totals['tokens']),
              ('unknown tokens', report['unknown_tokens']),
              ('nodes', totals['nodes']),
              ('edges', totals['edges']),
              (f"windows of {windows['row_tokens']} tokens", windows['windows']),
              (
                  '... functions of more than one window',
                  windows['functions_of_several'],
              ),
          ],
      ),
      '',
      f"Vocabulary: {report['vocabulary']['size']:,} entries, from "
      f"{report['vocabulary']['from']}, hash `{report['vocabulary']['hash']}`.",
      f"Content hash: `{report['content_hash']}`.",
      '',
      '## Splits',
      '',
      f"Split by {report['split_by']}.",
      '',
      *_table(
          ('split', 'examples', f"{report['split_by']}s"),
          [(name, *row.values()) for name, row in report['splits'].items()],
      ),
      '',
      '## Lengths',
      '',
      *_table(
          ('of a function', *(f'p{p}' for p in _PERCENTILES[:-1]), 'maximum'),
          [(name, *row.values()) for name, row in report['lengths'].items()],
      ),
  ]
  for key in ('language', 'opt_level', 'llvm'):
    rows = [(name or '(unknown)', n) for name, n in report[key].items()]
    lines += ['', f'## Functions by {key}', '', *_table((key, 'functions'), rows)]
  if report['reader']:
    rows = list(report['reader'].items())
    lines += ['', '## Counts of the reader', '', *_table(('', 'number'), rows)]
  if report['failures']:
    lines += ['', '## Files without a function, or not read', '']
    shown = report['failures'][:_FAILURES_IN_MARKDOWN]
    for row in shown:
      place = f", line {row['line']}" if row['line'] is not None else ''
      message = ' '.join(row['message'].split())[:300]
      lines.append(f"- `{row['file']}`{place} ({row['reason']}): {message}")
    if len(report['failures']) > len(shown):
      more = len(report['failures']) - len(shown)
      lines.append(f'- and {more:,} more, all in `report.json`')
  return '\n'.join(lines) + '\n'


def _table(header: tuple, rows: Iterable[tuple]) -> list[str]:
  def line(cells):
    texts = (f'{c:,}' if isinstance(c, int) else str(c) for c in cells)
    return f"| {' | '.join(texts)} |"

  rule = '|---' + '|---:' * (len(header) - 1) + '|'
  return [line(header), rule, *map(line, rows)]


def _by_count(counter: collections.Counter) -> dict[str, int]:
  """A dict, largest first, that does not depend on the order of counting."""
  return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _percentile(values: array.array, percent: int) -> int:
  if not values:
    return 0
  return int(np.percentile(np.asarray(values), percent, method='nearest'))
