"""Workflows are YAML, and what they name is there."""

import os
import pathlib
import re
import subprocess

import yaml
from absl.testing import absltest, parameterized

from mirencoder_jax import version

ROOT = pathlib.Path(__file__).resolve().parents[1]
RELEASE = ROOT / '.github/workflows/release.yml'


class ReleaseTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.jobs = yaml.safe_load(RELEASE.read_text())['jobs']
    self.steps = [step for job in self.jobs.values() for step in job['steps']]

  def test_jobs_and_steps(self):
    for job in self.jobs.values():
      self.assertContainsSubset({'runs-on', 'steps'}, job)
      self.assertIn(job.get('needs', 'build'), self.jobs)
    for step in self.steps:
      self.assertLen({'uses', 'run'} & set(step), 1)
      if 'uses' in step:
        self.assertRegex(step['uses'], r'^[\w-]+/[\w-]+@(v\d+|release/v\d+)$')

  def test_only_who_publishes_may(self):
    may = {name: job.get('permissions', {}) for name, job in self.jobs.items()}
    self.assertEqual(may['publish'], {'id-token': 'write'})
    self.assertEqual(may['release'], {'contents': 'write'})
    self.assertEqual(may['build'], {})
    self.assertNotIn('secrets.', RELEASE.read_text())

  def test_scripts_are_well_formed_and_their_files_are_there(self):
    for step in self.steps:
      script = step.get('run', '')
      subprocess.run(['bash', '-n'], input=script, text=True, check=True)
      for path in re.findall(
          r'\b(?:datasets|mirencoder_jax|colabs|docs)\b[\w/.*]*', script
      ):
        self.assertNotEmpty(list(ROOT.glob(path)), path)

  @parameterized.parameters((f'v{version.__version__}', 0), ('v0.0.1', 1))
  def test_the_tag_is_the_version(self, tag, code):
    (check,) = (s['run'] for s in self.steps if 'the tag' in s.get('name', ''))
    done = subprocess.run(
        ['bash', '-c', check],
        cwd=ROOT,
        env=os.environ | {'GITHUB_REF_NAME': tag},
        check=False,
    )
    self.assertEqual(done.returncode, code)


if __name__ == '__main__':
  absltest.main()
