"""A corpus over Apache Beam: the same two passes, on one machine or many.

Three pipelines do what grows with bytes: read, count words, encode. The machine
that started them plans between them, of what `corpus.plan` says that it takes
of memory; the fingerprints are in a temporary file of that machine meanwhile.

All that is large goes through a working folder, which may be a bucket; the
dataset builder makes shards of the examples there.
"""

import collections
import os
import pathlib
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import fastavro
import numpy as np
from etils import epath

from mirencoder_jax import ir
from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.corpus import (
    first_pass,
    job,
    passes,
    plan,
    store,
    worker_pool,
)
from mirencoder_jax.corpus import tally as corpus_tally
from mirencoder_jax.corpus.job import CorpusConfig

# Between the pipelines: Avro is what Beam reads and writes anywhere, and what
# this machine reads and writes without Beam.
_AVRO = {
    'type': 'record',
    'name': 'Row',
    'fields': [
        {'name': 'key', 'type': 'string'},
        {'name': 'value', 'type': 'bytes'},
    ],
}
# What of a module goes where in the first pass, and what is made of it later.
_READS, _WORDS, _MODULES = 'reads', 'words', 'modules'
_SAMPLED, _COUNTS = 'sampled', 'counts'
_PLANNED, _OUTCOMES = 'planned', 'outcomes'
_SPLITS = (plan.TRAIN, plan.VALIDATION)
_VOCABULARY = 'vocab.json'


class BeamCorpus(job.Job):
  """A job that Beam's workers do; the report is complete after `prepare`."""

  def __init__(
      self,
      files: corpus_files.IrSource,
      work_dir: str | os.PathLike,
      config: CorpusConfig,
      options: Any = None,
  ):
    """A job.

    Args:
      files: the corpus; every machine reads its part of it.
      work_dir: folder that all machines reach.
      config: as for `corpus.Corpus`; `processes` and `progress` are Beam's.
      options: `PipelineOptions` of Beam; by default it runs on this machine.
    """
    super().__init__(files, config)
    self._work_dir = epath.Path(work_dir)
    self._options = options
    self._here = tempfile.TemporaryDirectory()
    self._signature_path = pathlib.Path(self._here.name) / 'signatures.bin'

  def examples(self, split: str) -> beam.PTransform:
    """Keys and examples of a split, as a dataset builder hands them to Beam."""
    return self._from_avro(split) | beam.Map(
        lambda row: (row['key'], passes.loads(row['value']))
    )

  def clear(self) -> None:
    if self._work_dir.exists():
      self._work_dir.rmtree()
    # The folder of all jobs, where this was the last.
    parent = self._work_dir.parent
    if parent.exists() and not any(parent.iterdir()):
      parent.rmdir()

  def close(self) -> None:
    """Removes what this machine kept for itself."""
    self._here.cleanup()

  def _open(self):
    settings = job.open_settings(self._config)
    # A run that was interrupted may have left more files than this one writes.
    if self._work_dir.exists():
      self._work_dir.rmtree()
    self._work_dir.mkdir(parents=True)
    return settings

  def _read(self) -> dict[str, first_pass.FileRead]:
    with beam.Pipeline(options=self._options) as pipeline:
      read = (
          pipeline
          | 'Files' >> beam.Create(self._files.chunks())
          # Without it a runner may keep all on the machine that lists them.
          | 'Spread' >> beam.Reshuffle()
          | 'Read'
          >> beam.ParDo(_Read(self._files, self._config)).with_outputs(
              _READS, _WORDS, _MODULES
          )
      )
      for name in (_READS, _WORDS, _MODULES):
        self._to_avro(read[name], name)
    reads = {}
    with self._signature_path.open('wb') as signatures:
      for name, value in self._load(_READS):
        if isinstance(value, worker_pool.Failure):
          self.report.add_failure(name, value)
          continue
        modules = []
        for summary, part in value['modules']:
          start = signatures.tell()
          signatures.write(part)
          end = signatures.tell()
          modules.append(
              first_pass.module_read(summary, [start, start, end, end])
          )
        reads[name] = first_pass.FileRead(name, modules, value['lost'])
    return reads

  def _signatures(self, reads: Sequence[first_pass.ModuleRead]) -> np.ndarray:
    return store.map_signatures(self._signature_path, reads)

  def _count_words(
      self, tasks: Sequence[tuple[first_pass.ModuleRead, list[int]]]
  ) -> dict[str, int]:
    self._save(_SAMPLED, ((read.name, indices) for read, indices in tasks))
    with beam.Pipeline(options=self._options) as pipeline:
      counts = (
          self._joined(pipeline, _SAMPLED, _WORDS)
          | 'Count' >> beam.FlatMap(_count_words)
          | 'Sum' >> beam.CombinePerKey(sum)
          | 'Row' >> beam.Map(lambda item: _row('', item))
      )
      self._to_avro(counts, _COUNTS)
    return dict(item for _, item in self._load(_COUNTS))

  def _encode(self) -> None:
    self.tokenizer.save(self._work_dir / _VOCABULARY)
    self._save(
        _PLANNED,
        (
            (part.read.name, (split, self._origin(part.read), task))
            for split, parts in self._plans.items()
            for part in parts
            for task in [self._encode_task(part)]
        ),
    )
    with beam.Pipeline(options=self._options) as pipeline:
      encoded = self._joined(pipeline, _PLANNED, _MODULES) | (
          'Encode'
          >> beam.ParDo(
              _Encode(os.fspath(self._work_dir / _VOCABULARY))
          ).with_outputs(_OUTCOMES, *_SPLITS)
      )
      for split in _SPLITS:
        self._to_avro(encoded[split], split)
      self._to_avro(encoded[_OUTCOMES], _OUTCOMES)
    for name, value in self._load(_OUTCOMES):
      if isinstance(value, corpus_tally.Tally):
        self.report.tally.merge(value)
      else:
        failure, number = value
        self.report.add_failure(name, failure)
        self.report.counts['not_encoded',] += number

  def _from_avro(self, name: str) -> beam.PTransform:
    return beam.io.ReadFromAvro(os.fspath(self._work_dir / f'{name}-*'))

  def _to_avro(self, rows, name: str) -> None:
    path = os.fspath(self._work_dir / name)
    _ = rows | f'Write_{name}' >> beam.io.WriteToAvro(path, _AVRO)

  def _joined(self, pipeline, tasks: str, data: str):
    """Module -> its values under both names."""
    return {
        name: pipeline
        | f'Load_{name}' >> self._from_avro(name)
        | f'Key_{name}' >> beam.Map(lambda row: (row['key'], row['value']))
        for name in (tasks, data)
    } | beam.CoGroupByKey()

  def _load(self, name: str) -> Iterator[tuple[str, Any]]:
    """What a pipeline wrote, one by one, on this machine."""
    for path in sorted(self._work_dir.glob(f'{name}-*')):
      with path.open('rb') as file:
        for row in fastavro.reader(file):
          yield row['key'], pickle.loads(row['value'])

  def _save(self, name: str, items: Iterable[tuple[str, Any]]) -> None:
    """Writes what a pipeline is to read: too much to be a part of it."""
    with (self._work_dir / f'{name}-0').open('wb') as file:
      fastavro.writer(file, _AVRO, (_row(*item) for item in items))


def _row(key: str, value: Any) -> dict[str, Any]:
  return {'key': key, 'value': pickle.dumps(value)}


def _tagged(tag: str, key: str, value: bytes) -> beam.pvalue.TaggedOutput:
  return beam.pvalue.TaggedOutput(tag, {'key': key, 'value': value})


class _Read(beam.DoFn):
  """Some files -> their modules and views, as `passes.read_file` has it.

  LLVM runs in a process of its own, so that its aborts cost one file here too.
  """

  def __init__(self, files: corpus_files.IrSource, config: CorpusConfig):
    self._files = files
    self._config = config

  def process(self, chunk: list[corpus_files.IrFile]) -> Iterator[Any]:
    limit = self._config.max_file_mb
    large = {f.name: f.size for f in chunk if f.size > limit * 2**20}
    for file, data in self._files.read(f for f in chunk if f.name not in large):
      if len(data) > limit * 2**20:
        large[file.name] = len(data)
        continue
      task = {'name': file.name, 'path': file.path, 'data': data}
      try:
        result = passes.read_file(
            self._config.views, self._config.timeout, task
        )
      except Exception as error:  # whatever it is, it is this file's error
        yield self._failure(file.name, worker_pool.failure_of(error))
        continue
      modules = []
      for summary, (words, signatures, module) in result['modules']:
        modules.append((summary, signatures))
        yield _tagged(_WORDS, summary['name'], words)
        yield _tagged(_MODULES, summary['name'], module)
      value = {'modules': modules, 'lost': result['lost']}
      yield _tagged(_READS, file.name, pickle.dumps(value))
    for name, size in large.items():
      yield self._failure(name, corpus_files.too_large(size, limit))
    for name in {file.name for file in chunk} & set(self._files.problems):
      yield self._failure(name, self._files.problems[name])

  def _failure(self, name: str, failure: worker_pool.Failure):
    return _tagged(_READS, name, pickle.dumps(failure))


def _count_words(item) -> Iterator[tuple[str, int]]:
  _, values = item
  total = collections.Counter()
  for sampled in values[_SAMPLED]:
    (data,) = values[_WORDS]
    words = passes.loads(data)
    for index in pickle.loads(sampled):
      total.update(words[index])
  yield from total.items()


class _Encode(beam.DoFn):
  """A module and its functions that are written -> examples."""

  def __init__(self, vocabulary: str):
    self._vocabulary = vocabulary
    self._tokenizer: ir.Tokenizer | None = None

  def setup(self) -> None:
    self._tokenizer = ir.Tokenizer.load(epath.Path(self._vocabulary))

  def process(self, item) -> Iterator[Any]:
    name, values = item
    for planned in values[_PLANNED]:
      split, origin, task = pickle.loads(planned)
      (data,) = values[_MODULES]
      try:
        examples, coverage = passes.encode_module(data, self._tokenizer, task)
      except Exception as error:  # as in the first pass
        value = worker_pool.failure_of(error), len(task['indices'])
        yield _tagged(_OUTCOMES, name, pickle.dumps(value))
        continue
      tally = corpus_tally.Tally()
      tally.add_coverage(origin.language, coverage)
      for index, example, digest in examples:
        tally.add(split, example, digest, origin)
        yield _tagged(split, f'{name}#{index}', passes.dumps(example))
      yield _tagged(_OUTCOMES, name, pickle.dumps(tally))
