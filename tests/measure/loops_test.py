"""Labels of a few tiny loops, made here; needs a clang."""

import contextlib
import io
import pathlib
import tempfile

import numpy as np
from absl.testing import absltest

from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    batch,
    compiler,
    label_file,
    loop_program,
    loops,
    summary,
)

_QUICK = loops.LoopsConfig(
    window=2e-5,
    min_rounds=2,
    max_rounds=3,
    run_seconds=1,
    # Three rounds on a busy machine agree on nothing.
    max_regret=1e9,
    max_difference=1e9,
)
_SUM = """// family: sum
// n = 100
// a = float[100] uniform(0, 1)
float sum(const float *a, int n) {
  float s = 0;
  for (int i = 0; i < n; ++i) s += a[i];
  return s;
}
"""
# 3 rows of 5: 15 iterations, entered 3 times. Nothing can be vectorised.
_RUNNING = """// y = double[16] constant(1)
void running(double *y) {
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 5; ++j) y[j + 1] = y[j] * 0.5 + i;
}
"""
_BAD = {
    'compile': '// n = 3\nint f(int n) { for (;;) return x; }',
    'crash': (
        '// p = int[4] constant(0)\nint f(volatile int *p) {\n'
        '  for (int i = 0; i < 4; ++i) *(volatile int *)(long)p[i] = 1;\n'
        '  return 0;\n}'
    ),
    'hang': (
        '// p = int[4] constant(0)\nint f(volatile int *p) {\n'
        '  for (int i = 0; p[i] == 0; ) p[i + 1] += 1;\n  return 0;\n}'
    ),
    'two': 'void f(void) { for (;;) ; for (;;) ; }',
}
# What each of them says.
_REASONS = {
    'compile': "compile.c:2:32: error: use of undeclared identifier 'x'",
    'crash': 'crash: SIGSEGV',
    # Where a second of processor time takes ten, the clock ends it.
    'hang': 'over 1 s of processor time|not at its end after 10 s',
    'two': '2 innermost loops',
}


def setUpModule():
  try:
    compiler.find_clang()
  except IRError as error:
    raise absltest.SkipTest(str(error)) from error


class LoopsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )
    self.output = self.folder / 'labels.jsonl'

  def _write(self, **texts):
    for name, text in texts.items():
      (self.folder / f'{name}.c').write_text(text)

  def _label(self, **keywords):
    self.progress = io.StringIO()
    with contextlib.redirect_stderr(self.progress):
      return loops.label_files(
          batch.find_sources(self.folder),
          self.output,
          _QUICK,
          compiler.find_clang(),
          **keywords,
      )

  def test_labels(self):
    self._write(a=_SUM, b=_RUNNING)
    records = self._label()
    a, b = records['a'], records['b']
    self.assertEqual(a['status'], 'ok')
    self.assertEqual(a['family'], 'sum')
    self.assertEqual((a['iterations'], a['entries']), (100, 1))
    self.assertEqual(a['footprint'], 400)
    self.assertLen(a['costs'], 36)
    self.assertEqual(a['wrong'], [])
    # What was asked for is what was made.
    self.assertEqual(
        [tuple(made) for made in a['made'][:-1]],
        list(loop_program.CONFIGURATIONS),
    )
    costs = np.array(a['costs'])
    self.assertTrue(((costs > 0) & (costs < 1e-3)).all())
    np.testing.assert_allclose(
        np.min(a['passes'], axis=0),
        [a['costs'][clone] for clone in a['clones']],
        rtol=1e-3,
    )

    self.assertEqual((b['iterations'], b['entries']), (15, 3))
    # Clones of the same code have one cost.
    self.assertEqual(b['made'], [(1, 1)] * 36)
    for clone, first in enumerate(b['same']):
      self.assertEqual(b['costs'][clone], b['costs'][first])
    self.assertLess(len(set(b['same'])), 36)

    result = summary.summarize(records, loop_program.NAMES, 'compiler')
    self.assertEqual(result['num_ok'], 2)
    self.assertEqual(result['num_without_choice'], 1)
    self.assertGreaterEqual(result['all']['oracle'], 1)
    self.assertIn('define', (self.folder / 'ir' / 'a.ll').read_text())

  def test_resumes(self):
    self._write(a=_RUNNING, b=_RUNNING, c=_RUNNING)
    self.assertEqual(set(self._label(limit=1)), {'a'})
    before = self.output.read_text()
    self.assertEqual(set(self._label()), {'a', 'b', 'c'})
    self.assertStartsWith(self.output.read_text(), before)
    self.assertIn('[2/2] c.c ok', self.progress.getvalue())
    self.assertRegex(self.progress.getvalue(), 'about 0 min left')
    # A file that has changed is measured again, alone.
    self._write(b=_RUNNING.replace('0.5', '0.25'))
    self._label()
    self.assertIn('[1/1] b.c ok', self.progress.getvalue())

  def test_bad_files_are_named_and_skipped(self):
    self._write(**_BAD, zz=_RUNNING)
    records = self._label()
    self.assertEqual(records['zz']['status'], 'ok')
    for name, reason in _REASONS.items():
      self.assertEqual(records[name]['status'], 'failed')
      self.assertRegex(records[name]['reason'], reason)
    result = summary.summarize(records, loop_program.NAMES, 'compiler')
    self.assertEqual(result['num_failed'], len(_BAD))
    self.assertEqual(set(result['failed']), set(_BAD))

  def test_other_settings_are_refused(self):
    self._write(a=_RUNNING)
    self._label()
    with self.assertRaisesRegex(label_file.LabelFileError, 'window'):
      loops.label_files(
          batch.find_sources(self.folder),
          self.output,
          loops.LoopsConfig(),
          compiler.find_clang(),
      )

  def test_empty_folder(self):
    with self.assertRaisesRegex(FileNotFoundError, 'no .c files'):
      self._label()


if __name__ == '__main__':
  absltest.main()
