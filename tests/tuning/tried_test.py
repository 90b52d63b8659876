"""The orders of trying are what the labels that ship say."""

import hashlib
import json
import lzma
import math
import pathlib

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.measure import (
    loop_program,
    pipelines,
    size_flags,
    size_summary,
)
from mirencoder_jax.tuning import kernels, search

_DATASETS = pathlib.Path(__file__).resolve().parents[2] / 'datasets'


def _records(name: str) -> list[dict]:
  """What ships of a data set's labels."""
  labels = _DATASETS / name / 'labels.jsonl.xz'
  lines = lzma.decompress(labels.read_bytes()).splitlines()[1:]
  return [json.loads(line) for line in lines]


def _read(kind: str) -> list[dict]:
  """Records of `kind` of the packages that candidates were chosen on."""
  return [
      record
      for record in _records('code_size')
      if kind in record and not record['package'].startswith('starter/')
      if int(hashlib.sha256(record['package'].encode()).hexdigest(), 16) % 10
      < 6
  ]


def _gains(sizes: dict[str, list]) -> dict[str, np.ndarray]:
  table = {
      name: np.array(
          [s if isinstance(s, int) else np.nan for s in column], float
      )
      for name, column in sizes.items()
  }
  base = table.pop('Oz')
  return {  # what failed gains nothing
      name: np.nan_to_num(np.log(base / column))
      for name, column in table.items()
  }


def _order(sizes: dict[str, list], first: tuple[str, ...] = ()) -> list[str]:
  gains = _gains(sizes)
  return [n for n, _ in size_summary.coreset(gains, len(gains), first)]


def _sizes(place: int) -> dict[str, list]:
  """Of units: 0 for `.text`, 1 for the whole image."""
  records = _read('hash')

  def size(record, names):
    found = record['sizes'][names]
    return found if isinstance(found, str) else found[place]

  return {
      name: [size(record, names) for record in records]
      for name, names in size_flags.CHOICES.items()
  }


class TriedTest(parameterized.TestCase):

  @parameterized.parameters(('text', 0, ('s1',)), ('image', 1, ()))
  def test_sets(self, kind, place, first):
    sizes = _sizes(place)
    self.assertGreater(len(sizes['Oz']), 100)
    self.assertEqual(_order(sizes, first), size_flags.TRIED[kind])

  @parameterized.parameters('text', 'image')
  def test_what_is_tried_first(self, kind):
    first, order = size_flags.FIRST[kind], size_flags.order(kind)
    self.assertLen(first, search.NUM_KNOWN)
    self.assertSequenceEqual(order[: len(first)], first)
    for names in order:
      self.assertEqual(size_flags.joined(names.split('+')), names)
    self.assertLen(set(order), len(order))
    self.assertContainsSubset(size_flags.SETS, order)

  def test_pipelines(self):
    rows = [f[1] for r in _read('functions') for f in r['functions']]
    self.assertGreater(len(rows), 3000)
    columns = zip(*rows, strict=True)
    sizes = dict(zip(pipelines.PIPELINES, columns, strict=True))
    self.assertEqual(_order(sizes), pipelines.TRIED)

  def test_loops(self):
    costs = np.array(
        [
            [math.inf if cost is None else cost for cost in record['costs']]
            for record in _records('loop_vectorization')
            if record['status'] == 'ok'
        ]
    )
    order = kernels.cover(costs, loop_program.COMPILER)
    names = [loop_program.NAMES[choice] for choice in order]
    num = len(kernels.LOOP_ORDER)
    self.assertSequenceEqual(names[:num], kernels.LOOP_ORDER)
    # As the comment on it says.
    logs = np.log(costs / costs[:, [loop_program.COMPILER]])
    for choices, gain in ((order[:num], 1.11), (order, 1.12)):
      best = np.minimum(0, logs[:, choices].min(axis=1))
      self.assertEqual(round(float(np.exp(-best.mean())), 2), gain)
    self.assertLen(costs, 1193)


if __name__ == '__main__':
  absltest.main()
