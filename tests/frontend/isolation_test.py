"""Tests of isolation: a function alone, and all else declared."""

import re

from absl.testing import absltest

from mirencoder_jax import ir
from mirencoder_jax.frontend import isolation
from mirencoder_jax.ir import llvm

MODULE = r"""
%struct.pair = type { i32, ptr }
$shared = comdat any
@counter = internal global i32 0, align 4
@table = private unnamed_addr constant [2 x ptr] [ptr @first, ptr @text]
@text = private constant [10 x i8] c"%d @ \22{}\00\00"
@"odd name" = dso_local local_unnamed_addr global
  %struct.pair { i32 1, ptr @counter }, align 8
@thread = internal thread_local(initialexec) global
  [4 x i8] zeroinitializer, align 1
@other = alias void (), ptr @first

define internal fastcc i32 @first(i32 noundef %0, ptr byval(%struct.pair) %x)
  unnamed_addr #0 comdat($shared) personality ptr @person {
  ret i32 %0
}

define linkonce_odr hidden i32 @shared(ptr %p) comdat {
  %n = load i32, ptr @counter
  %m = add i32 %n, 1
  store i32 %m, ptr @counter
  %t = load ptr, ptr @table
  %k = load i32, ptr @"odd name", !tbaa !0
  store i8 1, ptr @thread
  call void @other()
  %r = call fastcc i32 @first(i32 %k, ptr byval(%struct.pair) @"odd name") #1
  ret i32 %r
}

define void @alone() {
  ret void
}

declare i32 @person(...)
attributes #0 = { nounwind }
attributes #1 = { minsize }
!0 = !{!1, !1, i64 0}
!1 = !{!"int", !2}
!2 = !{!"root"}
"""


class IsolationTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.module = isolation.Module(llvm.canonical_text(MODULE.encode()))

  def isolated(self, symbol):
    """LLVM's own text, which it has verified."""
    return llvm.canonical_text(
        self.module.isolate(symbol).encode(), pipeline='O0'
    )

  def test_all_definitions_are_known(self):
    self.assertEqual(self.module.symbols, ('first', 'shared', 'alone'))

  def test_callee_is_declared_and_the_function_external(self):
    text = self.isolated('shared')
    self.assertLen(re.findall('^define ', text, re.M), 1)
    self.assertRegex(text, r'declare dso_local fastcc i32 @first\(')
    self.assertRegex(text, r'define (dso_local )?i32 @shared\(ptr %p\)')
    self.assertNotIn('comdat', text)
    # The alias of something that is not here.
    self.assertIn('declare void @other()', text)

  def test_what_can_be_written_to_has_no_value(self):
    text = self.isolated('shared')
    self.assertIn('@counter = external dso_local global i32, align 4', text)
    self.assertIn('@"odd name" = external dso_local', text)
    self.assertIn(
        '@thread = external dso_local thread_local(initialexec) global '
        '[4 x i8], align 1',
        text,
    )

  def test_constants_keep_their_values(self):
    text = self.isolated('shared')
    self.assertIn('[ptr @first, ptr @text]', text)
    self.assertIn(r'c"%d @ \22{}\00\00"', text)

  def test_nothing_that_is_not_needed(self):
    text = self.isolated('alone')
    for name in ('@counter', '@first', '@person', '%struct', '!0'):
      self.assertNotIn(name, text)

  def test_a_store_to_an_internal_global_is_not_lost(self):
    # Alone in a module, an internal global that nobody reads would be written
    # in vain, and the function empty.
    text = llvm.canonical_text(
        self.module.isolate('shared').encode(), pipeline='O2'
    )
    self.assertRegex(text, 'store i32 %.*, ptr @counter')

  def test_the_hash_is_that_of_the_function_in_its_module(self):
    # What an alias is of is lost.
    text = MODULE.replace('call void @other()', 'call void @alone()')
    whole = ir.read_module(text, 'module.ll')
    module = isolation.Module(llvm.canonical_text(text.encode()))
    for function in whole.functions:
      part = ir.read_module(module.isolate(function.name), 'part.ll')
      self.assertLen(part.functions, 1)
      self.assertEqual(part.functions[0].hash, function.hash)

  def test_no_such_function(self):
    with self.assertRaisesRegex(ir.IRError, "no function called 'person'"):
      self.module.isolate('person')


if __name__ == '__main__':
  absltest.main()
