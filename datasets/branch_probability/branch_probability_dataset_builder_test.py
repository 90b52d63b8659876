"""Tests of the branch_probability builder: shipped programs, and a user's."""

import json
import pathlib

import measurements_testing
import numpy as np
from absl.testing import absltest

from datasets import measurements
from datasets.branch_probability import (
    branch_probability_dataset_builder as builder_module,
)
from mirencoder_jax import ir
from mirencoder_jax.downstream.tasks import branch_features
from mirencoder_jax.ir import branches

_HERE = pathlib.Path(__file__).parent


class BuilderTest(measurements_testing.BuilderTestCase):

  builder_class = builder_module.Builder
  dummy_data = _HERE / 'dummy_data'

  def prepare(self):
    rows = self.prepare_rows()
    return {(r['symbol'].decode(), int(r['branch'])): r for r in rows}

  def test_rows(self):
    rows = self.prepare()
    self.assertEqual(set(rows), {('loop', 0), ('loop', 1), ('copy', 0)})
    first, latch = rows['loop', 0], rows['loop', 1]
    self.assertAlmostEqual(first['probability'], 10 / 400)
    self.assertAlmostEqual(latch['probability'], 396 / 400)
    self.assertEqual((latch['count'], latch['llvm_frequency']), (400, 32))
    self.assertAlmostEqual(latch['llvm_probability'], 0.96875)
    self.assertEqual(latch['family'], b'loops')
    self.assertEqual(rows['copy', 0]['family'], b'other')  # it has none
    # One of a module's rows has its text.
    texts = [row['ir'] for row in (first, latch)]
    self.assertEqual(sum(b'define' in text for text in texts), 1)
    self.assertEqual(latch['seen_and_llvm'][-2], np.float32(0.96875))
    left = self.opened.info.metadata['left_out']
    self.assertEqual((left['programs'], left['rare']), (1, 1))

  def test_what_is_seen_by_hand(self):
    rows = self.prepare()

    def seen(*key):
      return dict(
          zip(branch_features.NAMES, rows[key]['seen'].tolist(), strict=True)
      )

    latch, first = seen('loop', 1), seen('loop', 0)
    for name in ('compares ne', 'true goes back', 'false leaves loop',
                 'false ends in ret', 'true comes here again',
                 'operand 0 add', 'operand 1 parameter'):  # fmt: skip
      self.assertEqual(latch[name], 1, name)
    for name in ('true leaves loop', 'false goes back', 'compares eq'):
      self.assertEqual(latch[name], 0, name)
    for name in ('compares slt', 'constant zero', 'true joins other',
                 'operand 0 load', 'compares i32'):  # fmt: skip
      self.assertEqual(first[name], 1, name)
    self.assertGreater(first['true has call'], 0)
    self.assertEqual(first['false has call'], 0)
    self.assertEqual(first['depth'], 1)

  def test_ir_that_is_not_there_is_counted(self):
    (self.manual_dir / 'ir' / 'other__copy.ll').unlink()
    self.assertEqual(set(self.prepare()), {('loop', 0), ('loop', 1)})
    left = self.opened.info.metadata['left_out']
    self.assertEqual(left['without_ir'], 1)

  def test_another_label_file(self):
    path = self.manual_dir / 'labels.jsonl'
    header, *lines = path.read_text().splitlines()
    header = json.dumps(json.loads(header) | dict(kind='loops'))
    path.write_text('\n'.join([header, *lines]))
    with self.assertRaisesRegex(measurements.ManualDataError, 'measure bran'):
      self.prepare_rows()


class ShippedTest(absltest.TestCase):

  def test_every_label_has_its_branch(self):
    _, records = builder_module.read_labels(_HERE / 'labels.jsonl.xz')
    texts = measurements.read_archive(_HERE / 'programs_ir.tar.xz')
    sources = sorted((_HERE / 'programs').glob('*/*.c'))
    names = {f'{p.parent.name}__{p.stem}' for p in sources}
    self.assertEqual({record['name'] for record in records}, names)
    self.assertGreaterEqual(len(names), 80)
    for record in records[::9]:
      self.assertEqual(record['status'], 'ok')
      functions = {
          f.hash: f
          for f in ir.read_module(texts[record['name']].encode()).functions
      }
      for label in record['functions']:
        found = branches.conditional_branches(functions[label['hash']])
        self.assertLen(label['branches'], len(found))
        self.assertLen(label['guesses'], len(found))


if __name__ == '__main__':
  absltest.main()
