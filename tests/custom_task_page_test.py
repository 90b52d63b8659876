"""Executes docs/custom_task.md: its files, and its command."""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

from absl.testing import absltest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / 'docs' / 'custom_task.md'
# One seed, one head and few random vectors: the test is of the page, and the
# program compiles for as long.
FEWER = (
    '--config.table.num_seeds=1',
    '--config.table.num_null=2',
    "--config.table.splits=('program',)",
    "--config.fit.heads=('kernel',)",
    '--config.trees.num_trees=2',
)


class PageTest(absltest.TestCase):

  def test_page(self):
    text = PAGE.read_text()
    folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
    for name, content in re.findall(
        r'^```\w+ file=(\S+)\n(.*?)^```', text, re.M | re.S
    ):
      path = folder / name
      path.parent.mkdir(exist_ok=True)
      path.write_text(content)
    (command,) = re.findall(r'^```sh\n(.*?)^```', text, re.M | re.S)
    words = shlex.split(command.replace('\\\n', ' '))
    self.assertEqual(words[:2], ['python', 'eval.py'])
    words = [word.replace('configs/', f'{ROOT}/configs/') for word in words[2:]]
    done = subprocess.run(
        [sys.executable, str(ROOT / 'eval.py'), *words, *FEWER],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    self.assertEqual(done.returncode, 0, done.stderr[-2000:])
    self.assertIn('inputs only', done.stdout)
    results = json.loads((folder / 'runs/mine/results.json').read_text())
    self.assertEqual(results['rows'], 10)
    self.assertEqual(results['groups'], {'code': 6, 'program': 3})
    self.assertEqual(results['targets']['machine']['judged_rows'], 10)
    self.assertTrue((folder / 'runs/mine/results.md').is_file())
    *_, last = done.stdout.strip().splitlines()
    self.assertStartsWith(last, 'Verdict: custom, split program')


if __name__ == '__main__':
  absltest.main()
