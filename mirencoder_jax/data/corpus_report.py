"""`Report`: what became of every file and function of a corpus.

Station in the flow: filled by `data.corpus` while it works; written beside the
shards as `report.json` (for programs) and `report.md` (for people). Everything
that was left out, cut or unknown is counted here, never silent.
"""

import collections
import json
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from etils import epath

from mirencoder_jax.data import (
    corpus_decontamination,
    corpus_files,
    corpus_markdown,
    corpus_plan,
    corpus_tally,
    worker_pool,
)


class Report:
  """Counts of one job.

  Attributes:
    num_resumed: files read by an earlier, interrupted run.
    tally: counts of the examples.
  """

  def __init__(self, source: str):
    self.num_resumed = 0
    self.tally = corpus_tally.Tally()
    self._plan: corpus_plan.Plan | None = None
    self._source = source
    self._files: dict[str, Any] = {}
    self._failures: dict[str, worker_pool.Failure] = {}
    self._functions: dict[str, int] = {}
    self._found_in_view = collections.Counter()
    self._lost_views = collections.Counter()  # by reason and pipeline
    self._benchmarks: dict[str, dict[str, int]] = {}
    self._unread_benchmarks: dict[str, str] = {}
    self._num_lost = 0
    self._reader_counts = collections.Counter()
    self._vocabulary: dict[str, Any] = {}

  def add_failure(self, name: str, failure: worker_pool.Failure) -> None:
    self._failures[name] = failure

  def add_lost(self, num_functions: int) -> None:
    """Notes functions that were read and could not be encoded."""
    self._num_lost += num_functions

  def add_lost_views(self, file: str, lost: Iterable[list[str]]) -> None:
    """Notes views of a file that LLVM could not make."""
    for view, pipeline, reason, message in lost:
      self._lost_views[f'{reason}: {pipeline or view}'] += 1
      if reason != 'unverified':
        failure = worker_pool.Failure(f'view {reason}', message)
        self.add_failure(f'{file}@{pipeline}', failure)

  def set_reads(
      self,
      files: corpus_files.IrSource,
      reads: Iterable[corpus_plan.ModuleRead],
  ) -> None:
    """Notes what the first pass read."""
    reads = list(reads)
    originals = [read for read in reads if not read.view]
    self._files = {
        'found': len(files.files),
        'read': len(originals),
        'with_functions': sum(bool(read.functions) for read in originals),
        'unverified': sum(read.unverified for read in originals),
        'other': dict(sorted(files.others.items())),
    }
    for read in reads:
      self._found_in_view[read.view] += len(read.functions)
      self._reader_counts.update({} if read.view else read.counts)
    self._functions = {
        'found': sum(self._found_in_view.values()),
        'before_views': self._found_in_view[''],
        'distinct_before_views': _num_distinct(originals),
        'distinct': _num_distinct(reads),
    }
    for read in originals:
      if not read.functions:
        failure = worker_pool.Failure('empty', 'a module without definitions')
        self.add_failure(read.name, failure)

  def set_contamination(
      self,
      benchmarks: corpus_decontamination.Benchmarks,
      found: np.ndarray,
      is_exact: np.ndarray,
  ) -> None:
    """Notes which functions are of a benchmark, see `Benchmarks.find`."""
    self._unread_benchmarks = benchmarks.unread
    for i, name in enumerate(benchmarks.names):
      self._benchmarks[name] = {
          'functions_of_it': int((benchmarks.owners == i).sum()),
          'equal': int(((found == i) & is_exact).sum()),
          'near': int(((found == i) & ~is_exact).sum()),
      }

  def set_plan(self, plan: corpus_plan.Plan) -> None:
    """Notes what is left out."""
    self._plan = plan
    for i, row in enumerate(self._benchmarks.values()):
      sources, functions = plan.contaminated.get(i, (0, 0))
      row |= {'sources_removed': sources, 'functions_removed': functions}

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
    return {
        'source': self._source,
        'files': self._files
        | {
            'failed': len(failures),
            'failed_by_reason': corpus_tally.by_count(reasons),
        },
        'functions': {
            **self._functions,
            'contaminated': sum(
                functions for _, functions in self._plan.contaminated.values()
            ),
            'duplicates': self._plan.num_duplicates,
            'in_both_splits': self._plan.num_in_both_splits,
            'near_duplicates': self._plan.num_near_duplicates,
            'near_in_both_splits': self._plan.num_near_both_splits,
            'not_encoded': self._num_lost,
            'written': sum(self.tally.examples.values()),
        },
        'split_by': self._plan.split_by,
        'views': {
            'found': dict(sorted(self._found_in_view.items())),
            'lost': corpus_tally.by_count(self._lost_views),
        },
        'benchmarks': self._benchmarks,
        'benchmark_files_not_read': self._unread_benchmarks,
        'vocabulary': self._vocabulary,
        **self.tally.as_dict(self._plan.split_by),
        'reader': corpus_tally.by_count(self._reader_counts),
        'content_hash': f'{self.tally.digest:032x}',
        'failures': failures,
    }

  def as_markdown(self) -> str:
    """The report as a person reads it."""
    return corpus_markdown.markdown(self.as_dict())

  def save(self, folder: os.PathLike[str]) -> None:
    """Writes `report.json` and `report.md` into the folder."""
    folder = epath.Path(folder)
    text = json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + '\n'
    (folder / 'report.json').write_text(text, encoding='utf-8')
    (folder / 'report.md').write_text(self.as_markdown(), encoding='utf-8')


def _num_distinct(reads: Iterable[corpus_plan.ModuleRead]) -> int:
  return len({digest for read in reads for _, digest, _ in read.functions})
