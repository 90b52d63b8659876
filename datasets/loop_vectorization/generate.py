"""Writes the loops of this data set: one C file each, always the same ones.

    python datasets/loop_vectorization/generate.py FOLDER

64 families take turns, so that the first files of any number hold all of them
evenly: file `0065_axpy.c` is the second one of its family. Each loop is drawn
from a random stream of its own, seeded by family and number: more loops do not
change those there are. `python -m mirencoder_jax.measure loops FOLDER` labels
them; `mirencoder_jax.measure.loop_source` says how a file is read.
"""

import argparse
import pathlib
import random
import sys
from typing import NamedTuple

FOLDER = pathlib.Path(__file__).resolve().parent
# First, because elsewhere `datasets` is another package's name.
sys.path.insert(0, str(FOLDER.parents[1]))

from datasets.loop_vectorization import (  # noqa: E402
    formulas,
    layouts,
    matrices,
    nests,
    reductions,
    streams,
    words,
)

# In this order; of a module, its public functions in the order of the text.
_MODULES = (streams, layouts, formulas, reductions, nests, matrices, words)
FAMILIES = tuple(
    make
    for module in _MODULES
    for name, make in vars(module).items()
    if getattr(make, '__module__', '') == module.__name__ and name[0] != '_'
)
NUM_LOOPS = 1664
_SEED = 1
# A family that has said everything would be drawn from for ever.
_MAX_DRAWS = 200


class Loop(NamedTuple):
  """One generated file."""

  name: str
  family: str
  text: str


def _code(text: str) -> str:
  """The function without the settings above it."""
  return '\n'.join(
      line for line in text.splitlines() if not line.startswith('//')
  )


def generate(num_loops: int = NUM_LOOPS) -> list[Loop]:
  """The first loops; no two have the same function.

  Raises:
    ValueError: a family has no further loop.
  """
  loops: list[Loop] = []
  seen: set[str] = set()
  for number in range(num_loops):
    make = FAMILIES[number % len(FAMILIES)]
    turn = number // len(FAMILIES)
    for draw in range(_MAX_DRAWS):
      text = make(random.Random(f'{_SEED}/{make.__name__}/{turn}/{draw}'))
      if _code(text) not in seen:
        break
    else:
      raise ValueError(f'{make.__name__} has no loop number {turn}')
    seen.add(_code(text))
    name = make.__name__
    text = f'// family: {name}\n{text}'
    loops.append(Loop(f'{number:04d}_{name}', name, text))
  return loops


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
  parser.add_argument('folder', type=pathlib.Path)
  parser.add_argument('--num_loops', type=int, default=NUM_LOOPS)
  arguments = parser.parse_args()
  arguments.folder.mkdir(parents=True, exist_ok=True)
  for loop in generate(arguments.num_loops):
    (arguments.folder / f'{loop.name}.c').write_text(loop.text)


if __name__ == '__main__':
  main()
