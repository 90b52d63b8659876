"""Tests of slicing: one function out of a module's text."""

from absl.testing import absltest, parameterized

from mirencoder_jax import ir
from mirencoder_jax.frontend import slicing

MODULE = r"""
source_filename = "/home/somebody/secret/walk.c"
target triple = "x86_64-unknown-linux-gnu"

%ident = type { i32, ptr }

@0 = private unnamed_addr constant [24 x i8] c";/home/somebody/w.c;;7;;\00"
@ident = private constant %ident { i32 2, ptr @0 }
@table = internal global [2 x ptr] [ptr @from_table, ptr null]
@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 1, ptr @set_up, ptr null }]

define internal void @walk.omp_outlined(ptr %x, i32 %n) !dbg !5 {
entry:
  call void @begin(ptr @ident), !dbg !7
  br label %loop

loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
    #dbg_value(i32 %i, !9, !DIExpression(), !7)
  %y = call i32 @step(i32 %i), !dbg !7
  store i32 %y, ptr %x, !dbg !7
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, %n
  br i1 %more, label %loop, label %end, !dbg !7, !llvm.loop !10

end:
  ret void
}

define internal i32 @walk.omp_outlined.omp.reduction.reduction_func(i32 %i) !dbg !6 {
  ret i32 %i
}

define linkonce_odr hidden i32 @step(i32 %i) {
  %f = load ptr, ptr @table
  %y = call i32 %f(i32 %i)
  ret i32 %y
}

define internal i32 @from_table(i32 %i) {
  ret i32 %i
}

define void @set_up() {
  ret void
}

define void @_ZN2ns4walkEPi(ptr %x) !dbg !8 {
  call void @walk.omp_outlined(ptr %x, i32 8)
  ret void
}

declare void @begin(ptr)
declare void @unused()

!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!1}
!about = !{!12, !13}

!0 = distinct !DICompileUnit(language: DW_LANG_C99, file: !2, emissionKind: LineTablesOnly)
!1 = !{i32 2, !"Debug Info Version", i32 3}
!2 = !DIFile(filename: "walk.c", directory: "/home/somebody/secret")
!3 = !DISubroutineType(types: !4)
!4 = !{}
!5 = distinct !DISubprogram(name: "walk.omp_outlined", scope: !2, file: !2, line: 7, type: !3, scopeLine: 7, unit: !0)
!6 = distinct !DISubprogram(name: "reduction_func", scope: !2, file: !2, line: 7, type: !3, scopeLine: 7, unit: !0)
!7 = !DILocation(line: 9, scope: !5)
!8 = distinct !DISubprogram(name: "walk", scope: !2, file: !2, line: 5, type: !3, scopeLine: 5, unit: !0)
!9 = !DILocalVariable(name: "i", scope: !5)
!10 = distinct !{!10, !7, !7, !11}
!11 = !{!"llvm.loop.mustprogress"}
!12 = !{ptr @set_up, !"kernel"}
!13 = !{ptr @walk.omp_outlined, !"kernel"}
"""  # noqa: E501


class SlicingTest(parameterized.TestCase):

  @parameterized.parameters(
      ('walk.omp_outlined', 0, 'walk.omp_outlined'),
      ('', 7, 'walk.omp_outlined'),  # and not the reduction of that line
      ('', 5, '_ZN2ns4walkEPi'),
      ('walk', 0, '_ZN2ns4walkEPi'),
  )
  def test_find(self, symbol, line, expected):
    found = slicing.find_function(MODULE, symbol=symbol, line=line)
    self.assertEqual(found.symbol, expected)

  def test_not_found(self):
    with self.assertRaisesRegex(ir.IRError, 'w.c: no function called .gone.'):
      slicing.find_function(MODULE, symbol='gone', file='w.c')
    with self.assertRaisesRegex(ir.IRError, 'line 6; .*outlined of line 7'):
      slicing.find_function(MODULE, line=6)
    with self.assertRaisesRegex(ir.IRError, 'no debug lines; .* -g1'):
      slicing.find_function('define void @f() {\n  ret void\n}', line=6)
    with self.assertRaisesRegex(ir.IRError, 'defines no function'):
      slicing.find_function('declare void @f()', line=6)

  def test_debug_twin_is_the_region(self):
    text = (
        'define void @.omp_outlined._debug__(ptr %a) !dbg !1 {\n  ret void\n}\n'
        'define void @.omp_outlined.(ptr %a) !dbg !2 {\n  ret void\n}\n'
        '!1 = distinct !DISubprogram(name: "a", line: 3)\n'
        '!2 = distinct !DISubprogram(name: "b", line: 3)\n'
    )
    found = slicing.find_function(text, line=3)
    self.assertEqual(found.symbol, '.omp_outlined._debug__')

  @parameterized.parameters(
      ('_Z3fooPfi', 'foo'),
      ('_ZL3bazv', 'baz'),
      ('_ZN2ns3fooILi4EEEvPf', 'foo'),
      ('_ZNK2ns5Class3runEv', 'run'),
      ('plain', 'plain'),
  )
  def test_names_in_the_source(self, symbol, name):
    definition = slicing.Definition(symbol, 0, False)
    self.assertTrue(definition.is_called(name))
    self.assertTrue(definition.is_called(symbol))
    self.assertFalse(definition.is_called('fo'))

  def test_more_than_one(self):
    text = ''.join(
        f'define void @_Z1f{kind[0]}({kind}) {{\n  ret void\n}}\n'
        for kind in ('double', 'float')
    )
    with self.assertRaisesRegex(ir.IRError, '2 functions called .f.: _Z1fd'):
      slicing.find_function(text, symbol='f')

  def test_slice_has_what_is_reached(self):
    text = slicing.slice_function(MODULE, 'walk.omp_outlined')
    module = ir.read_module(text)
    self.assertEqual(
        [function.name for function in module.functions],
        ['walk.omp_outlined', 'step', 'from_table'],
    )
    self.assertFalse(module.unverified)
    self.assertIn('define internal i32 @step', text)
    self.assertNotIn('@set_up', text)
    self.assertNotIn('@unused', text)

  def test_slice_says_the_same_as_the_module(self):
    whole = ir.read_module(slicing.strip_debug(MODULE))
    cut = ir.read_module(slicing.slice_function(MODULE, 'walk.omp_outlined'))
    name = 'walk.omp_outlined'
    self.assertEqual(cut.function(name).hash, whole.function(name).hash)

  def test_no_paths_and_no_debug_records(self):
    text = slicing.slice_function(MODULE, 'walk.omp_outlined')
    for word in ('somebody', '!dbg', '#dbg', 'DILocation', 'DISubprogram'):
      self.assertNotIn(word, text)
    self.assertIn('llvm.loop.mustprogress', text)
    self.assertIn('source_filename = "walk.c"', text)

  def test_pipeline(self):
    text = slicing.slice_function(MODULE, '_ZN2ns4walkEPi', pipeline='O1')
    (function,) = ir.read_module(text).functions  # the others are inlined
    self.assertEqual(function.name, '_ZN2ns4walkEPi')

  def test_broken_slice(self):
    text = 'define void @f() {\n  call void @g()\n  ret void\n}\n'
    with self.assertRaisesRegex(ir.IRError, 'k.ll: LLVM refuses .* of f'):
      slicing.slice_function(text, 'f', file='k.ll')


if __name__ == '__main__':
  absltest.main()
