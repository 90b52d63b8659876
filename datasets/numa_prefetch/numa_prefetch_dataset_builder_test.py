"""Tests of the numa_prefetch builder, on made-up rows."""

import gzip
import pathlib

import measurements_testing
import numpy as np
from absl.testing import absltest

from datasets.numa_prefetch import (
    numa_prefetch_dataset_builder as builder_module,
)

_HERE = pathlib.Path(__file__).parent
_REAL = _HERE.parents[2] / 'shared' / 'data' / 'openmp_numa_prefetch'


class BuilderTest(measurements_testing.BuilderTestCase):

  builder_class = builder_module.Builder
  dummy_data = _HERE / 'dummy_data'

  def test_rows(self):
    examples = self.prepare()
    self.assertLen(examples, 7)
    choices = self.opened.info.metadata['choices']
    self.assertLen(set(choices), 768)
    self.assertIn(builder_module.DEFAULT, choices)
    row = examples['__cere__heat_step_12', 'conf1']
    self.assertEqual(row['program'], b'made/heat')
    self.assertEqual(row['suite'], b'made')
    self.assertIn(b'fmul double', row['ir'])
    times = dict(zip(choices, row['runtimes'], strict=True))
    self.assertEqual(times[builder_module.DEFAULT], 100)
    self.assertEqual(times['16-1-compact-0-3-ori'], 145)
    self.assertTrue(np.isnan(times['64-2-compact-0-0-ori']))

  def test_regions_of_equal_code_are_together(self):
    examples = self.prepare()
    code = {region: e['code'] for (region, _), e in examples.items()}
    self.assertLen(set(code.values()), 3)
    self.assertEqual(code['__cere__heat_copy_30'], code['__cere__flow_copy_9'])

  def test_larger_input(self):
    examples = self.prepare()
    larger = {key: e['larger'] for key, e in examples.items()}
    self.assertEqual(larger['__cere__flow_copy_9', 'conf1'], 0)
    self.assertEqual(larger['__cere__flow_copy_9', 'conf2'], 1)
    self.assertEqual(larger['__cere__flow_sum_20', 'conf1'], 0.5)

  def test_missing_ir_keeps_the_row(self):
    examples = self.prepare()
    self.assertEqual(examples['__cere__flow_sum_20', 'conf1']['ir'], b'')
    for path in (self.manual_dir / 'ir').iterdir():
      path.unlink()
    (self.manual_dir / 'ir').rmdir()
    self.data_dir = self.data_dir / 'other'
    self.assertLen(self.prepare(), 7)

  def test_program_of(self):
    for source, program in (
        ('rodinia/openmp/cfd/euler3d_cpu.cpp', ('rodinia/cfd', 'rodinia')),
        ('npb/BT/bt.c', ('npb/BT', 'npb')),
        ('lulesh/lulesh.cc', ('lulesh/lulesh', 'lulesh')),
        ('', ('', '')),
    ):
      self.assertEqual(builder_module.program_of(source), program)

  def test_clear_errors(self):
    path = self.manual_dir / 'numa_prefetch_long.csv.gz'
    table = gzip.decompress(path.read_bytes()).decode()
    table = table.replace(',scatter,', ',far,')
    path.write_bytes(gzip.compress(table.encode()))
    with self.assertRaisesRegex(ValueError, 'row 17: unknown .* 16-2-far-0-0'):
      self.prepare()

  def test_profile(self):
    row = self.prepare()['__cere__heat_step_12', 'conf1']
    profile = builder_module.PROFILE
    self.assertTrue(np.isnan([row[name] for name in profile]).all())
    columns = ['application', 'conf', 'threads', *profile.values()]
    lines = [','.join(columns)] + [
        ','.join(['__cere__heat_step_12', 'conf1', threads, value] + ['2'] * 15)
        for threads, value in (('16', '7'), ('32', '8'))
    ]
    path = self.manual_dir / 'dynamic_comm_page_features.csv'
    path.write_text('\n'.join(lines) + '\n')
    self.data_dir = self.data_dir / 'other'
    row = self.prepare()['__cere__heat_step_12', 'conf1']
    self.assertEqual((row['profile_CH'], row['profile_P_SP']), (8, 2))

  def test_no_table_of_sources(self):
    (self.manual_dir / 'region_sources.csv').unlink()
    with self.assertRaisesRegex(ValueError, 'region_sources.csv'):
      self.prepare()

  def test_published_data(self):
    examples = self.prepare(self.real(_REAL))
    self.assertLen(examples, 120)
    measured = [k for k, e in examples.items() if e['runtimes'][0] > 0]
    self.assertLen(measured, 118)
    self.assertLen({region for region, _ in measured}, 60)
    profiles = [examples[key]['profile_P_SP'] for key in measured]
    self.assertTrue(np.isfinite(profiles).all())

  def prepare(self, manual_dir=None):
    rows = self.prepare_rows(manual_dir)
    return {(e['region'].decode(), e['size'].decode()): e for e in rows}


if __name__ == '__main__':
  absltest.main()
