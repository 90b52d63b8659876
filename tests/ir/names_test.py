"""Names as people write them, and what they may mean."""

from absl.testing import absltest, parameterized

from mirencoder_jax import ir
from mirencoder_jax.ir import names

SPMV = '_ZN4spmv3Csr4spmv17h69d9c86e2f95bab4E'
FOLD = (
    '_ZN91_$LT$core..slice..iter..Iter$LT$T$GT$$u20$as$u20$core..iter..traits'
    '..iterator..Iterator$GT$4fold17h4e3e93975bf4c687E'
)


class NamesTest(parameterized.TestCase):

  @parameterized.parameters(
      ('main', 'main', 'main'),
      ('_Z4axpyifPKf', 'axpy(int, float, float const*)', 'axpy'),
      ('_Z3sumILi256EEvPKfi', 'void sum<256>(float const*, int)', 'sum<256>'),
      ('_Z3sumILi256EEvPKfi', 'void sum<256>(float const*, int)', 'sum'),
      ('_ZNK1AclEi', 'A::operator()(int) const', 'A::operator()(int) const'),
      ('_ZN12_GLOBAL__N_13fooEi', '(anonymous namespace)::foo(int)',
       '(anonymous namespace)::foo'),
      (SPMV, 'spmv::Csr::spmv', 'spmv::Csr::spmv'),
      (FOLD,
       '<core::slice::iter::Iter<T> as core::iter::traits::iterator::Iterator>'
       '::fold', FOLD),
      ('_RNvCskwGfYPst2Cb_3foo3bar', 'foo::bar', 'foo::bar'),
      ('_Zbroken', '_Zbroken', '_Zbroken'),
  )  # fmt: skip
  def test_shown_and_accepted(self, symbol, readable, typed):
    self.assertEqual(names.readable(symbol), readable)
    for name in (symbol, readable, typed):
      self.assertEqual(names.find(name, ['other', symbol]), [symbol])

  def test_several_are_named(self):
    text = ''.join(
        f'define void @{symbol}() {{\n  ret void\n}}\n'
        for symbol in ('_Z1fi', '_Z1ff', 'g')
    )
    module = ir.read_module(text)
    self.assertEqual(module.function('f(int)').symbol, '_Z1fi')
    with self.assertRaisesRegex(KeyError, "several functions 'f': _Z1fi, _Z1"):
      module.function('f')
    with self.assertRaisesRegex(
        KeyError, r'it defines f\(int\), f\(float\), g'
    ):
      module.function('h')

  def test_another_build(self):
    self.assertEqual(
        names.plain(SPMV), names.plain(SPMV.replace('69d9', '1234'))
    )
    self.assertEqual(names.plain('f.llvm.123'), names.plain('f.2'))
    self.assertNotEqual(names.plain('f1'), names.plain('f2'))


if __name__ == '__main__':
  absltest.main()
