"""What is measured of a kernel, in which order, and when it is believed."""

import contextlib
import csv
import io
import json
import pathlib
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax import cli
from mirencoder_jax.cli import console
from mirencoder_jax.downstream.tasks import custom
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    batch,
    compiler,
    loop_program,
    loops,
    openmp,
)
from mirencoder_jax.tuning import kernels, tuned

_QUICK = dict(
    window=2e-5,
    min_rounds=2,
    max_rounds=3,
    run_seconds=2,
    # A few rounds on a busy machine agree on nothing.
    max_regret=1e9,
    max_difference=1e9,
)
LOOPS = loops.LoopsConfig(**_QUICK)
OPENMP = openmp.OpenMPConfig(
    **_QUICK, threads=(1, 2), schedules=('static', 'dynamic'), chunks=(0, 4)
)
SUM = """// family: sum
// n = 100
// a = float[100] uniform(0, 1)
float sum(const float *a, int n) {
  float s = 0;
  for (int i = 0; i < n; ++i) s += a[i];
  return s;
}
"""
REGION = """// n = 200
// x = float[200] uniform(0, 1)
void scale(int n, float *x) {
  #pragma omp parallel for schedule(runtime)
  for (int i = 0; i < n; ++i) x[i] *= 2;
}
"""
CRASH = (
    '// p = int[4] constant(0)\nint f(volatile int *p) {\n'
    '  for (int i = 0; i < 4; ++i) *(volatile int *)(long)p[i] = 1;\n'
    '  return 0;\n}'
)
HANG = (
    '// p = int[4] constant(0)\nint f(volatile int *p) {\n'
    '  for (int i = 0; p[i] == 0; ) p[i + 1] += 1;\n  return 0;\n}'
)
NAMES = ('own', 'a', 'b', 'c', 'd', 'e')


def read_csv(path: pathlib.Path) -> list[dict[str, str]]:
  return [*csv.DictReader(path.read_text().splitlines())]


class ArithmeticTest(absltest.TestCase):

  def test_an_order_in_which_each_adds_most(self):
    # Choice 1 is best by itself; 3 adds more to it than 2, which is like it.
    costs = np.array([
        [1, 0.5, 0.5, 1.0, 9.0],
        [1, 0.5, 0.6, 1.0, 9.0],
        [1, 1.0, 0.9, 0.6, np.inf],
    ])  # fmt: skip
    self.assertEqual(kernels.cover(costs, 0), [1, 3, 2, 4])

  def test_interval_of_a_median(self):
    values = np.arange(12) / 10
    # Two of twelve or fewer on one side: 79 / 2**12, on either 3.9 %.
    median, low, high = kernels.interval(values[::-1])
    self.assertAlmostEqual(median, 0.55)
    self.assertEqual((low, high), (0.2, 0.9))
    # One wild pass moves nothing.
    self.assertEqual(kernels.interval([*values[:-1], 1e6])[2], 0.9)


class KernelTest(parameterized.TestCase):
  """With a label that is made up: no compiler, no clock."""

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    self.source = self.folder / 'k.c'
    self.source.write_text('void f(void) { for (;;) ; }')
    self.table = self.folder / 'labels.jsonl'
    self.asked = []
    self.costs = dict(own=1.0, a=0.9, b=0.8, c=0.7, d=1.1, e=0.6)
    self.ratios = [0.69, 0.71] * 6
    self.status, self.interrupt_at = 'ok', 10**9

  def label(self, path, table, *, only, num_confirming, is_enough, is_quiet):
    self.assertTrue(is_quiet)
    names = [NAMES[i] for i in only]

    def measure(_):
      self.asked.append(names)
      if len(self.asked) == self.interrupt_at:
        raise KeyboardInterrupt
      costs = [self.costs[n] if n in [*names, 'own'] else None for n in NAMES]
      best = min(names, key=self.costs.__getitem__, default='own')
      record = dict(
          status=self.status, costs=costs, footprint=1 << 10, only=[*only],
          difference=0.25,
      )  # fmt: skip
      if len(names) == len(NAMES) - 1:
        del record['only']
      if num_confirming:
        record['confirmed'] = dict(choice=NAMES.index(best), ratios=self.ratios)
      return record, 'define void @f() {\n  ret void\n}\n'

    return batch.label_files(
        [path], table, dict(kind='made up'), measure,
        is_enough=is_enough, is_quiet=is_quiet,
    )  # fmt: skip

  def tune(self, table=True, source=None, **options):
    goal = kernels._Goal(
        NAMES, 'own', ('d', 'c'), lambda choice: f'#pragma {choice}', self.label
    )
    with mock.patch.dict(kernels.GOALS, {'loops': lambda *_: goal}):
      (found,) = kernels.tune(
          source or self.source,
          'loops',
          table=self.table if table else None,
          **options,
      )
    return found

  def test_the_best_of_all_with_an_interval(self):
    told = []
    found = self.tune(on_trial=lambda _, *trial: told.append(trial))
    self.assertEqual(found.choice, 'e')
    self.assertEqual(found.command, '#pragma e')
    self.assertEqual(found.base, 1.0)
    self.assertAlmostEqual(found.best, 0.7)  # the passes that confirmed
    np.testing.assert_allclose(found.interval, (0.29, 0.31))
    self.assertEmpty(found.notes)
    self.assertEqual(list(found.trials), ['d', 'c', 'a', 'b', 'e'])
    self.assertEqual(told, list(found.trials.items()))
    # A few first, then all in one program.
    self.assertEqual(self.asked, [['a', 'b', 'c', 'd'], list(NAMES[1:])])

  def test_a_budget_takes_what_is_predicted_first(self):
    seen = []

    def rank(ir, inputs):
      seen.append((ir.read_text()[:6], inputs))
      return ['b', 'unheard of', 'own']

    found = self.tune(rank=rank, settings=tuned.Settings(trials=3))
    self.assertEqual(seen, [('define', dict(log_bytes=10.0))])
    self.assertEqual(list(found.trials), ['b', 'd', 'c'])
    self.assertEqual(self.asked, [[], ['b', 'c', 'd']])
    self.assertEqual(found.choice, 'c')
    self.assertIn('predicted was b, 14.3% slower', found.notes[0])
    (row,) = read_csv(self.folder / 'table.csv')
    self.assertEqual(row['time:b'], '0.8')
    self.assertEqual(row['time:e'], '')
    # More of it later, and only that what is new is asked for once.
    self.asked.clear()
    found = self.tune(rank=rank)
    self.assertEqual(found.choice, 'e')
    self.assertEqual(self.asked, [['a', 'b', 'c', 'd'], list(NAMES[1:])])
    self.asked.clear()
    self.assertEqual(self.tune(rank=rank).choice, 'e')
    self.assertEmpty(self.asked)

  def test_no_prediction_is_no_harm(self):
    def rank(*_):
      raise ValueError("there is no input 'log_bytes'")

    found = self.tune(rank=rank)
    self.assertEqual(found.choice, 'e')
    self.assertIn("no prediction: there is no input 'log_bytes'", found.notes)

  def test_what_others_liked_is_asked_for_first(self):
    self.costs = dict(own=1.0, a=1.0, b=0.5, c=1.0, d=1.0, e=0.9)
    for number in range(kernels._MIN_RECORDS):
      (self.folder / f'k{number}.c').write_text('')
      self.tune(source=self.folder / f'k{number}.c')
    found = self.tune(settings=tuned.Settings(trials=1))
    self.assertEqual(list(found.trials), ['b'])

  def test_within_the_noise(self):
    self.ratios = [0.9, 1.02] * 6
    found = self.tune()
    self.assertEqual((found.choice, found.command), ('', ''))
    self.assertEqual(found.best, found.base)
    self.assertIn('do not trust this: e seemed best', found.notes[0])

  def test_passes_that_disagree(self):
    self.status = 'disagree'
    (note,) = self.tune().notes
    self.assertStartsWith(note, 'do not trust this: two passes')
    self.assertIn('25% apart', note)

  def test_the_best_so_far_after_ctrl_c(self):
    self.interrupt_at = 2
    found = self.tune()
    self.assertEqual(found.stopped, 'Ctrl-C')
    self.assertEqual((found.error, found.choice), ('', 'c'))
    # It goes on from there.
    self.assertEqual(self.tune().choice, 'e')
    self.assertLen(self.asked, 3)

  def test_ctrl_c_before_anything(self):
    self.interrupt_at = 1
    found = self.tune(table=False)
    self.assertEqual(found.error, 'stopped before anything was known')

  def test_no_time(self):
    found = self.tune(settings=tuned.Settings(seconds=0.0))
    self.assertEqual(found.stopped, 'seconds')
    self.assertLen(self.asked, 1)
    self.assertEqual(found.choice, 'c')


class CommandTest(parameterized.TestCase):
  """Real ones, measured in no time."""

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    self.table = self.folder / 'labels.jsonl'
    quick = {
        'loops': lambda name, _: kernels._loops(name, LOOPS),
        'openmp': lambda name, _: kernels._openmp(name, OPENMP),
    }
    self.enterContext(mock.patch.dict(kernels.GOALS, quick))

  def write(self, text: str, name: str = 'kernel.c') -> str:
    path = self.folder / name
    path.write_text(text)
    return str(path)

  def run_command(self, *words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
      code = cli.main(['tune', *words])
    return code, out.getvalue(), err.getvalue()

  def test_a_loop(self):
    try:
      compiler.find_clang()
    except IRError as error:
      self.skipTest(str(error))
    words = (self.write(SUM), '--for', 'loops', '--task', 'none')
    words += ('--table', str(self.table), '--json')
    code, out, err = self.run_command(*words)
    self.assertEqual(code, console.OK, err)
    (found,) = json.loads(out)
    self.assertLen(found['trials'], 35)
    self.assertGreater(found['base'], 0)
    self.assertLessEqual(found['best'], found['base'])
    if found['choice']:
      self.assertStartsWith(found['command'], '#pragma clang loop vectorize_')
    # It is a table of `measure`, which finds nothing left to do.
    with mock.patch.object(loops, 'label_loop') as spy:
      records = loops.label_files(
          batch.find_sources(self.folder),
          self.table,
          LOOPS,
          compiler.find_clang(),
      )
      spy.assert_not_called()
    self.assertEqual(records['kernel']['family'], 'sum')
    (row,) = read_csv(self.folder / 'table.csv')
    self.assertAlmostEqual(float(row['time:compiler']), found['base'])
    read = custom.read_table(self.folder / 'table.csv', self.folder / 'ir')
    self.assertEmpty(read.problems)
    self.assertEqual(read.examples[0]['time:compiler'], found['base'])

  def test_the_first_choices_of_a_loop(self):
    try:
      compiler.find_clang()
    except IRError as error:
      self.skipTest(str(error))
    code, out, err = self.run_command(
        self.write(SUM), '--for', 'loops', '--task', 'none', '--trials', '2'
    )
    self.assertEqual(code, console.OK, err)
    self.assertRegex(out, r' us a call as it is, .*\(2 tried in ')
    for name in kernels.LOOP_ORDER[:2]:
      self.assertIn(name, err)

  def test_a_region(self):
    try:
      openmp.find_compiler()
    except IRError as error:
      self.skipTest(str(error))
    code, out, err = self.run_command(
        self.write(REGION), '--for', 'openmp', '--json', '--quiet'
    )
    self.assertEqual(code, console.OK, err)
    (found,) = json.loads(out)
    self.assertLen(found['trials'], len(OPENMP.names) - 1)
    # Many threads and no chunk first.
    self.assertEqual(list(found['trials'])[:2], ['t2_dynamic', 't1_static'])
    self.assertEqual(
        kernels._openmp('', OPENMP).use('t2_dynamic_4'),
        'OMP_NUM_THREADS=2 OMP_SCHEDULE=dynamic,4',
    )

  @parameterized.parameters(
      (CRASH, 'crash: SIGSEGV'),
      (HANG, 'over 2 s of processor time'),
      ('int f(int n) { return n; }', 'a loop'),
      ('void f(void) { for (;;) ; for (;;) ; }', '2 innermost loops'),
  )
  def test_a_file_that_is_no_loop(self, text, message):
    try:
      compiler.find_clang()
    except IRError as error:
      self.skipTest(str(error))
    code, out, err = self.run_command(
        self.write(text), '--for', 'loops', '--quiet'
    )
    self.assertEqual((code, out), (console.FAILED, ''))
    self.assertIn(message, err)
    self.assertEqual(err.count('\n'), 1, err)

  @parameterized.parameters(
      (('gone.c',), 'gone.c: there is no such file'),
      (('--trials', '0'), '--trials 0 measures nothing'),
      (('-o', 'x.o'), 'a line to paste'),
      (('--flag=-O2',), 'a line to paste'),
      (('--for', 'branches'), '`mirencoder profile FILE --out FOLDER`'),
      (('--task', 'gone'), 'there is no predictor gone'),
      (('--table', '/proc/labels.jsonl'), '/proc/labels.jsonl: '),
      (('--compiler', 'no-such-clang'), 'no-such-clang'),
  )
  def test_bad_input(self, words, message):
    if words[0] != 'gone.c':
      words = self.write(SUM), *words
    if 'table' not in message:
      try:
        compiler.find_clang()
      except IRError as error:
        self.skipTest(str(error))
    code, _, err = self.run_command('--for', 'loops', '--quiet', *words)
    self.assertIn(code, (console.FAILED, console.USAGE))
    self.assertIn(message, err)
    self.assertEqual(err.count('\n'), 1, err)

  def test_ir_is_no_source(self):
    code, _, err = self.run_command(
        self.write('', 'kernel.ll'), '--for', 'openmp'
    )
    self.assertEqual(code, console.FAILED)
    self.assertIn('openmp are measured of a C source', err)

  def test_no_clang(self):
    with mock.patch.object(
        compiler, 'find_clang', side_effect=IRError('there is no clang')
    ):
      code, _, err = self.run_command(
          self.write(SUM), '--for', 'loops', '--task', 'none'
      )
    self.assertEqual(code, console.FAILED)
    self.assertEqual(err, 'error: <ir>: there is no clang\n')

  def test_choices_of_loops_are_those_of_measure(self):
    self.assertContainsSubset(kernels.LOOP_ORDER, loop_program.NAMES)
    goal = kernels._loops('', LOOPS) if _has_clang() else None
    if goal is not None:
      self.assertEqual(
          goal.use('vf8_if2'),
          '#pragma clang loop vectorize_width(8) interleave_count(2)',
      )


def _has_clang() -> bool:
  try:
    compiler.find_clang()
  except IRError:
    return False
  return True


if __name__ == '__main__':
  absltest.main()
