"""`Corpus`: a folder or archive of LLVM IR into examples, over many processes.

Station in the flow: `data.corpus_files` in, `data.example.Example`s out, for
the dataset builders. Two passes, each over all processes:

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
import contextlib
import dataclasses
import functools
import os
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import tqdm

from mirencoder_jax import ir
from mirencoder_jax.corpus import (
    decontamination,
    passes,
    report,
    store,
    worker_pool,
)
from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.corpus import origins as corpus_origins
from mirencoder_jax.corpus import plan as corpus_plan
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.ir import views as ir_views
from mirencoder_jax.storage import machine

_MODULES_AT_ONCE = 32


@dataclasses.dataclass(frozen=True)
class CorpusConfig:
  """How a corpus is read.

  Attributes:
    processes: number of worker processes; 0 for one per core.
    vocab: path of a vocabulary to use; None trains one.
    vocab_size: of the vocabulary that is trained, at most.
    vocab_functions: functions that it is trained on, at most; a sample of
      the training split.
    validation_rate: share of the functions that are held out, about; whole
      programs go to one side.
    max_file_mb: files over this size are left out.
    timeout: seconds that one file, or one view of it, may take in one pass.
    group: what stays on one side of the split: 'program' or 'file'.
    views: views to make of every file, see `ir.views`; none by default.
    near_duplicates: similarity (0 to 1) from which on functions of two sources
      are near-duplicates, of which one stays; 0 to keep them all.
    decontaminate: benchmarks whose functions must not be in the corpus, see
      `corpus_decontamination.load`.
    save_benchmarks: where to keep their fingerprints.
    progress: whether to draw progress bars on stderr.
  """

  processes: int = 0
  vocab: str | os.PathLike | None = None
  vocab_size: int = 8192
  vocab_functions: int = 100_000
  validation_rate: float = 0.12
  max_file_mb: float = 256.0
  timeout: float = 300.0
  group: str = 'program'
  views: Sequence[str] = ()
  near_duplicates: float = 0.85
  decontaminate: Sequence[str] = ()
  save_benchmarks: str | None = None
  progress: bool = True

  def __post_init__(self):
    if self.group not in ('program', 'file'):
      raise ValueError(f"group {self.group!r} is neither 'program' nor 'file'")
    if self.processes < 0:
      raise ValueError(f'processes {self.processes} is less than 0')
    if not 0 <= self.validation_rate < 1:
      raise ValueError(
          f'validation_rate {self.validation_rate} is not at least 0 and less '
          'than 1'
      )
    if not 0 <= self.near_duplicates <= 1:
      raise ValueError(
          f'near_duplicates {self.near_duplicates} is not between 0 and 1'
      )
    ir_views.check_names(self.views)


class Corpus:
  """The state of one job; call `prepare`, then `examples` for each split.

  Attributes:
    report: `corpus_report.Report`, complete once all examples were taken.
    tokenizer: of all the examples.
  """

  def __init__(
      self,
      files: corpus_files.IrSource,
      work_dir: str | os.PathLike,
      config: CorpusConfig,
  ):
    self._files = files
    self._config = config
    self._store = store.CorpusStore(pathlib.Path(work_dir))
    self._plans: dict[str, list[corpus_plan.ModulePlan]] = {}
    self._pool = worker_pool.WorkerPool(
        config.processes or machine.num_cores(),
        # The file itself, and each of its views.
        config.timeout * (1 + len(config.views)),
    )
    self.report = report.Report(files)
    self.tokenizer = None

  def close(self) -> None:
    """Ends the worker processes."""
    self._pool.close()
    self._store.close()

  @property
  def splits(self) -> list[str]:
    """The splits that have examples, known after `prepare`."""
    return [split for split, plans in self._plans.items() if plans]

  def prepare(self) -> None:
    """Reads all files, plans the splits and gets the vocabulary.

    Raises:
      CorpusError: if there is no function in any file, or another process is
        at the same corpus.
    """
    # Before the long work, so that a bad path is an error at once.
    tokenizer, benchmarks = open_settings(self._config, self._pool)
    self._store.open()
    reads = self._read()
    plan = self._plan(reads, benchmarks)
    if not any(plan.splits.values()):
      self.clear()
      raise corpus_files.CorpusError(self.report.nothing_read())
    self._plans = plan.splits
    sample = None
    if tokenizer is None:
      counts, sample = self._count_words()
      # All else waits for it, so it may have the workers' cores.
      tokenizer = ir.tokenizer.train(
          counts, self._config.vocab_size, self._pool.processes
      )
    self.tokenizer = tokenizer
    self.report.set_vocabulary(tokenizer, sample)
    tokenizer.save(self._store.vocab)

  def examples(self, split: str) -> Iterator[tuple[str, example_lib.Example]]:
    """Yields a key and an example for each function of the split."""
    largest_first = sorted(
        self._plans[split],
        key=lambda plan: -sum(size for *_, size in plan.read.functions),
    )
    plans = {plan.read.name: plan for plan in largest_first}
    encode = functools.partial(
        passes.encode,
        str(self._store.modules),
        str(self._store.vocab),
    )
    with self._bar(f'writing {split}', len(plans)) as bar:
      tasks = (self._encode_task(plan) for plan in plans.values())
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
    """Removes the working files; not before the shards are in place."""
    self._store.clear()

  def _read(self) -> list[corpus_plan.ModuleRead]:
    """The first pass; takes from the working file what is there already."""
    limit = int(self._config.max_file_mb * 2**20)
    known = self._store.resume()
    views = self._config.views
    salt = '-'.join((passes.read_stamp(), *views)) + self._files.stamp
    keys = {
        file.name: f'{salt}-{file.size}-{file.stamp}'
        for file in self._files.files
    }
    reads = {
        name: known[name]
        for name, key in keys.items()
        if name in known and known[name].key == key
    }
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
        reads[name] = self._store.append(name, keys[name], outcome.value)
    for name, failure in self._files.problems.items():
      self.report.add_failure(name, failure)
    # The order of names, not the one in which workers happened to end.
    ordered = [
        reads[file.name] for file in self._files.files if file.name in reads
    ]
    for read in ordered:
      self.report.add_lost_views(read.name, read.lost)
    modules = [module for read in ordered for module in read.modules]
    self.report.counts.update(corpus_plan.read_counts(modules))
    return modules

  def _add_too_large(self, name: str, size: int) -> None:
    failure = corpus_files.too_large(size, self._config.max_file_mb)
    self.report.add_failure(name, failure)

  def _plan(
      self,
      reads: list[corpus_plan.ModuleRead],
      benchmarks: decontamination.Benchmarks | None,
  ) -> corpus_plan.Plan:
    threshold = self._config.near_duplicates
    signatures = contaminated = None
    if threshold or benchmarks is not None:
      signatures = self._store.signatures(reads)
    if benchmarks is not None:
      hashes = [digest for read in reads for _, digest, _ in read.functions]
      contaminated, is_exact = benchmarks.find(hashes, signatures, threshold)
      self.report.set_benchmarks(benchmarks)
      self.report.counts.update(
          ('benchmark', int(owner), 'equal' if equal else 'near')
          for owner, equal in zip(contaminated, is_exact, strict=True)
          if owner >= 0
      )
    origins = [self._origin(read) for read in reads]
    plan = corpus_plan.plan(
        reads,
        [origin.program for origin in origins],
        self._config.validation_rate,
        units=[origin.unit for origin in origins],
        signatures=signatures,
        threshold=threshold,
        contaminated=contaminated,
    )
    self.report.counts.update(plan.counts)
    self.report.split_by = plan.split_by
    return plan

  def _count_words(self) -> tuple[dict[str, int], dict[str, int]]:
    """Counts of the words of a sample of the training functions.

    Returns:
      Counts, and how large the sample is.
    """
    plans = self._plans[corpus_plan.TRAIN]
    num_functions = sum(len(plan.indices) for plan in plans)
    limit = self._config.vocab_functions
    tasks = []
    for plan in plans:
      digests = [digest for _, digest, _ in plan.read.functions]
      sampled = [
          i
          for i in plan.indices
          if corpus_plan.is_sampled(digests[i], limit, num_functions)
      ]
      if sampled:
        span = plan.read.spans[:2]
        tasks.append({'span': span, 'indices': sampled})
    count = functools.partial(passes.count_words, str(self._store.modules))
    total = collections.Counter()
    num_sampled = 0
    # Many modules a task: the counts of one are soon sent and soon added.
    for part, outcome in self._pool.map(count, _batched(tasks)):
      if outcome.failure is not None:
        raise corpus_files.CorpusError(
            f'words could not be counted: {outcome.failure.message}'
        )
      total.update(outcome.value)
      num_sampled += sum(len(task['indices']) for task in part)
    counts = dict(total)
    sample = {
        'functions': num_sampled,
        'words': sum(counts.values()),
        'distinct_words': len(counts),
    }
    return counts, sample

  def _encode_task(self, plan: corpus_plan.ModulePlan) -> dict[str, Any]:
    read = plan.read
    task = passes.encode_task(
        read._asdict(), self._origin(read), plan.indices, plan.groups
    )
    return task | {'span': read.spans[-2:]}

  def _origin(self, read: corpus_plan.ModuleRead) -> corpus_origins.Origin:
    return corpus_files.origin_of(self._files, read.file, self._config.group)

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


def open_settings(
    config: CorpusConfig, pool: worker_pool.WorkerPool | None = None
) -> tuple[ir.Tokenizer | None, decontamination.Benchmarks | None]:
  """The vocabulary and the benchmarks that a config names.

  Args:
    config: of the job.
    pool: reads the benchmarks; one of its own by default.

  Raises:
    CorpusError: if they cannot be read.
  """
  tokenizer = benchmarks = None
  if config.vocab is not None:
    try:
      tokenizer = ir.Tokenizer.load(config.vocab)
    except (OSError, ValueError) as error:
      raise corpus_files.CorpusError(
          f'vocabulary {config.vocab}: {error}'
      ) from error
  if config.decontaminate:
    with contextlib.ExitStack() as stack:
      if pool is None:
        pool = stack.enter_context(
            worker_pool.WorkerPool(config.processes or machine.num_cores())
        )
      benchmarks = decontamination.load(config.decontaminate, pool)
    if config.save_benchmarks is not None:
      benchmarks.save(config.save_benchmarks)
  return tokenizer, benchmarks
