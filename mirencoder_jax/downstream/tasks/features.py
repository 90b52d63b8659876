"""Features: what a task's modules look like to a head, by name.

Our embeddings, the vectors of other encoders, histograms, nothing at all and
random numbers, as one list of named vectors. A module that a kind of features
cannot read gets zeros and keeps its rows; it is named among the problems.
"""

import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.downstream.tasks import counts as counts_lib
from mirencoder_jax.downstream.tasks import places, tasks
from mirencoder_jax.inference import vectors as vectors_lib

MAIN = 'MIREncoder'
# Rows of ours: name -> (modality, whether the encoder is trained, kind).
OURS = {
    MAIN: ('joint', True, 'ours'),
    'MIREncoder, all three': ('all', True, 'ours'),
    'text only': ('ir', True, 'ablation'),
    'graph only': ('graph', True, 'ablation'),
    'not pre-trained': ('joint', False, 'ablation'),
}
# Rows of ours that get every head where rows are branches.
_PLACES = {'not pre-trained': 'compared'}


class Features(NamedTuple):
  """Vectors of the task's modules under a name."""

  name: str
  kind: str  # as in `report.Entry`
  vectors: np.ndarray  # float32 [M, D]; [n, D] if by row
  is_by_row: bool = False  # whether each row has one, and not each module


def read_modules(task: tasks.Task) -> tuple[list, list[tasks.Problem]]:
  """Reads the task's modules; None and a problem where that fails."""
  modules, problems = [], []
  for name, text in zip(task.modules, task.ir, strict=True):
    module = None
    if text.strip():  # an empty one is a problem of the task already
      try:
        module = ir_lib.read_module(text, name)
      except ir_lib.IRError as error:
        problems.append(tasks.Problem(name, str(error)))
    modules.append(module)
  return modules, problems


def random_vectors(num_modules: int, width: int, seed: int) -> np.ndarray:
  """Vectors that name a module and say nothing about it; float32 [M, D]."""
  rng = np.random.default_rng([seed, width])
  return rng.standard_normal((num_modules, width), np.float32)


def is_histogram(vectors: np.ndarray) -> bool:
  """Whether vectors are counts, which heads see in logs."""
  return bool((vectors >= 0).all() and (vectors == np.rint(vectors)).all())


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


def load_named(path: str, names: Sequence[str]) -> np.ndarray:
  """Vectors of these names, of whichever encoder.

  Args:
    path: what `read_vectors` reads, whose files are known by their path or the
      end of it, with or without suffix.
    names: of modules.

  Returns:
    float32 [n, D]; NaN for names that are not in it.

  Raises:
    ValueError: none of the names in it; VectorsError: another content.
  """
  found = vectors_lib.read_vectors(path).by_file()
  files = _ends_of_paths(found)
  known = {i: files[name] for i, name in enumerate(names) if files.get(name)}
  if not known:
    raise ValueError(
        f'{path}: has no vector of {names[0]!r} or any other that is needed; '
        f'it has {next(iter(found), "none at all")!r}'
    )
  width = len(found[next(iter(known.values()))])
  vectors = np.full((len(names), width), np.nan, np.float32)
  for row, file in known.items():
    vectors[row] = found[file]
  return vectors


def _ends_of_paths(paths: Iterable[str]) -> dict[str, str]:
  """What a path may be called -> the path; '' where that means several."""
  names: dict[str, str] = {}
  exact = dict.fromkeys(paths)
  for path in exact:
    parts = pathlib.PurePath(path).parts
    for start in range(len(parts)):
      end = pathlib.PurePath(*parts[start:])
      for name in {str(end), str(end.with_suffix(''))}:
        names[name] = '' if names.get(name, path) != path else path
  return names | {path: path for path in exact}


def load_vectors(
    path: str, task: tasks.Task
) -> tuple[np.ndarray, list[tasks.Problem]]:
  """Vectors of the task's modules; NaN and a problem for those not there.

  Where rows are branches, of the rows and not of the modules.

  Raises:
    ValueError: as `load_named`.
  """
  names = task.rows if task.places else task.modules
  vectors = load_named(path, names)
  problems = [
      tasks.Problem(names[i], f'no vector in {pathlib.Path(path).name}')
      for i in np.flatnonzero(np.isnan(vectors).all(axis=1))
  ]
  return vectors, problems


def save_vectors(
    workdir: str,
    task: tasks.Task,
    features: Sequence[Features],
    encoder: str = '',
) -> None:
  """Writes our vectors so that `load_vectors` (and --compare) reads them."""
  folder = pathlib.Path(workdir)
  folder.mkdir(parents=True, exist_ok=True)
  for name, _, vectors, is_by_row in features:
    names = task.rows if is_by_row else task.modules
    file = re.sub(r'\W+', '_', name.lower()) + '.npz'
    vectors_lib.of_names(names, vectors, encoder).save(folder / file)


def _at_places(
    encoder: Any, task: tasks.Task, modules: Sequence[Any]
) -> tuple[list[Features], list[tasks.Problem]]:
  """Our vectors where each row is a branch, under every head.

  Without pre-training, too: of what a state says, that is the part which the
  architecture has for nothing.
  """
  features, problems = [], []
  for is_trained in (True, False):
    vectors, wrong = places.encode(
        encoder if is_trained else encoder.untrained(),
        modules, task.ir, task.places, task.module_index,
    )  # fmt: skip
    if is_trained:
      problems = [tasks.Problem(task.rows[i], w) for i, w in wrong.items()]
    features += [
        Features(name, _PLACES.get(name, kind), vectors[modality], True)
        for name, (modality, trained, kind) in OURS.items()
        if trained == is_trained and modality in vectors
    ]
  return features, problems


def _random(task: tasks.Task, num_null: int, width: int) -> list[Features]:
  num_modules = len(task.modules)
  return [
      Features(
          f'random {seed}',
          'null',
          random_vectors(num_modules, width, seed),
      )
      for seed in range(num_null)
  ]


def collect(
    task: tasks.Task,
    encoder: Any | None,
    compared: Mapping[str, str],
    *,
    num_null: int,
    null_width: int,
    counts: Sequence[str] = ('opcodes', 'opcodes+types'),
) -> tuple[list[Features], list[tasks.Problem]]:
  """All vectors of the table, and the modules that some of them lack.

  Args:
    task: whose modules.
    encoder: ours, None to do without.
    compared: name -> file of vectors of other encoders, see `load_named`.
    num_null: how many random embeddings.
    null_width: their width where there is no encoder.
    counts: what is counted of the code.
  """
  # Before the work: they may be of another task, or need what is not there.
  others = {name: load_vectors(path, task) for name, path in compared.items()}
  nothing = np.zeros((len(task.modules), 0), np.float32)
  features = [Features('inputs only', 'baseline', nothing)]
  features += [
      Features(name, 'baseline', vectors, is_by_row=True)
      for name, vectors in task.vectors.items()
  ]
  if not any(text.strip() for text in task.ir):
    logging.warning('no module has IR: only inputs and random vectors are left')
    where = tasks.Problem(task.name, 'no IR at all: no row of any encoder')
    return [*features, *_random(task, num_null, null_width)], [where]
  logging.info('counting opcodes of %d modules', len(task.modules))
  modules, problems = read_modules(task)
  features += [
      Features(name, 'baseline', counts_lib.count(modules, name))
      for name in counts
  ]
  if encoder is not None and task.places:
    found, unread = _at_places(encoder, task, modules)
    features += found
    problems += unread
  elif encoder is not None:
    null_width = encoder.width
    trained, untrained = (
        {m for m, pretrained, _ in OURS.values() if pretrained == which}
        for which in (True, False)
    )
    vectors, unread = embed_modules(encoder, task, sorted(trained))
    before, _ = embed_modules(encoder.untrained(), task, sorted(untrained))
    problems += unread
    features += [
        Features(name, kind, (vectors if pretrained else before)[modality])
        for name, (modality, pretrained, kind) in OURS.items()
    ]
  for name, (vectors, missing) in others.items():
    features.append(Features(name, 'compared', vectors, bool(task.places)))
    problems += missing
  features += _random(task, num_null, null_width)
  features = [f._replace(vectors=np.nan_to_num(f.vectors)) for f in features]
  return features, list(dict.fromkeys(problems))
