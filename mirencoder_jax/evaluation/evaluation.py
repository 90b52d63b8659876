"""What an evaluation is: an entry of a recipe's `evals`, run by `results`."""

import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol, Self

from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.inference import encoder as inference


class Request(NamedTuple):
  """What the command asks for beside its recipe.

  Attributes:
    checkpoint: ours, None for baselines only.
    workdir: gets results, pictures and vectors; None for nothing.
    data_dir: of prepared data.
    manual_dir: files to prepare it from; of several tasks a folder each, named
      as the task.
    compared: `NAME=PATH`, or `TASK:NAME=PATH` for one task of several.
    predictor: folder that gets a predictor fitted on all rows; of several tasks
      a folder each in it.
    cache: folder of embeddings, see `inference.load`; None to keep none.
  """

  checkpoint: str | None = None
  workdir: str | None = None
  data_dir: str | None = None
  manual_dir: str | None = None
  compared: tuple[str, ...] = ()
  predictor: str | None = None
  cache: str | None = None

  def compared_with(self, name: str) -> dict[str, str]:
    """Name -> file of the encoders that an evaluation compares with.

    Raises:
      ValueError: as `tasks.parse_named_paths`.
    """
    chosen = []
    for value in self.compared:
      prefix, colon, _ = value.partition('=')[0].partition(':')
      if not colon or prefix == name:
        chosen.append(value[len(prefix) + 1 :] if colon else value)
    return tasks.parse_named_paths(chosen)

  def part_of(self, name: str) -> 'Request':
    """The request of one of several: with folders of its own."""

    def inside(folder):
      return folder if folder is None else str(pathlib.Path(folder, name))

    manual = inside(self.manual_dir)
    return self._replace(
        workdir=inside(self.workdir),
        predictor=inside(self.predictor),
        manual_dir=manual if manual and os.path.isdir(manual) else None,
    )


class Comparison(NamedTuple):
  """A vector beside the best that does without it: a row of summary.json.

  Attributes:
    task: the evaluation.
    split: of its data.
    target: the machine, or what else is judged apart.
    metric: what `value` is.
    vector: whose it is; `MIREncoder` is ours.
    value: of the vector, under the head chosen beforehand.
    baseline: the best of the others on the same rows; or a vector that the
      report names, under the same head.
    baseline_value: its value.
    difference: between them, positive where the vector is better.
    low, high: interval of the difference; None where it was not drawn.
    oracle: the best that can be reached; None if that is not known.
  """

  task: str
  split: str
  target: str
  metric: str
  vector: str
  value: float
  baseline: str
  baseline_value: float
  difference: float
  low: float | None = None
  high: float | None = None
  oracle: float | None = None

  @property
  def words(self) -> str:
    """What its interval allows to be said of the vector and the baseline."""
    if self.low is not None and self.low > 0:
      return 'is better than'
    if self.high is not None and self.high < 0:
      return 'is worse than'
    return 'cannot be told from'


class Evaluation(Protocol):
  """One entry of `evals`. Results are plain data, as their file has them.

  They say of themselves `date`, `command`, `commit`, `hardware`, `python`,
  `jax` and `seconds`.
  """

  name: str

  @classmethod
  def read(cls, name: str, config: Mapping[str, Any], place: str) -> Self:
    """Of its part of a recipe; ValueError for a field that is wrong."""

  def run(
      self, encoder: inference.Encoder | None, request: Request
  ) -> dict[str, Any]:
    """Finds the results; writes and prints what the request asks for."""

  def summary(self, results: Mapping[str, Any]) -> list[Comparison]:
    """What vectors are worth, beside the best that does without."""

  def verdict(self, results: Mapping[str, Any]) -> str:
    """One sentence that a person can repeat."""

  def section(
      self, results: Mapping[str, Any], pictures: Mapping[str, str]
  ) -> list[str]:
    """Lines of the page of results; pictures are file name -> path."""

  def draw(
      self, results: Mapping[str, Any], folder: str | os.PathLike[str]
  ) -> list[str]:
    """Draws pictures into a folder, if it has any; their file names."""
    del results, folder
    return []

  @staticmethod
  def overview(
      all_results: Iterable[Mapping[str, Any]], *, short: bool = False
  ) -> list[str]:
    """One table of all results of this kind."""


class Part(NamedTuple):
  """An evaluation and what it found."""

  evaluation: Evaluation
  results: Mapping[str, Any]
