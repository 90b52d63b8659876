"""The lookup form: its sums, its fit, its file, and what it needs."""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from absl.testing import absltest

import mirencoder_jax as mir
from mirencoder_jax.inference import lookup

SOME = """
define i32 @some(ptr %p, i32 %n) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %j, %loop ]
  %j = add i32 %i, 1
  %c = icmp slt i32 %j, %n
  br i1 %c, label %loop, label %end
end:
  ret i32 %j
}
"""
OTHER = """
define double @other(double %a, ptr %p) {
  %b = load double, ptr %p
  %c = fmul double %a, %b
  ret double %c
}
"""


def random_function(number, rng):
  lines = [f'define i32 @f{number}(i32 %x0) {{']
  size = int(rng.integers(1, 12))
  for i in range(size):
    opcode = rng.choice(['add', 'mul', 'xor', 'shl'])
    lines.append(f'  %x{i + 1} = {opcode} i32 %x{i}, {rng.integers(9)}')
  return '\n'.join([*lines, f'  ret i32 %x{size}', '}'])


class LookupTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    rng = np.random.default_rng(0)
    text = '\n'.join(random_function(i, rng) for i in range(150))
    cls.functions = mir.read_module(text).functions
    # A teacher that is a function of means and sizes.
    counts = np.array(
        [
            [f.opcodes.count(o) for o in ('add', 'mul', 'xor', 'shl')]
            for f in cls.functions
        ]
    )
    sizes = counts.sum(axis=1, keepdims=True) + 1.0
    cls.vectors = np.concatenate(
        [counts / sizes @ rng.normal(size=(4, 5)), np.log1p(sizes)], axis=1
    )
    cls.table = cls.distil(cls.vectors)

  @classmethod
  def distil(cls, vectors):
    rows = [lookup.function_rows(f, 512) for f in cls.functions[:100]]
    return lookup.distil(
        rows, vectors[:100], num_rows=512, num_counted=32, penalty=1e-6
    )

  def test_keys(self):
    function = mir.read_module(SOME).functions[0]
    keys, depths = lookup.instruction_keys(function)
    self.assertEqual(depths.tolist(), [0, 1, 1, 1, 1, 0])
    self.assertContainsSubset(
        ['o phi', 't add i32', 'd icmp 1', 'x icmp slt i32', 'k icmp vp',
         'p icmp 0 add', 'p br 0 icmp', 'k phi cv'],
        keys,
    )  # fmt: skip
    self.assertLen(keys, 5 * 6 + len(function.use_users))

  def test_hash_is_fnv(self):
    self.assertEqual(lookup.hash_key(''), 2166136261)
    self.assertEqual(lookup.hash_key('a'), 0xE40C292C)

  def test_fit_holds_for_functions_that_were_not_seen(self):
    module = mir.read_module(SOME)
    module.functions[:] = self.functions[100:]
    found = self.table.embed(module, 'function')
    error = ((found - self.vectors[100:]) ** 2).mean(axis=0)
    np.testing.assert_array_less(error / self.vectors.var(axis=0), 0.05)

  def test_counts_are_told_by_their_logarithms(self):
    counts = [[f.opcodes.count(o)] for f in self.functions for o in ('add',)]
    vectors = np.log1p(counts)
    module = mir.read_module(SOME)
    module.functions[:] = self.functions[100:]
    found = self.distil(vectors).embed(module, 'function')
    error = ((found - vectors[100:]) ** 2).mean() / vectors.var()
    self.assertLess(error, 0.01)

  def test_encode_says_what_an_encoder_says(self):
    found = self.table.encode([SOME, 'nonsense {', OTHER], on_error='nan')
    self.assertEqual(found.functions, ['some', 'other'])
    self.assertEqual(found.modules.tolist(), [0, 2])
    self.assertEqual(found.num_instructions.tolist(), [6, 3])
    self.assertEqual(list(found.errors), [1])
    vectors = found.module_vectors()
    np.testing.assert_array_equal(vectors[[0, 2]], found.function_vectors())
    self.assertTrue(np.isnan(vectors[1]).all())
    np.testing.assert_array_equal(
        found.function_vectors('all'), vectors[[0, 2]]
    )
    with self.assertRaisesRegex(ValueError, "'graph' is none of joint, all"):
      self.table.embed(SOME, modality='graph')
    with self.assertRaises(mir.IRError):
      self.table.embed('nonsense {')

  def test_is_loaded_by_its_folder(self):
    with tempfile.TemporaryDirectory() as folder:
      self.table.save(pathlib.Path(folder) / lookup.FILE)
      loaded = mir.load(folder)
      self.assertIsInstance(loaded, mir.Lookup)
      self.assertEqual(loaded.fingerprint, lookup.load(
          pathlib.Path(folder) / lookup.FILE).fingerprint)  # fmt: skip
      model = mir.IREncoder(folder).fit([SOME])
      np.testing.assert_array_equal(
          model.transform([SOME.encode()]), loaded.embed(SOME)
      )

  def test_a_module_is_made_of_sums(self):
    both = self.table.embed([SOME, OTHER, SOME + OTHER])
    alone = self.table.embed(SOME + OTHER, 'function')
    np.testing.assert_array_equal(both[:2], alone)
    self.assertEqual(both.shape, (3, 6))
    empty = mir.read_module(SOME)
    empty.functions.clear()
    self.assertTrue(np.isnan(self.table.embed(empty)).all())
    with self.assertRaisesRegex(ValueError, 'neither function nor module'):
      self.table.embed(SOME, 'line')

  def test_file(self):
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder) / 'table.bin'
      self.table.save(path)
      read = lookup.load(path)
      np.testing.assert_allclose(
          read.embed(SOME), self.table.embed(SOME), rtol=0.02, atol=0.02
      )
      # What the docstring says a program in another language would do.
      data = path.read_bytes()
      num_rows, width, num_counted = np.frombuffer(data[8:20], '<u4')
      start = 20 + 4 * num_counted
      value = np.frombuffer(data[start : start + 2 * width], '<u2')
      bias = (value.astype(np.uint32) << 16).view(np.float32)
      np.testing.assert_array_equal(bias, read.bias)
      self.assertEqual((num_rows, width), read.rows.shape)
      path.write_bytes(data[:30] + bytes([data[30] ^ 1]) + data[31:])
      with self.assertRaisesRegex(lookup.TableError, 'table.bin is damaged'):
        lookup.load(path)
      path.write_bytes(b'something else that is long enough')
      with self.assertRaisesRegex(lookup.TableError, 'no lookup table'):
        lookup.load(path)

  def test_needs_no_jax(self):
    code = (
        'import sys; import mirencoder_jax as mir; '
        'mir.load; mir.embed_files; mir.Lookup; print("jax" in sys.modules)'
    )
    out = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    self.assertEqual(out.stdout.strip(), 'False')


if __name__ == '__main__':
  absltest.main()
