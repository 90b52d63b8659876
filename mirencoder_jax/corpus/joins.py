"""Which functions of a corpus are written, as joins of Apache Beam.

Station in the flow: between the passes of `data.corpus_beam`. What
`corpus_plan.plan` does on lists is done here on groups (of equal sources,
hashes, bands of fingerprints), none of which grows with the corpus but that of
a function that all programs share. The result is the same.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np

from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.corpus import fingerprints, worker_pool
from mirencoder_jax.corpus import plan as corpus_plan
from mirencoder_jax.corpus.corpus import CorpusConfig

# Outputs beside the main one.
FAILURES, COUNTS, LOST, TALLY = 'failures', 'counts', 'lost', 'tally'


class Function(NamedTuple):
  """A function between the two passes.

  Attributes:
    rank: what comes first stays of equal functions: files before views, then
      by file, view and place in the module.
    module: name of the module, and the function's number in it.
  """

  rank: tuple[bool, str, int, int]
  module: tuple[str, int]
  hash: str
  source: str
  names: tuple[str, str, str]  # program, unit and unit#function
  signature: bytes
  owner: int
  group: str = ''
  is_validation: bool = False

  @property
  def place(self) -> tuple:
    """Order in which functions are taken: the training side first."""
    return (self.is_validation, *self.rank)


def tagged(tag: str, value: Any) -> beam.pvalue.TaggedOutput:
  return beam.pvalue.TaggedOutput(tag, value)


def failure(name: str, failure: worker_pool.Failure):
  return tagged(FAILURES, (name, failure))


def count(number: int, *what):
  return tagged(COUNTS, (what, int(number)))


class _Functions(beam.DoFn):
  """A module's record -> its functions, without code."""

  def __init__(self, files, config: CorpusConfig, benchmarks):
    self._files = files
    self._config = config
    self._benchmarks = benchmarks

  def process(self, element) -> Iterator[Any]:
    name, (summary, position, parts) = element
    functions = summary['functions']
    rows = np.frombuffer(parts[1], np.uint32)
    rows = rows.reshape(-1, fingerprints.NUM_HASHES)
    owners = np.full(len(functions), -1)
    if self._benchmarks is not None:
      owners, is_exact = self._benchmarks.find(
          [digest for _, digest, _ in functions],
          rows,
          self._config.near_duplicates,
      )
      for owner, exact in zip(owners.tolist(), is_exact, strict=True):
        if owner >= 0:
          yield count(1, 'benchmark', owner, 'equal' if exact else 'near')
    origin = corpus_files.origin_of(
        self._files, summary['file'], self._config.group
    )
    for i, (symbol, digest, _) in enumerate(functions):
      yield Function(
          rank=(bool(summary['view']), summary['file'], position, i),
          module=(name, i),
          hash=digest,
          source=corpus_plan.source_of(origin.program, origin.unit, symbol),
          names=(origin.program, origin.unit, f'{origin.unit}#{symbol}'),
          signature=rows[i].tobytes(),
          owner=int(owners[i]),
      )


def plan(pipeline, modules, files, config, benchmarks):
  """The functions that are written by module, the level of the split, counts.

  As `corpus_plan.plan`, with the same result.
  """
  read = modules | 'Functions' >> beam.ParDo(
      _Functions(files, config, benchmarks)
  ).with_outputs(COUNTS, main='functions')
  functions, counts = read['functions'], [read[COUNTS]]
  counts.append(
      functions
      | 'ByHash' >> beam.Map(lambda f: (f.hash, not f.rank[0]))
      | 'Distinct' >> beam.CombinePerKey(any)
      | 'CountDistinct'
      >> beam.FlatMap(
          lambda item: [(('distinct',), 1), (('distinct_raw',), int(item[1]))]
      )
  )
  functions, level = _sides(pipeline, functions, config)
  if benchmarks is not None:
    functions, more = _without_benchmarks(functions)
    counts.append(more)
  first = (
      functions
      | 'KeyHash' >> beam.Map(lambda f: (f.hash, f))
      | 'Equal' >> beam.GroupByKey()
      | 'First' >> beam.FlatMap(_first).with_outputs(COUNTS, main='kept')
  )
  functions = first['kept']
  counts.append(first[COUNTS])
  if config.near_duplicates:
    functions, more = _without_near(functions, config.near_duplicates)
    counts.append(more)
  return functions, level, counts


def _sides(pipeline, functions, config: CorpusConfig):
  """Puts every function into its group and on its side."""
  distinct = [
      functions
      | f'Names{i}' >> beam.Map(lambda f, i: f.names[i], i)
      | f'Distinct{i}' >> beam.Distinct()
      | f'Count{i}' >> beam.combiners.Count.Globally()
      for i in range(2)
  ]
  level = (
      pipeline
      | 'Level' >> beam.Create([None])
      | 'ChooseLevel'
      >> beam.Map(
          # As `corpus_plan` chooses it.
          lambda _, *numbers: 0 if numbers[0] > 1 else 1 + (numbers[1] < 2),
          *map(beam.pvalue.AsSingleton, distinct),
      )
  )
  grouped = functions | 'Group' >> beam.Map(
      lambda f, level: f._replace(group=f.names[level]),
      beam.pvalue.AsSingleton(level),
  )
  held_out = (
      grouped
      | 'Size' >> beam.Map(lambda f: (f.group, int(not f.rank[0])))
      | 'Sizes' >> beam.CombinePerKey(sum)
      | 'AllSizes' >> beam.combiners.ToList()
      | 'HeldOut'
      >> beam.Map(
          lambda sizes, rate: corpus_plan.held_out_groups(dict(sizes), rate),
          config.validation_rate,
      )
  )
  sided = grouped | 'Side' >> beam.Map(
      lambda f, held_out: f._replace(is_validation=f.group in held_out),
      beam.pvalue.AsSingleton(held_out),
  )
  return sided, level


def _without_benchmarks(functions):
  """Drops sources that hold a function of a benchmark."""
  bad = (
      functions
      | 'OfBenchmark' >> beam.Filter(lambda f: f.owner >= 0)
      | 'BadSource' >> beam.Map(lambda f: (f.source, (f.rank[1:], f.owner)))
      | 'FirstOwner' >> beam.CombinePerKey(min)
  )
  by_source = functions | 'KeySource' >> beam.Map(lambda f: (f.source, f))
  result = (
      {'functions': by_source, 'bad': bad}
      | 'JoinSources' >> beam.CoGroupByKey()
      | 'DropSources'
      >> beam.FlatMap(_drop_source).with_outputs(COUNTS, main='clean')
  )
  return result['clean'], result[COUNTS]


def _drop_source(item) -> Iterator[Any]:
  _, groups = item
  functions, bad = list(groups['functions']), list(groups['bad'])
  if not bad:
    yield from functions
    return
  ((_, owner),) = bad
  yield count(len(functions), 'removed', owner)
  yield count(1, 'removed_sources', owner)


def _first(item) -> Iterator[Any]:
  """Of equal functions the first."""
  functions = sorted(item[1], key=lambda f: f.place)
  yield functions[0]
  for function in functions[1:]:
    across = function.is_validation and not functions[0].is_validation
    yield count(1, 'in_both_splits' if across else 'duplicates')


def _without_near(functions, threshold: float):
  """Drops functions that resemble an earlier one of another source."""
  similar = (
      functions
      | 'Bands' >> beam.FlatMap(_bands)
      | 'SameBand' >> beam.GroupByKey()
      | 'Near' >> beam.FlatMap(_near_in_band, threshold)
      | 'FirstNear' >> beam.CombinePerKey(min)
  )
  result = (
      {
          'function': functions | 'KeyId' >> beam.Map(lambda f: (f.module, f)),
          'near': similar,
      }
      | 'JoinNear' >> beam.CoGroupByKey()
      | 'DropNear' >> beam.FlatMap(_drop_near).with_outputs(COUNTS, main='kept')
  )
  return result['kept'], result[COUNTS]


def _bands(function: Function) -> Iterator[Any]:
  signature = np.frombuffer(function.signature, np.uint32)[None]
  if signature.any():
    value = function.place, function.source, function.module, signature[0]
    for band, key in enumerate(fingerprints.bands(signature)[0]):
      yield (band, int(key)), value


def _near_in_band(item, threshold: float) -> Iterator[Any]:
  """For each function that resembles an earlier one, the place of that."""
  rows = sorted(item[1], key=lambda row: row[0])
  if len(rows) < 2:
    return
  signatures = np.stack([signature for *_, signature in rows])
  for i in range(min(fingerprints.MAX_COMPARED, len(rows) - 1)):
    place, source, *_ = rows[i]
    hits = fingerprints.similar(signatures[i + 1 :], signatures[i], threshold)
    for k in np.flatnonzero(hits):
      _, other, module, _ = rows[i + 1 + k]
      if other != source:
        yield module, place


def _drop_near(item) -> Iterator[Any]:
  _, groups = item
  (function,), near = groups['function'], list(groups['near'])
  if not near:
    yield function
    return
  ((is_validation, *_),) = near
  across = function.is_validation and not is_validation
  yield count(1, 'near_both_splits' if across else 'near_duplicates')
