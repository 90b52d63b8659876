"""Parallel regions: what may be varied, and labels of tiny ones."""

import contextlib
import io
import pathlib
import tempfile

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    batch,
    label_file,
    openmp,
    source_settings,
    summary,
)

_REGION = """// family: axpy
// n = 200
// x = float[200] uniform(0, 1)
// y = float[200] constant(0)
static void axpy(int n, const float *x, float *y) {
  #pragma omp parallel for schedule(runtime)
  for (int i = 0; i < n; ++i) y[i] += 2 * x[i];
}
"""
# The last writer of y[0] depends on the threads.
_RACE = """// y = int[4] constant(0)
#include <omp.h>
void race(int *y) {
  #pragma omp parallel for schedule(runtime)
  for (int i = 0; i < 4; ++i) y[i] = omp_get_num_threads();
}
"""
_QUICK = openmp.OpenMPConfig(
    window=1e-5,
    min_rounds=2,
    max_rounds=2,
    run_seconds=20,
    threads=(1, 2),
    schedules=('static', 'dynamic'),
    chunks=(0, 4),
    # Two rounds on a busy machine agree on nothing.
    max_regret=1e9,
    max_difference=1e9,
)


class OpenMPConfigTest(absltest.TestCase):

  def test_choices(self):
    self.assertEqual(
        _QUICK.names,
        ['t1_static', 't1_static_4', 't1_dynamic', 't1_dynamic_4']
        + ['t2_static', 't2_static_4', 't2_dynamic', 't2_dynamic_4'],
    )
    self.assertEqual(_QUICK.default, 't2_static')

  def test_threads_of_this_machine(self):
    threads = openmp.default_threads()
    self.assertEqual(threads[0], 1)
    self.assertEqual(list(threads), sorted(set(threads)))

  def test_refused(self):
    with self.assertRaisesRegex(ValueError, "'auto'.* none of static"):
      openmp.OpenMPConfig(schedules=('auto',))
    with self.assertRaisesRegex(ValueError, r'threads \(0,\) must be from 1'):
      openmp.OpenMPConfig(threads=(0,))


class ParseRegionTest(parameterized.TestCase):

  def test_region(self):
    function = openmp.parse_region(_REGION)
    self.assertEqual(function.name, 'axpy')
    self.assertEqual(function.arguments, ('200', 'x', 'y'))

  @parameterized.named_parameters(
      (
          'fixed_schedule',
          _REGION.replace('runtime', 'dynamic, 4'),
          r'line 6: schedule\(dynamic, 4\) cannot be varied; write schedule',
      ),
      (
          'fixed_threads',
          _REGION.replace('for schedule', 'for num_threads(2) schedule'),
          'line 6: num_threads cannot be varied',
      ),
      (
          'no_schedule',
          _REGION.replace(' schedule(runtime)', ''),
          r'no pragma of axpy has schedule\(runtime\)',
      ),
      (
          'no_pragma',
          _REGION.replace('#pragma', '//'),
          'one function with an OpenMP pragma is wanted; found: none',
      ),
  )
  def test_refused(self, text, message):
    with self.assertRaisesRegex(source_settings.SourceError, message):
      openmp.parse_region(text)


class LabelFolderTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    try:
      openmp.find_compiler()
    except IRError as error:
      self.skipTest(str(error))
    folder = self.enter_context(tempfile.TemporaryDirectory())
    self.folder = pathlib.Path(folder)

  def _label(self):
    with contextlib.redirect_stderr(io.StringIO()):
      return openmp.label_files(
          batch.find_sources(self.folder),
          self.folder / 'labels.jsonl',
          _QUICK,
      )

  def test_labels(self):
    (self.folder / 'axpy.c').write_text(_REGION)
    (self.folder / 'fixed.c').write_text(_REGION.replace('runtime', 'static'))
    (self.folder / 'race.c').write_text(_RACE)
    records = self._label()
    axpy = records['axpy']
    self.assertEqual(axpy['status'], 'ok')
    costs = np.array(axpy['costs'])
    self.assertEqual(costs.shape, (8,))
    self.assertTrue((costs > 0).all())
    self.assertEqual(records['fixed']['status'], 'failed')
    self.assertIn('cannot be varied', records['fixed']['reason'])
    # Two threads write 2 where one writes 1: the choices differ in result.
    self.assertEqual(records['race']['status'], 'failed')
    self.assertIn('different results', records['race']['reason'])
    result = summary.summarize(records, _QUICK.names, _QUICK.default)
    self.assertEqual((result['num_ok'], result['num_failed']), (1, 2))
    header, _ = label_file.read_labels(self.folder / 'labels.jsonl')
    self.assertEqual(header['kind'], 'openmp')
    self.assertEqual(header['default'], 't2_static')

  def test_compiler_that_links_no_openmp(self):
    with self.assertRaisesRegex(
        IRError, 'install gcc, or clang and its libomp'
    ):
      openmp.find_compiler('no-such-compiler')


if __name__ == '__main__':
  absltest.main()
