"""`Corpus`: a folder or archive of LLVM IR into examples, over many processes.

Station in the flow: `data.corpus_files` in, `data.example.Example`s out, for
the dataset builders. Two passes, each over all processes:

  read    file -> Module, kept in a working file, with its word counts
  plan    which functions are new, which side of the split they are on
  train   the vocabulary, on the words of the training side (unless given)
  encode  Module -> examples

What comes out does not depend on the number of processes nor on their timing.
A file that cannot be read costs that file only and is named in the report. An
interrupted run finds the modules it has read in the working folder.
"""

import collections
import dataclasses
import functools
import json
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import tqdm

try:
  import fcntl
except ImportError:  # not a POSIX system
  fcntl = None

from mirencoder_jax import ir
from mirencoder_jax.data import (
    corpus_files,
    corpus_origins,
    corpus_plan,
    corpus_report,
    corpus_tasks,
    worker_pool,
)
from mirencoder_jax.data import example as example_lib


@dataclasses.dataclass(frozen=True)
class CorpusConfig:
  """How a corpus is read.

  Attributes:
    processes: number of worker processes; 0 for one per core.
    vocab: path of a vocabulary to use; None trains one.
    vocab_size: of the vocabulary that is trained, at most.
    validation_rate: share of the programs that are held out.
    max_file_mb: files over this size are left out.
    timeout: seconds that one file may take in one pass.
    group: what stays on one side of the split: 'program' or 'file'.
    progress: whether to draw progress bars on stderr.
  """

  processes: int = 0
  vocab: str | os.PathLike | None = None
  vocab_size: int = 8192
  validation_rate: float = 0.12
  max_file_mb: float = 256.0
  timeout: float = 300.0
  group: str = 'program'
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


class Corpus:
  """The state of one job; call `prepare`, then `examples` for each split.

  Attributes:
    report: `corpus_report.Report`, complete once all examples were taken.
    tokenizer: of all the examples.
  """

  def __init__(
      self,
      files: corpus_files.CorpusFiles,
      work_dir: str | os.PathLike,
      config: CorpusConfig,
  ):
    self._files = files
    self._config = config
    self._work_dir = pathlib.Path(work_dir)
    self._plans: dict[str, list[corpus_plan.ModulePlan]] = {}
    self._pool = worker_pool.WorkerPool(
        config.processes or _num_cores(), config.timeout
    )
    self._lock = None
    self.report = corpus_report.Report(source=files.source)
    self.tokenizer = None

  def close(self) -> None:
    """Ends the worker processes."""
    self._pool.close()
    if self._lock is not None:
      self._lock.close()

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
    given = self._config.vocab
    tokenizer = None if given is None else _load_vocabulary(given)
    self._work_dir.mkdir(parents=True, exist_ok=True)
    self._take_lock()
    reads = self._read()
    group = self._config.group
    plan = corpus_plan.plan(
        reads,
        [
            read.name if group == 'file' else self._origin(read).program
            for read in reads
        ],
        self._config.validation_rate,
    )
    if not any(plan.splits.values()):
      self.clear()
      raise corpus_files.CorpusError(self.report.nothing_read())
    self.report.set_plan(plan)
    self._plans = plan.splits
    if tokenizer is None:
      counts = self._count_words()
      tokenizer = ir.tokenizer.train(counts, self._config.vocab_size)
    self.tokenizer = tokenizer
    self.report.set_vocabulary(tokenizer, str(given) if given else None)
    tokenizer.save(self._work_dir / 'vocab.json')

  def examples(self, split: str) -> Iterator[tuple[str, example_lib.Example]]:
    """Yields a key and an example for each function of the split."""
    plans = {plan.read.name: plan for plan in self._plans[split]}
    encode = functools.partial(
        corpus_tasks.encode,
        str(self._modules),
        str(self._work_dir / 'vocab.json'),
    )
    with self._bar(f'writing {split}', len(plans)) as bar:
      tasks = (self._encode_task(plan) for plan in plans.values())
      for task, outcome in self._pool.map(encode, tasks):
        name = task['name']
        bar.update()
        if outcome.failure is not None:
          self.report.add_failure(name, outcome.failure)
          self.report.add_lost(len(task['indices']))
          continue
        for index, example, digest in outcome.value:
          self.report.add_example(split, example, digest)
          yield f'{name}#{index}', example

  def clear(self) -> None:
    """Removes the working files; not before the shards are in place."""
    for path in (self._modules, self._index, self._work_dir / 'vocab.json'):
      path.unlink(missing_ok=True)
    for folder in (self._work_dir, self._work_dir.parent):
      if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()

  @property
  def _modules(self) -> pathlib.Path:
    return self._work_dir / 'modules.bin'

  @property
  def _index(self) -> pathlib.Path:
    return self._work_dir / 'modules.jsonl'

  def _take_lock(self) -> None:
    if fcntl is None:
      return
    self._lock = self._index.open('a')
    try:
      fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
      raise corpus_files.CorpusError(
          f'another process prepares this corpus ({self._work_dir} is locked); '
          'wait for it'
      ) from None

  def _read(self) -> list[corpus_plan.ModuleRead]:
    """The first pass; takes from the working file what is there already."""
    limit = int(self._config.max_file_mb * 2**20)
    known = self._resume()
    salt = corpus_tasks.code_stamp() + self._files.stamp
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
        failure = worker_pool.Failure(
            'too large',
            f'{file.size / 2**20:.0f} MB, over the limit of '
            f'{self._config.max_file_mb:g} MB; raise max_file_mb to read it',
        )
        self.report.add_failure(file.name, failure)
      elif file.name not in reads:
        wanted.append(file)
    with (
        self._bar('reading', len(reads) + len(wanted)) as bar,
        self._modules.open('ab') as modules,
        self._index.open('a', encoding='utf-8') as index,
    ):
      bar.update(len(reads))
      tasks = (
          {'name': file.name, 'path': file.path, 'data': data}
          for file, data in self._files.read(wanted)
      )
      for task, outcome in self._pool.map(corpus_tasks.read_file, tasks):
        bar.update()
        if outcome.failure is not None:
          self.report.add_failure(task['name'], outcome.failure)
          continue
        summary, words, module = outcome.value
        start = modules.tell()
        modules.write(words)
        modules.write(module)
        modules.flush()
        read = corpus_plan.ModuleRead(
            name=task['name'],
            key=keys[task['name']],
            start=start,
            middle=start + len(words),
            end=modules.tell(),
            **summary,
        )
        index.write(json.dumps(read) + '\n')
        index.flush()
        reads[read.name] = read
    for name, failure in self._files.problems.items():
      self.report.add_failure(name, failure)
    # The order of names, not the one in which workers happened to end.
    reads = [
        reads[file.name] for file in self._files.files if file.name in reads
    ]
    self.report.set_reads(self._files, reads)
    return reads

  def _resume(self) -> dict[str, corpus_plan.ModuleRead]:
    """What an earlier run has left in the working files."""
    if not (self._index.exists() and self._modules.exists()):
      return {}
    size = self._modules.stat().st_size
    known = {}
    for line in self._index.read_text(encoding='utf-8').splitlines():
      try:
        read = corpus_plan.ModuleRead(*json.loads(line))
      except (ValueError, TypeError):  # the run ended while it wrote the line
        continue
      if read.end <= size:
        known[read.name] = read
    return known

  def _count_words(self) -> dict[str, int]:
    """Counts of the words of the training functions, most frequent first."""
    total = collections.Counter()
    with self._modules.open('rb') as modules:
      for plan in self._plans[corpus_plan.TRAIN]:
        modules.seek(plan.read.start)
        words = corpus_tasks.unpack(
            modules.read(plan.read.middle - plan.read.start)
        )
        for index in plan.indices:
          total.update(words[index])
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))

  def _encode_task(self, plan: corpus_plan.ModulePlan) -> dict[str, Any]:
    read = plan.read
    origin = self._origin(read)
    return {
        'name': read.name,
        'span': (read.middle, read.end),
        'indices': plan.indices,
        'groups': plan.groups,
        'provenance': {
            'module': read.name,
            'language': origin.language,
            'opt_level': origin.opt_level,
            'llvm': origin.llvm or read.llvm,
        },
    }

  def _origin(self, read: corpus_plan.ModuleRead) -> corpus_origins.Origin:
    return self._files.origin(read.name)

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


def _load_vocabulary(path: str | os.PathLike) -> ir.Tokenizer:
  try:
    return ir.Tokenizer.load(path)
  except (OSError, ValueError) as error:
    raise corpus_files.CorpusError(f'vocabulary {path}: {error}') from error


def _num_cores() -> int:
  """Cores that this process may use."""
  if hasattr(os, 'sched_getaffinity'):
    return len(os.sched_getaffinity(0))
  return os.cpu_count() or 1
