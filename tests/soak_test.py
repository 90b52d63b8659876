"""Three kills of `benchmarks/soak.py`; the others are for an evening."""

import pathlib
import subprocess
import sys
import tempfile

import pytest
from absl.testing import absltest

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.mark.slow  # Half a minute: each thing once whole, then killed once.
class SoakTest(absltest.TestCase):

  def test_a_kill_of_each(self):
    with tempfile.TemporaryDirectory() as folder:
      done = subprocess.run(
          [
              *(sys.executable, ROOT / 'benchmarks' / 'soak.py'),
              *(f'--output={folder}', '--kills=3'),
          ],
          capture_output=True,
          text=True,
          timeout=600,
      )
      self.assertEqual(done.returncode, 0, done.stderr[-2000:])
      lines = pathlib.Path(folder, 'kills.jsonl').read_text().splitlines()
      self.assertLen(lines, 3)
      for kind in ('train', 'prepare', 'measure'):
        self.assertIn(kind, done.stdout)


if __name__ == '__main__':
  absltest.main()
