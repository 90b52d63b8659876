"""`Job`: what making a corpus is, whoever does the work.

Those do what grows with bytes: read the files, count words, encode. What is
decided, and counted, is decided and counted here, of what the first pass left
of every function.
"""

import abc
import contextlib
import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from mirencoder_jax import ir
from mirencoder_jax.corpus import (
    decontamination,
    first_pass,
    origins,
    passes,
    report,
    worker_pool,
)
from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.corpus import plan as corpus_plan
from mirencoder_jax.ir import views as ir_views
from mirencoder_jax.storage import machine


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
      `decontamination.load`.
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


class Job(abc.ABC):
  """The state of one job; call `prepare`, then `examples` for each split.

  Attributes:
    report: `report.Report`, complete once all examples were taken.
    tokenizer: of all the examples.
    splits: those that have examples, known after `prepare`.
  """

  def __init__(self, files: corpus_files.IrSource, config: CorpusConfig):
    self._files = files
    self._config = config
    self._plans: dict[str, list[corpus_plan.ModulePlan]] = {}
    self.report = report.Report(files)
    self.tokenizer: ir.Tokenizer | None = None

  @property
  def splits(self) -> list[str]:
    return [split for split, plans in self._plans.items() if plans]

  def prepare(self) -> None:
    """Reads all files, plans the splits and gets the vocabulary.

    Raises:
      CorpusError: if there is no function in any file, or another process is
        at the same corpus.
    """
    # Before the long work, so that a bad path is an error at once.
    tokenizer, benchmarks = self._open()
    reads = self._collect(self._read())
    plan = self._plan(reads, benchmarks)
    if not any(plan.splits.values()):
      self.clear()
      raise corpus_files.CorpusError(self.report.nothing_read())
    self._plans = plan.splits
    sample = None
    if tokenizer is None:
      tasks = self._sampled()
      counts = self._count_words(tasks)
      sample = {
          'functions': sum(len(indices) for _, indices in tasks),
          'words': sum(counts.values()),
          'distinct_words': len(counts),
      }
      tokenizer = ir.tokenizer.train(
          counts, self._config.vocab_size, self._num_threads()
      )
    self.tokenizer = tokenizer
    self.report.set_vocabulary(tokenizer, sample)
    self._encode()

  @abc.abstractmethod
  def examples(self, split: str) -> Any:
    """A key and an example for each function of the split."""

  @abc.abstractmethod
  def clear(self) -> None:
    """Removes the working files; not before the shards are in place."""

  @abc.abstractmethod
  def close(self) -> None:
    """Ends the processes."""

  @abc.abstractmethod
  def _open(
      self,
  ) -> tuple[ir.Tokenizer | None, decontamination.Benchmarks | None]:
    """Takes the working folder; gives what `open_settings` does."""

  @abc.abstractmethod
  def _read(self) -> dict[str, first_pass.FileRead]:
    """The first pass: what was made of each file, by name."""

  @abc.abstractmethod
  def _signatures(self, reads: Sequence[first_pass.ModuleRead]) -> np.ndarray:
    """Fingerprints of all functions of the modules, uint32 [n, NUM_HASHES]."""

  @abc.abstractmethod
  def _count_words(
      self, tasks: Sequence[tuple[first_pass.ModuleRead, list[int]]]
  ) -> dict[str, int]:
    """How often each word comes in some functions of some modules."""

  @abc.abstractmethod
  def _encode(self) -> None:
    """Gets ready for `examples`."""

  def _num_threads(self) -> int:
    """Of training the vocabulary."""
    return 1

  def _add_too_large(self, name: str, size: int) -> None:
    failure = corpus_files.too_large(size, self._config.max_file_mb)
    self.report.add_failure(name, failure)

  def _collect(
      self, reads: dict[str, first_pass.FileRead]
  ) -> list[first_pass.ModuleRead]:
    """The modules in the order of names, not the one in which workers ended."""
    for name, failure in self._files.problems.items():
      self.report.add_failure(name, failure)
    ordered = [
        reads[file.name] for file in self._files.files if file.name in reads
    ]
    for read in ordered:
      self.report.add_lost_views(read.name, read.lost)
    modules = [module for read in ordered for module in read.modules]
    self.report.counts.update(corpus_plan.read_counts(modules))
    return modules

  def _plan(
      self,
      reads: list[first_pass.ModuleRead],
      benchmarks: decontamination.Benchmarks | None,
  ) -> corpus_plan.Plan:
    threshold = self._config.near_duplicates
    signatures = contaminated = None
    if threshold or benchmarks is not None:
      signatures = self._signatures(reads)
    if benchmarks is not None:
      hashes = (h for read in reads for h in read.functions.hashes)
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

  def _sampled(self) -> list[tuple[first_pass.ModuleRead, list[int]]]:
    """Training functions, by module, that the vocabulary is trained on."""
    plans = self._plans[corpus_plan.TRAIN]
    num_functions = sum(len(plan.indices) for plan in plans)
    limit = self._config.vocab_functions
    tasks = []
    for plan in plans:
      hashes = plan.read.functions.hashes
      sampled = [
          i
          for i in plan.indices
          if corpus_plan.is_sampled(hashes[i], limit, num_functions)
      ]
      if sampled:
        tasks.append((plan.read, sampled))
    return tasks

  def _encode_task(self, plan: corpus_plan.ModulePlan) -> dict[str, Any]:
    return passes.encode_task(
        plan.read._asdict(), self._origin(plan.read), plan.indices, plan.groups
    )

  def _origin(self, read: first_pass.ModuleRead) -> origins.Origin:
    return corpus_files.origin_of(self._files, read.file, self._config.group)


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
