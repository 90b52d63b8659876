"""`Corpus`: a folder or archive of LLVM IR into examples, over many processes.

`corpus.files` in, `data.example.Example`s out, for the dataset builders. Two
passes, each over all processes:

  read    file -> Module and its views, kept in a working file, with word counts
          and fingerprints
  plan    which functions are new, which side of the split they are on
  train   the vocabulary, on a sample of the training side (unless given)
  encode  Module -> examples

What comes out does not depend on the number of processes nor on their timing.
A file that cannot be read costs that file only and is named in the report. An
interrupted run finds the modules it has read in the working folder.
"""

import collections
import functools
import os
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tqdm

from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.corpus import first_pass, job, passes, store, worker_pool
from mirencoder_jax.corpus.job import CorpusConfig
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.storage import machine

_MODULES_AT_ONCE = 32


class Corpus(job.Job):
  """A job that processes of this machine do."""

  def __init__(
      self,
      files: corpus_files.IrSource,
      work_dir: str | os.PathLike,
      config: CorpusConfig,
  ):
    super().__init__(files, config)
    self._store = store.CorpusStore(pathlib.Path(work_dir))
    self._pool = worker_pool.WorkerPool(
        config.processes or machine.num_cores(),
        # The file itself, and each of its views.
        config.timeout * (1 + len(config.views)),
    )

  def close(self) -> None:
    """Ends the worker processes."""
    self._pool.close()
    self._store.close()

  def examples(self, split: str) -> Iterator[tuple[str, example_lib.Example]]:
    """Yields a key and an example for each function of the split."""
    largest_first = sorted(
        self._plans[split],
        key=lambda plan: -plan.read.functions.num_instructions,
    )
    plans = {plan.read.name: plan for plan in largest_first}
    encode = functools.partial(
        passes.encode,
        str(self._store.modules),
        str(self._store.vocab),
    )
    with self._bar(f'writing {split}', len(plans)) as bar:
      tasks = (
          self._encode_task(plan) | {'span': plan.read.spans[-2:]}
          for plan in plans.values()
      )
      for task, outcome in self._pool.map(encode, tasks):
        name = task['name']
        bar.update()
        if outcome.failure is not None:
          self.report.add_failure(name, outcome.failure)
          self.report.counts['not_encoded',] += len(task['indices'])
          continue
        examples, coverage = outcome.value
        origin = self._origin(plans[name].read)
        self.report.tally.add_coverage(origin.language, coverage)
        for index, example, digest in examples:
          self.report.tally.add(split, example, digest, origin)
          yield f'{name}#{index}', example

  def clear(self) -> None:
    self._store.clear()

  def _open(self):
    settings = job.open_settings(self._config, self._pool)
    self._store.open()
    return settings

  def _read(self) -> dict[str, first_pass.FileRead]:
    """The first pass; takes from the working file what is there already."""
    limit = int(self._config.max_file_mb * 2**20)
    views = self._config.views
    salt = '-'.join((passes.read_stamp(), *views)) + self._files.stamp
    stamps = {f.name: f'{f.size}-{f.stamp}' for f in self._files.files}
    reads = self._store.resume(salt, stamps)
    self.report.num_resumed = len(reads)
    wanted = []
    for file in self._files.files:
      if file.size > limit:
        self._add_too_large(file.name, file.size)
      elif file.name not in reads:
        wanted.append(file)
    # Large ones first: no process is left with one when the others have ended.
    wanted.sort(key=lambda file: -file.size)
    read_file = functools.partial(passes.read_file, views, self._config.timeout)
    with self._bar('reading', len(reads) + len(wanted)) as bar:
      bar.update(len(reads))
      tasks = (
          {'name': file.name, 'path': file.path, 'data': data}
          for file, data in self._files.read(wanted)
          # Rows of Parquet files do not say their size beforehand.
          if len(data) <= limit or self._add_too_large(file.name, len(data))
      )
      for task, outcome in self._pool.map(read_file, tasks):
        name = task['name']
        bar.update()
        if outcome.failure is not None:
          self.report.add_failure(name, outcome.failure)
          continue
        reads[name] = self._store.append(name, stamps[name], outcome.value)
    return reads

  def _signatures(self, reads: Sequence[first_pass.ModuleRead]) -> np.ndarray:
    return store.map_signatures(self._store.modules, reads)

  def _count_words(
      self, tasks: Sequence[tuple[first_pass.ModuleRead, list[int]]]
  ) -> dict[str, int]:
    count = functools.partial(passes.count_words, str(self._store.modules))
    rows = [
        {'span': read.spans[:2], 'indices': indices} for read, indices in tasks
    ]
    total = collections.Counter()
    # Many modules a task: the counts of one are soon sent and soon added.
    for _, outcome in self._pool.map(count, _batched(rows)):
      if outcome.failure is not None:
        raise corpus_files.CorpusError(
            f'words could not be counted: {outcome.failure.message}'
        )
      total.update(outcome.value)
    return dict(total)

  def _num_threads(self) -> int:
    # All else waits for the vocabulary, so it may have the workers' cores.
    return self._pool.processes

  def _encode(self) -> None:
    self.tokenizer.save(self._store.vocab)

  def _bar(self, what: str, total: int) -> tqdm.tqdm:
    # A log file gets a line now and then, a terminal a bar.
    every = 0.2 if sys.stderr.isatty() else 30.0
    return tqdm.tqdm(
        desc=what,
        total=total,
        unit=' files',
        file=sys.stderr,
        mininterval=every,
        disable=not self._config.progress,
    )


def _batched(tasks: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
  for start in range(0, len(tasks), _MODULES_AT_ONCE):
    yield tasks[start : start + _MODULES_AT_ONCE]
