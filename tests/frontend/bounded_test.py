"""Tests of running programs within bounds."""

import sys
import tempfile
import time

from absl.testing import absltest

from mirencoder_jax.frontend import bounded


class RunTest(absltest.TestCase):

  def run_code(self, code: str, **bounds) -> bounded.Done:
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    return bounded.run(
        [sys.executable, '-S', '-c', code],
        bounded.Bounds(**bounds),
        folder=folder.name,
        environment={'GIVEN': 'yes'},
    )

  def test_success(self):
    done = self.run_code('import os; print(os.environ["GIVEN"])')
    self.assertEqual(done[:2], ('', 'yes\n'))
    self.assertGreater(done.seconds, 0)

  def test_failure_says_the_code_and_both_streams(self):
    done = self.run_code('import sys; print("out", flush=True); sys.exit("no")')
    self.assertEqual(done.problem, 'exit 1')
    self.assertEqual(done.text, 'out\nno\n')

  def test_a_busy_program_ends(self):
    start = time.monotonic()
    done = self.run_code('while True: pass', seconds=1, wait_seconds=25)
    self.assertEqual(done.problem, 'timeout: over 1 s of processor time')
    self.assertLess(time.monotonic() - start, 30)

  def test_a_sleeping_program_ends(self):
    done = self.run_code('import time; time.sleep(60)', wait_seconds=1)
    self.assertEqual(done.problem, 'hangs: not at its end after 1 s')
    with self.assertRaisesRegex(bounded.RunError, 'hangs'):
      done.checked()

  def test_checked_says_the_first_error(self):
    done = self.run_code('import sys; sys.exit("note\\nerror: no\\nerror: 2")')
    self.assertEqual(done.output, '')
    with self.assertRaisesRegex(bounded.RunError, '^exit 1: error: no$'):
      done.checked()
    with self.assertRaises(bounded.TooLongError):
      self.run_code('while True: pass', seconds=1, wait_seconds=25).checked()
    fine = self.run_code('pass')
    self.assertIs(fine.checked(), fine)

  def test_memory(self):
    done = self.run_code('x = bytearray(1 << 30)', memory_mb=512)
    self.assertNotEqual(done.problem, '')

  def test_crash_names_the_signal(self):
    done = self.run_code('import os; os.kill(os.getpid(), 11)')
    self.assertEqual(done.problem, 'crash: SIGSEGV')

  def test_full_disk_is_no_failure_of_the_program(self):
    with self.assertRaises(bounded.DiskFullError):
      self.run_code('import os, sys; sys.exit(os.strerror(28))')


if __name__ == '__main__':
  absltest.main()
