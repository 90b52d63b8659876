"""Held-out objectives: what pre-training taught, on programs it has not seen.

A checkpoint and a prepared data set in, plain data out. Every figure stands
beside that of the same model before training and beside a guess: the most
frequent token, a node's degree, chance, opcode counts.
"""

import dataclasses
import functools
import json
import os
import pathlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from absl import logging

from mirencoder_jax import objectives
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import input_pipeline, packed_dataset
from mirencoder_jax.downstream.tasks import features
from mirencoder_jax.evaluation import bootstrap, view_retrieval
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.objectives import evaluation
from mirencoder_jax.objectives import sums as sums_lib
from mirencoder_jax.storage import provenance

_STRINGS = ('source', 'program', 'module', 'function', 'language', 'opt_level',
            'hash')  # fmt: skip
COUNTS = 'opcode counts'
_READ_AT_ONCE = 256
_NUM_RESAMPLES = 2000


@dataclasses.dataclass(frozen=True)
class HeldoutConfig:
  """What is evaluated on.

  Attributes:
    name: a prepared data set; '' for the one that the checkpoint is of.
    split: the held-out one.
    num_batches: of the objectives, overall, at most.
    num_language_batches: likewise, for each language.
    pools: numbers of graphs that a text's own is found among, beside 64.
    num_queries: functions whose other view is looked for.
    num_candidates: functions that it is among.
    more_candidates: split that candidates are taken from where the held-out one
      has too few; they make the search harder and are never looked for.
    find_before: whether to look with the model as it was before training too.
  """

  name: str = ''
  split: str = 'validation'
  num_batches: int = 160
  num_language_batches: int = 64
  pools: tuple[int, ...] = (1024,)
  num_queries: int = 1000
  num_candidates: int = 10_000
  more_candidates: str = 'train'
  find_before: bool = True


class _Part:
  """Some examples of a source, as a source of their own."""

  cache_dir = None

  def __init__(self, source: Any, indices: np.ndarray):
    self._source, self._indices = source, indices
    self.fingerprint = f'{source.fingerprint}_{len(indices)}'

  def __len__(self) -> int:
    return len(self._indices)

  def __getitems__(self, indices: Sequence[int]) -> list[example_lib.Example]:
    return self._source.__getitems__(self._indices[list(indices)].tolist())


def _read(source: Any, indices: Sequence[int]) -> list[example_lib.Example]:
  examples = []
  for start in range(0, len(indices), _READ_AT_ONCE):
    examples += source.__getitems__(indices[start : start + _READ_AT_ONCE])
  return examples


class _Objectives:
  """`evaluation` over parts of a split, for several sets of parameters."""

  def __init__(self, encoder: inference.Encoder, config: Mapping[str, Any]):
    self._data = input_pipeline.DataConfig(**config['data'])
    # That of training, if the checkpoint says it; else one that fits.
    budget = config.get('budget')
    self._by_instruction = encoder.config.reads == 'instructions'
    self._budget = batch_lib.Budget(**budget) if budget else None
    self._objectives = objectives.saved_config(config['objectives'])
    self._step = jax.jit(
        functools.partial(
            evaluation.evaluation_step,
            model=objectives.PretrainingModel(encoder.config),
            config=self._objectives,
        )
    )
    self._guess = jax.jit(
        functools.partial(
            evaluation.guess_edges_by_degree, config=self._objectives
        )
    )

  def evaluate(
      self,
      source: Any,
      params: Mapping[str, Any],
      max_batches: int,
      pools: Sequence[int],
  ) -> dict[str, dict[str, float]]:
    """Metrics of each set of parameters, and `guess`, on the same batches."""
    dataset = packed_dataset.PackedDataset(
        source,
        self._data.num_rows,
        self._data.num_tokens,
        self._budget,
        by_instruction=self._by_instruction,
    )
    batches = list(
        input_pipeline.make_eval_iterator(
            dataset, self._data.batch_size, max_batches
        )
    )
    values = {
        name: evaluation.evaluate(
            self._step, p, batches, self._objectives, pools
        )
        for name, p in params.items()
    }
    rng, sums = jax.random.key(0), {}
    if objectives.loss_weights(self._objectives).keys() & {'edge'}:
      for number, batch in enumerate(batches):
        total, weight = self._guess(batch, jax.random.fold_in(rng, number))
        sums = sums_lib.add(sums, {'edge_auc': (float(total), float(weight))})
    any_values = next(iter(values.values()))
    num_examples = sum(int(b.example_mask.sum()) for b in batches)
    known = objectives.metrics() | evaluation.retrieval_metrics(
        any_values, num_examples
    )
    # A guess by degree is better than chance.
    values['guess'] = {
        name: metric.guessed(any_values)
        for name, metric in known.items()
        if name in any_values and metric.guess is not None
    } | sums_lib.means(sums)
    values['size'] = {'examples': num_examples, 'batches': len(batches)}
    return values


def _retrieve_views(
    encoders: Mapping[str, inference.Encoder],
    held_out: Any,
    others: Any,
    examples: Sequence[example_lib.Example],
    config: HeldoutConfig,
    compared: Mapping[str, str],
    workdir: str | None,
) -> dict[str, Any]:
  """Recall of other views; see `view_retrieval`."""
  pairs = view_retrieval.choose_pairs(
      [e['source'] for e in examples],
      [e['opt_level'] for e in examples],
      config.num_queries,
  )
  if not len(pairs.query):
    return {'queries': 0, 'why': 'no function has two views in this split'}
  first, pairs = view_retrieval.gather(
      pairs, len(examples), config.num_candidates
  )
  functions = [examples[i] for i in first]
  num_queries = len(pairs.query)
  num_held_out = len(functions) - num_queries
  missing = config.num_candidates - num_held_out
  if missing > 0 and others is not None:
    more = np.random.default_rng(0).permutation(len(others))[:missing]
    functions += _read(others, np.sort(more).tolist())
  candidates = np.arange(num_queries, len(functions))
  if workdir is not None:
    _list_functions(pathlib.Path(workdir, 'functions.csv'), functions)

  vocab_size = encoders['trained'].config.vocab_size
  counts = view_retrieval.count_opcodes(functions, vocab_size)
  vectors = {COUNTS: counts}
  for name, path in compared.items():
    vectors[name] = features.load_named(path, [e['hash'] for e in functions])
  logging.info('embedding %d functions', len(functions))
  trained, _ = encoders['trained'].embed_examples(functions)
  if config.find_before:
    before, _ = encoders['untrained'].embed_examples(functions)
    vectors['not pre-trained'] = before['joint']
  vectors |= {
      'text only': trained['ir'],
      'graph only': trained['graph'],
      'MIREncoder': trained['joint'],
  }
  program = np.array([functions[i]['program'] for i in pairs.query])
  everything = np.ones(len(program), bool)
  draws = bootstrap.draw(program, everything, 1, _NUM_RESAMPLES)
  sources = [e['source'] for e in functions]
  recalls: dict[str, dict[str, Any]] = {}
  drawn = {}
  for name, v in vectors.items():
    ranks = view_retrieval.rank_targets(v, pairs, candidates, sources)
    hits = np.stack([ranks < 1, ranks < 10]).astype(float)[:, None]
    means = bootstrap.means(hits, draws)
    drawn[name] = means[0]
    recalls[name] = {
        f'recall_at_{k}': bootstrap.summarise(m, 0.95)
        for k, m in zip((1, 10), means, strict=True)
    }
    # In pairs, over the same draws; opcode counts come first.
    recalls[name]['over_counts_at_1'] = bootstrap.summarise(
        means[0] - drawn[COUNTS], 0.95
    )
  return {
      'queries': num_queries,
      'candidates': len(candidates),
      'candidates_held_out': num_held_out,
      'recall': recalls,
  }


def _list_functions(
    path: pathlib.Path, functions: Sequence[example_lib.Example]
) -> None:
  """What vectors of another encoder are needed of, named by `hash`."""
  path.parent.mkdir(parents=True, exist_ok=True)
  names = ('hash', 'module', 'function', 'program', 'language', 'opt_level')
  lines = [','.join(f'"{e[name]}"' for name in names) for e in functions]
  path.write_text('\n'.join([','.join(names), *lines]) + '\n')


def evaluate(
    config: HeldoutConfig,
    checkpoint: str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str],
    compared: Mapping[str, str] | None = None,
    workdir: str | None = None,
    encoder: inference.Encoder | None = None,
) -> dict[str, Any]:
  """Evaluates a checkpoint's objectives and embeddings on held-out functions.

  Args:
    config: what is evaluated on.
    checkpoint: as `inference.load` takes it.
    data_dir: of prepared data sets.
    compared: name -> `.npz` of other vectors, named by the functions' hashes.
    workdir: gets `heldout.json`, and `functions.csv`: what is searched among.
    encoder: that of the checkpoint, if it is loaded already.

  Raises:
    FileNotFoundError: the data set is not prepared.
    ValueError: it has another vocabulary than the checkpoint, or no functions.
  """
  start = time.monotonic()
  encoder = encoder or inference.load(checkpoint)
  saved = inference.load_checkpoint(checkpoint).config
  name = config.name or saved['data']['name']
  builder = packed_dataset.open_builder(name, data_dir)
  _, tokenizer = packed_dataset.read_vocab(builder)
  if tokenizer.hash != encoder.tokenizer.hash:
    raise ValueError(
        f'data set {name!r} has vocabulary {tokenizer.hash}, the checkpoint '
        f'{encoder.tokenizer.hash}; prepare it with the vocabulary of the '
        'checkpoint, or name another with --config.heldout.name=...'
    )
  source = packed_dataset.PreparedSource(builder, config.split, _STRINGS)
  others = None
  if config.more_candidates in builder.info.splits:
    others = packed_dataset.PreparedSource(
        builder, config.more_candidates, _STRINGS
    )
  examples = _read(source, range(len(source)))
  encoders = {'trained': encoder, 'untrained': encoder.untrained()}
  model = objectives.PretrainingModel(encoder.config)
  params = {
      'trained': encoder.params,
      'untrained': inference.create_params(model, 0),
  }
  of = _Objectives(encoder, saved)
  logging.info('objectives on %d functions of %s', len(examples), name)
  results: dict[str, Any] = {
      'data': name,
      'split': config.split,
      'functions': len(examples),
      'programs': len({e['program'] for e in examples}),
      'parameters': int(sum(x.size for x in jax.tree.leaves(encoder.params))),
      **provenance.collect(),
      'overall': of.evaluate(source, params, config.num_batches, config.pools),
      'languages': {},
  }
  language = np.array([e['language'] for e in examples])
  for value in np.unique(language):
    part = _Part(source, np.flatnonzero(language == value))
    found = of.evaluate(part, params, config.num_language_batches, ())
    results['languages'][str(value) or 'unknown'] = found
    logging.info('%s: %s', value, evaluation.describe(found['trained']))
  results['views'] = _retrieve_views(
      encoders, source, others, examples, config, compared or {}, workdir
  )
  results['seconds'] = round(time.monotonic() - start, 1)
  if workdir is not None:
    path = pathlib.Path(workdir, 'heldout.json')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + '\n')
  return results
