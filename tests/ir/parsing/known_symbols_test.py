"""Which names say what code does, and are kept."""

from absl.testing import absltest, parameterized

from mirencoder_jax.ir.parsing import known_symbols


class KnownWordTest(parameterized.TestCase):

  @parameterized.parameters(
      ('sqrt', 'sqrt'),
      ('sqrtf', 'sqrt'),
      ('sqrtl', 'sqrt'),
      ('malloc', 'malloc'),
      ('omp_get_wtime', 'omp_get_wtime'),
      ('__kmpc_for_static_init_4', '__kmpc_for_static_init_4'),
      ('__nv_expf', '__nv_expf'),
      ('get_global_id', 'get_global_id'),
      ('_Z13get_global_idj', 'get_global_id'),
      ('_Z4sqrtDv4_f', 'sqrt'),
      ('_Z12convert_int4Dv4_f', 'convert_int4'),
      ('_Znwm', '_Znwm'),
      ('__cxa_throw', '__cxa_throw'),
      ('llvm.memcpy.p0i8.p0i8.i64', 'llvm.memcpy'),
      ('llvm.memcpy.p0.p0.i64', 'llvm.memcpy'),
      ('llvm.fma.v4f32', 'llvm.fma'),
      ('llvm.vector.reduce.add.nxv4i32', 'llvm.vector.reduce.add'),
      ('llvm.masked.load.v8f32.p0', 'llvm.masked.load'),
      ('llvm.nvvm.read.ptx.sreg.tid.x', 'llvm.nvvm.read.ptx.sreg.tid.x'),
      ('llvm.x86.avx2.psrl.w', 'llvm.x86.avx2.psrl.w'),
      ('llvm.sadd.with.overflow.i32', 'llvm.sadd.with.overflow'),
      ('llvm.objectsize.i64.p0i8', 'llvm.objectsize'),
  )
  def test_kept(self, symbol, word):
    self.assertEqual(known_symbols.known_word(symbol), word)

  @parameterized.parameters(
      'my_function', 'main', '_Z3fooi', 'square', 'sqrtfoo', '_ZN3foo3barEv',
      '', '_Z', '_Z9999999999x', '_Z0', 'printfoo', 'ff', 'l',
  )  # fmt: skip
  def test_a_users(self, symbol):
    self.assertIsNone(known_symbols.known_word(symbol))


if __name__ == '__main__':
  absltest.main()
