"""A corpus over Apache Beam: the same two passes, on one machine or many.

Station in the flow: beside `data.corpus`, with the same tasks for a module and
the same result. What `corpus_plan` does on lists is done here by joins (groups
of equal hashes, of equal bands of fingerprints, of equal sources), so that no
machine holds the corpus; what one machine does hold is one number for each
program and each distinct word.

The pipeline leaves examples, vocabulary and counts in a working folder, which
may be a bucket; the dataset builder makes shards of them.
"""

import collections
import os
import pickle
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from etils import epath

from mirencoder_jax import ir
from mirencoder_jax.corpus import (
    decontamination,
    joins,
    passes,
    plan,
    report,
    worker_pool,
)
from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.corpus import tally as corpus_tally
from mirencoder_jax.corpus.corpus import CorpusConfig, open_settings

_SPLITS = (plan.TRAIN, plan.VALIDATION)
# Examples between this pipeline and the one that writes shards: Avro is what
# Beam reads and writes anywhere without another package.
_AVRO = {
    'type': 'record',
    'name': 'Example',
    'fields': [{'name': 'example', 'type': 'bytes'}],
}
_VOCABULARY, _RESULT = 'vocab.json', 'counts.pickle'


class BeamResult(NamedTuple):
  """What the pipeline counted.

  Attributes:
    counts: how often something came up, by what it is.
    failures: file and `worker_pool.Failure` of what could not be read.
    lost: file, and view that could not be made.
    tally: of the examples.
    level: what stays on one side of the split.
    sample: what the vocabulary was trained on; empty where it was given.
  """

  counts: dict[tuple, int]
  failures: list[tuple[str, worker_pool.Failure]]
  lost: list[tuple[str, list[str]]]
  tally: corpus_tally.Tally
  level: str
  sample: dict[str, int]


class BeamCorpus:
  """As `corpus.Corpus`; call `prepare`, then `examples` for each split.

  Attributes:
    report: `corpus_report.Report`, complete after `prepare`.
    tokenizer: of all the examples.
    splits: those that have examples.
  """

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
    self._files = files
    self._work_dir = epath.Path(work_dir)
    self._config = config
    self._options = options
    self.report = report.Report(files)
    self.tokenizer: ir.Tokenizer | None = None
    self.splits: list[str] = []

  def prepare(self) -> None:
    """Runs both passes; the examples are in the working folder then."""
    vocabulary, benchmarks = open_settings(self._config)
    result = run(
        self._files,
        self._work_dir,
        self._config,
        benchmarks,
        vocabulary,
        self._options,
    )
    for name, failure in self._files.problems.items():
      self.report.add_failure(name, failure)
    for name, failure in result.failures:
      self.report.add_failure(name, failure)
    for name, lost in result.lost:
      self.report.add_lost_views(name, [lost])
    self.report.counts.update(result.counts)
    self.report.split_by = result.level
    self.report.tally = result.tally
    if benchmarks is not None:
      self.report.set_benchmarks(benchmarks)
    self.splits = [s for s in _SPLITS if result.tally.examples[s]]
    if not self.splits:
      self.clear()
      raise corpus_files.CorpusError(self.report.nothing_read())
    self.tokenizer = ir.Tokenizer.load(self._work_dir / _VOCABULARY)
    self.report.set_vocabulary(self.tokenizer, result.sample or None)

  def examples(self, split: str) -> beam.PTransform:
    """Keys and examples of a split, as a dataset builder hands them to Beam."""
    pattern = os.fspath(self._work_dir / f'{split}-*')
    return beam.io.ReadFromAvro(pattern) | beam.Map(
        lambda row: passes.loads(row['example'])
    )

  def clear(self) -> None:
    """Removes the working files; not before the shards are in place."""
    if self._work_dir.exists():
      self._work_dir.rmtree()
    # The folder of all jobs, where this was the last.
    parent = self._work_dir.parent
    if parent.exists() and not any(parent.iterdir()):
      parent.rmdir()

  def close(self) -> None:
    """There are no processes to end."""


def run(
    files: corpus_files.IrSource,
    work_dir: epath.Path,
    config: CorpusConfig,
    benchmarks: decontamination.Benchmarks | None,
    vocabulary: ir.Tokenizer | None,
    options: Any,
) -> BeamResult:
  """Runs both passes, see `BeamCorpus`."""
  work_dir.mkdir(parents=True, exist_ok=True)
  with beam.Pipeline(options=options) as pipeline:
    read = _read(pipeline, files, config)
    functions, level, counts = joins.plan(
        pipeline, read['modules'], files, config, benchmarks
    )
    by_module = functions | 'KeyModule' >> beam.Map(lambda f: (f.module[0], f))
    joined = {'module': read['modules'], 'function': by_module} | (
        'JoinModules' >> beam.CoGroupByKey()
    )
    if vocabulary is None:
      text, sample = _train(pipeline, joined, functions, config)
    else:
      text = pipeline | 'Given' >> beam.Create([vocabulary.to_json()])
      sample = pipeline | 'NoSample' >> beam.Create([{}])
    encoded = joined | 'Encode' >> beam.ParDo(
        _Encode(files, config), beam.pvalue.AsSingleton(text)
    ).with_outputs(joins.TALLY, joins.FAILURES, joins.COUNTS, *_SPLITS)
    for split in _SPLITS:
      _ = encoded[split] | f'Write_{split}' >> beam.io.WriteToAvro(
          os.fspath(work_dir / split), _AVRO
      )
    counts = (
        (*counts, read[joins.COUNTS], encoded[joins.COUNTS])
        | 'Counts' >> beam.Flatten()
        | 'SumCounts' >> beam.CombinePerKey(sum)
    )
    failures = (read[joins.FAILURES], encoded[joins.FAILURES]) | beam.Flatten()
    tally = encoded[joins.TALLY] | 'Tally' >> beam.CombineGlobally(_merge)
    _ = (
        pipeline
        | 'Start' >> beam.Create([os.fspath(work_dir)])
        | 'Save'
        >> beam.Map(
            _save,
            beam.pvalue.AsSingleton(text),
            counts=beam.pvalue.AsList(counts),
            failures=beam.pvalue.AsList(failures),
            lost=beam.pvalue.AsList(read[joins.LOST]),
            tally=beam.pvalue.AsSingleton(tally),
            level=beam.pvalue.AsSingleton(level),
            sample=beam.pvalue.AsSingleton(sample),
        )
    )
  return pickle.loads((work_dir / _RESULT).read_bytes())


def _save(work_dir: str, text: str, **values) -> None:
  folder = epath.Path(work_dir)
  (folder / _VOCABULARY).write_text(text)
  values['counts'] = dict(values['counts'])
  values['level'] = plan.LEVELS[values['level']]
  (folder / _RESULT).write_bytes(pickle.dumps(BeamResult(**values)))


def _read(pipeline, files: corpus_files.IrSource, config: CorpusConfig):
  """The first pass: (name, record) of modules, failures, lost views, counts."""
  return (
      pipeline
      | 'Files' >> beam.Create(files.chunks())
      # Without it a runner may keep all files on the machine that lists them.
      | 'Spread' >> beam.Reshuffle()
      | 'Read'
      >> beam.ParDo(_Read(files, config)).with_outputs(
          joins.FAILURES, joins.COUNTS, joins.LOST, main='modules'
      )
  )


class _Read(beam.DoFn):
  """Some files -> their modules and views, as `corpus_tasks.read_file` has it.

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
        yield joins.failure(file.name, worker_pool.failure_of(error))
        continue
      yield from self._records(file.name, result)
    for name, size in large.items():
      yield joins.failure(name, corpus_files.too_large(size, limit))
    for name in {file.name for file in chunk} & set(self._files.problems):
      yield joins.failure(name, self._files.problems[name])

  def _records(self, file: str, result: dict[str, Any]) -> Iterator[Any]:
    for position, (summary, parts) in enumerate(result['modules']):
      yield summary['name'], (summary, position, parts)
      functions, view = summary['functions'], summary['view']
      yield joins.count(len(functions), 'view', view)
      yield joins.count(sum(n for *_, n in functions), 'instructions', view)
      if not summary['view']:
        yield joins.count(1, 'read')
        yield joins.count(bool(summary['functions']), 'with_functions')
        yield joins.count(summary['unverified'], 'unverified')
        for name, number in summary['counts'].items():
          yield joins.count(number, 'reader', name)
    for lost in result['lost']:
      yield joins.tagged(joins.LOST, (file, lost))


def _train(pipeline, joined, functions, config: CorpusConfig):
  """The vocabulary of a sample of the training side, and the sample's size."""
  number = (
      functions
      | 'Training' >> beam.Filter(lambda f: not f.is_validation)
      | 'NumTraining' >> beam.combiners.Count.Globally()
  )
  words = joined | 'Words' >> beam.FlatMap(
      _sampled_words, config.vocab_functions, beam.pvalue.AsSingleton(number)
  ).with_outputs(joins.COUNTS, main='words')
  counts = (
      words['words']
      | 'SumWords' >> beam.CombinePerKey(sum)
      | 'AllWords' >> beam.combiners.ToList()
  )
  sampled = (
      words[joins.COUNTS]
      | 'Sampled' >> beam.Values()
      | 'NumSampled' >> beam.CombineGlobally(sum)
  )
  text = counts | 'Vocabulary' >> beam.Map(
      lambda counts, size: ir.tokenizer.train(dict(counts), size).to_json(),
      config.vocab_size,
  )
  sample = counts | 'Sample' >> beam.Map(
      lambda counts, functions: {
          'functions': functions,
          'words': sum(n for _, n in counts),
          'distinct_words': len(counts),
      },
      beam.pvalue.AsSingleton(sampled),
  )
  return text, sample


def _sampled_words(item, limit: int, number: int) -> Iterator[Any]:
  _, groups = item
  sampled = [
      function.module[1]
      for function in groups['function']
      if not function.is_validation
      and plan.is_sampled(function.hash, limit, number)
  ]
  if sampled:
    ((_, _, parts),) = groups['module']
    words = passes.loads(parts[0])
    total = collections.Counter()
    for i in sampled:
      total.update(words[i])
    yield joins.count(len(sampled), 'sampled')
    yield from total.items()


class _Encode(beam.DoFn):
  """A module and its functions that are written -> examples."""

  def __init__(self, files, config: CorpusConfig):
    self._files = files
    self._config = config
    self._known = ('', None)

  def process(self, item, vocabulary: str) -> Iterator[Any]:
    if self._known[0] != vocabulary:
      self._known = vocabulary, ir.Tokenizer.from_json(vocabulary)
    name, groups = item
    functions = sorted(groups['function'], key=lambda f: f.module[1])
    if not functions:
      return
    ((summary, _, parts),) = groups['module']
    origin = corpus_files.origin_of(
        self._files, summary['file'], self._config.group
    )
    tally = corpus_tally.Tally()
    for split in _SPLITS:
      some = [f for f in functions if f.is_validation == (split != 'train')]
      if not some:
        continue
      task = passes.encode_task(
          summary, origin, [f.module[1] for f in some], [f.group for f in some]
      )
      try:
        examples, coverage = passes.encode_module(
            parts[2], self._known[1], task
        )
      except Exception as error:  # as in the first pass
        yield joins.failure(name, worker_pool.failure_of(error))
        yield joins.count(len(some), 'not_encoded')
        continue
      tally.add_coverage(origin.language, coverage)
      for index, example, digest in examples:
        tally.add(split, example, digest, origin)
        packed = passes.dumps((f'{name}#{index}', example))
        yield joins.tagged(split, {'example': packed})
    yield joins.tagged(joins.TALLY, tally)


def _merge(tallies: Iterable[corpus_tally.Tally]) -> corpus_tally.Tally:
  total = corpus_tally.Tally()
  for tally in tallies:
    total.merge(tally)
  return total
