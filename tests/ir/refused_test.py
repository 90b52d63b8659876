"""Text that LLVM refuses: it reads as its bitcode would, or says why not."""

# ruff: noqa: E501 (lines of IR)

import re

from absl.testing import absltest, parameterized

from mirencoder_jax import ir
from mirencoder_jax.ir import refusal


def words(text: str) -> list[str]:
  return [' '.join(f.words) for f in ir.read_module(text).functions]


class OlderLlvmTest(parameterized.TestCase):
  """Valid text of LLVM 7 to 21 reads as LLVM makes it of the bitcode."""

  @parameterized.named_parameters(
      (
          'compare_in_a_branch',
          """
declare extern_weak i32 @key(i32*)
define void @f() {
  br i1 icmp ne (i8* bitcast (i32 (i32*)* @key to i8*), i8* null), label %a, label %a
a:
  ret void
}
""",
          """
declare extern_weak i32 @key(ptr)
define void @f() {
  %t = icmp ne ptr @key, null
  br i1 %t, label %a, label %a
a:
  ret void
}
""",
      ),
      (
          'sizes_on_the_stack',
          """
@g = external global i32
define void @f() {
  %a = alloca inalloca i8, i64 mul (i64 ptrtoint (i32* @g to i64), i64 3)
  %b = alloca i8, i64 mul (i64 ptrtoint (i32* @g to i64), i64 5), align 16
  %c = alloca i8, align 4
  ret void
}
""",
          """
@g = external global i32
define void @f() {
  %s = mul i64 ptrtoint (ptr @g to i64), 3
  %a = alloca inalloca i8, i64 %s
  %t = mul i64 ptrtoint (ptr @g to i64), 5
  %b = alloca i8, i64 %t, align 16
  %c = alloca i8, align 4
  ret void
}
""",
      ),
      (
          'types_behind_their_use_and_in_themselves',
          """
define void @f(%"a b"* %p, void (%S)* %q) {
  call void %q(%S zeroinitializer)
  %b = getelementptr %"a b", %"a b"* %p, i32 0, i32 1
  ret void
}
%"a b" = type { i32, float }
%S = type { i32 (%S)*, { void (i8* (i8*)*, %S)*, [2 x i8 (...)*] }, x86_mmx }
""",
          """
%S = type { ptr, { ptr, [2 x ptr] }, <1 x i64> }
%A = type { i32, float }
define void @f(ptr %p, ptr %q) {
  call void %q(%S zeroinitializer)
  %b = getelementptr %A, ptr %p, i32 0, i32 1
  ret void
}
""",
      ),
      (
          'value_before_its_address',
          """
@a = global i64 0
@b = global i64 0
define void @f() {
  store i64 mul (i64 ptrtoint (ptr @a to i64), i64 3), ptr inttoptr (i64 and (i64 ptrtoint (ptr @b to i64), i64 -8) to ptr)
  ret void
}
""",
          """
@a = global i64 0
@b = global i64 0
define void @f() {
  %p = and i64 ptrtoint (ptr @b to i64), -8
  %q = inttoptr i64 %p to ptr
  %v = mul i64 ptrtoint (ptr @a to i64), 3
  store i64 %v, ptr %q
  ret void
}
""",
      ),
      (
          'nested_in_an_argument',
          """
@a = global i32 0
declare void @g(i32, i32)
define void @f(i32 %x) {
  tail call void @g(i32 %x, i32 add (i32 zext (i1 icmp eq (ptr @a, ptr @f) to i32), i32 7)) #0
  ret void
}
attributes #0 = { nounwind }
""",
          """
@a = global i32 0
declare void @g(i32, i32)
define void @f(i32 %x) {
  %c = icmp eq ptr @a, @f
  %z = zext i1 %c to i32
  %s = add i32 %z, 7
  tail call void @g(i32 %x, i32 %s)
  ret void
}
""",
      ),
      (
          'equal_constants_of_two_operands',
          """
@a = global i32 0
define i64 @f() {
  %r = select i1 icmp eq (ptr @a, ptr @f), i64 shl (i64 ptrtoint (ptr @a to i64), i64 2), i64 lshr (i64 ptrtoint (ptr @a to i64), i64 2)
  ret i64 %r
}
""",
          """
@a = global i32 0
define i64 @f() {
  %t = shl i64 ptrtoint (ptr @a to i64), 2
  %e = lshr i64 ptrtoint (ptr @a to i64), 2
  %c = icmp eq ptr @a, @f
  %r = select i1 %c, i64 %t, i64 %e
  ret i64 %r
}
""",
      ),
      (
          'on_the_edge_to_a_phi',
          """
@a = global i32 0
define i32 @f(i1 %c) {
  br i1 %c, label %1, label %2
1:
  br label %2
2:
  %x = phi i32 [ udiv (i32 1, i32 ptrtoint (ptr @a to i32)), %0 ], [ 5, %1 ]
  ret i32 %x
}
""",
          """
@a = global i32 0
define i32 @f(i1 %c) {
  br i1 %c, label %1, label %edge
1:
  br label %2
edge:
  %d = udiv i32 1, ptrtoint (ptr @a to i32)
  br label %2
2:
  %x = phi i32 [ %d, %edge ], [ 5, %1 ]
  ret i32 %x
}
""",
      ),
      (
          'on_an_edge_that_a_switch_takes_twice',
          """
@a = global i32 0
define i64 @f(i32 %c) {
  switch i32 %c, label %to [ i32 1, label %to
                             i32 2, label %by ]
by:
  br label %to
to:
  %x = phi i64 [ 5, %by ], [ shl (i64 ptrtoint (ptr @a to i64), i64 3), %0 ], [ shl (i64 ptrtoint (ptr @a to i64), i64 3), %0 ]
  ret i64 %x
}
""",
          """
@a = global i32 0
define i64 @f(i32 %c) {
  switch i32 %c, label %edge [ i32 1, label %edge
                               i32 2, label %by ]
by:
  br label %to
edge:
  %s = shl i64 ptrtoint (ptr @a to i64), 3
  br label %to
to:
  %x = phi i64 [ 5, %by ], [ %s, %edge ]
  ret i64 %x
}
""",
      ),
      (
          'in_a_vector_and_a_struct',
          """
@a = global i32 0
define { i64, i64 } @f(ptr %p) {
  store <2 x i64> <i64 1, i64 mul (i64 ptrtoint (ptr @a to i64), i64 3)>, ptr %p
  ret { i64, i64 } { i64 or (i64 ptrtoint (ptr @a to i64), i64 1), i64 2 }
}
""",
          """
@a = global i32 0
define { i64, i64 } @f(ptr %p) {
  %m = mul i64 ptrtoint (ptr @a to i64), 3
  %v = insertelement <2 x i64> poison, i64 1, i32 0
  %w = insertelement <2 x i64> %v, i64 %m, i32 1
  store <2 x i64> %w, ptr %p
  %o = or i64 ptrtoint (ptr @a to i64), 1
  %s = insertvalue { i64, i64 } poison, i64 %o, 0
  %t = insertvalue { i64, i64 } %s, i64 2, 1
  ret { i64, i64 } %t
}
""",
      ),
      (
          'numbers_are_folded',
          """
define i64 @f() {
  ret i64 add (i64 mul (i64 100, i64 4), i64 zext (i8 udiv (i8 -1, i8 2) to i64))
}
""",
          'define i64 @f() {\n  ret i64 527\n}\n',
      ),
      (
          'value_of_a_global',
          """
@a = global i64 mul (i64 ptrtoint (ptr @a to i64), i64 3), align 8
@t = constant [1 x ptr] [ptr bitcast (ptr addrspace(1) @h to ptr)]
define i64 @f() {
  %x = load i64, ptr @a
  ret i64 %x
}
declare void @h() addrspace(1)
""",
          """
@a = global i64 0
define i64 @f() {
  %x = load i64, ptr @a
  ret i64 %x
}
declare void @h()
""",
      ),
      (
          'inrange_of_a_vtable',
          """
%class.A = type { i32 (...)** }
@v = constant { [3 x i8*] } zeroinitializer
define void @f(i32 (...)*** %p) {
  store i32 (...)** bitcast (i8** getelementptr inbounds ({ [3 x i8*] }, { [3 x i8*] }* @v, i32 0, inrange i32 0, i32 2) to i32 (...)**), i32 (...)*** %p
  ret void
}
""",
          """
@v = constant { [3 x ptr] } zeroinitializer
define void @f(ptr %p) {
  store ptr getelementptr inbounds ({ [3 x ptr] }, ptr @v, i32 0, i32 0, i32 2), ptr %p
  ret void
}
""",
      ),
      (
          'mmx',
          """
declare x86_mmx @llvm.x86.mmx.padd.d(x86_mmx, x86_mmx)
define x86_mmx @f(x86_mmx %a, <2 x i32> %b) {
  %c = bitcast <2 x i32> %b to x86_mmx
  %d = call x86_mmx @llvm.x86.mmx.padd.d(x86_mmx %a, x86_mmx %c)
  ret x86_mmx %d
}
""",
          """
declare <1 x i64> @llvm.x86.mmx.padd.d(<1 x i64>, <1 x i64>)
define <1 x i64> @f(<1 x i64> %a, <2 x i32> %b) {
  %c = bitcast <2 x i32> %b to <1 x i64>
  %d = call <1 x i64> @llvm.x86.mmx.padd.d(<1 x i64> %a, <1 x i64> %c)
  ret <1 x i64> %d
}
""",
      ),
      (
          'attributes_without_a_type_and_an_old_convention',
          """
%s = type { i32, i32 }
declare webkit_jscc void @g(%s* byval align 8, i64*)
define void @f(%s* noalias sret %r, %s* %p) {
  call webkit_jscc void @g(%s* byval align 8 %p, i64* null)
  ret void
}
""",
          """
%s = type { i32, i32 }
declare cc 12 void @g(ptr byval(%s) align 8, ptr)
define void @f(ptr noalias sret(%s) %r, ptr %p) {
  call cc 12 void @g(ptr byval(%s) align 8 %p, ptr null)
  ret void
}
""",
      ),
      (
          'target_behind_all_else',
          'define void @f() {\n  ret void\n}\n'
          'target triple = "x86_64-linux-gnu"\n',
          'define void @f() {\n  ret void\n}\n',
      ),
      (
          'instructions_over_lines_and_results_without_names',
          """
declare i32 @g(i32)
define i32 @f(i32, i1 %c) {
  add i32 %0,
    udiv (i32 6, i32 3)
  br i1 %c,
    label %3, label %5
  call i32 @g(i32 %2)
  br label %5
  ret i32 %2
}
""",
          """
declare i32 @g(i32)
define i32 @f(i32, i1 %c) {
  %2 = add i32 %0, 2
  br i1 %c, label %3, label %5
3:
  %4 = call i32 @g(i32 %2)
  br label %5
5:
  ret i32 %2
}
""",
      ),
      (
          'metadata_that_is_no_more',
          """
define i32 @f(i32 %x) !dbg !1 {
  call void @llvm.dbg.value(metadata i32 %x, metadata !2, metadata !DIExpression()), !dbg !3
  ret i32 %x, !dbg !3
}
declare void @llvm.dbg.value(metadata, metadata, metadata)
!llvm.dbg.cu = !{!0}
!0 = distinct !DICompileUnit(language: DW_LANG_C99, file: !4, gone: 5)
!1 = distinct !DISubprogram(name: "f", unit: !0, gone: !5)
!2 = !DILocalVariable(name: "x", scope: !1)
!3 = !DILocation(line: 1, scope: !1)
!4 = !DIFile(filename: "x.c", directory: "/")
""",
          'define i32 @f(i32 %x) {\n  ret i32 %x\n}\n',
      ),
      (
          'end_of_a_coroutine',
          """
declare i1 @llvm.coro.end(i8*, i1)
define i1 @f(i8* %h) {
  %x = call i1 @llvm.coro.end(i8* getelementptr (i8, i8* null, i32 1), i1 false)
  ret i1 %x
}
""",
          """
declare i1 @llvm.coro.end(ptr, i1, token)
define i1 @f(ptr %h) {
  %x = call i1 @llvm.coro.end(ptr getelementptr (i8, ptr null, i32 1), i1 false, token none)
  ret i1 %x
}
""",
      ),
      (
          'quoted_names',
          """
@"a b" = global i32 0
define i1 @"f g"() {
"x y":
  ret i1 icmp sgt (ptr @"a b", ptr @"f g")
}
""",
          """
@a = global i32 0
define i1 @f() {
  %c = icmp sgt ptr @a, @f
  ret i1 %c
}
""",
      ),
  )  # fmt: skip
  def test_reads_as_what_llvm_makes_of_it(self, old, new):
    module, other = ir.read_module(old), ir.read_module(new)
    self.assertFalse(module.unverified, module.refusal)
    self.assertFalse(other.unverified, other.refusal)
    self.assertEqual(
        [f.words for f in module.functions],
        [f.words for f in other.functions],
    )
    left, right = ir.build_graph(module), ir.build_graph(other)
    ir.program_graph.validate(left)
    self.assertEqual(left.descriptions, right.descriptions)
    self.assertEqual(left.senders.tolist(), right.senders.tolist())
    self.assertEqual(left.receivers.tolist(), right.receivers.tolist())

  def test_deep_constants_cost_no_recursion(self):
    inner = 'ptrtoint (ptr @a to i64)'
    for _ in range(2000):
      inner = f'mul (i64 {inner}, i64 3)'
    module = ir.read_module(
        f'@a = global i8 0\ndefine i64 @f() {{\n  ret i64 {inner}\n}}\n'
        'define void @g() {\n  ret void\n}\n'
    )
    self.assertTrue(module.unverified)
    self.assertLen(module.functions, 2)

  def test_what_llvm_dies_of_costs_one_intrinsic(self):
    # Our LLVM wants another type of the first, and upgrades the second.
    module = ir.read_module("""
declare <2 x i32> @llvm.aarch64.sve.ld2.nxv32i8(i1, i8*)
declare void @llvm.memcpy.p0i8.p0i8.i64(i8*, i8*, i64, i32, i1)
define i1 @f(i1 %c, i8* %h) {
  call void @llvm.memcpy.p0i8.p0i8.i64(i8* %h, i8* %h, i64 8, i32 1, i1 false)
  %x = call <2 x i32> @llvm.aarch64.sve.ld2.nxv32i8(i1 %c, i8* %h)
  ret i1 %c
}
""")
    self.assertTrue(module.unverified)
    self.assertIn('aborted', module.refusal)
    self.assertEqual(
        ' '.join(module.functions[0].words),
        'define i1 ( i1 %a0 ptr %a1 ) b0: call void @llvm.memcpy ( %a1 %a1 '
        'i64 8 i1 false ) %0 call <2xi32> @llvm.aarch64.sve.ld2.nxv32i8 ( '
        'i1 %a0 %a1 ) ret i1 %a0',
    )

  def test_an_intrinsic_of_another_type_is_read_as_it_is(self):
    module = ir.read_module("""
declare float @llvm.sin.i32(i32)
define float @f(i32 %x) {
  %y = call float @llvm.sin.i32(i32 %x)
  ret float %y
}
""")
    self.assertIn('@llvm.sin', module.functions[0].words)


class NewerLlvmTest(parameterized.TestCase):
  """What our LLVM does not know costs its line, at most its function."""

  UNRELATED = 'define i32 @g(i32 %x) {\n  %y = add i32 %x, 1\n  ret i32 %y\n}\n'

  @parameterized.named_parameters(
      (
          'byte_type',
          'define b8 @f(ptr %p) {\n  %a = load b8, ptr %p, align 1\n'
          '  %v = alloca [4 x b32]\n  ret b8 %a\n}\n',
          'define b8 ( ptr %a0 ) b0: %0 load b8 %a0 %1 alloca [4xb32] ret b8 %0',
      ),
      (
          'type_of_any_name',
          'define f8E4M3 @f(f8E4M3 %a, ptr %p) {\n'
          '  store f8E4M3 %a, ptr %p\n  ret f8E4M3 %a\n}\n',
          'define f8E4M3 ( f8E4M3 %a0 ptr %a1 ) b0: store f8E4M3 %a0 %a1 '
          'ret f8E4M3 %a0',
      ),
      (
          'flags',
          'define i32 @f(i32 %x) {\n  %y = add brandnew nsw i32 %x, 1\n'
          '  %z = icmp superflag eq i32 %y, 1\n'
          '  %a = atomicrmw elementwise add ptr null, i32 %x seq_cst\n'
          '  %c = call superfast i32 @f(i32 newattr(i32) %x)\n'
          '  ret i32 %y\n}\n',
          'define i32 ( i32 %a0 ) b0: %0 add nsw i32 %a0 1 %1 icmp eq i32 %0 1 '
          '%2 atomicrmw add null i32 %a0 seq_cst %3 call i32 @f0 ( i32 %a0 ) '
          'ret i32 %0',
      ),
      (
          'predicate_and_constant',
          'define i1 @f(i32 %x) {\n  %z = icmp weird i32 %x, newexpr (i32 1)\n'
          '  ret i1 %z\n}\n',
          'define i1 ( i32 %a0 ) b0: %0 icmp weird i32 %a0 newexpr i32 1 '
          'ret i1 %0',
      ),
      (
          'opcodes',
          'define i32 @f(i32 %x, ptr %p) {\n'
          '  %r = brandnew nsw i32 %x, ptr %p, i32 7, align 4\n'
          '  other i32 %r\n  jump i32 %x, label %a, label %b\n'
          'a:\n  ret i32 %r\nb:\n  ret i32 2\n}\n',
          'define i32 ( i32 %a0 ptr %a1 ) b0: %0 brandnew nsw i32 %a0 ptr %a1 '
          'i32 7 other i32 %0 jump i32 %a0 b1 b2 b1: ret i32 %0 b2: ret i32 2',
      ),
  )
  def test_costs_its_line(self, text, expected):
    module = ir.read_module(text + self.UNRELATED)
    self.assertTrue(module.unverified)
    self.assertNotEmpty(module.refusal)
    self.assertEqual([' '.join(f.words) for f in module.functions][0], expected)
    self.assertEqual(
        module.functions[1].words,
        ir.read_module(self.UNRELATED).functions[0].words,
    )
    ir.program_graph.validate(ir.build_graph(module))

  @parameterized.parameters(
      'define internal fastcc %S @f(%S %x) {\n  %y = call fastcc %S @f(%S %x)\n',
      'define fastcc %S @f(%S inreg %x) {\n  %y = call fastcc %S null(%S %x)\n',
  )
  def test_words_before_the_name_of_a_struct_are_no_types(self, head):
    text = f'%S = type {{ i32 }}\n{head}  ret %S %y\n}}\n'
    for whole in (text, text + 'define void @g() newer {\n  ret void\n}\n'):
      function = ir.read_module(whole).functions[0]
      self.assertEqual(
          ' '.join(function.words[:4]), 'define struct:4 ( struct:4'
      )
      self.assertEqual(function.types[0], 'struct')

  def test_unknown_instructions_are_counted_and_told(self):
    module = ir.read_module(
        'define i32 @f(i32 %x) {\n  %y = ad i32 %x, 1\n  ret i32 %y\n}\n'
    )
    self.assertEqual(module.counts['unknown_instructions'], 1)
    self.assertRegex(module.refusal, 'line 2: .*1 instruction.*not known.*(ad)')
    self.assertEqual(module.functions[0].use_definitions, [0])

  def test_a_function_that_cannot_be_read_costs_itself(self):
    module = ir.read_module(
        'define i32 @f(i32 %x) {\n  ret i32 %z\n}\n' + self.UNRELATED
    )
    self.assertEqual([f.name for f in module.functions], ['g'])
    self.assertEqual(module.counts['lost_functions'], 1)
    self.assertRegex(module.refusal, '1 function could not be read.*line 2')


class PastedTest(absltest.TestCase):
  """A function without its module."""

  PASTED = """
define float @f(float %x) {
  %c = call float @helper(float %x), !dbg !7
  %d = load float, ptr @table
  %e = fadd float %c, %d
  %n = call i32 (ptr, ...) @printf(ptr @text, float %e)
  ret float %e
}
"""
  DECLARED = """
%undeclared = type opaque
@table = external global float
@text = external global %undeclared
declare float @helper(float)
declare i32 @printf(ptr, ...)
"""

  def test_what_is_called_is_a_function(self):
    module = ir.read_module(self.PASTED)
    other = ir.read_module(self.DECLARED + self.PASTED.replace(', !dbg !7', ''))
    self.assertTrue(module.unverified)
    self.assertIn('@helper', module.refusal)
    self.assertFalse(other.unverified)
    self.assertEqual(module.functions[0].words, other.functions[0].words)
    self.assertEqual(module.functions[0].calls, other.functions[0].calls)
    self.assertEqual(
        module.symbols, {'f': '@f', 'helper': '@f', 'printf': '@printf'}
    )
    graph = ir.build_graph(module)
    ir.program_graph.validate(graph)
    self.assertIn('helper', graph.functions)

  def test_types_on_which_uses_disagree(self):
    module = ir.read_module("""
define i32 @f() {
  %a = load i32, ptr @one
  store i64 1, ptr @two
  %b = load i32, ptr @two
  ret i32 %a
}
""")
    self.assertEqual(
        ' '.join(module.functions[0].words[:10]),
        'define i32 ( ) @g0 global i32 @g1 global struct:opaque',
    )

  def test_types_comdats_and_a_personality_that_are_not_there(self):
    pasted = """
define linkonce_odr i32 @"f x"(%class.A* %this, ptr %p) comdat
    personality i32 (...)* @personality {
  %a = alloca %"class.std::b", align 8
  %n = load i64, ptr %p
  %q = getelementptr %class.A, %class.A* %this, i64 0, i32 2, i64 %n
  store i8** getelementptr inbounds (%table, %table* @t, i32 0, i32 0, i32 2),
    ptr %p
  invoke void @g(%class.A* %this) to label %ok unwind label %bad
ok:
  ret i32 0
bad:
  %e = landingpad { i8*, i32 } catch i8* bitcast (i8** @info to i8*)
  resume { i8*, i32 } %e
}
"""
    module = ir.read_module(pasted)
    whole = """
$"f x" = comdat any
%class.A = type { i32, i32, [4 x i64] }
%"class.std::b" = type { i32, i8 }
%table = type { [4 x i8*] }
@t = external global %table
@info = external global i8*
declare void @g(%class.A*)
declare i32 @personality(...)
"""
    other = ir.read_module(whole + pasted)
    self.assertTrue(module.unverified)
    self.assertFalse(other.unverified)
    words = re.sub(
        'struct:[0-9]+', 'struct:opaque', ' '.join(other.functions[0].words)
    )
    self.assertEqual(
        ' '.join(module.functions[0].words),
        words.replace('@g1 global ptr', '@g1 global struct:opaque'),
    )
    self.assertEqual(module.symbols, other.symbols)


class SeveralModulesTest(parameterized.TestCase):

  ONE = """; ModuleID = 'a.c'
source_filename = "a.c"
target triple = "x86_64-linux-gnu"
%struct.S = type { i32 }
define void @f(ptr %p) {
  %q = getelementptr %struct.S, ptr %p, i64 1
  ret void
}
!0 = !{!"clang version 14.0.6"}
"""

  @parameterized.named_parameters(
      ('module_id', "; ModuleID = 'b.c'\n", 10),
      ('source_filename', 'source_filename = "b.c"\n', 10),
      ('target', 'target triple = "nvptx64"\n', 10),
      ('metadata', '!0 = !{!"clang version 15.0.0"}\n', 10),
      ('symbol', 'define void @f(ptr %p) {\n  ret void\n}\n', 10),
      ('global', '@g = global i32 0\n@g = global i64 0\n', 11),
      ('type', '%struct.S = type { i64 }\n', 10),
  )
  def test_put_together(self, second, line):
    more = 'define void @g(ptr %p) {\n  ret void\n}\n'
    with self.assertRaisesRegex(
        ir.IRError, f'x.ll:{line}: [^\n]*(second module|defined twice)'
    ):
      ir.read_module(self.ONE + second + more, name='x.ll')

  def test_two_names_of_one_module(self):
    text = f"; ModuleID = 'a'\n; int f(void);\n\n{self.ONE}"
    self.assertLen(ir.read_module(text).functions, 1)

  def test_bundle_of_host_and_device(self):
    mark = '; __CLANG_OFFLOAD_BUNDLE____'
    text = ''.join(
        f'\n{mark}START__ {target}\ndefine void @f_{i}() {{\n  ret void\n}}\n'
        f'{mark}END__ {target}\n'
        for i, target in enumerate(['hip-amdgcn', 'host-x86_64'])
    )
    with self.assertRaisesRegex(
        ir.IRError, 'x.ll:2: .*bundle.*--offload-device-only'
    ):
      ir.read_module(text, name='x.ll')

  def test_dumps_of_passes(self):
    function = 'define void @f() {\n  ret void\n}\n'
    other = function.replace('@f', '@g')
    for head in (
        '*** IR Dump After SROA on f ***\n',
        '; *** IR Dump Before X ***\n',
    ):
      with self.assertRaisesRegex(ir.IRError, 'x.ll:5: .*2 dumps'):
        ir.read_module(head + function + head + other, name='x.ll')
      self.assertEqual(words(head + function), words(function))


class NulTest(parameterized.TestCase):

  ONE = 'define i32 @a() {\n  ret i32 1\n}\n'
  TWO = 'define i32 @b() {\n  ret i32 2\n}\n'

  def test_nothing_behind_it_vanishes(self):
    with self.assertRaisesRegex(ir.IRError, 'x.ll:5: byte 33 .*NUL'):
      ir.read_module(f'{self.ONE}\n\0\n{self.TWO}', name='x.ll')
    with self.assertRaisesRegex(ir.IRError, 'x.ll:2: byte 29 .*NUL'):
      ir.read_module(self.ONE.replace('\n}', '\0\n}') + self.TWO, name='x.ll')

  @parameterized.parameters(
      ONE + TWO + '\0\0\0', ONE + '; \0 a comment\n' + TWO + '\n\0'
  )
  def test_padding_and_comments(self, text):
    self.assertLen(ir.read_module(text).functions, 2)


class BitcodeTest(parameterized.TestCase):
  """Advice on bitcode that LLVM refuses, by LLVM's message."""

  @parameterized.parameters(
      (
          'Value referenced by initializer is an unsupported constant '
          "expression of type mul (Producer: 'LLVM19.1.7' Reader: 'LLVM 22.1.0')",
          "whole, but LLVM 19.1.7 .*'mul'.*llvm-dis",
      ),
      (
          "Invalid record (Producer: 'LLVM19.1.7' Reader: 'LLVM 22.1.0')",
          'LLVM 19.1.7 wrote it: it is damaged, or has a constant.*llvm-dis',
      ),
      (
          "Invalid TYPE table: Only named structs (Producer: 'LLVM14.0.6' "
          "Reader: 'LLVM 22.1.0')",
          'it is damaged, or has.*a type that LLVM has no more',
      ),
      (
          "Invalid record (Producer: 'LLVM21.1.0' Reader: 'LLVM 22.1.0')",
          'LLVM 21.1.0 wrote it, which LLVM 22 reads, so it is damaged',
      ),
      (
          "Invalid record (Producer: 'LLVM23.0.0git' Reader: 'LLVM 22.1.0')",
          'LLVM 23.0.0git .*newer.*upgrade',
      ),
      (
          "Unknown type (Producer: 'LLVM17.0.6-rust-1.75.0' Reader: 'LLVM 22.1')",
          'damaged',
      ),
      ('Incompatible epoch: Bitcode 1 vs current: 0', 'newer'),
      ("can't skip to bit 10496 from 320", 'cut off or damaged'),
      ('Invalid encoding', 'cut off or damaged'),
      ('i8 must be 8-bit aligned', 'accepts no more.*llvm-dis'),
      ('Expected a single module', 'cut off before .*llvm-modextract'),
  )
  def test_damaged_retired_or_newer(self, message, advice):
    self.assertRegex(refusal.bitcode_advice(message), advice)


class ProducerTest(parameterized.TestCase):

  @parameterized.parameters(
      ('clang version 14.0.6', '14.0.6'),
      ('Debian clang version 19.1.7 (3)', '19.1.7'),
      ('flang version 19.1.7', '19.1.7'),
      ('Android (1, based on r4) clang version 14.0.7 (x LLVM 3)', '14.0.7'),
      ('ldc version 1.30.0, LLVM 14.0.6', '14.0.6'),
      ('rustc version 1.95.0 (59807616e 2026-04-14)', ''),
      ('ldc version 1.41.0', ''),
      ('Apple clang version 14.0.0 (clang-1400.0.29.202)', ''),
      ('Apple Swift version 5.7', ''),
  )
  def test_only_versions_of_llvm(self, ident, expected):
    module = ir.read_module(
        'define void @f() {\n  ret void\n}\n'
        f'!llvm.ident = !{{!0}}\n!0 = !{{!"{ident}"}}\n'
    )
    self.assertEqual(module.producer_llvm, expected)


if __name__ == '__main__':
  absltest.main()
