"""What a compiler answers about functions, joined to examples by their hash.

Label files of `measure size` (what pipelines of passes make of a function's
size) and of `measure guesses` (what LLVM thinks of its branches and blocks) in,
arrays for `Example`s out. What is not known is NaN, and no objective learns
from it.
"""

import dataclasses
import io
import lzma
import math
import os
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mirencoder_jax.data.example import Example
from mirencoder_jax.storage import journal

NUM_PIPELINES = 16  # of a function's sizes; the first is -Oz


class _Guess(NamedTuple):
  branches: np.ndarray  # float32 [n_branch, 2]: instruction, probability
  frequencies: np.ndarray  # float32 [n_block], log2 of runs an entry


class LabelError(ValueError):
  """A label file that cannot be used; names it, and the way out."""


@dataclasses.dataclass
class Labels:
  """Answers by the hash of a function.

  Attributes:
    sizes: bytes under each pipeline, float32 [NUM_PIPELINES], NaN where it
      failed.
    guesses: of branches and blocks.
  """

  sizes: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
  guesses: dict[str, _Guess] = dataclasses.field(default_factory=dict)

  def attach(self, example: Example) -> Example:
    """The example with what is known of it.

    `label_sizes` is float32 [NUM_PIPELINES]. `label_nodes` is float32
    [n_node, 2]: the probability that a conditional branch goes to its first
    successor, and log2 of how often an instruction runs for each time that the
    function does.
    """
    nodes = np.full((len(example['node_kind']), 2), np.nan, np.float32)
    guess = self.guesses.get(example['hash'])
    num_instructions = len(example['instruction_offset']) - 1
    if guess is not None:
      place = guess.branches[:, 0].astype(int)
      block = example['node_block'][1 : num_instructions + 1]
      # A function of another reading of the IR than the label's is not joined.
      if (place < num_instructions).all() and (
          block < len(guess.frequencies)
      ).all():
        nodes[1 + place, 0] = guess.branches[:, 1]
        nodes[1 : num_instructions + 1, 1] = guess.frequencies[block]
    unknown = np.full(NUM_PIPELINES, np.nan, np.float32)
    return {
        **example,
        'label_sizes': self.sizes.get(example['hash'], unknown),
        'label_nodes': nodes,
    }


def read_labels(paths: Sequence[str | os.PathLike]) -> Labels:
  """Reads label files, plain or `.xz`; of two answers the later one counts.

  Raises:
    LabelError: a file that is not there, damaged, or of something else.
  """
  labels = Labels()
  for path in paths:
    header, *records = _read_lines(pathlib.Path(path))
    if len(header.get('choices', ())) == NUM_PIPELINES:
      for record in records:
        for key, *_, sizes, _ in record.get('functions', ()):
          labels.sizes[key] = np.array(
              [x if isinstance(x, int) else math.nan for x in sizes],
              np.float32,
          )
    elif header.get('kind') == 'guesses':
      for record in records:
        for key, _, branches, frequencies in record.get('functions', ()):
          labels.guesses[key] = _Guess(
              np.array(branches, np.float32).reshape(-1, 2),
              np.array(
                  [math.nan if x is None else x for x in frequencies],
                  np.float32,
              ),
          )
    else:
      raise LabelError(
          f'{path} has neither the sizes of functions under {NUM_PIPELINES} '
          "pipelines (`mirencoder measure size`) nor LLVM's guesses "
          '(`mirencoder measure guesses`)'
      )
  return labels


def _read_lines(path: pathlib.Path) -> list[dict]:
  try:
    data = path.read_bytes()
    if path.suffix == '.xz':
      data = lzma.decompress(data)
    found = [*journal.parse(io.BytesIO(data), os.fspath(path))]
  except (OSError, lzma.LZMAError, ValueError) as error:
    raise LabelError(
        f'{path} is not a label file of `mirencoder measure`: {error}'
    ) from error
  if not found or not isinstance(found[0], dict):
    raise LabelError(f'{path} has no labels; run `mirencoder measure` again')
  return found
