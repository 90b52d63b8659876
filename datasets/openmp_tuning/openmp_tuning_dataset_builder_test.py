"""Tests of the openmp_tuning builder, on made-up rows."""

import pathlib

import measurements_testing
from absl.testing import absltest

from datasets.openmp_tuning import (
    openmp_tuning_dataset_builder as builder_module,
)

_HERE = pathlib.Path(__file__).parent
_REAL = _HERE.parents[2] / 'shared' / 'data' / 'openmp_numa_prefetch'


class BuilderTest(measurements_testing.BuilderTestCase):

  builder_class = builder_module.Builder
  dummy_data = _HERE / 'dummy_data'

  def test_slice(self):
    examples = self.prepare_rows()
    self.assertLen(examples, 7)
    self.assertEqual(self.opened.info.name, 'openmp_tuning')
    choices = list(self.opened.info.metadata['choices'])
    self.assertLen(choices, 16)
    self.assertTrue(all(choice.endswith('-0-ori') for choice in choices))
    (row,) = (
        e
        for e in examples
        if (e['region'], e['size']) == (b'__cere__heat_step_12', b'conf1')
    )
    times = dict(zip(choices, row['runtimes'], strict=True))
    self.assertEqual(times['32-2-scatter-0-0-ori'], 100)
    self.assertEqual(times['16-1-compact-0-0-ori'], 150)

  def test_published_data(self):
    examples = self.prepare_rows(self.real(_REAL))
    self.assertLen(examples, 120)


if __name__ == '__main__':
  absltest.main()
