"""What the benchmarks of code size share: packages, labels, intervals."""

import contextlib
import hashlib
import itertools
import json
import lzma
import pathlib
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mirencoder_jax.measure import label_file, size_passes, unit_sizes
from mirencoder_jax.tuning import size

LABELS = (
    pathlib.Path(__file__).resolve().parents[1]
    / 'datasets/code_size/labels.jsonl.xz'
)
NUM_DRAWS = 1000


def digest(package: str) -> int:
  return int(hashlib.sha256(package.encode()).hexdigest(), 16)


def is_chosen_on(package: str) -> bool:
  """Whether pipelines and sets of flags were chosen on it: six tenths are."""
  return digest(package) % 10 < 6


def read_labels() -> list[dict[str, Any]]:
  """Records that ship, but for those of the starter corpus."""
  lines = lzma.decompress(LABELS.read_bytes()).splitlines()[1:]
  return [
      record
      for record in map(json.loads, lines)
      if not record['package'].startswith('starter/')
  ]


@contextlib.contextmanager
def open_session(
    table: str | None, clang: str, megabytes: float
) -> Iterator[unit_sizes.Session]:
  """Sizes of units under flags, kept in `table` if there is one."""
  found = size.find_clang(clang)
  config = unit_sizes.UnitsConfig(max_megabytes=megabytes)
  with (
      tempfile.TemporaryDirectory() as folder,
      size_passes.SizeWorker() as worker,
      label_file.open_labels(
          pathlib.Path(table or f'{folder}/sizes.jsonl'), config.header(found)
      ) as labels,
  ):
    yield unit_sizes.Session(
        labels, found, config, pathlib.Path(folder), worker
    )


def in_turn(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
  """One record of each package before a second of any."""
  by_package: dict[str, list[dict[str, Any]]] = {}
  for record in records:
    by_package.setdefault(record['package'], []).append(record)
  turns = itertools.zip_longest(*by_package.values())
  return [r for turn in turns for r in turn if r is not None]


def folds(packages: Sequence[str], num_folds: int) -> np.ndarray:
  """A fold for each row; rows of a package are in one."""
  names = np.unique(packages)
  np.random.default_rng(0).shuffle(names)
  number = {name: i % num_folds for i, name in enumerate(names)}
  return np.array([number[package] for package in packages])


def draws(packages: Sequence[str]) -> list[np.ndarray]:
  """Rows of a bootstrap over packages, NUM_DRAWS times."""
  of = np.asarray(packages)
  members = [np.flatnonzero(of == p) for p in np.unique(of)]
  chooser = np.random.default_rng(0)
  return [
      np.concatenate(
          [
              members[i]
              for i in chooser.integers(len(members), size=len(members))
          ]
      )
      for _ in range(NUM_DRAWS)
  ]


def bounds(values: Sequence[float]) -> np.ndarray:
  """Of 95 %, of what the draws have given."""
  return np.percentile(values, (2.5, 97.5))
