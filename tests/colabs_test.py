"""The notebooks run, at tiny size; their two forms say the same."""

import contextlib
import io
import json
import os
import pathlib
import re
import runpy
import tempfile
from unittest import mock

import testing_encoder
from absl.testing import absltest, parameterized

import mirencoder_jax as mir
from mirencoder_jax.tuning import size

ROOT = pathlib.Path(__file__).resolve().parents[1]
COLABS = sorted((ROOT / 'colabs').glob('*.py'))
# What a run leaves in its folder, by notebook; every notebook is listed.
RESULTS = {
    'add_your_task': ('results/results.md', 'results/comparison.png'),
    'choose_vectorization': ('gains.png', 'results/results.md'),
    'embed_your_code': ('vectors.npz', 'map.png', 'levels.png'),
    'pretrain_on_your_folder': ('curves.png', 'weights/MODEL_CARD.md'),
    'tune_for_size': ('curve.png', 'tuned.txt'),
}


def cells_of(text: str) -> list[str]:
  """The cells of a percent-format file, without markers and comment signs."""
  cells = []
  parts = re.split(r'^# %%(.*)\n', text, flags=re.MULTILINE)[1:]
  for kind, body in zip(parts[::2], parts[1::2], strict=True):
    body = body.strip('\n')
    if 'markdown' in kind:
      body = re.sub(r'^# ?', '', body, flags=re.MULTILINE)
    cells.append(body)
  return cells


class ColabsTest(parameterized.TestCase):

  def test_every_notebook_is_run(self):
    self.assertCountEqual([path.stem for path in COLABS], RESULTS)

  @parameterized.named_parameters((p.stem, p) for p in COLABS)
  def test_both_forms_say_the_same(self, path):
    notebook = json.loads(path.with_suffix('.ipynb').read_text())
    actual = [''.join(cell['source']) for cell in notebook['cells']]
    self.assertEqual(
        actual,
        cells_of(path.read_text()),
        'make it again: jupytext --to ipynb colabs/*.py',
    )
    codes = [c for c in notebook['cells'] if c['cell_type'] == 'code']
    for cell in codes:
      for output in cell['outputs']:
        self.assertNotEqual(output['output_type'], 'error')
        self.assertNotIn('/home/', json.dumps(output))
    first = next(c for c in notebook['cells'] if c['cell_type'] == 'code')
    self.assertIn('support/install.py', ''.join(first['source']))

  @parameterized.named_parameters((p.stem, p) for p in COLABS)
  def test_outside_a_clone_it_says_what_to_set(self, path):
    first = next(
        cell for cell in cells_of(path.read_text()) if 'import sys' in cell
    )
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
      with self.assertRaisesRegex(SystemExit, 'set REPOSITORY'):
        exec(compile(first, str(path), 'exec'), {})

  @parameterized.named_parameters((p.stem, p) for p in COLABS)
  def test_runs(self, path):
    if path.stem == 'tune_for_size':
      try:
        size.find_clang('')
      except mir.IRError as error:
        self.skipTest(str(error))
    folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
    testing_encoder.save_encoder(
        testing_encoder.create_encoder(), folder / 'checkpoint'
    )
    self.enter_context(
        mock.patch.dict(
            os.environ,
            {
                'COLAB_QUICK': '1',
                'COLAB_OUT': str(folder / 'out'),
                'COLAB_CHECKPOINT': str(folder / 'checkpoint'),
                'JAX_DISABLE_MOST_OPTIMIZATIONS': '1',
            },
        )
    )
    self.enter_context(contextlib.chdir(ROOT))
    with contextlib.redirect_stdout(io.StringIO()):
      runpy.run_path(str(path), run_name='colab')
    for name in RESULTS[path.stem]:
      self.assertGreater((folder / 'out' / name).stat().st_size, 100, name)


if __name__ == '__main__':
  absltest.main()
