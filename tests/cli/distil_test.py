"""`mirencoder distil`: from an encoder and files to a table that loads."""

import contextlib
import io
import json
import pathlib
import tempfile

import numpy as np
import testing_encoder
from absl.testing import absltest

import mirencoder_jax as mir
from mirencoder_jax import cli
from mirencoder_jax.cli import console
from mirencoder_jax.inference import lookup


def run(*words: str) -> tuple[int, str, str]:
  """Exit code, stdout and stderr of a command."""
  out, err = io.StringIO(), io.StringIO()
  with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
    code = cli.main(words)
  return code, out.getvalue(), err.getvalue()


def function(name: str, length: int) -> str:
  """A chain of so many additions and multiplications."""
  lines = [
      f'  %x{i + 1} = {("add", "mul")[i % 3 == 0]} i32 %x{i}, {i}\n'
      for i in range(length)
  ]
  body = ''.join(lines)
  return f'define i32 @{name}(i32 %x0) {{\n{body}  ret i32 %x{length}\n}}\n'


class DistilTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = pathlib.Path(
        cls.enterClassContext(tempfile.TemporaryDirectory())
    )
    cls.encoder = testing_encoder.create_encoder()
    cls.weights = str(cls.folder / 'weights')
    testing_encoder.save_encoder(cls.encoder, cls.weights)
    cls.ir = cls.folder / 'ir'
    cls.ir.mkdir()
    for i in range(24):
      text = function('f', i + 1) + function('g', 30 + i)
      (cls.ir / f'{i:02}.ll').write_text(text)
    # The same functions again: nobody is judged by what was learned.
    (cls.ir / 'zz.ll').write_text((cls.ir / '00.ll').read_text())
    (cls.ir / 'broken.ll').write_text('define void @f() {\n  nonsense\n}\n')

  def test_from_files_to_a_table(self):
    out = str(self.folder / 'fast')
    code, said, err = run(
        'distil', self.weights, str(self.ir), '--out', out, '--rows', '256',
        '--counted', '16', '--json',
    )  # fmt: skip
    self.assertEqual(code, console.PARTLY, err)
    self.assertIn('broken.ll', err)
    found = json.loads(said)
    self.assertEqual(found['functions'] + found['held_out'], 48)
    # Chains of two opcodes are told by their lengths.
    self.assertGreater(found['r2'], 0.5)
    table = mir.load(out)
    self.assertEqual(table.fingerprint, found['fingerprint'])
    self.assertEqual(table.rows.shape, (256, self.encoder.width))
    source = function('new', 17)
    wanted, given = self.encoder.embed(source), table.embed(source)
    middle = self.encoder.embed([function('a', 3), function('b', 50)]).mean(0)
    self.assertLess(
        np.linalg.norm(given - wanted), np.linalg.norm(middle - wanted)
    )
    card = (pathlib.Path(out) / 'MODEL_CARD.md').read_text()
    self.assertIn(f'`{table.fingerprint}`', card)
    self.assertIn('functions fitted', card)

    # It embeds where an encoder does.
    path = str(self.folder / 'vectors.npz')
    one = str(self.ir / '03.ll')
    code, _, err = run('embed', one, '-c', out, '-o', path)
    self.assertEqual(code, console.OK, err)
    kept = mir.read_vectors(path)
    self.assertEqual(kept.functions, ['f', 'g'])
    self.assertEqual(kept.encoder, table.fingerprint)
    np.testing.assert_allclose(
        kept.vectors, table.embed(one, 'function'), rtol=1e-6
    )

  def test_too_few_files(self):
    code, _, err = run(
        'distil', self.weights, str(self.ir / '00.ll'), '--out',
        str(self.folder / 'few'),
    )  # fmt: skip
    self.assertEqual(code, console.FAILED)
    self.assertIn('too few to fit a table', err)

  def test_a_damaged_table_is_named(self):
    folder = self.folder / 'damaged'
    folder.mkdir()
    (folder / lookup.FILE).write_bytes(lookup.MAGIC + b'x' * 100)
    code, _, err = run('embed', str(self.ir / '00.ll'), '-c', str(folder))
    self.assertEqual(code, console.FAILED)
    self.assertRegex(err, r'damaged/lookup\.bin is damaged; copy or distil')


if __name__ == '__main__':
  absltest.main()
