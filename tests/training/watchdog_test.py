"""A run that hangs is ended, and says so."""

import pathlib
import subprocess
import sys
import time

from absl.testing import absltest

from mirencoder_jax.training import watchdog

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = """
import sys, threading, time
sys.path.insert(0, sys.argv[1])
from mirencoder_jax.training import watchdog
with watchdog.Watchdog(float(sys.argv[2])) as dog:
  for _ in range(4):
    time.sleep(0.1)
    dog.beat()
  print('busy', flush=True)
  threading.Event().wait(float(sys.argv[3]))
print('done')
"""


class WatchdogTest(absltest.TestCase):

  def run_script(self, minutes, seconds):
    command = [sys.executable, '-c', SCRIPT, ROOT, str(minutes), str(seconds)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)

  def test_a_hang_is_ended_with_the_place_and_a_way_out(self):
    start = time.monotonic()
    done = self.run_script(1 / 60, 50)
    self.assertLess(time.monotonic() - start, 40)
    self.assertEqual(done.returncode, watchdog.EXIT_CODE)
    self.assertEqual(done.stdout, 'busy\n')
    self.assertIn('in wait', done.stderr)  # where it hung
    self.assertRegex(done.stderr, 'nothing was done for 0.0.* same command aga')

  def test_who_works_is_left_alone(self):
    for minutes in (1 / 60, 0):
      done = self.run_script(minutes, 0.2)
      self.assertEqual((done.returncode, done.stdout), (0, 'busy\ndone\n'))
      self.assertEmpty(done.stderr)


if __name__ == '__main__':
  absltest.main()
