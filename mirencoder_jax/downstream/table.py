"""The table: every kind of features under every head, on every split.

Station in the flow: calls all of `downstream`, and an encoder. Our embeddings,
the vectors of others, histograms and nothing at all go through the same heads
on the same folds, so that what a vector adds is seen apart from what a head
does.
"""

import dataclasses
import importlib.metadata
import pathlib
import platform
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from mirencoder_jax.downstream import (
  baselines,
  fit,
  markdown,
  report,
  splits,
  tasks,
)

# Rows of ours: name -> (modality, whether the encoder is trained, kind).
_OURS = {
    'MIREncoder': ('joint', True, 'ours'),
    'MIREncoder, all three': ('all', True, 'ours'),
    'text only': ('ir', True, 'ablation'),
    'graph only': ('graph', True, 'ablation'),
    'not pre-trained': ('joint', False, 'ablation'),
}
# Trees take minutes on wide vectors; ablations do without.
_KINDS_WITH_TREES = ('baseline', 'ours', 'compared')


@dataclasses.dataclass(frozen=True)
class TableConfig:
  """What the table has.

  Attributes:
    splits: names of the splits to run.
    num_seeds: repetitions of each split.
    num_inner_folds: folds of the training rows that hyper-parameters are chosen
      by.
    num_null: how many random embeddings make up the null.
    null_width: their width where there is no encoder.
    null_head: the head they go through, one seed each.
  """

  splits: tuple[str, ...]
  num_seeds: int
  num_inner_folds: int
  num_null: int
  null_width: int
  null_head: str


class Features(NamedTuple):
  """Vectors of the task's modules under a name."""

  name: str
  kind: str  # as in `report.Entry`
  vectors: np.ndarray  # float32 [M, D]


def embed_modules(
    encoder: Any, task: tasks.Task, modalities: Sequence[str]
) -> tuple[dict[str, np.ndarray], list[tasks.Problem]]:
  """Embeds each distinct text once; what cannot be read becomes NaN.

  Returns:
    Modality -> float32 [M, D], and the modules that could not be read.
  """
  texts = list(dict.fromkeys(task.ir))
  logging.info('embedding %d distinct modules', len(texts))
  number = {text: i for i, text in enumerate(texts)}
  index = np.array([number[text] for text in task.ir])
  encoding = encoder.encode(texts, on_error='nan')
  logging.info('embedded: %s', encoding.report)
  problems = [
      tasks.Problem(name, str(encoding.errors[i]))
      for name, text, i in zip(task.modules, task.ir, index, strict=True)
      if i in encoding.errors and text.strip()
  ]
  vectors = {m: encoding.module_vectors(m)[index] for m in modalities}
  return vectors, problems


def load_vectors(
    path: str, task: tasks.Task
) -> tuple[np.ndarray, list[tasks.Problem]]:
  """Vectors from a `.npz` with `names` and `vecs`; NaN for modules not in it.

  Raises:
    ValueError: another content, or no module of the task in it.
  """
  with np.load(path) as file:
    missing = {'names', 'vecs'} - set(file)
    if missing:
      raise ValueError(f'{path}: no array {", ".join(sorted(missing))}')
    names, vectors = file['names'], np.asarray(file['vecs'], np.float32)
  if vectors.ndim != 2 or len(names) != len(vectors):
    raise ValueError(
        f'{path}: names {names.shape} and vecs {vectors.shape} do not match; '
        '[n] and [n, D] are expected'
    )
  rows = {str(name): row for row, name in enumerate(names)}
  found = np.full((len(task.modules), vectors.shape[1]), np.nan, np.float32)
  problems = []
  for module, name in enumerate(task.modules):
    if name in rows:
      found[module] = vectors[rows[name]]
    else:
      problems.append(tasks.Problem(name, f'no vector in {path}'))
  if len(problems) == len(task.modules):
    raise ValueError(
        f'{path}: names none of the modules, such as {task.modules[0]!r}; it '
        f'has {str(names[0])!r}'
    )
  return found, problems


def save_vectors(
    workdir: str, task: tasks.Task, features: Sequence[Features]
) -> None:
  """Writes our vectors so that `load_vectors` (and --compare) reads them."""
  folder = pathlib.Path(workdir)
  folder.mkdir(parents=True, exist_ok=True)
  for name, _, vectors in features:
    file = re.sub(r'\W+', '_', name.lower()) + '.npz'
    np.savez_compressed(
        folder / file, names=np.array(task.modules), vecs=vectors
    )


def collect_features(
    task: tasks.Task,
    encoder: Any | None,
    compared: Mapping[str, str],
    config: TableConfig,
) -> tuple[list[Features], list[tasks.Problem]]:
  """All vectors of the table, and the modules that some of them lack.

  A module without a vector gets zeros, and keeps its rows in the table.
  """
  nothing = np.zeros((len(task.modules), 0), np.float32)
  features = [Features('inputs only', 'baseline', nothing)]
  logging.info('counting opcodes of %d modules', len(task.modules))
  modules, problems = baselines.read_modules(task)
  features += [
      Features(name, 'baseline', baselines.count_histograms(modules, name))
      for name in baselines.HISTOGRAMS
  ]
  for name, path in compared.items():
    vectors, missing = load_vectors(path, task)
    features.append(Features(name, 'compared', vectors))
    problems += missing
  width = config.null_width
  if encoder is not None:
    width = encoder.width
    trained, untrained = (
        {m for m, pretrained, _ in _OURS.values() if pretrained == which}
        for which in (True, False)
    )
    vectors, unread = embed_modules(encoder, task, sorted(trained))
    before, _ = embed_modules(encoder.untrained(), task, sorted(untrained))
    problems += unread
    features += [
        Features(name, kind, (vectors if pretrained else before)[modality])
        for name, (modality, pretrained, kind) in _OURS.items()
    ]
  features += [
      Features(
          f'random {seed}',
          'null',
          baselines.random_vectors(len(task.modules), width, seed),
      )
      for seed in range(config.num_null)
  ]
  features = [f._replace(vectors=np.nan_to_num(f.vectors)) for f in features]
  return features, list(dict.fromkeys(problems))


def _rules(
    task: tasks.Task, protocol: splits.Protocol
) -> Iterator[report.Entry]:
  rules = {
      'default choice': baselines.default_choices,
      'best constant': baselines.constant_choices,
      'oracle': baselines.oracle_choices,
  }
  for name, choose in rules.items():
    yield report.Entry(
        protocol.name, name, 'rule', 'rule', choose(task, protocol)
    )


def run_split(
    task: tasks.Task,
    protocol: splits.Protocol,
    features: Sequence[Features],
    fit_config: fit.FitConfig,
    trees_config: baselines.TreesConfig,
    config: TableConfig,
) -> Iterator[report.Entry]:
  """Every row of one split, as they are done."""
  yield from _rules(task, protocol)
  single = splits.first_seeds(protocol, 1)
  for name, kind, vectors in features:
    vectors = vectors[task.module_index]  # [n, D]
    if kind in _KINDS_WITH_TREES:
      start = time.monotonic()
      choices = baselines.fit_trees(vectors, task, protocol, trees_config)
      yield report.Entry(
          protocol.name, name, 'trees', kind, choices,
          time.monotonic() - start, baselines.trees_name(),
      )  # fmt: skip
    if baselines.is_histogram(vectors):
      vectors = np.log1p(vectors)
    is_null = kind == 'null'
    for head in (config.null_head,) if is_null else fit_config.heads:
      start = time.monotonic()
      fits = fit.fit_protocol(
          head, vectors, task, single if is_null else protocol, fit_config
      )
      seconds = (time.monotonic() - start) / len(fits)
      for score, answer in sorted(fits.items()):
        yield report.Entry(
            protocol.name, name, f'{head} {score}', kind, answer.choices,
            seconds, f'{answer.chosen[0]}',
        )  # fmt: skip


def evaluate(
    config: Mapping[str, Any],
    task: tasks.Task,
    *,
    encoder: Any | None = None,
    compared: Mapping[str, str] | None = None,
    workdir: str | None = None,
) -> tuple[dict[str, Any], str]:
  """Runs the whole table.

  Args:
    config: sections as in `configs/tasks.py`.
    task: the rows.
    encoder: ours (`mir.load`); None for baselines only.
    compared: name -> `.npz` of vectors of other encoders.
    workdir: gets `results.json`, `results.md` and our vectors, after each
      split anew.

  Returns:
    The results as plain data and as markdown.
  """
  table_config = TableConfig(**config['table'])
  fit_config = fit.FitConfig(**config['fit'])
  trees_config = baselines.TreesConfig(**config['trees'])
  report_config = report.ReportConfig(**config['report'])
  features, missing = collect_features(
      task, encoder, compared or {}, table_config
  )
  if workdir is not None:
    save_vectors(workdir, task, [f for f in features if f.kind == 'ours'])
  problems = [*task.problems, *missing]
  for problem in problems:
    logging.warning('%s: %s', problem.where, problem.what)
  entries: list[report.Entry] = []
  results, table = {}, ''
  for name in table_config.splits:
    protocol = splits.build_protocol(
        splits.SplitConfig(name=name, **config['splits'][name]),
        task.strata,
        task.groups,
        num_seeds=table_config.num_seeds,
        num_inner_folds=table_config.num_inner_folds,
    )
    for entry in run_split(
        task, protocol, features, fit_config, trees_config, table_config
    ):
      entries.append(entry)
      logging.info('%s', report.one_line(task, entry))
    measured = report.measure(task, entries, report_config)
    results = {
        'task': task.name,
        'rows': len(task.rows),
        'valid_rows': {t.name: int(t.judges.sum()) for t in task.targets},
        'groups': {k: len(v) for k, v in task.group_names.items()},
        'date': time.strftime('%Y-%m-%d'),
        'python': platform.python_version(),
        'jax': importlib.metadata.version('jax'),
        'trees': baselines.trees_name(),
        'problems': [problem._asdict() for problem in problems],
        'results': measured,
        'null': report.summarise_null(measured),
    }
    table = markdown.format_report(task, results)
    if workdir is not None:
      report.save(workdir, results, table)
  return results, table
