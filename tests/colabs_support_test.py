"""What the notebooks share: what they install, and the line of progress."""

import contextlib
import io
import pathlib
import subprocess
import sys
from unittest import mock

from absl.testing import absltest
from packaging import requirements

from colabs.support import install, notebook


def parsed(*lines):
  return [requirements.Requirement(line) for line in lines]


class InstallTest(absltest.TestCase):

  def test_extras_are_opened(self):
    names = {r.name for r in install.wanted(['colab'])}
    self.assertContainsSubset({'jax', 'grain', 'matplotlib', 'ziglang'}, names)
    self.assertNotIn('mirencoder_jax', names)

  def test_only_what_is_missing(self):
    here = {'jax': '0.7.2', 'ml-collections': '1.1.0', 'numba': '0.60.0'}
    here['llvmlite'] = '0.43.0'
    asked = parsed('jax>=0.7', 'ml_collections>=1', 'llvmlite>=0.50,<0.51')
    # What builds on llvmlite goes along with it.
    self.assertEqual(
        install.unmet(asked, here), ['llvmlite<0.51,>=0.50', 'numba']
    )
    self.assertEqual(install.unmet(asked[:2], here), [])
    self.assertEqual(install.unmet(parsed('rensa'), here), ['rensa'])

  def test_what_would_not_go_with_an_older_protobuf(self):
    self.assertEqual(
        install.constraints({'protobuf': '5.29.6'}),
        ['protobuf==5.29.6', 'tensorflow-metadata<1.18'],
    )
    for held in (
        {'protobuf': '6.33.0'},
        {'protobuf': '5.29.6', 'tensorflow-metadata': '1.17.2'},
        {},
    ):
      self.assertLen(install.constraints(held), len(held))

  def test_everything_else_is_held(self):
    here = {'jax': '0.7.2', 'jax-cuda12-plugin': '0.7.2', 'absl-py': '0.1'}
    held = []

    def pip(command, **_):
      held.append(pathlib.Path(command[-1]).read_text().split())
      return subprocess.CompletedProcess(command, len(held) == 1, '', 'no way')

    self.enter_context(
        mock.patch.object(install, 'installed', return_value=here)
    )
    self.enter_context(
        mock.patch.object(
            install, 'wanted', return_value=parsed('jax', 'absl-py>=1', 'etils')
        )
    )
    self.enter_context(mock.patch.object(subprocess, 'run', pip))
    with contextlib.redirect_stdout(io.StringIO()) as out:
      install.main([])
    self.assertIn('installing absl-py>=1, etils', out.getvalue())
    # The second time, what cannot be solved otherwise may move, but never JAX.
    self.assertEqual(held, [['jax==0.7.2', 'jax-cuda12-plugin==0.7.2']] * 2)

  def test_without_a_network(self):
    said = (
        "WARNING: Retrying after connection broken by 'NewConnectionError'\n"
        'ERROR: No matching distribution found for etils\n'
    )
    for name, value in (
        ('installed', {}), ('wanted', parsed('etils')),
    ):  # fmt: skip
      self.enter_context(
          mock.patch.object(install, name, return_value=value)
      )
    failed = subprocess.CompletedProcess([], 1, '', said)
    with (
        mock.patch.object(subprocess, 'run', return_value=failed),
        contextlib.redirect_stdout(io.StringIO()),
        self.assertRaisesRegex(SystemExit, '^ERROR: No .*etils\n.*a network'),
    ):
      install.main([])


class NotebookTest(absltest.TestCase):

  def run_code(self, code, **options):
    with contextlib.redirect_stdout(io.StringIO()) as out:
      notebook.run([sys.executable, '-c', code], **options)
    return out.getvalue()

  def test_output_comes_after_the_progress(self):
    said = self.run_code('for i in range(3): print(i)')
    self.assertEndsWith(said, 's: done\n0\n1\n2\n')
    self.assertEndsWith(
        self.run_code('for i in range(3): print(i)', shown=1), 'done\n2\n'
    )
    self.assertEndsWith(self.run_code('print(1)', shown=0), ': done\n')

  def test_a_failure_says_what_was_said(self):
    with self.assertRaisesRegex(RuntimeError, 'no disk'):
      self.run_code('import sys; sys.exit("no disk")')

  def test_show_names_a_file_outside_a_notebook(self):
    with contextlib.redirect_stdout(io.StringIO()) as out:
      notebook.show('folder/a.png')
    self.assertEqual(out.getvalue(), 'folder/a.png\n')


if __name__ == '__main__':
  absltest.main()
