"""The orders of trying are what the labels that ship say."""

import hashlib
import json
import lzma
import pathlib

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.measure import pipelines, size_flags, size_summary

_LABELS = (
    pathlib.Path(__file__).resolve().parents[2]
    / 'datasets/code_size/labels.jsonl.xz'
)


def _read(kind: str) -> list[dict]:
  """Records of `kind` of the packages that candidates were chosen on."""
  lines = lzma.decompress(_LABELS.read_bytes()).splitlines()[1:]
  return [
      record
      for record in map(json.loads, lines)
      if kind in record and not record['package'].startswith('starter/')
      if int(hashlib.sha256(record['package'].encode()).hexdigest(), 16) % 10
      < 6
  ]


def _order(sizes: dict[str, list], first: tuple[str, ...] = ()) -> list[str]:
  table = {
      name: np.array(
          [s if isinstance(s, int) else np.nan for s in column], float
      )
      for name, column in sizes.items()
  }
  base = table.pop('Oz')
  gains = {  # what failed gains nothing
      name: np.nan_to_num(np.log(base / column))
      for name, column in table.items()
  }
  return [n for n, _ in size_summary.coreset(gains, len(gains), first)]


class TriedTest(parameterized.TestCase):

  @parameterized.parameters(('text', 0, ('s1',)), ('image', 1, ()))
  def test_sets(self, kind, place, first):
    records = _read('hash')
    self.assertGreater(len(records), 100)

    def size(record, names):
      found = record['sizes'][names]
      return found if isinstance(found, str) else found[place]

    sizes = {
        name: [size(record, names) for record in records]
        for name, names in size_flags.CHOICES.items()
    }
    self.assertEqual(_order(sizes, first), size_flags.TRIED[kind])

  def test_pipelines(self):
    rows = [f[1] for r in _read('functions') for f in r['functions']]
    self.assertGreater(len(rows), 3000)
    columns = zip(*rows, strict=True)
    sizes = dict(zip(pipelines.PIPELINES, columns, strict=True))
    self.assertEqual(_order(sizes), pipelines.TRIED)


if __name__ == '__main__':
  absltest.main()
