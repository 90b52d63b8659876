"""Tests of loading an encoder and embedding IR of any size."""

import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import llvmlite.binding as llvm
import numpy as np
from absl.testing import absltest, parameterized
from testing_encoder import AXPY, SQUARE, create_encoder

import mirencoder_jax as mir
from mirencoder_jax.storage import checkpoint_writer

ROOT = pathlib.Path(__file__).resolve().parents[2]


def long_function(num_instructions: int) -> str:
  """A function of one block in which every instruction uses the one above."""
  lines = [
      f'  %v{i} = {"add" if i % 3 else "mul"} i32 %v{i - 1}, {i % 50}'
      for i in range(1, num_instructions)
  ]
  body = '\n'.join(lines)
  return (
      'define i32 @long(i32 %v0) {\n'
      f'{body}\n  ret i32 %v{num_instructions - 1}\n}}\n'
  )


class EncoderTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.encoder = create_encoder()

  def test_module_row_is_weighted_mean_of_function_rows(self):
    text = AXPY + SQUARE
    functions = self.encoder.embed(text, 'function')
    module = self.encoder.embed(text)
    self.assertEqual(functions.shape, (2, 16))
    self.assertEqual(module.shape, (1, 16))
    self.assertEqual(module.dtype, np.float32)
    expected = (functions[0] * 13 + functions[1] * 2) / 15
    np.testing.assert_allclose(module[0], expected, atol=1e-6)

  @parameterized.parameters('joint', 'ir', 'graph', 'all')
  def test_row_does_not_depend_on_the_rest_of_the_list(self, modality):
    sources = [AXPY, SQUARE, long_function(90), AXPY + SQUARE]
    together = self.encoder.embed(sources, modality=modality)
    alone = [self.encoder.embed(s, modality=modality)[0] for s in sources]
    np.testing.assert_allclose(together, alone, atol=1e-5)

  def test_renamed_ir_has_the_same_vector(self):
    renamed = re.sub(r'%i\b', '%index', AXPY).replace('@axpy', '@f')
    renamed = renamed.replace('%loop', '%body').replace('loop:', 'body:')
    np.testing.assert_array_equal(
        self.encoder.embed(AXPY), self.encoder.embed(renamed)
    )

  def test_bitcode_has_the_vector_of_its_text(self):
    bitcode = llvm.parse_assembly(AXPY).as_bitcode()
    np.testing.assert_array_equal(
        self.encoder.embed(AXPY), self.encoder.embed(bitcode)
    )

  def test_magnitude_of_a_constant_changes_the_vector(self):
    small = 'define i32 @f(i32 %x) {\n  %y = add i32 %x, 8\n  ret i32 %y\n}\n'
    large = small.replace('8', '1000000')
    self.assertGreater(
        np.abs(self.encoder.embed(small) - self.encoder.embed(large)).max(),
        1e-6,
    )

  def test_function_over_the_largest_bucket_is_embedded_whole(self):
    text = long_function(600)
    encoding = self.encoder.encode(text)
    self.assertEqual(encoding.functions, ['long'])
    self.assertGreater(encoding.report['segments'], 1)
    self.assertGreater(encoding.report['cut_edges'], 0)
    self.assertEqual(encoding.report['cut_tokens'], 0)
    self.assertEqual(encoding.report['unknown_tokens'], 0)
    self.assertTrue(np.isfinite(encoding.function_vectors()).all())
    # The end of the function counts.
    changed = text.replace('ret i32 %v599', 'ret i32 %v0')
    self.assertGreater(
        np.abs(self.encoder.embed(changed) - self.encoder.embed(text)).max(), 0
    )

  def test_bad_file_in_a_list(self):
    sources = [AXPY, 'int main() { return 0; }\n', SQUARE]
    with self.assertRaisesRegex(mir.IRError, 'neither LLVM bitcode nor'):
      self.encoder.embed(sources)
    vectors = self.encoder.embed(sources, on_error='nan')
    np.testing.assert_array_equal(
        np.isnan(vectors).all(axis=1), [False, True, False]
    )
    self.assertIn(1, self.encoder.encode(sources, on_error='nan').errors)

  def test_empty_list(self):
    self.assertEqual(self.encoder.embed([]).shape, (0, 16))

  def test_wrong_words(self):
    with self.assertRaisesRegex(ValueError, 'neither function nor module'):
      self.encoder.embed(AXPY, 'kernel')
    with self.assertRaisesRegex(ValueError, 'none of joint'):
      self.encoder.embed(AXPY, modality='text')

  def test_other_parameters(self):
    before = self.encoder.embed(AXPY)
    untrained = self.encoder.untrained(seed=1)
    other = self.encoder.with_params(untrained.params)
    self.assertEqual(other.fingerprint, untrained.fingerprint)
    np.testing.assert_array_equal(other.embed(AXPY), untrained.embed(AXPY))
    np.testing.assert_array_equal(self.encoder.embed(AXPY), before)

  def test_untrained_differs_and_is_reproducible(self):
    other = self.encoder.untrained(seed=1)
    first = other.embed(AXPY)
    np.testing.assert_array_equal(
        first, self.encoder.untrained(seed=1).embed(AXPY)
    )
    self.assertGreater(np.abs(first - self.encoder.embed(AXPY)).max(), 1e-3)


class LoadTest(absltest.TestCase):

  def test_checkpoint_is_enough_in_a_fresh_process(self):
    encoder = create_encoder()
    workdir = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    writer = checkpoint_writer.Writer(workdir)
    writer.save(
        7,
        encoder.params,
        {'step': np.int32(7)},
        {
            'model': dataclasses.asdict(encoder.config),
            'data': {'num_tokens': encoder.num_tokens},
        },
        json.loads(encoder.tokenizer.to_json()),
        encoder.tokenizer.hash,
        loss=1.0,
    )
    writer.close()
    source = workdir / 'axpy.ll'
    source.write_text(AXPY)
    program = (
        'import sys, numpy as np\n'
        'import mirencoder_jax as mir\n'
        'v = mir.load(sys.argv[1]).embed(sys.argv[2])\n'
        'np.save(sys.argv[3], v)\n'
        'assert not {"tensorflow", "tensorflow_datasets"} & set(sys.modules)\n'
    )
    subprocess.run(
        [sys.executable, '-c', program, workdir, source, workdir / 'v.npy'],
        check=True,
        cwd=ROOT,
    )
    np.testing.assert_allclose(
        np.load(workdir / 'v.npy'), encoder.embed(AXPY), atol=1e-5
    )

  def test_nothing_there(self):
    folder = self.enterContext(tempfile.TemporaryDirectory())
    with self.assertRaisesRegex(mir.CheckpointError, 'no checkpoint at'):
      mir.load(folder)


if __name__ == '__main__':
  absltest.main()
