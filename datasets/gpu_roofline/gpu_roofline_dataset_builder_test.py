"""Tests of the gpu_roofline builder, on made-up rows."""

import gzip
import math
import pathlib

import measurements_testing
from absl.testing import absltest, parameterized

from datasets import measurements
from datasets.gpu_roofline import gpu_roofline_dataset_builder as builder_module
from datasets.gpu_roofline import matching

_HERE = pathlib.Path(__file__).parent
_REAL = _HERE.parents[2] / 'shared' / 'data' / 'gpu_roofline'


class BuilderTest(measurements_testing.BuilderTestCase):

  builder_class = builder_module.Builder
  dummy_data = _HERE / 'dummy_data'

  def test_rows(self):
    examples = self.prepare()
    self.assertLen(examples, 6)
    scale = examples['scale-cuda', 'scale(float *, float, int)']
    # Of its three launches two have the first one's shape.
    self.assertEqual(scale['launches'], 2)
    self.assertAlmostEqual(scale['log_time'], math.log(1100), places=5)
    self.assertEqual((scale['grid'], scale['block']), (8, 256))
    self.assertAlmostEqual(scale['bandwidth_share'], 76 / 760.3, places=5)
    self.assertEqual((scale['program'], scale['form']), (b'scale', b'cuda'))
    self.assertIn(b'_Z5scalePffi', scale['ir'])

  def test_bound_by_any_kind_of_operation(self):
    bound = {
        kernel
        for (_, kernel), e in self.prepare().items()
        if e['compute_bound']
    }
    self.assertEqual(
        bound,
        {
            'void fill<float>(T1 *, T1, int)',
            'void fill<double>(T1 *, T1, int)',
            'gone(int *)',
        },
    )

  def test_kernels_are_matched(self):
    examples = self.prepare()
    of_type = examples['scale-cuda', 'void fill<double>(T1 *, T1, int)']
    self.assertIn(b'double', of_type['ir'])
    offloaded = examples[
        'scale-omp', '__omp_offloading_10309_2f04138__Z5scalePffi_l12'
    ]
    self.assertIn(b'__omp_offloading_801_99', offloaded['ir'])
    self.assertEqual(offloaded['form'], b'openmp')
    gone = examples['walk-cuda', 'gone(int *)']
    self.assertEqual(gone['ir'], b'')  # and keeps its row
    unmeasured = examples['walk-cuda', 'walk(int *)']
    self.assertTrue(math.isnan(unmeasured['log_time']))

  def test_no_ir_at_all(self):
    for path in (self.manual_dir / 'ir').rglob('*.*'):
      path.unlink()
    self.assertTrue(all(not e['ir'] for e in self.prepare().values()))

  def test_unknown_form(self):
    path = self.manual_dir / 'profiling-data.csv.gz'
    table = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(table.replace('-omp', '-hip').encode()))
    with self.assertRaisesRegex(measurements.ManualDataError, 'scale-hip'):
      self.prepare()

  def test_published_data(self):
    examples = self.prepare(self.real(_REAL)).values()
    self.assertLen(examples, 1818)
    self.assertLen({e['program'] for e in examples}, 391)
    forms = {form: {e['program'] for e in examples if e['form'] == form}
             for form in (b'cuda', b'openmp')}  # fmt: skip
    self.assertEqual([len(forms[k]) for k in (b'cuda', b'openmp')], [385, 276])
    self.assertLen(forms[b'cuda'] & forms[b'openmp'], 270)
    self.assertTrue(all(e['compute_bound'] in (0, 1) for e in examples))
    self.assertTrue(all(math.isfinite(e['log_time']) for e in examples))

  def prepare(self, manual_dir=None):
    rows = self.prepare_rows(manual_dir, split='cuda+openmp')
    return {(e['target'].decode(), e['kernel'].decode()): e for e in rows}


class MatchingTest(parameterized.TestCase):

  @parameterized.parameters(
      ('scale(float *, int)', '_Z5scalePfi'),
      ('void find<19>(char *, int)', '_Z4findILi19EEvPci'),
      ('void f<(bool)1>(int *)', '_Z1fILb1EEvPi'),
      ('ns::run(unsigned int)', '_ZN2ns3runEj'),
      ('plain', 'plain'),
      ('void run<2, E>(T1 *)', '_ZN1a1b3runILi2E1EEEvPT0_'),
      ('f<1>()', '_Z1fIL4Kind1EEvv'),
      ('void f<unsigned char, 8>(T1 *)', '_Z1fIhLm8EEvPT_'),
      ('__omp_offloading_1_ab_main_l57', '__omp_offloading_fd00_9c_main_l57'),
  )
  def test_spellings(self, profiled, symbol):
    self.assertEqual(
        matching.match([profiled], {symbol: 'it', '_Z5otherv': 'other'}),
        {profiled: 'it'},
    )

  def test_what_cannot_be_told_apart_is_not_matched(self):
    symbols = {'_Z1fPf': 'float', '_Z1fPd': 'double'}
    self.assertEqual(matching.match(['f(T *)'], symbols), {'f(T *)': None})
    self.assertEqual(
        matching.match(['f(float *)', 'f(T *)'], symbols),
        {'f(float *)': 'float', 'f(T *)': None},
    )
    lines = {f'__omp_offloading_1_2_main_l{n}': n for n in (5, 6)}
    name = '__omp_offloading_3_4_main_l7'
    self.assertEqual(matching.match([name], lines), {name: None})


if __name__ == '__main__':
  absltest.main()
